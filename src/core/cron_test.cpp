// Reading schedules, plain calendars and intervals. Clock changes are in cron_dst_test.cpp.
#include "core/cron.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>
#include <thread>
#include <vector>

#include "base/error.hpp"
#include "core/window.hpp"

namespace fencepost::core {
namespace {

using base::format_utc;
using base::Micros;
using base::parse_utc;
using base::UserError;

constexpr Micros kMinute = 60'000'000;

// The first ticks after a moment, in UTC to the minute: "2026-01-01T00:15".
std::vector<std::string> ticks(const std::string& spec, const std::string& after, int count,
                               const std::string& zone = "UTC") {
  const Schedule schedule = Schedule::parse(spec, zone);
  std::vector<std::string> found;
  for (Micros at = parse_utc(after); count > 0; --count)
    found.push_back(format_utc(at = schedule.next(at, at)).substr(0, 16));
  return found;
}

std::string refusal(const std::string& spec, const std::string& zone = "UTC") {
  try {
    Schedule::parse(spec, zone);
  } catch (const UserError& e) {
    return e.code() + ": " + e.what();
  }
  return "accepted";
}

using Ticks = std::vector<std::string>;
const std::string kNewYear = "2026-01-01T00:00:00Z";  // a Thursday

TEST(Cron, Examples) {
  EXPECT_EQ(ticks("0 10 * * 1-5", kNewYear, 4),
            (Ticks{"2026-01-01T10:00", "2026-01-02T10:00", "2026-01-05T10:00", "2026-01-06T10:00"}));
  EXPECT_EQ(ticks("*/15 9,17 * * *", kNewYear, 5),
            (Ticks{"2026-01-01T09:00", "2026-01-01T09:15", "2026-01-01T09:30", "2026-01-01T09:45",
                   "2026-01-01T17:00"}));
  EXPECT_EQ(ticks("10-30/10 0 1 jan,JUL *", kNewYear, 4),
            (Ticks{"2026-01-01T00:10", "2026-01-01T00:20", "2026-01-01T00:30", "2026-07-01T00:10"}));
  EXPECT_EQ(ticks("0 10 * * *", kNewYear, 1, "Asia/Kathmandu"), (Ticks{"2026-01-01T04:15"}));
  EXPECT_EQ(ticks("59 23 31 12 *", kNewYear, 2), (Ticks{"2026-12-31T23:59", "2027-12-31T23:59"}));
  EXPECT_EQ(ticks("  0\t10 * *  * ", kNewYear, 1), (Ticks{"2026-01-01T10:00"}));
}

TEST(Cron, Macros) {
  EXPECT_EQ(ticks("@hourly", kNewYear, 1), (Ticks{"2026-01-01T01:00"}));
  EXPECT_EQ(ticks("@daily", kNewYear, 1), (Ticks{"2026-01-02T00:00"}));
  EXPECT_EQ(ticks("@weekly", kNewYear, 1), (Ticks{"2026-01-04T00:00"}));
  EXPECT_EQ(ticks("@monthly", kNewYear, 1), (Ticks{"2026-02-01T00:00"}));
  EXPECT_EQ(ticks("@yearly", kNewYear, 1), (Ticks{"2027-01-01T00:00"}));
}

TEST(Cron, WeekdaysByNumberAndName) {
  const Ticks sundays{"2026-01-04T00:00", "2026-01-11T00:00"};
  for (const auto* spec : {"0 0 * * 0", "0 0 * * 7", "0 0 * * SUN", "0 0 * * sun", "0 0 * * 0,7"})
    EXPECT_EQ(ticks(spec, kNewYear, 2), sundays) << spec;
  const Ticks weekend{"2026-01-03T00:00", "2026-01-04T00:00", "2026-01-10T00:00"};
  for (const auto* spec : {"0 0 * * 6-7", "0 0 * * SAT-SUN", "0 0 * * 0,6"})
    EXPECT_EQ(ticks(spec, kNewYear, 3), weekend) << spec;
}

// Vixie: OR where both day fields are restricted, AND where one contains a star.
TEST(Cron, DayFieldsAreJoinedAsVixieDoes) {
  EXPECT_EQ(ticks("0 10 13 * 5", kNewYear, 4),
            (Ticks{"2026-01-02T10:00", "2026-01-09T10:00", "2026-01-13T10:00", "2026-01-16T10:00"}));
  EXPECT_EQ(ticks("0 10 */2 * 1", kNewYear, 3),
            (Ticks{"2026-01-05T10:00", "2026-01-19T10:00", "2026-02-09T10:00"}));
  for (const auto* spec : {"0 10 */2,4 * 1", "0 10 4,*/2 * 1"})  // a star anywhere in the list
    EXPECT_EQ(ticks(spec, kNewYear, 2), (Ticks{"2026-01-05T10:00", "2026-01-19T10:00"})) << spec;
  EXPECT_EQ(ticks("0 10 13 * *", kNewYear, 2), (Ticks{"2026-01-13T10:00", "2026-02-13T10:00"}));
  EXPECT_EQ(ticks("0 0 1-31 * 1", kNewYear, 2), (Ticks{"2026-01-02T00:00", "2026-01-03T00:00"}));
  EXPECT_EQ(ticks("0 0 30 2 1", kNewYear, 2), (Ticks{"2026-02-02T00:00", "2026-02-09T00:00"}));
}

TEST(Cron, LeapDays) {
  EXPECT_EQ(ticks("0 0 29 2 *", kNewYear, 3),
            (Ticks{"2028-02-29T00:00", "2032-02-29T00:00", "2036-02-29T00:00"}));
  EXPECT_EQ(ticks("0 0 31 2,4,5 *", kNewYear, 2), (Ticks{"2026-05-31T00:00", "2027-05-31T00:00"}));
}

// All 12 x 31 dates: a date is accepted if and only if some year has it, and then it is hit.
TEST(Cron, ImpossibleDatesAreRefusedExhaustively) {
  constexpr int kLongest[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  for (int month = 1; month <= 12; ++month)
    for (int day = 1; day <= 31; ++day) {
      char date[16], spec[32];
      std::snprintf(date, sizeof date, "-%02d-%02dT00:00", month, day);
      std::snprintf(spec, sizeof spec, "0 0 %d %d *", day, month);
      if (day <= kLongest[month - 1])
        EXPECT_EQ(ticks(spec, "2027-12-31T23:59:59Z", 1), Ticks{std::string("2028") + date});
      else
        EXPECT_EQ(refusal(spec).substr(0, 34), "invalid_schedule: the date of '0 0") << spec;
    }
}

// Every minute of a day alone, and every pair of a minute and the moment asked about.
TEST(Cron, EveryMinuteOfADayExhaustively) {
  const Micros midnight = parse_utc(kNewYear);
  for (int minute = 0; minute < 1440; ++minute) {
    const auto schedule =
        Schedule::parse(std::to_string(minute % 60) + " " + std::to_string(minute / 60) + " * * *", "UTC");
    for (int asked = 0; asked < 1440; ++asked) {
      const Micros after = midnight + asked * kMinute;
      const Micros want = midnight + (minute > asked ? minute : minute + 1440) * kMinute;
      ASSERT_EQ(schedule.next(after, after), want) << minute << " after " << asked;
    }
  }
}

TEST(Cron, TicksAreStrictlyAfterBothMoments) {
  const auto schedule = Schedule::parse("0 * * * *", "UTC");
  const Micros ten = parse_utc("2026-01-01T10:00:00Z"), eleven = ten + 60 * kMinute;
  EXPECT_EQ(schedule.next(ten, ten), eleven);
  EXPECT_EQ(schedule.next(ten - 1, ten - 1), ten);
  EXPECT_EQ(schedule.next(0, ten + 1), eleven);                  // missed ticks coalesce
  EXPECT_EQ(schedule.next(eleven - 1, ten), eleven);             // a tick ahead of the clock
  EXPECT_EQ(schedule.next(eleven, ten), eleven + 60 * kMinute);  // already given out
}

TEST(Cron, RefusalsSayWhatToDo) {
  const std::string code = "invalid_schedule: ";
  EXPECT_EQ(refusal("61 * * * *"), code + "'61' does not fit the minute field: use 0 to 59");
  EXPECT_EQ(refusal("0 24 * * *"), code + "'24' does not fit the hour field: use 0 to 23");
  EXPECT_EQ(refusal("0 0 0 * *"), code + "'0' does not fit the day of month field: use 1 to 31");
  EXPECT_EQ(refusal("0 0 * Foo *"), code + "'Foo' does not fit the month field: use 1 to 12 or JAN to DEC");
  EXPECT_EQ(refusal("0 0 * * 8"), code + "'8' does not fit the day of week field: use 0 to 7 or SUN to SAT");
  EXPECT_EQ(refusal("5/15 * * * *"), code + "a step needs a range: write '5-59/15' instead of '5/15'");
  EXPECT_EQ(refusal("0 22-5 * * *"),
            code + "the range '22-5' runs backwards: write it as two, such as 22-23,0-5");
  EXPECT_EQ(refusal("*/90 * * * *"), code +
                                         "a step of '90' does not fit the minute field: use 1 to 59, or an "
                                         "interval such as 'every 90m'");
  EXPECT_EQ(
      refusal("every 3 minutes"),
      code +
          "'every 3 minutes' is not a schedule: write 'every 3m', '@daily', or five fields (minute, hour, "
          "day of month, month, day of week) such as '0 10 * * 1-5'");
  EXPECT_EQ(refusal("every 3x"),
            code + "'every 3x' is not an interval: write 'every 90s', 'every 3m' or 'every 2h'");
  EXPECT_EQ(refusal("* * * * *", "Mars/Phobos"),
            "invalid_zone: 'Mars/Phobos' is not a time zone: use an IANA name such as Europe/Berlin or UTC");
}

TEST(Cron, RefusesWhatIsNotASchedule) {
  for (const auto* spec : {"",
                           " ",
                           "@reboot",
                           "@daily @daily",
                           "* * * *",
                           "* * * * * *",
                           "a b c d e",
                           "*/0 * * * *",
                           "-1 * * * *",
                           "1- * * * *",
                           "-5 * * * *",
                           "1-2-3 * * * *",
                           "*/5/5 * * * *",
                           ", * * * *",
                           "1,,2 * * * *",
                           "1, * * * *",
                           "** * * * *",
                           "*5 * * * *",
                           "*-5 * * * *",
                           "5-* * * * *",
                           "*/ * * * *",
                           "+5 * * * *",
                           "0x5 * * * *",
                           "1.5 * * * *",
                           "99999999999999999999 * * * *",
                           "MON * * * *",
                           "0 0 * MON *",
                           "0 0 * * MONDAY",
                           "0 0 * * 5-1",
                           "0 0 30 2 *",
                           "0 0 31 4,6,9,11 *",
                           "every",
                           "every 5",
                           "every m",
                           "every 0s",
                           "every -5m",
                           "every 8785h",
                           "every 99999999999999999999h",
                           "every 9223372036854775807h",
                           "every 5124095576030432h" /* * 3600 = 2^64 + 3584 */,
                           "every 5m 5s",
                           "every 5 m",
                           "\xff\xff * * * *",
                           "0 0 * * *\n"})
    EXPECT_EQ(refusal(spec).substr(0, 17), "invalid_schedule:") << spec;
  EXPECT_EQ(refusal(std::string(5000, '*')).substr(0, 17), "invalid_schedule:");
  EXPECT_EQ(refusal(std::string("* * * * *\0", 10)).substr(0, 17), "invalid_schedule:");
  for (const auto* zone : {"", "localtime", "europe/berlin", "../UTC", "/etc/localtime", "posixrules"})
    for (const auto* spec : {"@daily", "every 3m"})
      EXPECT_EQ(refusal(spec, zone).substr(0, 13), "invalid_zone:") << zone;
}

// Whatever bytes come in: a schedule or a UserError in printable ASCII, never a crash or another exception.
RC_GTEST_PROP(CronFuzz, ReadsAnything, ()) {
  const auto alphabet = rc::gen::elementOf(std::string("0123456789*/-,  @MONevryshm\xc3\x00", 29));
  const auto spec = *rc::gen::container<std::string>(alphabet);
  try {
    const auto schedule = Schedule::parse(spec, "Europe/Berlin");
    RC_ASSERT(schedule.next(kMinute, kMinute) > kMinute);
  } catch (const UserError& e) {
    RC_ASSERT(e.code() == "invalid_schedule" || e.code() == "out_of_range");
    for (const char c : std::string(e.what())) RC_ASSERT(c >= ' ' && c <= '~');
  }
}

TEST(Interval, KeepsItsPhase) {
  const auto schedule = Schedule::parse("every 3m", "UTC");
  const Micros tick = parse_utc("2026-01-01T00:01:30Z");
  EXPECT_EQ(schedule.next(tick, tick), tick + 3 * kMinute);
  EXPECT_EQ(schedule.next(tick, tick + 3 * kMinute - 1), tick + 3 * kMinute);
  EXPECT_EQ(schedule.next(tick, tick + 3 * kMinute), tick + 6 * kMinute);
  EXPECT_EQ(schedule.next(tick, tick + 100 * kMinute), tick + 102 * kMinute);
  EXPECT_EQ(schedule.next(tick, 0), tick + 3 * kMinute);
  EXPECT_EQ(Schedule::parse("every 90s", "UTC").next(0, 0), 90'000'000);
  EXPECT_EQ(Schedule::parse("every 2h", "UTC").next(0, 0), 120 * kMinute);
  EXPECT_THROW(Schedule::every(base::Duration(999'999)), UserError);
  EXPECT_THROW(Schedule::every(base::Duration::max()), UserError);
}

RC_GTEST_PROP(Interval, IsTheFirstPointOfTheGridAfterBoth, ()) {
  const auto moment = rc::gen::inRange<Micros>(0, kEndOfTime - 367LL * 1440 * kMinute);
  const Micros tick = *moment, now = *moment;
  const Micros period = *rc::gen::inRange<Micros>(1'000'000, 366LL * 1440 * kMinute + 1);
  const Micros next = Schedule::every(base::Duration(period)).next(tick, now);
  RC_ASSERT(next > std::max(tick, now));
  RC_ASSERT(next - period <= std::max(tick, now));
  RC_ASSERT((next - tick) % period == 0);
}

TEST(Cron, RefusesTimesFrom2038On) {
  const auto code_of = [](const Schedule& schedule, Micros tick, Micros now) -> std::string {
    try {
      schedule.next(tick, now);
    } catch (const UserError& e) {
      return e.code();
    }
    return "accepted";
  };
  const auto minutely = Schedule::parse("* * * * *", "UTC"), yearly = Schedule::parse("@yearly", "UTC");
  const auto interval = Schedule::parse("every 1m", "UTC");
  for (const auto& schedule : {minutely, interval}) {
    EXPECT_EQ(schedule.next(0, kEndOfTime - kMinute - 1), kEndOfTime - kMinute);
    EXPECT_EQ(code_of(schedule, 0, kEndOfTime - kMinute), "out_of_range");
    for (const Micros bad :
         {kEndOfTime, Micros{-1}, std::numeric_limits<Micros>::max(), std::numeric_limits<Micros>::min()}) {
      EXPECT_EQ(code_of(schedule, 0, bad), "out_of_range");
      EXPECT_EQ(code_of(schedule, bad, 0), "out_of_range");
    }
  }
  EXPECT_EQ(code_of(yearly, 0, parse_utc("2037-01-01T00:00:00Z")), "out_of_range");
  EXPECT_EQ(code_of(Schedule::parse("0 0 29 2 *", "Europe/Berlin"), 0, parse_utc("2036-03-01T00:00:00Z")),
            "out_of_range");
}

// One schedule used by many threads at once; ThreadSanitizer is the judge, also of the zone's first use.
TEST(Cron, IsThreadSafe) {
  const auto schedule = Schedule::parse("0 10 * * 1-5", "Europe/Vienna");
  const Micros from = parse_utc(kNewYear);
  std::vector<Micros> ends(4);
  {
    std::vector<std::jthread> threads;
    for (auto& end : ends)
      threads.emplace_back([&] {
        const auto own = Schedule::parse("30 2 * * *", "Europe/Zurich");
        for (end = from; end < from + 200 * 1440 * kMinute;) end = schedule.next(own.next(end, end), end);
      });
  }
  for (const Micros end : ends) EXPECT_EQ(end, ends[0]);
}

}  // namespace
}  // namespace fencepost::core
