#pragma once
// What is over and old among the accounts is deleted, in small steps.

#include <cstdint>

#include "store/database.hpp"

namespace fencepost::accounts {

// One step: at most `step` rows of each kind, each kind a transaction of its own. Expired sessions;
// invitations 30 days after their end; counters of failed sign-ins and remembered addresses that count no
// more; rate limits that are full again; answers kept for idempotency keys. Answers how many rows went; call
// it until that is 0, or until its time is over. Any number of instances may. Throws InfraError.
std::int64_t sweep_accounts(store::Connection& connection, int step = 500);

}  // namespace fencepost::accounts
