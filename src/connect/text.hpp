#pragma once
// How platforms count a text, and how a text is made to fit. Pure and thread-safe.
//
// Texts are UTF-8. A grapheme is what people see as one character (Unicode's extended grapheme clusters, by
// ICU).

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fencepost::connect {

struct TextRules {
  // code_points (Discord counts its 2,000 so) · graphemes (Bluesky) · weighted (X: twitter-text 3, 1 or 2 for
  // a code point, 2 for an emoji sequence) · emoji_bytes (Threads: code points, but an emoji by its UTF-8
  // bytes)
  enum class Unit { code_points, graphemes, weighted, emoji_bytes };
  Unit unit = Unit::code_points;
  int limit = 0;                    // 0: none
  std::optional<int> url_length{};  // what every URL counts; nullopt: as it is written
  bool bare_domains = false;        // example.com without a scheme is a URL too (X)
};

// A part of a text, in bytes.
struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
  bool operator==(const Span&) const = default;
};

struct Fitted {
  std::string text;        // with its URL
  int length = 0;          // as the platform counts
  int limit = 0;           // 0: none
  bool shortened = false;  // something was left out
};

// The URLs of a text, from left to right.
std::vector<Span> urls_in(std::string_view text, bool bare_domains);

// The length of a text as these rules count it; 0 where it is not valid UTF-8.
int measure(std::string_view text, const TextRules& rules);

// The text with its URL: where the text has it already it stays there, else it comes behind, on a line of its
// own. What is too long is shortened in front of the URL: at the end of a word where there is one, with "…",
// never inside a URL or a grapheme. Throws UserError("invalid_text"): not valid UTF-8, or the URL alone does
// not fit.
Fitted fit(std::string_view text, std::string_view url, const TextRules& rules);

}  // namespace fencepost::connect
