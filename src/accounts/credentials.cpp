#include "accounts/credentials.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace fencepost::accounts {

namespace {
bool opens(store::Connection& connection, const Vault* vault, std::int64_t id) {
  if (vault == nullptr) return false;
  try {
    return connection_secret(connection, *vault, id).has_value();
  } catch (const base::UserError&) {
    return false;
  }
}
}  // namespace

bool holds_secrets(store::Connection& connection) {
  const auto all = list_connections(connection);
  return std::any_of(all.begin(), all.end(), [](const auto& info) { return !info.disconnected_at; });
}

std::vector<ConnectionInfo> unreadable_connections(store::Connection& connection, const Vault* vault) {
  std::vector<ConnectionInfo> all;
  for (auto& info : list_connections(connection))
    if (!info.disconnected_at && !opens(connection, vault, info.id)) all.push_back(std::move(info));
  return all;
}

}  // namespace fencepost::accounts
