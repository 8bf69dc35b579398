#include "base/clock.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace fencepost::base {

TEST(Clock, ReadsTimesWithZone) {
  EXPECT_EQ(parse_utc("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(parse_utc("1970-01-01T00:00:00.25z"), 250'000);
  EXPECT_EQ(parse_utc("2026-11-22T19:00:00+01:00"), parse_utc("2026-11-22T18:00:00Z"));
  EXPECT_EQ(parse_utc("2026-11-22T12:30:00-05:30"), parse_utc("2026-11-22T18:00:00Z"));
  EXPECT_EQ(format_utc(parse_utc("2026-11-22T18:00:00Z")), "2026-11-22T18:00:00.000000Z");
}

TEST(Clock, RefusesWhatIsNoTime) {
  for (const auto* text : {"", "now", "2026-11-22", "2026-11-22T18:00:00", "2026-11-22T18:00",
                           "2026-02-30T00:00:00Z", "2026-11-22T24:00:00Z", "2026-11-22T18:60:00Z",
                           "2026-11-22T18:00:00+1:00", "2026-11-22T18:00:00.Z", "2026-11-22T18:00:00Zx",
                           "2038-01-01T00:00:00Z", "-026-11-22T18:00:00Z", "2026-11-22T18:00:00+01:00Z"})
    EXPECT_THROW(parse_utc(text), UserError) << text;
}

}  // namespace fencepost::base
