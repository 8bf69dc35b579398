#pragma once
// Connections: accounts on outside platforms that things are posted to. Credentials are encrypted at rest.

#include <optional>
#include <string>
#include <vector>

#include "accounts/rotation.hpp"
#include "accounts/vault.hpp"
#include "base/clock.hpp"
#include "store/database.hpp"

namespace fencepost::accounts {

struct ConnectionInfo {
  std::int64_t id = 0;
  std::string name;      // unique among the connected ones
  std::string platform;  // "webhook"
  std::string target;    // what it posts to: the webhook's URL; safe to show
  base::Micros created_at = 0;
  std::optional<base::Micros> disconnected_at;
  std::optional<std::string> last_error;
  std::optional<std::int64_t> person{};  // whose it is; nullopt: the instance's own
  // What the platform said of the account; empty where nobody could be asked.
  std::string account_id{}, account_name{};
  std::string facts = "{}";  // JSON of the connector's own
  std::optional<base::Micros> expires_at{};
  bool refreshable = false;
  std::optional<base::Micros> resting_until{};  // the platform wants nothing of it before; not in the past
  // Nothing can be sent over it until a person connects it again.
  std::optional<base::Micros> broken_since{};
  std::optional<std::string> broken_reason{};
  // In millionths of a US dollar, per UTC day and month; nullopt: no limit.
  std::optional<std::int64_t> spend_daily{}, spend_monthly{};
};

// Throws UserError: invalid_name, duplicate_name, invalid_platform; forbidden: the person is gone or
// disabled. Target and secret are the connector's to check (connect::Connector::check), before.
ConnectionInfo create_connection(store::Connection& connection, const Vault& vault, const std::string& name,
                                 const std::string& platform, const std::string& target,
                                 const base::Secret& secret,
                                 std::optional<std::int64_t> person = std::nullopt);
// Throws UserError("invalid_platform").
void check_platform(const std::string& platform);
// A connection's secret as it is stored: bound to its id.
std::string seal_for(const Vault& vault, std::int64_t id, const base::Secret& secret);
// Throws UserError("secret_unreadable").
base::Secret unseal_for(const Vault& vault, std::int64_t id, const std::string& sealed);
// For the rotation of the key.
Sealed sealed_connections();
std::optional<ConnectionInfo> get_connection(store::Connection& connection, std::int64_t id);
std::vector<ConnectionInfo> list_connections(store::Connection& connection);
// Behind `after`, by id. `person` nullopt: everybody's.
std::vector<ConnectionInfo> page_of_connections(store::Connection& connection,
                                                std::optional<std::int64_t> person, std::int64_t after,
                                                int limit);
// Disconnects and forgets the secret; false where there is no such connection. Its row stays for the history.
// Sends that have not passed their gate are prevented: the gate locks this row FOR SHARE (rule 3).
bool disconnect(store::Connection& connection, std::int64_t id);
// The same in the caller's transaction, and what was forgotten, sealed: for who tells the platform, after the
// commit. No refresh comes in between. nullopt: there was no secret.
std::optional<std::string> disconnect_forgetting(store::Connection& connection, std::int64_t id);
// Locks the row FOR SHARE until the end of the transaction, in which it must be called; whether it is still
// connected. For gates.
bool share_connected(store::Connection& connection, std::int64_t id);
// The secret, for sending; nullopt where it is disconnected. Throws UserError("secret_unreadable").
std::optional<base::Secret> connection_secret(store::Connection& connection, const Vault& vault,
                                              std::int64_t id);
// The last failure of something sent over it, short and safe to show; nullopt: it works. No row: nothing
// happens.
void set_connection_error(store::Connection& connection, std::int64_t id,
                          const std::optional<std::string>& error);

}  // namespace fencepost::accounts
