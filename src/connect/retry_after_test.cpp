#include "connect/retry_after.hpp"

#include <gtest/gtest.h>

namespace fencepost::connect {
namespace {

using namespace std::chrono_literals;
using base::Duration;

constexpr base::Micros kNow = 1'795'341'600'000'000;  // 2026-11-22T10:00:00Z, a Sunday

std::optional<Duration> parse(std::string_view value) { return parse_retry_after(value, kNow, 24h); }

TEST(RetryAfter, Seconds) {
  EXPECT_EQ(parse("120"), Duration(120s));
  EXPECT_EQ(parse(" 0 "), Duration(0s));
  EXPECT_EQ(parse("0.65"), Duration(650ms));
  EXPECT_EQ(parse("1.0000001"), Duration(1s) + Duration(1));
}

TEST(RetryAfter, Dates) {
  EXPECT_EQ(parse("Sun, 22 Nov 2026 10:02:30 GMT"), Duration(150s));
  EXPECT_EQ(parse("Sunday, 22-Nov-26 10:02:30 GMT"), Duration(150s));
  EXPECT_EQ(parse("Sun Nov 22 10:02:30 2026"), Duration(150s));
}

TEST(RetryAfter, IsClampedOnBothSides) {
  EXPECT_EQ(parse("99999999999999999999999999999999"), Duration(24h));
  EXPECT_EQ(parse("Fri, 31 Dec 9999 23:59:59 GMT"), Duration(24h));
  EXPECT_EQ(parse("Sun, 22 Nov 2026 09:00:00 GMT"), Duration(0s));
}

TEST(RetryAfter, AnythingElseIsNoValue) {
  for (const auto* text :
       {"", " ", "soon", "-5", "+5", "1e9", "12 s", ".", ".5", "1.2.3", "tomorrow", "Sun", "99:99"})
    EXPECT_FALSE(parse(text)) << text;
}

}  // namespace
}  // namespace fencepost::connect
