#pragma once
// Whether the key at hand opens what is stored: after a restore, or when a key file was lost.

#include <string>
#include <vector>

#include "accounts/connections.hpp"

namespace fencepost::accounts {

// Whether any connection has a secret: if none has, a new key loses nothing.
bool holds_secrets(store::Connection& connection);

// The connections whose secret `vault` cannot open; all that have one, where it is null. They are connected,
// and nothing can be sent over them.
std::vector<ConnectionInfo> unreadable_connections(store::Connection& connection, const Vault* vault);

}  // namespace fencepost::accounts
