#include "apps/announce/live/pace.hpp"

#include <gtest/gtest.h>

namespace fencepost::live {
namespace {

using namespace std::chrono_literals;

constexpr Duration kEvery = 3min;
constexpr Micros kNow = 1'795'341'600'123'456;

Duration pause_of(bool near, int failures, double random = 0.5, std::optional<Duration> retry_after = {}) {
  return channel_pause(kEvery, near, failures, retry_after, random);
}

TEST(Pace, ChannelsAreLookedAtMoreOftenNearAStart) {
  EXPECT_EQ(pause_of(false, 0), 3min);
  EXPECT_EQ(pause_of(true, 0), 30s);
  EXPECT_EQ(pause_of(false, 0, 0.0), 162s);            // spread by a tenth
  EXPECT_EQ(channel_pause(6s, true, 0, {}, 0.5), 5s);  // and never without a pause
}

TEST(Pace, FailuresAreAskedAboutMoreSeldomUpToALimit) {
  Duration before = pause_of(false, 0);
  for (int failures = 1; failures <= 100; ++failures) {
    const auto pause = pause_of(false, failures);
    EXPECT_GE(pause, before);
    EXPECT_LE(pause, 33min);
    before = pause;
  }
  EXPECT_EQ(pause_of(false, 1), 6min);
  EXPECT_EQ(pause_of(false, 100), 30min);
  EXPECT_EQ(pause_of(true, 100), 3min);  // near a start never more seldom than usual
  EXPECT_EQ(pause_of(false, 1, 0.5, 20min), 20min);
}

Duration until_look(const StreamFacts& facts, Micros now = kNow, std::optional<Duration> retry_after = {}) {
  return Duration(next_stream_look(kEvery, facts, now, retry_after) - now);
}

// What a server asks for ends no evening.
TEST(Pace, ARetryAfterHoldsForAWhile) {
  EXPECT_EQ(pause_of(false, 1, 0.5, 24h), 30min);
  EXPECT_EQ(pause_of(true, 1, 0.5, 24h), 3min);
  EXPECT_EQ(pause_of(true, 1, 0.5, 100s), 100s);
  const StreamFacts far{.watched = true}, near{.watched = true, .near = true, .scheduled_at = kNow};
  EXPECT_EQ(until_look(far, kNow, 20min), 20min);
  EXPECT_EQ(until_look(far, kNow, 24h), 30min);
  EXPECT_EQ(until_look(near, kNow, 24h), 3min);
}

TEST(Pace, StreamsAreLookedAtAsTheirStartComes) {
  const auto planned = [](Duration in, bool watched = true) {
    return StreamFacts{.watched = watched, .scheduled_at = kNow + in.count()};
  };
  for (const auto in : {14min, -59min}) EXPECT_LE(until_look(planned(in)), 30s) << in.count();
  EXPECT_LE(until_look(planned(1h)), 3min);
  EXPECT_LE(until_look(planned(10h)), 15min);
  EXPECT_LE(until_look(planned(72h)), 6h);
  EXPECT_LE(until_look({.live = true, .bound = true}), 3min);
  EXPECT_LE(until_look({.watched = true}), 3min);
  // Planned for next week, but an episode is about to begin.
  EXPECT_LE(until_look({.watched = true, .near = true, .scheduled_at = kNow + (72h / 1us)}), 3min);
  // Failures too: near a start never more seldom than usual.
  EXPECT_LE(until_look({.watched = true, .near = true, .scheduled_at = kNow, .failures = 100}), 3min);
  EXPECT_GT(until_look({.watched = true, .scheduled_at = kNow, .failures = 100}), 3min);
  // Nobody waits for it.
  EXPECT_EQ(next_stream_look(kEvery, planned(14min, false), kNow) % (6h / 1us), 0);
}

// One call carries 50 streams, but only those that are due at one moment.
TEST(Pace, LooksAtStreamsFallOnTheSameMoments) {
  for (const auto every : {kEvery, Duration(1min), Duration(7s), Duration(1h)})
    for (Micros now = kNow; now < kNow + 7'200'000'000; now += 61'234'567) {
      const auto far = next_stream_look(every, {.watched = false}, now);
      const auto usual = next_stream_look(every, {.live = true, .bound = true}, now);
      const auto near = next_stream_look(every, {.watched = true, .scheduled_at = now}, now);
      const auto failed = next_stream_look(every, {.watched = true, .failures = 2}, now);
      EXPECT_GT(near, now);
      const auto dense = std::max(Duration(5s), every / 6).count();
      for (const auto at : {far, usual, near, failed}) EXPECT_EQ(at % dense, 0);
      EXPECT_EQ(usual % (6 * dense), 0);
      EXPECT_EQ(failed % (6 * dense), 0);
      EXPECT_EQ(far % (30 * dense), 0);
    }
}

TEST(Pace, WhatIsFoundTogetherIsLookedAtTogether) {
  EXPECT_EQ(first_stream_look(20'000'000), 30'000'000);
  EXPECT_EQ(first_stream_look(29'999'999), 30'000'000);
}

}  // namespace
}  // namespace fencepost::live
