#include "core/window.hpp"

#include <date/tz.h>

#include <algorithm>

#include "base/error.hpp"

namespace fencepost::core {

using base::Micros;
using base::UserError;
using std::chrono::seconds;

namespace {

constexpr Micros kMicrosPerSecond = 1'000'000;
constexpr date::local_days kFirstDay{date::year{1969} / 12 / 31};  // 1970-01-01T00:00Z west of Greenwich
constexpr date::local_days kPastLastDay{date::year{2038} / 1 / 1};

[[noreturn]] void refuse_range() {
  throw UserError("out_of_range", "times and dates must lie between 1970 and the end of 2037");
}

const date::time_zone* find_zone(const std::string& name) {
  try {
    date::get_tzdb();
  } catch (const std::runtime_error& e) {
    throw base::InfraError(std::string("the time zone files cannot be read (install tzdata): ") + e.what(),
                           {});
  }
  if (name == "localtime") return nullptr;
  try {
    return date::locate_zone(name);
  } catch (const std::runtime_error&) {
    return nullptr;
  }
}

// The first instant of a local day.
date::sys_seconds day_start(date::local_days day, const date::time_zone& zone) {
  const date::local_seconds midnight{day};
  const date::local_info info = zone.get_info(midnight);
  if (info.result == date::local_info::nonexistent) return info.first.end;
  return date::sys_seconds{midnight.time_since_epoch() - info.first.offset};
}

date::local_days day_of(Micros at, const date::time_zone& zone) {
  if (at < 0 || at >= kEndOfTime) refuse_range();
  const date::sys_seconds second{seconds(at / kMicrosPerSecond)};
  auto day = date::floor<date::days>(zone.to_local(second));
  if (day_start(day + date::days{1}, zone) <= second) day += date::days{1};
  if (day >= kPastLastDay) refuse_range();
  return day;
}

Micros micros(date::sys_seconds at) { return at.time_since_epoch().count() * kMicrosPerSecond; }

int digits(const std::string& text, std::size_t from, std::size_t count) {
  int value = 0;
  for (std::size_t i = from; i < from + count; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

date::local_days parse_day(const std::string& text) {
  const auto refuse = [&] {
    throw UserError("invalid_date", quoted(text) + " is not a date: write it as 2026-03-08");
  };
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') refuse();
  const int year = digits(text, 0, 4), month = digits(text, 5, 2), day = digits(text, 8, 2);
  if (year < 0 || month < 0 || day < 0) refuse();
  const date::year_month_day ymd{date::year{year}, date::month{static_cast<unsigned>(month)},
                                 date::day{static_cast<unsigned>(day)}};
  if (!ymd.ok()) refuse();
  return date::local_days{ymd};
}

}  // namespace

std::string quoted(const std::string& text) {
  std::string safe = text.substr(0, 64);
  std::replace_if(
      safe.begin(), safe.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return "'" + safe + (text.size() > 64 ? "...'" : "'");
}

bool known_zone(const std::string& name) { return find_zone(name) != nullptr; }

const date::time_zone& require_zone(const std::string& name) {
  const date::time_zone* zone = find_zone(name);
  if (zone == nullptr)
    throw UserError("invalid_zone",
                    quoted(name) + " is not a time zone: use an IANA name such as Europe/Berlin or UTC");
  try {
    zone->get_info(date::sys_seconds{});  // the library reads a zone's file at its first use
  } catch (const std::runtime_error& e) {
    throw base::InfraError("the file of time zone " + quoted(name) + " cannot be read: " + e.what(), {});
  }
  return *zone;
}

std::string day_window(Micros at, const std::string& zone) {
  return date::format("%F", day_of(at, require_zone(zone)));
}

std::pair<Micros, Micros> day_bounds(const std::string& day, const std::string& zone) {
  const date::time_zone& tz = require_zone(zone);
  const date::local_days local = parse_day(day);
  if (local < kFirstDay || local >= kPastLastDay) refuse_range();
  return {micros(day_start(local, tz)), micros(day_start(local + date::days{1}, tz))};
}

Micros next_day_start(Micros at, const std::string& zone) {
  const date::time_zone& tz = require_zone(zone);
  return micros(day_start(day_of(at, tz) + date::days{1}, tz));
}

}  // namespace fencepost::core
