#include "core/backoff.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>

namespace fencepost::core {
namespace {

using base::Duration;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr int kMaxInt = std::numeric_limits<int>::max();
constexpr int kMinInt = std::numeric_limits<int>::min();

TEST(Backoff, DefaultsDoubleFrom15SecondsAndStopAtAnHour) {
  const Backoff backoff;
  EXPECT_EQ(backoff.delay(1, 1), seconds(15));
  EXPECT_EQ(backoff.delay(2, 1), seconds(30));
  EXPECT_EQ(backoff.delay(5, 1), minutes(4));
  EXPECT_EQ(backoff.delay(8, 1), minutes(32));
  EXPECT_EQ(backoff.delay(9, 1), hours(1));
  EXPECT_EQ(backoff.delay(kMaxInt, 1), hours(1));
}

TEST(Backoff, JitterTakesAwayAtMostHalf) {
  const Backoff backoff;
  EXPECT_EQ(backoff.delay(1, 0), Duration(7'500'000));
  EXPECT_EQ(backoff.delay(1, 0.5), Duration(11'250'000));
  EXPECT_EQ(backoff.delay(20, 0), minutes(30));
}

TEST(Backoff, OddInputsAreClamped) {
  const Backoff backoff;
  for (const int attempt : {0, -1, kMinInt}) EXPECT_EQ(backoff.delay(attempt, 1), seconds(15));
  EXPECT_EQ(backoff.delay(1, -3), backoff.delay(1, 0));
  EXPECT_EQ(backoff.delay(1, std::nan("")), backoff.delay(1, 0));
  EXPECT_EQ(backoff.delay(1, HUGE_VAL), backoff.delay(1, 1));
  EXPECT_EQ((Backoff{seconds(0), hours(1), 5}).delay(kMaxInt, 1), seconds(0));
  EXPECT_EQ((Backoff{hours(2), hours(1), 5}).delay(1, 1), hours(1));
}

TEST(Backoff, FiveRetriesAreSixAttempts) {
  const Backoff backoff;
  for (int attempt = 0; attempt <= 5; ++attempt) EXPECT_FALSE(backoff.exhausted(attempt));
  EXPECT_TRUE(backoff.exhausted(6));
  EXPECT_TRUE(backoff.exhausted(kMaxInt));
  EXPECT_TRUE((Backoff{seconds(1), seconds(1), 0}).exhausted(1));
}

// The largest durations there are: the signed overflow would show under UBSan, the order without it.
TEST(Backoff, NeverOverflows) {
  const Backoff backoff{Duration(3), Duration::max(), 5};
  Duration before{0};
  for (int attempt = 1; attempt < 200; ++attempt) {
    const Duration full = backoff.delay(attempt, 1);
    EXPECT_GE(full, before);
    for (const double unit : {0.0, 0.5, std::nextafter(1.0, 0.0)}) {
      EXPECT_GE(backoff.delay(attempt, unit), full - full / 2);
      EXPECT_LE(backoff.delay(attempt, unit), full);
    }
    before = full;
  }
  EXPECT_EQ(before, Duration::max());
}

RC_GTEST_PROP(Backoff, StaysBetweenHalfAndFullAndGrows, (int attempt)) {
  const Backoff backoff{Duration(*rc::gen::inRange<std::int64_t>(0, 1'000'000'000)),
                        Duration(*rc::gen::inRange<std::int64_t>(0, 10'000'000'000)), 5};
  const double unit = *rc::gen::inRange(0, 1'000'001) / 1e6;
  const Duration full = backoff.delay(attempt, 1), delay = backoff.delay(attempt, unit);
  RC_ASSERT(full <= backoff.cap);
  RC_ASSERT(delay <= full);
  RC_ASSERT(2 * delay >= full);
  if (attempt > 1) RC_ASSERT(full == std::min(backoff.cap, 2 * backoff.delay(attempt - 1, 1)));
}

}  // namespace
}  // namespace fencepost::core
