#pragma once
// Connections of another installation, without their secrets; and secrets for connections that have none.

#include <string>
#include <vector>

#include "accounts/connections.hpp"

namespace fencepost::accounts {

struct ImportedConnection {
  std::string name, platform, target;
  // imported: made, and disconnected until it is given its credentials. present: it was there already, in
  // whatever state. conflict: one of that name has another platform or target, and was left as it is.
  std::string answer = {};
  std::int64_t id = 0;
};

// All or nothing, and again it changes nothing. Throws UserError: "invalid_name", "invalid_platform";
// "duplicate_name" where a name is given twice. Targets are the connector's to check, before.
std::vector<ImportedConnection> import_connections(store::Connection& connection,
                                                   std::vector<ImportedConnection> wanted);

// Gives a connection a secret, instead of the one that it has or has lost: it is connected then. nullopt:
// there is no such connection. Throws UserError("duplicate_name") where another connected one has its name.
std::optional<ConnectionInfo> reconnect(store::Connection& connection, const Vault& vault, std::int64_t id,
                                        const base::Secret& secret);

}  // namespace fencepost::accounts
