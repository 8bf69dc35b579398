#pragma once
// From the bytes of a page to text. Pure and thread-safe.

#include <string>
#include <string_view>

namespace fencepost::connect {

struct Decoded {
  std::string text;     // UTF-8, no U+0000; what could not be read is U+FFFD
  std::string charset;  // as which it was read: "UTF-8", "windows-1252", …
};

// Reads `bytes` by the first of these that is known and that the bytes do not contradict: a byte order mark,
// `declared` (the header's charset; may be empty), a <meta> in the first 1,024 bytes, valid UTF-8, ICU's
// guess from the first 64 KiB, windows-1252. As browsers do, iso-8859-1 and us-ascii are read as
// windows-1252.
Decoded to_utf8(std::string_view bytes, std::string_view declared);

// The value of `charset` in a Content-Type, lower-case; empty where there is none.
std::string charset_of(std::string_view content_type);

// Valid UTF-8 without U+0000.
bool is_clean_utf8(std::string_view text);

}  // namespace fencepost::connect
