#pragma once
// Time zones, and the local days that budgets are counted in. A quota day is the provider's (YouTube:
// America/Los_Angeles), a publish day is the channel's own: different windows, in different zones.
//
// Everything here is pure apart from the system's zone files, which are read once and then kept for ever;
// all functions are thread-safe. A zone is an IANA name ("Europe/Berlin", "UTC"); an unknown one throws
// UserError("invalid_zone"). Times lie in [0, kEndOfTime) and local dates before 2038, else
// UserError("out_of_range"). Zone files that cannot be read are an InfraError.

#include <string>
#include <utility>

#include "base/clock.hpp"

namespace date {
class time_zone;
}

namespace fencepost::core {

// 2038-01-01T00:00:00Z. The system's zone files list their transitions up to here, and the zone library
// does not extrapolate the rule behind them: later local times would be wrong by an hour for half the year.
inline constexpr base::Micros kEndOfTime = 2'145'916'800'000'000;

// Whether `name` is an IANA zone of this system. Case matters. "localtime" is none: it names a machine's
// setting, and a schedule must mean the same on every instance.
bool known_zone(const std::string& name);

// The zone itself, for code that does its own arithmetic. Lives as long as the process.
const date::time_zone& require_zone(const std::string& name);

// The day that `at` belongs to in that zone, as "2026-03-08": the key of a day's bucket.
//
// Days are contiguous and never come back: where the clock is set back across midnight (in 2011 in
// America/St_Johns from 00:01 to 23:01) the new day goes on counting.
std::string day_window(base::Micros at, const std::string& zone);

// Start (inclusive) and end (exclusive) of a local day; 23 to 25 hours long where clocks change. A day that
// starts in a gap starts after it. A date that a zone has skipped (2011-12-30 in Pacific/Apia) is empty:
// start == end. Throws UserError("invalid_date") unless the text is a real date written YYYY-MM-DD.
// For every valid `at`: start <= at < end of day_bounds(day_window(at, zone), zone).
std::pair<base::Micros, base::Micros> day_bounds(const std::string& day, const std::string& zone);

// The end of the day that `at` belongs to: the first instant at which a day's budget is fresh. Always > at.
base::Micros next_day_start(base::Micros at, const std::string& zone);

// Text of a user as it may be quoted in a message: at most 64 characters, printable ASCII, the rest as '?'.
std::string quoted(const std::string& text);

}  // namespace fencepost::core
