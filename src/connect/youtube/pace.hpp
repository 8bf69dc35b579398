#pragma once
// A cap on what all uploads of a process send together.

#include <memory>

#include "base/clock.hpp"
#include "base/guarded.hpp"
#include "connect/http_client.hpp"

namespace fencepost::connect {

// A token bucket of a quarter of a second. Thread-safe; the clock outlives it.
class Bandwidth final : public Pace {
 public:
  // Bytes per second, more than 0.
  Bandwidth(std::int64_t per_second, const base::Clock& clock);
  std::size_t take(std::size_t wanted) override;

 private:
  struct State {
    double left;
    base::BootTime at;
  };
  const double per_second_;
  const base::Clock& clock_;
  base::Guarded<State> state_;
};

}  // namespace fencepost::connect
