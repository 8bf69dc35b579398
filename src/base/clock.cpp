#include "base/clock.hpp"

#include <date/date.h>
#include <ctime>
#include <sstream>
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

BootClock::time_point BootClock::now() noexcept {
  return time_point(duration(nanoseconds(CLOCK_BOOTTIME)));
}

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

void sleep_for(Duration duration) { std::this_thread::sleep_for(duration); }

std::string format_utc(Micros at) {
  return date::format("%Y-%m-%dT%H:%M:%SZ", date::sys_time<Duration>(Duration(at)));
}

Micros parse_utc(const std::string& text) {
  const auto refuse = [&]() -> Micros {
    throw UserError("invalid_time", "'" + text.substr(0, 64) +
                                        "' is not a time: write it as 2026-11-22T18:00:00Z or with an offset such as +01:00");
  };
  // The offset form is %Ez; "Z" is not, so it is spelled out first.
  const bool zulu = !text.empty() && (text.back() == 'Z' || text.back() == 'z');
  if (text.size() < 20 || text.size() > 32 || (text[10] != 'T' && text[10] != 't' && text[10] != ' ')) return refuse();
  std::string normal = zulu ? text.substr(0, text.size() - 1) + "+00:00" : text;
  normal[10] = 'T';
  date::sys_time<Duration> at;
  std::istringstream in(normal);
  in >> date::parse("%Y-%m-%dT%H:%M:%S%Ez", at);
  if (in.fail() || in.peek() != std::istringstream::traits_type::eof()) return refuse();
  const Micros micros = at.time_since_epoch().count();
  if (micros < 0 || micros >= kEndOfTime)
    throw UserError("invalid_time", "times must lie between 1970 and the end of 2037");
  return micros;
}

}  // namespace fencepost::base
