#include "core/local_time.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace fencepost::core {
namespace {

std::string utc(const std::string& text, const std::string& zone) {
  return base::format_utc(parse_time(text, zone)).substr(0, 19);
}

TEST(LocalTime, NaiveTimesAreOfTheZoneAndAwareOnesOfTheirOffset) {
  EXPECT_EQ(utc("2026-11-22T20:00", "Europe/Berlin"), "2026-11-22T19:00:00");
  EXPECT_EQ(utc("2026-07-22T20:00:30", "Europe/Berlin"), "2026-07-22T18:00:30");
  EXPECT_EQ(utc("2026-11-22T20:00:00+09:00", "Europe/Berlin"), "2026-11-22T11:00:00");
  EXPECT_EQ(utc("2026-11-22T20:00:00Z", "Europe/Berlin"), "2026-11-22T20:00:00");
  EXPECT_EQ(utc("2026-11-22T20:00", "America/Los_Angeles"), "2026-11-23T04:00:00");
}

TEST(LocalTime, ASkippedTimeIsTheFirstInstantAfterTheGap) {
  EXPECT_EQ(utc("2026-03-29T02:30", "Europe/Berlin"), "2026-03-29T01:00:00");
  EXPECT_EQ(utc("2026-03-29T01:59", "Europe/Berlin"), "2026-03-29T00:59:00");
  EXPECT_EQ(utc("2026-03-29T03:00", "Europe/Berlin"), "2026-03-29T01:00:00");
}

TEST(LocalTime, ATimeThatComesTwiceIsTheFirst) {
  EXPECT_EQ(utc("2026-10-25T02:30", "Europe/Berlin"), "2026-10-25T00:30:00");
  EXPECT_EQ(utc("2026-10-25T02:30:00+01:00", "Europe/Berlin"), "2026-10-25T01:30:00") << "an offset says which";
}

TEST(LocalTime, WhatIsNoneIsRefused) {
  for (const std::string wrong : {"", "tomorrow", "2026-11-22", "2026-11-22 20:00", "2026-13-01T00:00",
                                  "2026-02-30T00:00", "2026-11-22T25:00", "2026-11-22T20:00:00.5", "2040-01-01T00:00"})
    EXPECT_THROW(parse_time(wrong, "Europe/Berlin"), base::UserError) << wrong;
  EXPECT_THROW(parse_time("2026-11-22T20:00", "Europe/Nowhere"), base::UserError);
}

}  // namespace
}  // namespace fencepost::core
