#pragma once
// Retry-After (RFC 9110, section 10.2.3): seconds, or an HTTP date. Some platforms send seconds with decimals
// (Discord).

#include <optional>
#include <string_view>

#include "base/clock.hpp"

namespace fencepost::connect {

// How long to wait from `now` (wall time), never less than 0 and never more than `most`, whatever a server
// says; nothing if the value is neither form. Thread-safe.
std::optional<base::Duration> parse_retry_after(std::string_view value, base::Micros now,
                                                base::Duration most);

}  // namespace fencepost::connect
