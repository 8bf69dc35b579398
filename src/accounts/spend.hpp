#pragma once
// What posting over a connection costs, where its platform charges for it: counted per UTC day and month,
// against limits that a person may set. In millionths of a US dollar.
//
// Taken in the gate's transaction and spent by it: a call that left is charged for, whatever became of it,
// until the platform's own bill says otherwise. The buckets are locked like the connection's row, before the
// item, and by nobody else.

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "store/database.hpp"

namespace fencepost::accounts {

struct Spend {
  std::int64_t today = 0, month = 0;
};
Spend spend_of(store::Connection& connection, std::int64_t id);

// nullopt: no limit. In force from the commit on, also for this day and month; the caller's transaction or
// its own. False: there is no such connection. Throws UserError("invalid_field") for less than 0.
bool set_spend_limits(store::Connection& connection, std::int64_t id, std::optional<std::int64_t> daily,
                      std::optional<std::int64_t> monthly);

// Why `cost` is more than what is left, in words for people; nullopt: it fits at this moment.
std::optional<std::string> over_spend(store::Connection& connection, std::int64_t id, std::int64_t cost);
// In the gate's transaction. False: over a limit; the caller rolls back. `claim` names the take: a gate that
// is repeated after a doubt counts once.
bool spend(store::Connection& connection, std::int64_t id, std::int64_t cost, const std::string& queue,
           const std::string& item, std::int64_t claim);

// "$0.015".
std::string dollars(std::int64_t millionths);

}  // namespace fencepost::accounts
