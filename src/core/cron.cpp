#include "core/cron.hpp"

#include <date/tz.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <optional>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "core/window.hpp"

namespace fencepost::core {

using base::Duration;
using base::Micros;
using base::UserError;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

// ---- Reading -------------------------------------------------------------------------------------------

constexpr std::string_view kMonthNames = "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC";
constexpr std::string_view kWeekdayNames = "SUNMONTUEWEDTHUFRISAT";

struct FieldKind {
  std::string_view noun;
  int low, high;           // of `*`; a weekday may also be written as 7
  std::string_view names;  // three letters each, the first one means `low`
  bool weekday() const { return names == kWeekdayNames; }
};

constexpr std::array<FieldKind, 5> kFields{{{"minute", 0, 59, ""},
                                            {"hour", 0, 23, ""},
                                            {"day of month", 1, 31, ""},
                                            {"month", 1, 12, kMonthNames},
                                            {"day of week", 0, 6, kWeekdayNames}}};

struct FieldSet {
  std::uint64_t bits = 0;
  bool star = false;
};

[[noreturn]] void refuse(const std::string& message) { throw UserError("invalid_schedule", message); }

std::string str(std::string_view text) { return std::string(text); }

std::vector<std::string_view> split(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t at = text.find_first_of(separators);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

std::optional<int> named(std::string_view text, const FieldKind& kind) {
  if (text.size() != 3) return std::nullopt;
  const std::string name{upper(text[0]), upper(text[1]), upper(text[2])};
  for (std::size_t i = 0; i < kind.names.size(); i += 3)
    if (kind.names.substr(i, 3) == name) return kind.low + static_cast<int>(i / 3);
  return std::nullopt;
}

int field_value(std::string_view text, const FieldKind& kind) {
  if (const auto value = named(text, kind)) return *value;
  const auto value = number(text);
  const int high = kind.weekday() ? 7 : kind.high;
  if (value && *value >= kind.low && *value <= high) return static_cast<int>(*value);
  const std::string first = str(kind.names.substr(0, 3));
  const std::string last = kind.names.empty() ? "" : str(kind.names.substr(kind.names.size() - 3));
  refuse(quoted(str(text)) + " does not fit the " + str(kind.noun) + " field: use " +
         std::to_string(kind.low) + " to " + std::to_string(high) +
         (kind.names.empty() ? "" : " or " + first + " to " + last));
}

int field_step(std::string_view text, const FieldKind& kind) {
  const auto step = number(text);
  if (step && *step >= 1 && *step <= kind.high - kind.low) return static_cast<int>(*step);
  refuse("a step of " + quoted(str(text)) + " does not fit the " + str(kind.noun) + " field: use 1 to " +
         std::to_string(kind.high - kind.low) + ", or an interval such as 'every 90m'");
}

// One element of a list: `*`, `*/n`, `a`, `a-b` or `a-b/n`.
void add_element(std::string_view text, const FieldKind& kind, FieldSet& set) {
  const auto parts = split(text, "/");
  const auto ends = split(parts[0], "-");
  if (text.empty() || parts.size() > 2 || ends.size() > 2)
    refuse(quoted(str(text)) + " cannot be read as a " + str(kind.noun) +
           ": write *, */5, 3, 1-5 or 0-30/10");
  const bool star = parts[0] == "*";
  int low = kind.low, high = kind.high;
  if (!star) {
    low = field_value(ends[0], kind);
    high = ends.size() == 2 ? field_value(ends[1], kind) : low;
    if (kind.weekday() && high == 0 && low > 0) high = 7;  // SAT-SUN
  }
  if (low > high)
    refuse("the range " + quoted(str(text)) + " runs backwards: write it as two, such as 22-23,0-5");
  if (parts.size() == 2 && !star && ends.size() != 2)
    refuse("a step needs a range: write " +
           quoted(str(parts[0]) + "-" + std::to_string(kind.high) + "/" + str(parts[1])) + " instead of " +
           quoted(str(text)));
  const int step = parts.size() == 2 ? field_step(parts[1], kind) : 1;
  for (int value = low; value <= high; value += step)
    set.bits |= std::uint64_t{1} << (kind.weekday() ? value % 7 : value);
  set.star = set.star || star;
}

FieldSet read_field(std::string_view text, const FieldKind& kind) {
  FieldSet set;
  for (const std::string_view element : split(text, ",")) add_element(element, kind, set);
  return set;
}

bool has(std::uint64_t bits, unsigned value) { return (bits >> value & 1) != 0; }

// Whether any date fits. With either_day one always does: every weekday comes in every month.
bool possible(const CronFields& cron) {
  constexpr std::array<unsigned, 13> kLongest{0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (cron.either_day) return true;
  const unsigned first_day = static_cast<unsigned>(std::countr_zero(cron.days));
  for (unsigned month = 1; month <= 12; ++month)
    if (has(cron.months, month) && first_day <= kLongest[month]) return true;
  return false;
}

[[noreturn]] void refuse_spec(const std::string& spec) {
  refuse(quoted(spec) +
         " is not a schedule: write 'every 3m', '@daily', or five fields (minute, hour, day of month, month, "
         "day of week) such as '0 10 * * 1-5'");
}

CronFields read_cron(const std::vector<std::string_view>& words, const std::string& spec) {
  if (words.size() != kFields.size()) refuse_spec(spec);
  std::array<FieldSet, kFields.size()> sets;
  for (std::size_t i = 0; i < kFields.size(); ++i) sets[i] = read_field(words[i], kFields[i]);
  const auto& [minute, hour, day, month, weekday] = sets;
  CronFields cron{minute.bits, hour.bits, day.bits, month.bits, weekday.bits};
  const bool all_minutes = std::popcount(minute.bits) == 60, all_hours = std::popcount(hour.bits) == 24;
  cron.either_day = !day.star && !weekday.star;
  cron.follows_clock = minute.star || hour.star || all_minutes || all_hours;
  if (!possible(cron))
    refuse("the date of " + quoted(spec) + " never comes: check the day of month against the month");
  return cron;
}

Duration read_interval(std::string_view text, const std::string& spec) {
  constexpr std::string_view kUnits = "smh";
  constexpr std::array<std::int64_t, 3> kSeconds{1, 60, 3600};
  constexpr std::int64_t kMost = 366LL * 24 * 3600;
  const std::size_t unit = text.empty() ? std::string_view::npos : kUnits.find(text.back());
  const auto count = unit == std::string_view::npos ? std::nullopt : number(text.substr(0, text.size() - 1));
  if (!count) refuse(quoted(spec) + " is not an interval: write 'every 90s', 'every 3m' or 'every 2h'");
  return seconds(std::min(*count, kMost + 1) * kSeconds[unit]);  // clamped: `every` refuses it, no overflow
}

std::string_view macro(std::string_view word) {
  if (word == "@hourly") return "0 * * * *";
  if (word == "@daily") return "0 0 * * *";
  if (word == "@weekly") return "0 0 * * 0";
  if (word == "@monthly") return "0 0 1 * *";
  if (word == "@yearly") return "0 0 1 1 *";
  return "";
}

// ---- Finding the next tick -----------------------------------------------------------------------------

// Stretches in which the zone's offset stays the same: inside one, local time is real time plus a constant.
// `before` is the offset of the stretch that ends where this one begins.
struct Stretch {
  date::sys_seconds begin, end;
  seconds offset, before;
};

Stretch stretch_at(date::sys_seconds at, const date::time_zone& zone) {
  const date::sys_info info = zone.get_info(at);
  // The first stretch of a zone begins at the library's minimum; nothing lies before it.
  const bool first = info.begin < date::sys_days{date::year{1800} / 1 / 1};
  return {info.begin, info.end, info.offset,
          first ? info.offset : zone.get_info(info.begin - seconds(1)).offset};
}

date::local_seconds local(date::sys_seconds at, seconds offset) {
  return date::local_seconds{at.time_since_epoch() + offset};
}

// The first matching minute of a day at or after `from` (both in minutes of the day).
std::optional<int> first_minute(const CronFields& cron, int from) {
  for (int hour = from / 60, minute = from % 60; hour < 24; ++hour, minute = 0) {
    if (!has(cron.hours, static_cast<unsigned>(hour))) continue;
    const std::uint64_t left = cron.minutes >> minute << minute;
    if (left != 0) return hour * 60 + std::countr_zero(left);
  }
  return std::nullopt;
}

bool day_matches(const CronFields& cron, const date::year_month_day& date, date::local_days day) {
  const bool by_date = has(cron.days, static_cast<unsigned>(date.day()));
  const bool by_weekday = has(cron.weekdays, date::weekday{day}.c_encoding());
  return cron.either_day ? by_date || by_weekday : by_date && by_weekday;
}

// The first nominal local time in [from, until), on a calendar without clock changes.
std::optional<date::local_seconds> first_nominal(const CronFields& cron, date::local_seconds from,
                                                 date::local_seconds until) {
  const auto minute = date::ceil<minutes>(from);
  auto day = date::floor<date::days>(minute);
  int start = static_cast<int>((minute - day).count());
  for (; day < until; start = 0) {
    const date::year_month_day date{day};
    if (!has(cron.months, static_cast<unsigned>(date.month()))) {
      day = date::local_days{(date.year() / date.month() + date::months{1}) / 1};
      continue;
    }
    if (day_matches(cron, date, day))
      if (const auto found = first_minute(cron, start)) {
        const date::local_seconds at = day + minutes(*found);
        return at < until ? std::optional(at) : std::nullopt;
      }
    day += date::days{1};
  }
  return std::nullopt;
}

// The first tick in one stretch, at or after `from`.
std::optional<date::sys_seconds> first_tick(const CronFields& cron, const Stretch& stretch,
                                            date::sys_seconds from, date::sys_seconds limit) {
  const auto here = [&](date::sys_seconds at) { return local(at, stretch.offset); };
  const auto resumed = local(stretch.begin, stretch.before);  // what the clock would show without the change
  const bool makes_up = std::popcount(cron.hours) < 24;
  if (makes_up && from <= stretch.begin && first_nominal(cron, resumed, here(stretch.begin)))
    return stretch.begin;
  auto low = here(std::max(from, stretch.begin));
  if (!cron.follows_clock) low = std::max(low, resumed);  // the second pass of an overlap
  const auto found = first_nominal(cron, low, here(std::min(stretch.end, limit)));
  if (!found) return std::nullopt;
  return date::sys_seconds{found->time_since_epoch() - stretch.offset};
}

[[noreturn]] void refuse_range() {
  throw UserError("out_of_range", "the schedule has no further time before the end of 2037");
}

}  // namespace

Schedule Schedule::every(Duration period) {
  if (period < seconds(1) || period > std::chrono::hours(366 * 24))
    refuse("an interval must lie between 1s and 8784h (366 days)");
  Schedule schedule;
  schedule.period_ = period;
  return schedule;
}

Schedule Schedule::parse(const std::string& spec, const std::string& zone) {
  constexpr std::size_t kLongestSpec = 1000;
  if (spec.size() > kLongestSpec) refuse_spec(spec);
  const date::time_zone& tz = require_zone(zone);
  std::vector<std::string_view> words = split(spec, " \t");
  std::erase_if(words, [](std::string_view word) { return word.empty(); });
  if (words.size() == 2 && words[0] == "every") return every(read_interval(words[1], spec));
  if (words.size() == 1 && !macro(words[0]).empty()) words = split(macro(words[0]), " ");
  Schedule schedule;
  schedule.zone_ = &tz;
  schedule.cron_ = read_cron(words, spec);
  return schedule;
}

Micros Schedule::next(Micros tick, Micros now) const {
  if (std::min(tick, now) < 0 || std::max(tick, now) >= kEndOfTime) refuse_range();
  const Micros after = std::max(tick, now);
  if (period_.count() > 0) {
    const Micros due = tick + ((after - tick) / period_.count() + 1) * period_.count();
    if (due >= kEndOfTime) refuse_range();
    return due;
  }
  const date::sys_seconds from{seconds(after / 1'000'000 + 1)};  // ticks lie on whole seconds
  const date::sys_seconds limit{seconds(kEndOfTime / 1'000'000)};
  for (auto at = from; at < limit;) {
    const Stretch stretch = stretch_at(at, *zone_);
    if (const auto found = first_tick(cron_, stretch, from, limit))
      return found->time_since_epoch().count() * 1'000'000;
    at = stretch.end;
  }
  refuse_range();
}

}  // namespace fencepost::core
