#include "core/window.hpp"

#include <date/tz.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdlib>
#include <ctime>
#include <limits>

#include "base/error.hpp"

namespace fencepost::core {
namespace {

using base::format_utc;
using base::Micros;
using base::parse_utc;
using base::UserError;

constexpr Micros kMinute = 60'000'000, kHour = 60 * kMinute;

Micros length(const std::string& day, const std::string& zone) {
  const auto [start, end] = day_bounds(day, zone);
  return end - start;
}

template <typename Call>
std::string code_of(Call call) {
  try {
    call();
  } catch (const UserError& e) {
    return e.code();
  }
  return "accepted";
}

TEST(Window, QuotaDaysOfLosAngeles) {
  const std::string zone = "America/Los_Angeles";
  EXPECT_EQ(day_window(parse_utc("2026-03-08T07:59:59Z"), zone), "2026-03-07");
  EXPECT_EQ(day_window(parse_utc("2026-03-08T08:00:00Z"), zone), "2026-03-08");
  EXPECT_EQ(day_window(parse_utc("2026-03-09T06:59:59.999999Z"), zone), "2026-03-08");
  EXPECT_EQ(day_window(parse_utc("2026-03-09T07:00:00Z"), zone), "2026-03-09");
  EXPECT_EQ(length("2026-03-08", zone), 23 * kHour);
  EXPECT_EQ(length("2026-11-01", zone), 25 * kHour);
  EXPECT_EQ(length("2026-11-02", zone), 24 * kHour);
  EXPECT_EQ(format_utc(next_day_start(parse_utc("2026-03-08T08:00:00Z"), zone)),
            "2026-03-09T07:00:00.000000Z");
}

TEST(Window, OddDays) {
  EXPECT_EQ(length("2026-04-05", "Australia/Lord_Howe"), 24 * kHour + 30 * kMinute);
  EXPECT_EQ(length("2026-10-04", "Australia/Lord_Howe"), 23 * kHour + 30 * kMinute);
  EXPECT_EQ(length("2026-09-06", "America/Santiago"), 23 * kHour);  // begins at 01:00
  EXPECT_EQ(length("2026-04-04", "America/Santiago"), 25 * kHour);  // its last hour comes twice
  EXPECT_EQ(format_utc(day_bounds("2026-01-01", "Asia/Kathmandu").first), "2025-12-31T18:15:00.000000Z");
  EXPECT_EQ(length("2011-12-30", "Pacific/Apia"), 0);  // skipped at the date line
  EXPECT_EQ(day_window(day_bounds("2011-12-30", "Pacific/Apia").first, "Pacific/Apia"), "2011-12-31");
}

// St. John's went back from 00:01 to 23:01: the new day has begun and does not end again.
TEST(Window, ADayNeverComesBack) {
  const std::string zone = "America/St_Johns";
  const auto [start, end] = day_bounds("2010-11-07", zone);
  EXPECT_EQ(end - start, 25 * kHour);
  for (Micros at = start - kMinute; at < start + 90 * kMinute; at += kMinute)
    EXPECT_EQ(day_window(at, zone), at < start ? "2010-11-06" : "2010-11-07");
}

// Every day of 1971-2037 in some zones and of 2026 in all: contiguous, and agreeing with themselves.
void check_days(const std::string& zone, const std::string& from, const std::string& until) {
  Micros expected = day_bounds(from, zone).first;
  for (Micros at = expected; at < day_bounds(until, zone).first;) {
    const std::string day = day_window(at, zone);
    const auto [start, end] = day_bounds(day, zone);
    ASSERT_EQ(start, expected) << day << " in " << zone;
    ASSERT_GE(end - start, 22 * kHour) << day << " in " << zone;
    ASSERT_LE(end - start, 26 * kHour) << day << " in " << zone;
    ASSERT_EQ(day_window(end - 1, zone), day) << zone;
    ASSERT_EQ(next_day_start(at, zone), end) << zone;
    ASSERT_EQ(next_day_start(end - 1, zone), end) << zone;
    expected = at = end;
  }
}

TEST(Window, DaysAreContiguousExhaustively) {
  for (const auto* zone : {"UTC", "America/Los_Angeles", "Europe/Berlin", "Australia/Lord_Howe",
                           "Asia/Kathmandu", "America/Santiago", "America/St_Johns", "Africa/Cairo"})
    check_days(zone, "1971-01-01", "2037-12-31");
}

TEST(Window, DaysAreContiguousInAllZones) {
  for (const auto& zone : date::get_tzdb().zones)
    if (zone.name() != "localtime") check_days(zone.name(), "2025-12-31", "2027-01-01");
}

// The C library's local date, minute by minute: where it changes, a day begins.
TEST(Window, StartsAgreeWithTheCLibrary) {
  for (const std::string zone : {"America/Los_Angeles", "Australia/Lord_Howe", "America/Santiago"}) {
    setenv("TZ", zone.c_str(), 1);
    tzset();
    Micros start = -1;
    int day_before = -1;
    for (Micros at = parse_utc("2026-01-01T00:00:00Z"); at < parse_utc("2027-01-01T00:00:00Z");
         at += 30 * kMinute) {
      const std::time_t seconds = at / 1'000'000;
      std::tm tm{};
      localtime_r(&seconds, &tm);
      char text[32];
      std::strftime(text, sizeof text, "%Y-%m-%d", &tm);
      ASSERT_EQ(day_window(at, zone), text);
      if (tm.tm_mday != day_before && day_before != -1) {
        if (start >= 0) {
          ASSERT_EQ(next_day_start(start, zone), at);
        }
        start = at;
        ASSERT_EQ(day_bounds(text, zone).first, at) << text << " in " << zone;
      }
      day_before = tm.tm_mday;
    }
  }
}

RC_GTEST_PROP(Window, EveryMomentLiesInItsDay, ()) {
  const auto zone = *rc::gen::elementOf(std::vector<std::string>{
      "America/Los_Angeles", "Europe/Berlin", "Australia/Lord_Howe", "Pacific/Apia", "America/St_Johns"});
  const Micros at = *rc::gen::inRange<Micros>(0, kEndOfTime - 24 * kHour);
  const auto [start, end] = day_bounds(day_window(at, zone), zone);
  RC_ASSERT(start <= at);
  RC_ASSERT(at < end);
  RC_ASSERT(next_day_start(at, zone) == end);
}

TEST(Window, Zones) {
  for (const auto* zone : {"UTC", "Etc/UTC", "Europe/Kyiv", "America/Argentina/Ushuaia"})
    EXPECT_TRUE(known_zone(zone)) << zone;
  for (const auto* zone :
       {"", "utc", "localtime", "Europe", "Europe/", "../UTC", "/etc/localtime", "tzdata.zi"})
    EXPECT_FALSE(known_zone(zone)) << zone;
  EXPECT_EQ(code_of([] { day_window(0, "Europe"); }), "invalid_zone");
  EXPECT_EQ(code_of([] { day_bounds("2026-01-01", "Europe"); }), "invalid_zone");
  EXPECT_EQ(code_of([] { next_day_start(0, "Europe"); }), "invalid_zone");
}

TEST(Window, Dates) {
  for (const auto* day :
       {"", "2026-3-8", "2026-02-29", "2026-02-30", "2026-13-01", "2026-00-01", "2026-01-00", "20260101",
        "2026/01/01", "2026-01-01T", " 2026-01-01", "-026-01-01", "2026-01-1a"})
    EXPECT_EQ(code_of([&] { day_bounds(day, "UTC"); }), "invalid_date") << day;
  EXPECT_EQ(length("2028-02-29", "UTC"), 24 * kHour);
}

TEST(Window, RefusesWhatLiesOutside1970To2037) {
  const std::string pacific = "America/Los_Angeles", far_east = "Pacific/Kiritimati";
  for (const Micros at :
       {Micros{-1}, kEndOfTime, std::numeric_limits<Micros>::max(), std::numeric_limits<Micros>::min()}) {
    EXPECT_EQ(code_of([&] { day_window(at, "UTC"); }), "out_of_range");
    EXPECT_EQ(code_of([&] { day_window(at, pacific); }), "out_of_range");
    EXPECT_EQ(code_of([&] { next_day_start(at, "UTC"); }), "out_of_range");
  }
  for (const auto* day : {"2038-01-01", "1969-12-30", "9999-12-31", "0000-01-01"})
    EXPECT_EQ(code_of([&] { day_bounds(day, "UTC"); }), "out_of_range") << day;
  EXPECT_EQ(day_window(0, pacific), "1969-12-31");
  EXPECT_EQ(day_bounds("1969-12-31", pacific).second, 8 * kHour);
  EXPECT_EQ(day_window(kEndOfTime - 1, pacific), "2037-12-31");
  EXPECT_EQ(next_day_start(kEndOfTime - 1, pacific), kEndOfTime + 8 * kHour);
  EXPECT_EQ(code_of([&] { day_window(kEndOfTime - 1, far_east); }), "out_of_range");
}

TEST(Window, QuotedTextIsSafeToShow) {
  EXPECT_EQ(quoted("Europe"), "'Europe'");
  EXPECT_EQ(quoted("a\nb\xc3\xa4"), "'a?b\?\?'");
  EXPECT_EQ(quoted(std::string(100, 'x')), "'" + std::string(64, 'x') + "...'");
}

}  // namespace
}  // namespace fencepost::core
