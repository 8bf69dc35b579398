#include "core/backoff.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace fencepost {

namespace {
// min(cap, first * 2^(attempt-1)), without ever computing a number above cap.
std::int64_t full_delay(const Backoff& backoff, int attempt) {
  const std::int64_t cap = backoff.cap.count();
  std::int64_t full = std::min(backoff.first.count(), cap);
  if (full == 0) return 0;
  for (int n = 1; n < attempt && full < cap; ++n) full = full > cap / 2 ? cap : full * 2;
  return full;
}
}  // namespace

Duration Backoff::delay(int attempt, double unit_random) const {
  FENCEPOST_ASSERT(first.count() >= 0 && cap.count() >= 0);
  const std::int64_t full = full_delay(*this, attempt);
  const std::int64_t half = full / 2;
  const double unit = unit_random > 0 ? std::min(unit_random, 1.0) : 0.0;
  // A double near 2^62 may round up past `half` (even past int64), so the whole half never goes through one.
  const std::int64_t jitter =
      unit == 1.0 ? half : std::min(half, static_cast<std::int64_t>(static_cast<double>(half) * unit));
  return Duration(full - half + jitter);
}

}  // namespace fencepost
