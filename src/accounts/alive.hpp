#pragma once
// Of callers that were let in a while ago: who they are now.

#include <optional>
#include <vector>

#include "accounts/principal.hpp"
#include "store/database.hpp"

namespace fencepost::accounts {

// Each of them with the role and the scopes of this moment, in the same order; nullopt: the token was revoked
// or has expired, the session has ended, or the person was disabled or removed. Two statements for any number
// of callers. That they are asked about is no use of a session: one that only listens comes to rest. Throws
// InfraError.
std::vector<std::optional<Principal>> alive(store::Connection& connection,
                                            const std::vector<Principal>& callers);

}  // namespace fencepost::accounts
