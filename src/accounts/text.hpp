#pragma once
// Checks of texts that people enter. Pure.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace fencepost::accounts {

// How many code points a text has; nullopt where it is not well-formed UTF-8 (RFC 3629: no overlong form, no
// surrogate, nothing above U+10FFFF).
std::optional<std::size_t> utf8_length(std::string_view text);
// Whether it holds a control character: C0 (but for tab and line breaks, where `lines`) or DEL.
bool has_control(std::string_view text, bool lines);

// Throws UserError("invalid_name") unless it is 1 to 100 characters of one line, with no blank at either end.
void check_name(const std::string& name);
// A text of a stranger's, fit to be stored and shown: at most `bytes` long, control characters and what is no
// UTF-8 as "?".
std::string printable(std::string_view text, std::size_t bytes);

}  // namespace fencepost::accounts
