#pragma once
// Identifiers and literals as SQL wants them; the same in both dialects.

#include <string>
#include <string_view>

namespace fencepost::store {

inline std::string quoted(std::string_view text, char mark) {
  std::string out(1, mark);
  for (const char c : text) {
    if (c == mark) out += mark;
    out += c;
  }
  return out + mark;
}
inline std::string identifier(std::string_view text) { return quoted(text, '"'); }
inline std::string literal(std::string_view text) { return quoted(text, '\''); }

}  // namespace fencepost::store
