#include "accounts/text.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace fencepost::accounts {

namespace {

constexpr std::size_t kLongestName = 100;

// How many bytes a character has that begins with `lead`; 0: none begins so.
std::size_t width_of(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return 2;
  if (lead >= 0xe0 && lead <= 0xef) return 3;
  if (lead >= 0xf0 && lead <= 0xf4) return 4;
  return 0;
}

// The second byte carries the narrower bounds of RFC 3629, section 4.
bool second_is_valid(unsigned char lead, unsigned char second) {
  const unsigned char low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  const unsigned char high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  return second >= low && second <= high;
}

}  // namespace

std::optional<std::size_t> utf8_length(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size(); ++count) {
    const auto byte = [&](std::size_t offset) { return static_cast<unsigned char>(text[at + offset]); };
    const auto width = width_of(byte(0));
    if (width == 0 || at + width > text.size()) return std::nullopt;
    if (width > 1 && !second_is_valid(byte(0), byte(1))) return std::nullopt;
    for (std::size_t i = 2; i < width; ++i)
      if ((byte(i) & 0xc0) != 0x80) return std::nullopt;
    at += width;
  }
  return count;
}

bool has_control(std::string_view text, bool lines) {
  return std::any_of(text.begin(), text.end(), [&](unsigned char c) {
    if (lines && (c == '\t' || c == '\n' || c == '\r')) return false;
    return c < 0x20 || c == 0x7f;
  });
}

void check_name(const std::string& name) {
  const auto length = utf8_length(name);
  const bool blank_ends = !name.empty() && (name.front() == ' ' || name.back() == ' ');
  if (!length || *length == 0 || *length > kLongestName || has_control(name, false) || blank_ends)
    throw base::UserError("invalid_name",
                          "a name has 1 to 100 characters, in one line, with no blank at either end");
}

std::string printable(std::string_view text, std::size_t bytes) {
  std::string out(text.substr(0, bytes));
  // A character that the cut went through.
  for (int i = 0; i < 3 && out.size() < text.size() && !out.empty() && !utf8_length(out); ++i) out.pop_back();
  const bool ascii_only = !utf8_length(out);
  for (auto& c : out) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f || (ascii_only && byte >= 0x80)) c = '?';
  }
  return out;
}

}  // namespace fencepost::accounts
