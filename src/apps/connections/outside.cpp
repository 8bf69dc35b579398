#include "apps/connections/outside.hpp"

#include "base/error.hpp"

namespace fencepost::connections {

connect::Connector* Outside::find(std::string_view platform) const {
  for (auto* one : connectors_)
    if (one->platform() == platform) return one;
  return nullptr;
}

connect::Connector& Outside::connector(std::string_view platform) const {
  if (auto* found = find(platform)) return *found;
  std::string known;
  for (const auto& name : platforms()) known += (known.empty() ? "" : ", ") + name;
  throw base::UserError("invalid_platform", "this platform is not known here; the known ones: " + known);
}

std::vector<std::string> Outside::platforms() const {
  std::vector<std::string> names;
  for (const auto* one : connectors_) names.emplace_back(one->platform());
  return names;
}

accounts::RefreshAnswer Outside::refresh(const accounts::LiveConnection& connection,
                                         base::BootTime deadline) {
  using Kind = accounts::RefreshAnswer::Kind;
  auto* connector = find(connection.platform);
  if (connector == nullptr)
    return {.kind = Kind::later, .why = "this server has no connector for " + connection.platform};
  auto refreshed = connector->refresh(account_of(connection), {connection.secret}, deadline, {});
  const auto& outcome = refreshed.outcome;
  if (refreshed.credentials)
    return {.kind = Kind::fresh,
            .secret = refreshed.credentials->secret,
            .life = life_of(*connector, *refreshed.credentials)};
  if (outcome.verdict != connect::Verdict::certain_failure)
    return {.kind = Kind::unknown, .why = outcome.error};
  // What only may come right by itself is no matter for a person.
  const bool refused = outcome.reason == connect::Reason::credentials || !outcome.retryable;
  return {.kind = refused ? Kind::refused : Kind::later, .why = outcome.error, .wait = outcome.retry_after};
}

void Outside::discard(const accounts::LiveConnection& connection, const base::Secret& secret,
                      base::BootTime deadline) {
  if (auto* connector = find(connection.platform))
    connector->revoke(account_of(connection), {secret}, deadline, {});
}

connect::Account account_of(const accounts::LiveConnection& connection) {
  return {connection.target, connection.account_id, connection.account_name, connection.facts};
}

accounts::SecretLife life_of(const connect::Connector& connector, const connect::Credentials& credentials) {
  return {connector.expires_at(credentials), connector.refreshable(credentials)};
}

}  // namespace fencepost::connections
