#pragma once
// A clock that stands still until a test moves it. Thread-safe. Tests only.

#include <atomic>

#include "base/clock.hpp"

namespace fencepost::connect::testing {

class FakeClock final : public base::Clock {
 public:
  base::BootTime boot() const override { return base::BootTime(std::chrono::nanoseconds(boot_.load())); }
  base::Micros wall() const override { return wall_; }

  void advance(base::Duration by) {
    boot_ += std::chrono::nanoseconds(by).count();
    wall_ += by.count();
  }

 private:
  std::atomic<std::int64_t> boot_{1'000'000'000'000};
  std::atomic<base::Micros> wall_{1'795'341'600'000'000};  // 2026-11-22T10:00:00Z
};

}  // namespace fencepost::connect::testing
