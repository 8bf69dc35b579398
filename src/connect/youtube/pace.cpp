#include "connect/youtube/pace.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace fencepost::connect {

namespace {
constexpr double kBurst = 0.25;  // seconds
}  // namespace

Bandwidth::Bandwidth(std::int64_t per_second, const base::Clock& clock)
    : per_second_(static_cast<double>(per_second)), clock_(clock), state_(State{0, clock.boot()}) {
  FENCEPOST_ASSERT(per_second > 0);
}

std::size_t Bandwidth::take(std::size_t wanted) {
  const auto now = clock_.boot();
  return state_.with([&](State& state) {
    const std::chrono::duration<double> since = now - state.at;
    // A cap of a few bytes a second has room for one all the same.
    const auto most = std::max(1.0, per_second_ * kBurst);
    state.left = std::min(most, state.left + since.count() * per_second_);
    state.at = now;
    const auto given = std::min(wanted, static_cast<std::size_t>(state.left));
    state.left -= static_cast<double>(given);
    return given;
  });
}

}  // namespace fencepost::connect
