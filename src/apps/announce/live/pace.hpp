#pragma once
// How often is looked. Pure.
//
// A channel's look costs nothing, so that it only has to be polite: each `every`, six times as often while an
// episode is about to begin, and less often the longer it fails. Looks of channels are spread.
//
// A stream's look costs a unit for up to 50 streams together. So looks of streams are not spread: all are due
// at whole multiples of a step from 1970 on, and the steps are multiples of each other. What is due at one
// moment goes in one call.

#include <optional>

#include "base/clock.hpp"

namespace fencepost::live {

using base::Duration;
using base::Micros;

// An episode is near from 15 minutes before its start to an hour after it.
inline constexpr Duration kNearBefore = std::chrono::minutes(15);
inline constexpr Duration kNearAfter = std::chrono::hours(1);

// No failure, and nothing that a server says, silences a look for longer.
inline constexpr Duration kLongestPause = std::chrono::minutes(30);

// `failures`: looks that told nothing, one after the other. `retry_after` holds up to kLongestPause, and up
// to `every` while an episode is near. `unit_random` in [0, 1).
Duration channel_pause(Duration every, bool near, int failures, std::optional<Duration> retry_after,
                       double unit_random);

struct StreamFacts {
  bool live = false;
  bool bound = false;    // it is an episode's
  bool watched = false;  // its channel is
  bool near = false;     // an episode of its channel is
  std::optional<Micros> scheduled_at{};
  int failures = 0;
};
// When to look at a stream again; later than `now`.
Micros next_stream_look(Duration every, const StreamFacts& facts, Micros now,
                        std::optional<Duration> retry_after = {});
// Between looks at a stream that is live, and the most while it is near.
Duration usual_step(Duration every);
// The first whole multiple of `step` after `at`.
Micros next_multiple(Micros at, Duration step);
// When a stream that was found at `now` is looked at first: with the others that are found in these ten
// seconds.
Micros first_stream_look(Micros now);

}  // namespace fencepost::live
