#include "base/clock.hpp"

#include <date/date.h>
#include <ctime>
#include <optional>
#include <thread>

#include "base/error.hpp"

namespace fencepost::base {

namespace {
std::int64_t nanoseconds(clockid_t id) {
  timespec ts{};
  FENCEPOST_ASSERT(clock_gettime(id, &ts) == 0);
  return static_cast<std::int64_t>(ts.tv_sec) * 1'000'000'000 + ts.tv_nsec;
}

class SystemClock final : public Clock {
 public:
  BootTime boot() const override { return BootClock::now(); }
  Micros wall() const override { return nanoseconds(CLOCK_REALTIME) / 1000; }
};

// 2038-01-01T00:00:00Z: Debian's zone files end their explicit transitions there.
constexpr Micros kEndOfTime = 2'145'916'800'000'000;
}  // namespace

BootClock::time_point BootClock::now() noexcept { return time_point(duration(nanoseconds(CLOCK_BOOTTIME))); }

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

void sleep_for(Duration duration) { std::this_thread::sleep_for(duration); }

std::string format_utc(Micros at) {
  return date::format("%Y-%m-%dT%H:%M:%SZ", date::sys_time<Duration>(Duration(at)));
}

namespace {
// The digits of text[at, at + count) as a number; -1 where one of them is none.
int digits(const std::string& text, std::size_t at, std::size_t count) {
  int value = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    if (i >= text.size() || text[i] < '0' || text[i] > '9') return -1;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

// 2026-11-22T18:00:00, then up to six decimals, then Z or ±hh:mm (RFC 3339).
std::optional<Micros> rfc3339(const std::string& text) {
  const auto marks = std::string_view("--T::");
  constexpr std::size_t kMarks[] = {4, 7, 10, 13, 16};
  if (text.size() < 20 || text.size() > 35) return std::nullopt;
  for (std::size_t i = 0; i < marks.size(); ++i) {
    const char c = text[kMarks[i]];
    if (c != marks[i] && !(marks[i] == 'T' && (c == 't' || c == ' '))) return std::nullopt;
  }
  const date::year_month_day day{date::year(digits(text, 0, 4)),
                                 date::month(static_cast<unsigned>(digits(text, 5, 2))),
                                 date::day(static_cast<unsigned>(digits(text, 8, 2)))};
  const int hour = digits(text, 11, 2), minute = digits(text, 14, 2), second = digits(text, 17, 2);
  if (digits(text, 0, 4) < 0 || !day.ok() || hour < 0 || hour > 23 || minute < 0 || minute > 59 ||
      second < 0 || second > 59)
    return std::nullopt;
  std::size_t at = 19;
  std::int64_t fraction = 0;
  if (text[at] == '.') {
    std::int64_t unit = 100'000;
    for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, unit /= 10)
      fraction += (text[at] - '0') * unit;
    if (at == 20) return std::nullopt;
  }
  std::int64_t offset = 0;
  if (at >= text.size()) return std::nullopt;
  if (text[at] == '+' || text[at] == '-') {
    const int hours = digits(text, at + 1, 2), minutes = digits(text, at + 4, 2);
    if (text.size() != at + 6 || text[at + 3] != ':' || hours < 0 || hours > 23 || minutes < 0 ||
        minutes > 59)
      return std::nullopt;
    offset = (text[at] == '-' ? -1 : 1) * (hours * 60 + minutes);
  } else if ((text[at] != 'Z' && text[at] != 'z') || text.size() != at + 1) {
    return std::nullopt;
  }
  const auto days = date::sys_days(day).time_since_epoch().count();
  return (((days * 24LL + hour) * 60 + minute - offset) * 60 + second) * 1'000'000 + fraction;
}

// What somebody wrote, as much of it as is fit to be shown.
std::string shown(const std::string& text) {
  std::string safe = text.substr(0, 40);
  for (auto& c : safe)
    if (c < ' ' || c > '~') c = '?';
  return "'" + safe + (text.size() > 40 ? "...'" : "'");
}
}  // namespace

Micros parse_utc(const std::string& text) {
  const auto at = rfc3339(text);
  if (!at)
    throw UserError("invalid_time",
                    shown(text) +
                        " is not a time with an offset: write it as 2026-11-22T18:00:00Z, or as "
                        "2026-11-22T19:00:00+01:00");
  if (*at < 0 || *at >= kEndOfTime)
    throw UserError("invalid_time", "times must lie between 1970 and the end of 2037");
  return *at;
}

}  // namespace fencepost::base
