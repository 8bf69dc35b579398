#include "accounts/connections.hpp"

#include <algorithm>

#include "accounts/sql.hpp"
#include "accounts/text.hpp"

namespace fencepost::accounts {

namespace {

constexpr std::string_view kPlatforms[] = {"webhook",  "bluesky", "discord", "linkedin",
                                           "mastodon", "threads", "x",       "youtube"};

std::string context_of(std::int64_t id) { return "connection:" + std::to_string(id); }

ConnectionInfo info_of(const store::Row& row) {
  return {.id = row[0].integer(),
          .name = row[1].text(),
          .platform = row[2].text(),
          .target = row[3].text(),
          .created_at = row[4].integer(),
          .disconnected_at = row[5].maybe_integer(),
          .last_error = row[6].maybe_text(),
          .person = row[7].maybe_integer(),
          .account_id = row[8].text(),
          .account_name = row[9].text(),
          .facts = row[10].text(),
          .expires_at = row[11].maybe_integer(),
          .refreshable = row[12].boolean(),
          .resting_until = row[13].maybe_integer(),
          .broken_since = row[14].maybe_integer(),
          .broken_reason = row[15].maybe_text(),
          .spend_daily = row[16].maybe_integer(),
          .spend_monthly = row[17].maybe_integer()};
}

}  // namespace

ConnectionInfo create_connection(store::Connection& connection, const Vault& vault, const std::string& name,
                                 const std::string& platform, const std::string& target,
                                 const base::Secret& secret, std::optional<std::int64_t> person) {
  check_name(name);
  check_platform(platform);
  store::Transaction transaction(connection);
  // Whose connections end when he is removed: that waits for this, or was first.
  if (person && connection.run(sql::share_person, {*person}).empty())
    throw base::UserError("forbidden", "this person was disabled or removed meanwhile");
  const auto rows = connection.run(sql::add_connection, {name, platform, target, person});
  if (rows.empty())
    throw base::UserError("duplicate_name",
                          "there is a connection of this name: choose another, or disconnect it");
  auto info = info_of(rows[0]);
  connection.run(sql::set_secret, {info.id, seal_for(vault, info.id, secret)});
  transaction.commit();
  return info;
}

void check_platform(const std::string& platform) {
  if (std::find(std::begin(kPlatforms), std::end(kPlatforms), platform) == std::end(kPlatforms))
    throw base::UserError(
        "invalid_platform",
        "the platform must be bluesky, discord, linkedin, mastodon, threads, webhook, x or youtube");
}

std::string seal_for(const Vault& vault, std::int64_t id, const base::Secret& secret) {
  return vault.seal(secret, context_of(id));
}

base::Secret unseal_for(const Vault& vault, std::int64_t id, const std::string& sealed) {
  return vault.unseal(sealed, context_of(id));
}

Sealed sealed_connections() {
  return {sql::secrets_page, sql::reseal, {0}, [](const store::Row& row) {
            return context_of(row[0].integer());
          }};
}

std::optional<ConnectionInfo> get_connection(store::Connection& connection, std::int64_t id) {
  const auto rows = connection.run(sql::connection, {id});
  if (rows.empty()) return std::nullopt;
  return info_of(rows[0]);
}

std::vector<ConnectionInfo> list_connections(store::Connection& connection) {
  std::vector<ConnectionInfo> all;
  for (const auto& row : connection.run(sql::connections)) all.push_back(info_of(row));
  return all;
}

std::vector<ConnectionInfo> page_of_connections(store::Connection& connection,
                                                std::optional<std::int64_t> person, std::int64_t after,
                                                int limit) {
  std::vector<ConnectionInfo> page;
  for (const auto& row : connection.run(sql::connections_page, {after, limit, person}))
    page.push_back(info_of(row));
  return page;
}

bool disconnect(store::Connection& connection, std::int64_t id) {
  return !connection.run(sql::disconnect, {id}).empty();
}

std::optional<std::string> disconnect_forgetting(store::Connection& connection, std::int64_t id) {
  FENCEPOST_ASSERT(connection.in_transaction());
  const auto held = connection.run(sql::lock_secret, {id});
  connection.run(sql::disconnect, {id});
  return held.empty() ? std::nullopt : held[0][0].maybe_text();
}

bool share_connected(store::Connection& connection, std::int64_t id) {
  FENCEPOST_ASSERT(connection.in_transaction());
  const auto rows = connection.run(sql::share_connection, {id});
  return !rows.empty() && rows[0][0].boolean();
}

std::optional<base::Secret> connection_secret(store::Connection& connection, const Vault& vault,
                                              std::int64_t id) {
  const auto rows = connection.run(sql::secret, {id});
  if (rows.empty()) return std::nullopt;
  // Connected and without a secret: a foreign program's row, or one whose key was lost and cleaned up.
  if (rows[0][0].is_null())
    throw base::UserError("secret_unreadable", "the connection has no secret: connect again");
  return unseal_for(vault, id, rows[0][0].text());
}

void set_connection_error(store::Connection& connection, std::int64_t id,
                          const std::optional<std::string>& error) {
  connection.run(sql::set_connection_error, {id, error});
}

}  // namespace fencepost::accounts
