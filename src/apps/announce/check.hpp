#pragma once
// What an announcement may say. Pure.

#include <string>

namespace fencepost::announce {

// Throws UserError("invalid_text") unless it is valid UTF-8 of 1 to 3000 code points, not all blank and
// without control characters other than tab and line breaks. What a platform allows is its connector's to
// say.
void check_text(const std::string& text);
// Throws UserError("invalid_url") unless it is empty or an http(s) URL of at most 2000 bytes without
// credentials.
void check_url(const std::string& url);

}  // namespace fencepost::announce
