#include "connect/linkedin/little.hpp"

#include <algorithm>

namespace fencepost::connect::linkedin {

namespace {

constexpr std::string_view kReserved = "\\|{}@[]()<>#*_~";
constexpr std::string_view kHashtag = "{hashtag|\\#|";

bool reserved(char c) { return kReserved.find(c) != std::string_view::npos; }
bool digit(char c) { return c >= '0' && c <= '9'; }
// Letters beyond ASCII are taken as they come: LinkedIn has hashtags in all scripts.
bool of_tag(char c) {
  return digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80) != 0;
}

void escape(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (reserved(c)) out += '\\';
    out += c;
  }
}

// The word behind a # at `at`; empty: it begins no hashtag ("C#", "#1", "a#b").
std::string_view tag_at(std::string_view text, std::size_t at) {
  const bool first = at == 0 || text[at - 1] == ' ' || text[at - 1] == '\n' || text[at - 1] == '\t';
  if (text[at] != '#' || !first) return {};
  auto end = at + 1;
  while (end < text.size() && of_tag(text[end])) ++end;
  const auto word = text.substr(at + 1, end - at - 1);
  return std::all_of(word.begin(), word.end(), digit) ? std::string_view() : word;
}

}  // namespace

std::string to_little(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    if (const auto tag = tag_at(text, at); !tag.empty()) {
      out += kHashtag;
      escape(out, tag);
      out += '}';
      at += 1 + tag.size();
    } else {
      escape(out, text.substr(at, 1));
      ++at;
    }
  }
  return out;
}

std::string from_little(std::string_view little) {
  std::string out;
  bool in_tag = false;
  while (!little.empty()) {
    if (little.starts_with(kHashtag)) {
      out += '#';
      in_tag = true;
      little.remove_prefix(kHashtag.size());
    } else if (little[0] == '\\' && little.size() > 1 && reserved(little[1])) {
      out += little[1];
      little.remove_prefix(2);
    } else if (in_tag && little[0] == '}') {
      in_tag = false;
      little.remove_prefix(1);
    } else {
      out += little[0];
      little.remove_prefix(1);
    }
  }
  return out;
}

}  // namespace fencepost::connect::linkedin
