#pragma once
// How long a failed attempt waits before the next one. Pure: the random number comes from the caller.

#include "base/clock.hpp"

namespace fencepost::core {

// Exponential back-off with jitter. An immutable value; thread-safe.
//
// Attempts are counted from 1 and count only those that really ran (the `attempt` column). After attempt n
// has failed, the item waits
//
//     full(n)  = min(cap, first * 2^(n-1))
//     delay(n) = full(n) * (0.5 + 0.5 * u),   0 <= u <= 1
//
// so that items which failed together do not come back together ("equal jitter": at least half of the delay
// is kept, because a platform that has just refused us must not be asked again at once).
// With the defaults the full delays are 15 s, 30 s, 60 s, 2 min and 4 min: five retries, six attempts in all.
struct Backoff {
  base::Duration first = std::chrono::seconds(15);
  base::Duration cap = std::chrono::hours(1);
  int retries = 5;

  // The wait after `attempt` has failed. Attempts below 1 count as 1, and unit_random is clamped to [0, 1]
  // (NaN counts as 0). Never overflows, whatever the attempt. `first` and `cap` must not be negative.
  base::Duration delay(int attempt, double unit_random) const;

  // True when `attempt` was the last one: its failure is final.
  bool exhausted(int attempt) const { return attempt > retries; }
};

}  // namespace fencepost::core
