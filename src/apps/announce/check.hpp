#pragma once
// What people may enter: texts, addresses, times.

#include <cstddef>
#include <string>

#include "base/clock.hpp"
#include "store/database.hpp"

namespace fencepost::announce {

// A time that lies further back than this is refused instead of being posted at once: a post cannot be taken
// back.
constexpr base::Duration kLate = std::chrono::minutes(5);
// How a host wants to sound, in code points.
constexpr std::size_t kLongestStyle = 500;

// Throws UserError("invalid_text") unless it is valid UTF-8 of 1 to 3000 code points, not all blank and
// without control characters other than tab and line breaks. What a platform allows is its connector's to
// say.
void check_text(const std::string& text);
// The same of a text that may be empty and has at most `longest` code points; `what` begins the message ("the
// notes").
void check_long(const std::string& text, std::size_t longest, const std::string& what);
// Throws UserError(code) unless it is one line of 1 to `longest` code points, not all blank.
void check_line(const std::string& text, std::size_t longest, const char* code, const std::string& what);
// Throws UserError("invalid_url") unless it is empty or an http(s) URL of at most 2000 bytes without
// credentials.
void check_url(const std::string& url);
// Throws UserError("invalid_time") for a time (µs since 1970 UTC) that passed more than kLate ago by the
// database's clock, or lies in 2038 or later.
void check_time(store::Connection& connection, base::Micros at);

}  // namespace fencepost::announce
