#pragma once
// Time. Durable times are database times in microseconds since 1970 UTC; what a process measures for itself
// (leases, deadlines) is CLOCK_BOOTTIME, which nobody can set and which counts while the machine sleeps.

#include <chrono>
#include <cstdint>
#include <string>

#include "fencepost/time.hpp"

namespace fencepost::base {

using fencepost::Duration;
using fencepost::Micros;

// A clock over CLOCK_BOOTTIME, usable with std::chrono arithmetic. Not usable with condition variables.
struct BootClock {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<BootClock>;
  static constexpr bool is_steady = true;
  static time_point now() noexcept;
};
using BootTime = BootClock::time_point;

// Where a process takes its time from; replaced in tests. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual BootTime boot() const = 0;  // for leases and deadlines
  virtual Micros wall() const = 0;    // for display and signatures; never decides a lease
};

// The machine's clocks. The reference lives as long as the process.
const Clock& system_clock();

// Sleeps for at least `duration`. Only for back-off between tries; never to wait for another thread.
void sleep_for(Duration duration);

// "2026-11-22T10:00:00.000000Z". parse_utc accepts an RFC 3339 time with Z or an offset and 0–6 decimals;
// throws UserError("invalid_time") otherwise, and for years from 2038 on (the zone library's limit).
std::string format_utc(Micros at);
Micros parse_utc(const std::string& text);

}  // namespace fencepost::base
