#include <algorithm>
#include <array>

#include "connect/domain.hpp"
#include "connect/html/contacts.hpp"

namespace fencepost::connect {

namespace {

// In place of a disguised "@" or ".": no page's text holds it, for XML forbids it and so do we.
constexpr char kAt = '\x01';
constexpr char kDot = '\x02';

constexpr std::size_t kLongestLocal = 64;  // RFC 5321, section 4.5.3.1
constexpr std::size_t kLongestHost = 253;

bool is_ascii_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// What people use of RFC 5322's atoms.
bool is_local(char c) {
  return is_ascii_letter(c) || is_digit(c) || std::string_view("._%+-'&").find(c) != std::string_view::npos;
}
bool is_host(char c) {
  return is_ascii_letter(c) || is_digit(c) || c == '.' || c == '-' || static_cast<unsigned char>(c) >= 0x80;
}

// Ends of file names that are no top-level domains: logo@2x.png.
bool is_file_end(std::string_view end) {
  constexpr auto kEnds = std::to_array<std::string_view>(
      {"png",  "jpg",  "jpeg", "gif", "webp", "svg", "avif", "bmp",   "ico", "css", "js",    "mjs",
       "json", "html", "htm",  "php", "pdf",  "xml", "woff", "woff2", "ttf", "map", "local", "invalid"});
  return std::find(kEnds.begin(), kEnds.end(), end) != kEnds.end();
}

bool is_blank(std::string_view text, std::size_t at) {
  return text[at] == ' ' || text[at] == '\t' || text[at] == '\n' || text[at] == '\r';
}

std::size_t skip_blanks(std::string_view text, std::size_t at) {
  while (at < text.size() && is_blank(text, at)) ++at;
  return at;
}

bool has_word(std::string_view text, std::size_t at, std::string_view word) {
  if (text.size() - at < word.size()) return false;
  for (std::size_t i = 0; i < word.size(); ++i)
    if (lower(text[at + i]) != word[i]) return false;
  return true;
}

// "[at]", "( dot )", "{@}": where it ends, and what it stands for. `at` is its bracket.
struct Disguise {
  std::size_t end;
  char sign;
};
std::optional<Disguise> bracketed(std::string_view text, std::size_t at) {
  struct Word {
    std::string_view word;
    char sign;
  };
  constexpr std::array kWords = {Word{"at", kAt},     Word{"ät", kAt},     Word{"@", kAt},
                                 Word{"arroba", kAt}, Word{"dot", kDot},   Word{"punkt", kDot},
                                 Word{"point", kDot}, Word{"punto", kDot}, Word{".", kDot}};
  constexpr std::string_view kOpen = "[({<";
  constexpr std::string_view kClose = "])}>";
  const auto bracket = kOpen.find(text[at]);
  const auto begin = skip_blanks(text, at + 1);
  for (const auto& [word, sign] : kWords) {
    if (begin >= text.size() || !has_word(text, begin, word)) continue;
    const auto end = skip_blanks(text, begin + word.size());
    if (end < text.size() && text[end] == kClose[bracket]) return Disguise{end + 1, sign};
  }
  return std::nullopt;
}

std::size_t label_end(std::string_view text, std::size_t at) {
  while (at < text.size() && is_host(text[at]) && text[at] != '.') ++at;
  return at;
}

// " at example dot com": only with a "dot" that is written out too, else it would be plain English.
bool spelled(std::string_view text, std::size_t at) {
  const auto end = label_end(text, at);
  if (end == at || end >= text.size() || !is_blank(text, end)) return false;
  const auto dot = skip_blanks(text, end);
  if (!has_word(text, dot, "dot") || dot + 3 >= text.size() || !is_blank(text, dot + 3)) return false;
  const auto next = skip_blanks(text, dot + 3);
  return label_end(text, next) - next >= 2;
}

// The text with its disguises taken off, and the blanks around them.
std::string undisguised(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  const auto put = [&](char sign) {
    while (!out.empty() && is_blank(out, out.size() - 1)) out.pop_back();
    out += sign;
  };
  int dots = 0;  // that may follow a spelled "at"
  for (std::size_t at = 0; at < text.size();) {
    if (std::string_view("[({<").find(text[at]) != std::string_view::npos) {
      if (const auto found = bracketed(text, at)) {
        put(found->sign);
        at = skip_blanks(text, found->end);
        continue;
      }
    }
    const bool word = at > 0 && is_blank(text, at - 1) && is_ascii_letter(text[at]);
    if (word && has_word(text, at, "at ") && spelled(text, skip_blanks(text, at + 3))) {
      put(kAt);
      at = skip_blanks(text, at + 3);
      dots = 3;
    } else if (word && dots > 0 && has_word(text, at, "dot ")) {
      put(kDot);
      at = skip_blanks(text, at + 4);
      --dots;
    } else {
      out += text[at++];
    }
  }
  return out;
}

std::string plain(std::string_view text) {
  std::string out(text);
  std::replace(out.begin(), out.end(), kDot, '.');
  return out;
}

}  // namespace

std::optional<std::string> normal_email(std::string_view local, std::string_view host) {
  while (host.ends_with('.') || host.ends_with('-')) host.remove_suffix(1);
  while (!local.empty() && !is_ascii_letter(local.front()) && !is_digit(local.front()))
    local.remove_prefix(1);
  if (local.empty() || local.size() > kLongestLocal || local.ends_with('.') || host.size() > kLongestHost)
    return std::nullopt;
  if (local.find("..") != std::string_view::npos) return std::nullopt;
  const auto name = ascii_host(host);
  if (!name) return std::nullopt;
  const auto dot = name->rfind('.');
  if (dot == std::string::npos) return std::nullopt;
  const auto top = std::string_view(*name).substr(dot + 1);
  const bool letters = top.starts_with("xn--") || std::all_of(top.begin(), top.end(), is_ascii_letter);
  if (top.size() < 2 || !letters || is_file_end(top)) return std::nullopt;
  std::string out;
  std::transform(local.begin(), local.end(), std::back_inserter(out), lower);
  return out + "@" + *name;
}

std::vector<Email> emails_in(std::string_view raw) {
  std::vector<Email> found;
  const auto whole = undisguised(raw);
  const std::string_view text = whole;
  constexpr std::string_view kSigns("@\x01", 2);
  for (auto at = text.find_first_of(kSigns); at != std::string_view::npos;
       at = text.find_first_of(kSigns, at + 1)) {
    // No further than an address reaches: a text of nothing but such letters is looked at once.
    auto begin = at;
    while (begin > 0 && at - begin <= kLongestLocal && (is_local(text[begin - 1]) || text[begin - 1] == kDot))
      --begin;
    auto end = at + 1;
    while (end < text.size() && end - at <= kLongestHost && (is_host(text[end]) || text[end] == kDot)) ++end;
    const auto written = text.substr(begin, end - begin);
    const bool disguised = written.find_first_of("\x01\x02") != std::string_view::npos;
    auto address =
        normal_email(plain(text.substr(begin, at - begin)), plain(text.substr(at + 1, end - at - 1)));
    if (address)
      found.push_back({std::move(*address), disguised ? Email::From::disguised : Email::From::text});
  }
  return found;
}

std::vector<Email> emails_of_link(std::string_view target) {
  std::vector<Email> found;
  const auto whole = unescaped(target.substr(0, target.find('?')));
  for (auto& email : emails_in(whole)) found.push_back({std::move(email.address), Email::From::link});
  return found;
}

std::optional<Email> email_of_cipher(std::string_view hex) {
  const auto byte = [&](std::size_t i) -> int {
    int value = 0;
    for (const char c : hex.substr(i, 2)) {
      const char low = lower(c);
      if (!is_digit(c) && (low < 'a' || low > 'f')) return -1;
      value = value * 16 + (is_digit(c) ? c - '0' : low - 'a' + 10);
    }
    return value;
  };
  constexpr std::size_t kLongest = 2 * (kLongestLocal + kLongestHost + 2);
  if (hex.size() < 4 || hex.size() % 2 != 0 || hex.size() > kLongest) return std::nullopt;
  const int key = byte(0);
  std::string text;
  for (std::size_t i = 2; i < hex.size(); i += 2) {
    const int value = byte(i);
    if (key < 0 || value < 0) return std::nullopt;
    text += static_cast<char>(value ^ key);
  }
  const auto sign = text.find('@');
  if (sign == std::string::npos) return std::nullopt;
  auto address = normal_email(text.substr(0, sign), text.substr(sign + 1));
  if (!address) return std::nullopt;
  return Email{std::move(*address), Email::From::disguised};
}

}  // namespace fencepost::connect
