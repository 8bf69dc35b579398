#pragma once
// Randomness from libsodium (the kernel's generator). Thread-safe.

#include <cstdint>
#include <string>

#include "base/clock.hpp"

namespace fencepost::base {

// Uniform over [0, 2^63).
std::int64_t random_i63();
// Uniform over [0, bound); bound > 0.
std::uint32_t random_below(std::uint32_t bound);
// Uniform over [0, 1).
double random_unit();
// `bytes` random bytes as lower-case hex, twice as long.
std::string random_hex(std::size_t bytes);
// 32 digits of lower-case hex that sort by time: 6 bytes of milliseconds since 1970, then 10 random ones.
std::string time_ordered_hex(Micros now);
// The time that such a text begins with; 0 where it does not begin with 12 hex digits.
Micros time_of(const std::string& hex);
// Random bytes as base64url without padding: for tokens.
std::string random_token(std::size_t bytes);

}  // namespace fencepost::base
