#include "connect/text/emoji.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string>
#include <unordered_set>

#include "connect/text/data.hpp"

namespace fencepost::connect::text {
namespace {

void append(std::u16string& text, char32_t code) {
  if (code > 0xFFFF) {
    text += static_cast<char16_t>(0xD7C0 + (code >> 10));
    text += static_cast<char16_t>(0xDC00 + (code & 0x3FF));
  } else {
    text += static_cast<char16_t>(code);
  }
}

// "1F3FB-1F3FF", or one of them alone.
struct Range {
  char32_t first, last;
};

Range read(std::string_view word) {
  const auto code = [](std::string_view digits) {
    std::uint32_t value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    return static_cast<char32_t>(value);
  };
  const auto dash = word.find('-');
  return {code(word.substr(0, dash)), code(dash == word.npos ? word : word.substr(dash + 1))};
}

struct Sequences {
  std::unordered_set<std::u16string> all;
  std::unordered_set<char16_t> firsts;  // their first units: most characters are none
  std::size_t longest = 0;
};

Sequences sequences() {
  Sequences found;
  std::u16string tail;
  for (std::string_view rest = emoji_txt; !rest.empty();) {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (line.starts_with('#')) continue;
    bool follows = !line.starts_with(' ');  // else the line before goes on
    if (follows) tail.clear();
    for (std::string_view words = line; !words.empty();) {
      auto word = words.substr(0, words.find(' '));
      words.remove_prefix(std::min(words.size(), word.size() + 1));
      if (word.empty()) continue;
      const auto [first, last] = read(word);
      if (follows) {
        append(tail, first);
        follows = !word.ends_with(';');
        continue;
      }
      for (char32_t code = first; code <= last; ++code) {
        std::u16string sequence;
        append(sequence, code);
        sequence += tail;
        found.longest = std::max(found.longest, sequence.size());
        found.firsts.insert(sequence.front());
        found.all.insert(std::move(sequence));
      }
    }
  }
  return found;
}

}  // namespace

std::size_t emoji_at(std::u16string_view text, std::size_t at) {
  static const Sequences known = sequences();
  if (!known.firsts.contains(text[at])) return 0;
  for (std::size_t size = std::min(known.longest, text.size() - at); size > 1; --size)
    if (known.all.contains(std::u16string(text.substr(at, size)))) return size;
  return 0;
}

}  // namespace fencepost::connect::text
