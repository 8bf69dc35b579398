#pragma once
// When periodic work is due: an interval, or a cron line in an IANA zone (rule 15). Pure; the moment comes
// from the caller (database time) and the zone from the system's zone files.
//
// A schedule in text is one of
//   every 90s | every 3m | every 2h         real elapsed time, from 1s to 8784h (366 days)
//   @hourly @daily @weekly @monthly @yearly 0 * * * * | 0 0 * * * | 0 0 * * 0 | 0 0 1 * * | 0 0 1 1 *
//   minute hour day-of-month month day-of-week
//       0-59   0-23  1-31   1-12 or JAN-DEC   0-7 or SUN-SAT (0 and 7 are Sunday)
// A field is a list of `*`, `*/n`, `a`, `a-b` and `a-b/n`, joined by commas; names in any case, also in
// ranges (MON-FRI, SAT-SUN). A step that jumps over its whole field (`*/90` minutes) is refused, since cron
// would quietly read it as "once": "every 90m" says what was meant.
//
// Days follow Vixie cron (crontab(5)): where neither day field contains a `*`, a day matches that satisfies
// EITHER of them; otherwise it must satisfy both. So `0 10 13 * 5` is every 13th and every Friday, and
// `0 10 */2 * 1` the Mondays with an odd date.
//
// Clock changes. A schedule FOLLOWS THE CLOCK if its minute or its hour field contains a `*` or lists every
// value; the others are FIXED ("30 2 * * *"). This is Vixie's distinction of wildcard jobs.
//   Overlap (an hour comes twice): a fixed schedule fires in the first pass only; one that follows the
//     clock fires in both, so that "every 15 minutes" and "every hour" stay so in real time.
//   Gap (an hour is skipped): the nominal times inside the gap fire once, together, at the first instant
//     after it; if that instant is itself a nominal time there is still one tick. Only where the hour field
//     lists all 24 hours they are dropped: the same minute comes again within the hour, and a make-up would
//     be a tick too many ("30 * * * *": 01:30, 03:30). Vixie would also drop those of "*/10 2 * * *", which
//     then would not run at all that day; here it runs once, after the gap.

#include <cstdint>
#include <string>

#include "base/clock.hpp"

namespace date {
class time_zone;
}

namespace fencepost::core {

// The five fields as sets: bit n is value n (days of month from bit 1, months from bit 1, Sunday is bit 0).
struct CronFields {
  std::uint64_t minutes = 0;
  std::uint64_t hours = 0;
  std::uint64_t days = 0;
  std::uint64_t months = 0;
  std::uint64_t weekdays = 0;
  bool either_day = false;     // neither day field has a `*`: one of them is enough
  bool follows_clock = false;  // fires in both passes of an overlap
};

// An immutable value, cheap to copy; thread-safe.
class Schedule {
 public:
  // Throws UserError("invalid_schedule") or UserError("invalid_zone"), each with a message that says what to
  // write instead. A schedule whose date never comes (30 February) is invalid. The zone of an interval is
  // checked too, although its ticks do not depend on it.
  static Schedule parse(const std::string& spec, const std::string& zone);

  // Throws UserError("invalid_schedule") outside 1 second to 366 days.
  static Schedule every(base::Duration period);

  // The first nominal tick strictly after both `tick` (the stored nominal tick) and `now`: missed ticks
  // coalesce, and an interval keeps its phase (tick + k * period). Takes about a microsecond.
  // Throws UserError("out_of_range") if an argument is not in [0, kEndOfTime) or no tick is left before it.
  base::Micros next(base::Micros tick, base::Micros now) const;

 private:
  Schedule() = default;

  base::Duration period_{0};               // of an interval; else 0
  const date::time_zone* zone_ = nullptr;  // of a cron line; lives as long as the process
  CronFields cron_;
};

}  // namespace fencepost::core
