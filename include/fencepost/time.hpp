#pragma once
// Units of time, the same everywhere: µs.

#include <chrono>
#include <cstdint>

namespace fencepost {

// Microseconds since 1970-01-01 UTC.
using Micros = std::int64_t;
using Duration = std::chrono::microseconds;

}  // namespace fencepost
