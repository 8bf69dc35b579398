#include "accounts/connection_import.hpp"

#include <algorithm>
#include <set>

#include "accounts/sql.hpp"
#include "accounts/text.hpp"
#include "accounts/unique.hpp"

namespace fencepost::accounts {

std::vector<ImportedConnection> import_connections(store::Connection& connection,
                                                   std::vector<ImportedConnection> wanted) {
  std::set<std::string> names;
  for (const auto& item : wanted) {
    check_name(item.name);
    check_platform(item.platform);
    if (!names.insert(item.name).second)
      throw base::UserError("duplicate_name", "the name '" + item.name + "' is given twice");
  }
  store::Transaction transaction(connection);
  // One import at a time: disconnected ones of a name have no key that could refuse the second.
  connection.run(sql::lock_imports);
  const auto there = list_connections(connection);
  std::vector<store::Params> missing;
  for (auto& item : wanted) {
    // The connected one of a name, of which there is at most one; else the newest.
    const ConnectionInfo* found = nullptr;
    for (const auto& info : there)
      if (info.name == item.name && (found == nullptr || found->disconnected_at)) found = &info;
    if (found == nullptr) {
      item.answer = "imported";
      missing.push_back({item.name, item.platform, item.target});
    } else {
      const bool same = found->platform == item.platform && found->target == item.target;
      item.answer = same ? "present" : "conflict";
      item.id = found->id;
    }
  }
  for (const auto& row : connection.run_batch(sql::import_connections, missing)) {
    const auto at = std::find_if(wanted.begin(), wanted.end(),
                                 [&](const auto& item) { return item.name == row[1].text(); });
    FENCEPOST_ASSERT(at != wanted.end());
    at->id = row[0].integer();
  }
  transaction.commit();
  return wanted;
}

std::optional<ConnectionInfo> reconnect(store::Connection& connection, const Vault& vault, std::int64_t id,
                                        const base::Secret& secret) try {
  const auto rows = connection.run(sql::reconnect, {id, seal_for(vault, id, secret)});
  if (rows.empty()) return std::nullopt;
  return get_connection(connection, id);
} catch (const base::InfraError& error) {
  if (!is_unique_violation(error)) throw;  // the index of connected names
  throw base::UserError("duplicate_name",
                        "another connection of this name is connected: disconnect that one first");
}

}  // namespace fencepost::accounts
