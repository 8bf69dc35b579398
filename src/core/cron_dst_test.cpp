// Clock changes: examples, and next() compared with an oracle that walks minute by minute over real time and
// takes local time from the C library (TZ and localtime_r), so that nothing but the zone files is shared.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdlib>
#include <ctime>
#include <map>
#include <set>
#include <tuple>
#include <vector>

#include "base/error.hpp"
#include "core/cron.hpp"
#include "core/window.hpp"

namespace fencepost::core {
namespace {

using base::format_utc;
using base::Micros;
using base::parse_utc;

constexpr Micros kMinute = 60'000'000;
const std::vector<std::string> kZones{
    "America/Los_Angeles", "Europe/Berlin",     "Australia/Lord_Howe", "Asia/Kathmandu", "UTC",
    "America/Santiago",    "Africa/Casablanca", "America/St_Johns"};

// ---- The oracle ----------------------------------------------------------------------------------------

struct Field {
  std::string text;
  std::set<int> values;
  bool star = false;
};

struct Line {
  Field minute, hour, day, month, weekday;
  std::string text() const {
    return minute.text + " " + hour.text + " " + day.text + " " + month.text + " " + weekday.text;
  }
  bool follows_clock() const {
    return minute.star || hour.star || minute.values.size() == 60 || hour.values.size() == 24;
  }
  // `local` counts minutes since 1970-01-01 00:00 on the wall.
  bool matches(std::int64_t local) const {
    const std::time_t seconds = local * 60;
    std::tm tm{};
    gmtime_r(&seconds, &tm);
    const bool date = day.values.count(tm.tm_mday) > 0, name = weekday.values.count(tm.tm_wday) > 0;
    const bool either = !day.star && !weekday.star;
    return minute.values.count(tm.tm_min) > 0 && hour.values.count(tm.tm_hour) > 0 &&
           month.values.count(tm.tm_mon + 1) > 0 && (either ? date || name : date && name);
  }
};

// What the wall shows at each real minute of [from, until).
const std::vector<std::int64_t>& wall(const std::string& zone, Micros from, Micros until) {
  static std::tuple<std::string, Micros, Micros> known;  // the last answer: many lines ask for the same days
  static std::vector<std::int64_t> shown;
  if (known == std::tuple(zone, from, until)) return shown;
  known = {zone, from, until};
  shown.clear();
  setenv("TZ", zone.c_str(), 1);
  tzset();
  for (Micros at = from; at < until; at += kMinute) {
    const std::time_t seconds = at / 1'000'000;
    std::tm tm{};
    localtime_r(&seconds, &tm);
    shown.push_back(timegm(&tm) / 60);
  }
  return shown;
}

// All ticks in (after, until). Starts a day early, to have seen the first pass of an overlap.
std::vector<Micros> oracle(const Line& line, const std::string& zone, Micros after, Micros until) {
  const Micros start = (after / kMinute - 1440) * kMinute;
  const auto& shown = wall(zone, start, until);
  std::vector<Micros> ticks;
  std::set<std::int64_t> seen{shown[0]};
  for (std::size_t i = 1; i < shown.size(); ++i) {
    bool due = line.matches(shown[i]) && (line.follows_clock() || seen.count(shown[i]) == 0);
    if (line.hour.values.size() < 24)
      for (std::int64_t skipped = shown[i - 1] + 1; skipped < shown[i]; ++skipped)
        due = due || line.matches(skipped);
    seen.insert(shown[i]);
    const Micros at = start + static_cast<Micros>(i) * kMinute;
    if (due && at > after) ticks.push_back(at);
  }
  return ticks;
}

std::vector<Micros> ticks_of(const Schedule& schedule, Micros after, Micros until) {
  std::vector<Micros> ticks;
  try {
    for (Micros at = schedule.next(after, after); at < until; at = schedule.next(at, at)) ticks.push_back(at);
  } catch (const base::UserError& e) {
    EXPECT_EQ(e.code(), "out_of_range");
  }
  return ticks;
}

// The moments of a year at which the offset changes, by the C library.
const std::vector<Micros>& changes(const std::string& zone, int year) {
  static std::map<std::pair<std::string, int>, std::vector<Micros>> known;
  const auto [entry, fresh] = known.try_emplace({zone, year});
  if (!fresh) return entry->second;
  setenv("TZ", zone.c_str(), 1);
  tzset();
  const std::string name = std::to_string(year);
  const std::time_t begin = parse_utc(name + "-01-01T00:00:00Z") / 1'000'000;
  long before = 0;
  for (std::time_t at = begin; at < begin + 365 * 86400; at += 60 * 15) {
    std::tm tm{};
    localtime_r(&at, &tm);
    if (at > begin && tm.tm_gmtoff != before) entry->second.push_back(Micros{at} * 1'000'000);
    before = tm.tm_gmtoff;
  }
  return entry->second;
}

// ---- Examples ------------------------------------------------------------------------------------------

using Ticks = std::vector<std::string>;

Ticks around(const std::string& spec, const std::string& zone, const std::string& from,
             const std::string& until) {
  Ticks found;
  for (const Micros at : ticks_of(Schedule::parse(spec, zone), parse_utc(from) - 1, parse_utc(until)))
    found.push_back(format_utc(at).substr(11, 5));
  return found;
}

// Berlin, 29 March 2026: 02:00 to 03:00 is skipped at 01:00Z.
Ticks gap(const std::string& spec) {
  return around(spec, "Europe/Berlin", "2026-03-29T00:00:00Z", "2026-03-29T03:00:00Z");
}
// Berlin, 25 October 2026: 02:00 to 03:00 comes twice, at 00:00Z and at 01:00Z.
Ticks overlap(const std::string& spec) {
  return around(spec, "Europe/Berlin", "2026-10-25T00:00:00Z", "2026-10-25T03:00:00Z");
}

TEST(CronDst, AGapRunsOnceAtItsEnd) {
  EXPECT_EQ(gap("30 2 * * *"), (Ticks{"01:00"}));
  EXPECT_EQ(gap("0,15,30,45 2 * * *"), (Ticks{"01:00"}));
  EXPECT_EQ(gap("*/15 2 * * *"), (Ticks{"01:00"}));
  EXPECT_EQ(gap("0,30 2,3 * * *"), (Ticks{"01:00", "01:30"}));  // 03:00 itself is nominal: still one
  EXPECT_EQ(gap("0 */2 * * *"), (Ticks{"01:00", "02:00"}));
  EXPECT_EQ(gap("0 3 * * *"), (Ticks{"01:00"}));
  EXPECT_EQ(gap("1 3 * * *"), (Ticks{"01:01"}));
}

TEST(CronDst, EveryHourSkipsAGapWithoutAnExtraTick) {
  EXPECT_EQ(gap("0 * * * *"), (Ticks{"00:00", "01:00", "02:00"}));
  EXPECT_EQ(gap("30 * * * *"), (Ticks{"00:30", "01:30", "02:30"}));
  EXPECT_EQ(gap("*/30 * * * *"), (Ticks{"00:00", "00:30", "01:00", "01:30", "02:00", "02:30"}));
  EXPECT_EQ(gap("30 0-23 * * *"), (Ticks{"00:30", "01:30", "02:30"}));
}

TEST(CronDst, AnOverlapRunsOnceUnlessAFieldIsAWildcard) {
  EXPECT_EQ(overlap("30 2 * * *"), (Ticks{"00:30"}));
  EXPECT_EQ(overlap("0,30 2 * * *"), (Ticks{"00:00", "00:30"}));
  EXPECT_EQ(overlap("0 2,3 * * *"), (Ticks{"00:00", "02:00"}));
  EXPECT_EQ(overlap("30 * * * *"), (Ticks{"00:30", "01:30", "02:30"}));
  EXPECT_EQ(overlap("30 0-23 * * *"), (Ticks{"00:30", "01:30", "02:30"}));
  EXPECT_EQ(overlap("*/30 2 * * *"), (Ticks{"00:00", "00:30", "01:00", "01:30"}));
  EXPECT_EQ(overlap("*/30 * * * *"), (Ticks{"00:00", "00:30", "01:00", "01:30", "02:00", "02:30"}));
}

TEST(CronDst, ADayThatBeginsInAGap) {  // Santiago, 6 September 2026: 00:00 to 01:00 is skipped at 04:00Z
  const std::string from = "2026-09-06T03:00:00Z", until = "2026-09-06T06:00:00Z";
  EXPECT_EQ(around("@daily", "America/Santiago", from, until), (Ticks{"04:00"}));
  EXPECT_EQ(around("30 0 6 9 *", "America/Santiago", from, until), (Ticks{"04:00"}));
}

TEST(CronDst, HalfAnHourInLordHowe) {  // 4 October 2026 02:00 -> 02:30; 5 April 2026 02:00 -> 01:30
  const std::string zone = "Australia/Lord_Howe";
  EXPECT_EQ(around("15 2 * * *", zone, "2026-10-03T15:00:00Z", "2026-10-03T18:00:00Z"), (Ticks{"15:30"}));
  EXPECT_EQ(around("45 1 * * *", zone, "2026-04-04T14:00:00Z", "2026-04-04T17:00:00Z"), (Ticks{"14:45"}));
  EXPECT_EQ(around("45 * * * *", zone, "2026-04-04T14:00:00Z", "2026-04-04T16:00:00Z"),
            (Ticks{"14:45", "15:15"}));
}

// A moment inside the second pass: the fixed time of today is over, although the wall shows an earlier one.
TEST(CronDst, AskedInsideTheSecondPass) {
  const auto schedule = Schedule::parse("30 2 * * *", "Europe/Berlin");
  const Micros at = parse_utc("2026-10-25T01:10:00Z");
  EXPECT_EQ(format_utc(schedule.next(at, at)), "2026-10-26T01:30:00.000000Z");
}

TEST(CronDst, AskedAroundTheEndOfAGap) {
  const auto schedule = Schedule::parse("30 2 * * *", "Europe/Berlin");
  const Micros end = parse_utc("2026-03-29T01:00:00Z");
  for (const Micros before : {end - kMinute, end - 1'000'000, end - 1})
    EXPECT_EQ(schedule.next(before, before), end);
  for (const Micros at : {end, end + 1, end + 30 * kMinute})
    EXPECT_EQ(format_utc(schedule.next(at, at)), "2026-03-30T00:30:00.000000Z");
}

TEST(CronDst, OneDailyTickADayAndOneHourlyTickAnHour) {
  for (const std::string zone : {"America/Los_Angeles", "Europe/Berlin", "America/Santiago"})
    for (int year = 1972; year < 2037; ++year) {
      const Micros from = parse_utc(std::to_string(year) + "-01-15T12:10:00Z");
      const Micros until = parse_utc(std::to_string(year + 1) + "-01-15T12:10:00Z");
      const auto days = (until - from) / (1440 * kMinute);
      EXPECT_EQ(ticks_of(Schedule::parse("30 2 * * *", zone), from, until).size(), days) << zone << year;
      EXPECT_EQ(ticks_of(Schedule::parse("30 1 * * *", zone), from, until).size(), days) << zone << year;
      EXPECT_EQ(ticks_of(Schedule::parse("@daily", zone), from, until).size(), days) << zone << year;
      EXPECT_EQ(ticks_of(Schedule::parse("@hourly", zone), from, until).size(), days * 24) << zone << year;
    }
}

// ---- Against the oracle --------------------------------------------------------------------------------

Field single(int value) { return {std::to_string(value), {value}, false}; }
Field any(int low, int high) {
  Field field{"*", {}, true};
  for (int value = low; value <= high; ++value) field.values.insert(value);
  return field;
}

// Each of the 1440 daily times, over both changes of a year in every zone.
TEST(CronDst, EveryDailyTimeExhaustively) {
  for (const auto& zone : kZones)
    for (const Micros change : changes(zone, 2026)) {
      const Micros from = change - 360 * kMinute, until = change + 360 * kMinute;
      for (int minute = 0; minute < 1440; minute += zone == "Europe/Berlin" ? 1 : 7) {
        const Line line{single(minute % 60), single(minute / 60), any(1, 31), any(1, 12), any(0, 6)};
        ASSERT_EQ(ticks_of(Schedule::parse(line.text(), zone), from, until), oracle(line, zone, from, until))
            << line.text() << " in " << zone;
      }
    }
}

struct Kind {
  int low, high;
};

Field random_field(Kind kind, int star_weight) {
  Field field;
  if (*rc::gen::inRange(0, 10) < star_weight) return any(kind.low, kind.high);
  const int count = *rc::gen::inRange(1, 4);
  for (int i = 0; i < count; ++i) {
    const int shape = *rc::gen::inRange(0, 4);  // a, a-b, a-b/n, */n
    const int a = *rc::gen::inRange(kind.low, kind.high + 1);
    const int b = shape == 0 ? a : *rc::gen::inRange(a, kind.high + 1);
    const int step = shape < 2 ? 1 : *rc::gen::inRange(1, kind.high - kind.low + 1);
    if (!field.text.empty()) field.text += ",";
    field.text += shape == 3 ? "*" : std::to_string(a);
    if (shape == 1 || shape == 2) field.text += "-" + std::to_string(b);
    if (shape >= 2) field.text += "/" + std::to_string(step);
    field.star = field.star || shape == 3;
    for (int value = shape == 3 ? kind.low : a; value <= (shape == 3 ? kind.high : b); value += step)
      field.values.insert(value);
  }
  return field;
}

RC_GTEST_PROP(CronDst, EqualsTheOracleOverClockChanges, ()) {
  const auto zone = *rc::gen::elementOf(kZones);
  const int year = *rc::gen::inRange(1972, 2037);
  const Line line{random_field({0, 59}, 3), random_field({0, 23}, 3), random_field({1, 31}, 6),
                  random_field({1, 12}, 9), random_field({0, 6}, 6)};
  Micros middle = parse_utc(std::to_string(year) + "-06-15T00:00:00Z");
  const auto& found = changes(zone, year);
  if (!found.empty()) middle = *rc::gen::elementOf(found);
  const Micros from = middle - *rc::gen::inRange<Micros>(1, 2 * 1440 * kMinute);
  const Micros until = middle + 1440 * kMinute;
  RC_LOG() << line.text() << " in " << zone << " after " << format_utc(from) << "\n";
  const auto want = oracle(line, zone, from, until);
  RC_CLASSIFY(want.empty());
  try {
    RC_ASSERT(ticks_of(Schedule::parse(line.text(), zone), from, until) == want);
  } catch (const base::UserError& e) {  // a date that never comes
    RC_ASSERT(e.code() == "invalid_schedule");
    RC_ASSERT(want.empty());
  }
}

// Missed ticks coalesce: only the later of the two moments counts.
RC_GTEST_PROP(CronDst, OnlyTheLaterMomentCounts, ()) {
  const auto schedule = Schedule::parse("*/20 1-4 * * *", *rc::gen::elementOf(kZones));
  const auto moment = rc::gen::inRange<Micros>(0, kEndOfTime - 2 * 1440 * kMinute);
  const Micros tick = *moment, now = *moment, later = std::max(tick, now);
  RC_ASSERT(schedule.next(tick, now) == schedule.next(later, later));
}

}  // namespace
}  // namespace fencepost::core
