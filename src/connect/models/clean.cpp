#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "base/error.hpp"
#include "connect/models/model.hpp"

namespace fencepost::connect {

namespace {

// Of each character that opens a quotation, the one that closes it.
constexpr std::array<std::pair<std::string_view, std::string_view>, 9> kQuotes = {{{"\"", "\""},
                                                                                   {"'", "'"},
                                                                                   {"`", "`"},
                                                                                   {"“", "”"},
                                                                                   {"„", "“"},
                                                                                   {"„", "”"},
                                                                                   {"«", "»"},
                                                                                   {"‘", "’"},
                                                                                   {"「", "」"}}};

void trim(std::string& text) {
  constexpr const char* kBlank = " \t\r\n";
  text.erase(0, std::min(text.find_first_not_of(kBlank), text.size()));
  text.erase(text.find_last_not_of(kBlank) + 1);
}

// Once around all of it, and not within: “A” and “B” stays.
bool strip_quotes(std::string& text) {
  for (const auto& [open, close] : kQuotes) {
    if (text.size() <= open.size() + close.size() || !text.starts_with(open) || !text.ends_with(close))
      continue;
    const auto inside = std::string_view(text).substr(open.size(), text.size() - open.size() - close.size());
    if (inside.find(open) != inside.npos || inside.find(close) != inside.npos) continue;
    text = std::string(inside);
    return true;
  }
  return false;
}

// ```LANGUAGE … ```
bool strip_fence(std::string& text) {
  constexpr std::string_view kFence = "```";
  const auto line = text.find('\n');
  if (!text.starts_with(kFence) || !text.ends_with(kFence) || line == text.npos ||
      line + kFence.size() >= text.size())
    return false;
  text = text.substr(line + 1, text.size() - line - 1 - kFence.size());
  return true;
}

}  // namespace

std::string clean(std::string text) {
  std::string plain;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n' && plain.ends_with("\n\n")) continue;
    if (c == '\t')
      plain += ' ';
    else if (c == '\n' || (byte >= 0x20 && byte != 0x7f))
      plain += c;
  }
  trim(plain);
  while (strip_fence(plain) || strip_quotes(plain)) trim(plain);
  try {
    return fit(plain, "", {TextRules::Unit::code_points, kLongestWriting}).text;
  } catch (const base::UserError&) {
    return "";  // not UTF-8
  }
}

}  // namespace fencepost::connect
