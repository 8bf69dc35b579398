#include "connect/text/urls.hpp"

#include <unicode/uchar.h>
#include <unicode/uniset.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <map>
#include <string>
#include <unordered_map>

#include "connect/text/data.hpp"
#include "connect/text/punycode.hpp"

namespace fencepost::connect::text {
namespace {

constexpr std::size_t kNone = std::u16string_view::npos;

// Letters that both sides of the grammar know beside ASCII. Whatever has the other case of one counts too, as
// the expressions' flag `i` says.
constexpr const char* kLatin =
    "\\u00C0-\\u00D6\\u00D8-\\u00F6\\u00F8-\\u024F\\u0253\\u0254\\u0256\\u0257\\u0259\\u025B\\u0263\\u0268"
    "\\u026F\\u0272\\u0289\\u028B\\u02BB\\u0300-\\u036F\\u1E00-\\u1EFF";
constexpr const char* kCyrillic = "\\u0400-\\u04FF";
constexpr const char* kDirection = "\\u202A-\\u202E\\u061C\\u200E\\u200F\\u2066-\\u2069";
constexpr const char* kInvalid = "\\uFFFE\\uFEFF\\uFFFF";
constexpr const char* kSpaces =
    "\\u0009-\\u000D\\u0020\\u0085\\u00A0\\u1680\\u180E\\u2000-\\u200A\\u2028\\u2029\\u202F\\u205F\\u3000";
constexpr const char* kPunctuation = "!'#%\\&'()*+,\\\\\\-./\\:;<=>?@\\[\\]\\^_\\{|\\}~\\$";

icu::UnicodeSet set_of(const std::string& ascii, const std::string& letters = "") {
  UErrorCode status = U_ZERO_ERROR;
  icu::UnicodeSet set(icu::UnicodeString::fromUTF8("[" + letters + "]"), status);
  // An ASCII letter has no other case than ASCII's (K is not the Kelvin sign).
  set.closeOver(USET_CASE_INSENSITIVE).remove(0, 0x7F);
  set.addAll(icu::UnicodeSet(icu::UnicodeString::fromUTF8("[" + ascii + "]"), status));
  set.freeze();
  return set;
}

const std::string& letters() {
  static const std::string all = std::string(kLatin) + kCyrillic;
  return all;
}

bool is_digit(char16_t c) { return c >= u'0' && c <= u'9'; }
bool is_alnum(char16_t c) { return is_digit(c) || (c >= u'a' && c <= u'z') || (c >= u'A' && c <= u'Z'); }

// In a domain: what is neither punctuation nor space.
bool in_domain(char16_t c) {
  static const auto others = set_of(std::string(kPunctuation) + kSpaces + kInvalid + kDirection);
  return !others.contains(c);
}
bool in_label(char16_t c) { return c == u'_' || c == u'-' || in_domain(c); }
bool in_ascii_label(char16_t c) {
  static const auto set = set_of("\\-a-zA-Z0-9", kLatin);
  return set.contains(c);
}
bool in_path(char16_t c) {
  static const auto set = set_of("a-zA-Z0-9!*';\\:=+,.\\$/%#\\[\\]\\-\\u2013_~@|\\&", letters());
  return set.contains(c);
}
bool ends_path(char16_t c) {
  static const auto set = set_of("+\\-a-zA-Z0-9=_#/", letters());
  return set.contains(c);
}
bool in_query(char16_t c) {
  return is_alnum(c) || (c < 0x80 && std::u16string_view(u"!?*'@();:&=+$/%#[]-_.,~|").find(c) != kNone);
}
bool ends_query(char16_t c) {
  return is_alnum(c) || (c < 0x80 && std::u16string_view(u"-_&=#/").find(c) != kNone);
}
// Before a URL.
bool precedes(char16_t c) {
  static const auto others = set_of(std::string("a-zA-Z0-9@\\uFF20\\$#\\uFF03") + kInvalid);
  return !others.contains(c);
}

// As ECMAScript compares with the flag `i`.
char16_t fold(char16_t c) {
  const auto upper = u_toupper(c);
  return upper > 0xFFFF || (c >= 0x80 && upper < 0x80) ? c : static_cast<char16_t>(upper);
}

using Domains = std::unordered_map<char16_t, std::vector<std::u16string>>;

// By their first unit, in the file's order.
Domains top_level_domains() {
  Domains found;
  for (std::string_view rest = tlds_txt; !rest.empty();) {
    auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (line.starts_with('#')) continue;
    while (!line.empty()) {
      const auto word = line.substr(0, line.find(' '));
      line.remove_prefix(std::min(line.size(), word.size() + 1));
      const auto wide = icu::UnicodeString::fromUTF8({word.data(), static_cast<std::int32_t>(word.size())});
      std::u16string folded;
      for (int i = 0; i < wide.length(); ++i) folded += fold(wide[i]);
      found[folded.front()].push_back(std::move(folded));
    }
  }
  return found;
}

bool starts_folded(std::u16string_view text, std::size_t at, std::u16string_view folded) {
  return text.size() - at >= folded.size() &&
         std::equal(folded.begin(), folded.end(), text.begin() + static_cast<std::ptrdiff_t>(at),
                    [](char16_t a, char16_t b) { return a == fold(b); });
}

// Where the top-level domain ends that begins there, or kNone.
std::size_t end_of_top_level(std::u16string_view text, std::size_t at) {
  static const Domains known = top_level_domains();
  if (at >= text.size()) return kNone;
  if (const auto found = known.find(fold(text[at])); found != known.end())
    for (const auto& domain : found->second) {
      if (!starts_folded(text, at, domain)) continue;
      const auto end = at + domain.size();
      if (end == text.size()) return end;
      const auto next = text[end];
      if (!is_alnum(next) && next != u'@' && next != u'+' && next != u'-') return end;
    }
  if (!starts_folded(text, at, u"XN--")) return kNone;
  auto end = at + 4;
  while (end < text.size() && (is_alnum(text[end]) || text[end] == u'-')) ++end;
  return end > at + 4 ? end : kNone;
}

std::size_t end_of_run(std::u16string_view text, std::size_t at, bool (*in)(char16_t)) {
  while (at < text.size() && in(text[at])) ++at;
  return at;
}

// "(film)", "(Album_(Edited))": balanced parentheses, one within another at most; kNone if none begin there.
std::size_t end_of_parentheses(std::u16string_view text, std::size_t at) {
  const auto is = [&](std::size_t i, char16_t c) { return i < text.size() && text[i] == c; };
  if (!is(at, u'(')) return kNone;
  auto end = end_of_run(text, at + 1, in_path);
  if (is(end, u')')) return end > at + 1 ? end + 1 : kNone;
  if (!is(end, u'(')) return kNone;
  const auto inner = end_of_run(text, end + 1, in_path);
  if (inner == end + 1 || !is(inner, u')')) return kNone;
  end = end_of_run(text, inner + 1, in_path);
  return is(end, u')') ? end + 1 : kNone;
}

// Of a path, from behind its first "/": it ends with a letter or the like outside parentheses, or with
// parentheses right behind that or behind the "/".
std::size_t end_of_path(std::u16string_view text, std::size_t at) {
  auto end = at;
  while (at < text.size()) {
    if (in_path(text[at])) {
      if (ends_path(text[at++])) end = at;
    } else if (const auto behind = end_of_parentheses(text, at); behind != kNone) {
      at = behind;
    } else {
      break;
    }
  }
  while ((at = end_of_parentheses(text, end)) != kNone) end = at;
  return end;
}

// Of a query, from its "?"; `at` if it has no character that it may end with.
std::size_t end_of_query(std::u16string_view text, std::size_t at) {
  if (at >= text.size() || text[at] != u'?') return at;
  auto end = end_of_run(text, at + 1, in_query);
  while (end > at + 1 && !ends_query(text[end - 1])) --end;
  return end > at + 1 ? end : at;
}

// One match of the grammar.
struct Match {
  std::size_t begin = 0, domain = 0, domain_end = 0, port_end = 0, path_end = 0, end = 0;
};

class Scanner {
 public:
  explicit Scanner(std::u16string_view text) : text_(text) {
    label_end_.resize(text.size() + 1, text.size());
    underscore_.resize(text.size() + 1, text.size());
    for (auto i = text.size(); i-- > 0;) {
      label_end_[i] = in_label(text[i]) ? label_end_[i + 1] : i;
      underscore_[i] = text[i] == u'_' ? i : underscore_[i + 1];
      if (text[i] == u'.') behind_[i] = {end_behind(i + 1), end_of_top_level(text, i + 1)};
    }
  }

  // The first match at or behind `at`, or one that is empty.
  Match next(std::size_t at, bool bare_domains) const {
    for (; at < text_.size(); ++at) {
      if (precedes(text_[at]))
        if (const auto match = match_at(at + 1, bare_domains); match.end > 0) return match;
      if (at == 0)
        if (const auto match = match_at(0, bare_domains); match.end > 0) return match;
    }
    return {};
  }

 private:
  // Behind a dot: where the longest domain ends that has a label behind it, and where one does that has none.
  struct Behind {
    std::size_t further, top_level;
  };

  // Where the longest domain ends whose first label begins there, or kNone. Every label but the one before
  // the top-level domain may have "_" inside.
  std::size_t end_behind(std::size_t label) const {
    const auto end = label_end_[label];
    if (end == label || end == text_.size() || text_[end] != u'.') return kNone;
    if (!in_domain(text_[label]) || !in_domain(text_[end - 1])) return kNone;
    const auto& behind = behind_.at(end);
    if (behind.further != kNone) return behind.further;
    return underscore_[label] < end ? kNone : behind.top_level;
  }

  Match match_at(std::size_t at, bool bare_domains) const {
    Match match;
    match.begin = match.domain = at;
    if (starts_folded(text_, at, u"HTTPS://")) match.domain += 8;
    if (starts_folded(text_, at, u"HTTP://")) match.domain += 7;
    if (match.domain == at && !bare_domains) return {};
    if (match.domain >= text_.size()) return {};
    match.domain_end = end_behind(match.domain);
    if (match.domain_end == kNone) return {};
    match.port_end = match.domain_end;
    if (match.port_end < text_.size() && text_[match.port_end] == u':')
      if (const auto end = end_of_run(text_, match.port_end + 1, is_digit); end > match.port_end + 1)
        match.port_end = end;
    match.path_end = match.port_end;
    if (match.path_end < text_.size() && text_[match.path_end] == u'/')
      match.path_end = end_of_path(text_, match.path_end + 1);
    match.end = end_of_query(text_, match.path_end);
    return match;
  }

  std::u16string_view text_;
  std::vector<std::size_t> label_end_, underscore_;  // by position: the next one
  std::unordered_map<std::size_t, Behind> behind_;   // by a dot's position
};

// The domains in [begin, end) that are ASCII or Latin, with the quirk of the original that looks for each
// from the left again.
std::vector<Part> ascii_domains(std::u16string_view domain) {
  std::vector<Part> found;
  std::size_t searched = 0;
  for (std::size_t at = 0; at < domain.size();) {
    std::size_t end = kNone;
    for (auto label = at; label < domain.size();) {
      const auto dot = end_of_run(domain, label, in_ascii_label);
      if (dot == label || dot == domain.size() || domain[dot] != u'.') break;
      if (const auto top_level = end_of_top_level(domain, dot + 1); top_level != kNone) end = top_level;
      label = dot + 1;
    }
    if (end == kNone) {
      ++at;
      continue;
    }
    const auto begin = domain.find(domain.substr(at, end - at), searched);
    searched = begin + (end - at);
    found.push_back({begin, searched});
    at = end;
  }
  return found;
}

constexpr std::size_t kLongestUrl = 4096, kLongestLabel = 63, kLongestSlug = 40;

bool is_valid(std::u16string_view url, std::size_t protocol, std::u16string_view domain) {
  if (domain.starts_with(u"xn--") && ascii_domains(domain).empty()) return false;
  for (auto rest = domain;;) {
    const auto label = rest.substr(0, rest.find(u'.'));
    const auto length = punycode_length(label);
    if (length < 1 || length > kLongestLabel) return false;
    if (label.size() == rest.size()) break;
    rest.remove_prefix(label.size() + 1);
  }
  return protocol + url.size() <= kLongestUrl;
}

}  // namespace

std::vector<Part> urls(std::u16string_view text, bool bare_domains) {
  if (text.find(u'.') == kNone) return {};
  std::map<std::size_t, std::size_t> found;  // by where it begins: a later one takes an earlier one's place
  const Scanner scanner(text);
  for (std::size_t at = 0;;) {
    auto match = scanner.next(at, bare_domains);
    if (match.end == 0) break;
    at = match.end;
    const auto part = [&](std::size_t begin, std::size_t end) { return text.substr(begin, end - begin); };
    const auto domain = part(match.domain, match.domain_end);
    const auto protocol = match.domain - match.begin;
    if (!is_valid(part(match.begin, match.end), protocol > 0 ? protocol : 8, domain)) continue;
    if (protocol > 0) {
      // What stands behind t.co's own short name is not taken for a part of it.
      constexpr std::size_t kSlug = 5;
      const auto path = part(match.port_end, match.end);
      if (starts_folded(domain, 0, u"T.CO") && domain.size() == 4 && match.port_end == match.domain_end &&
          path.size() > 1 && path[0] == u'/' && is_alnum(path[1])) {
        const auto slug = match.domain + kSlug;
        const auto slug_end = end_of_run(text, slug, is_alnum);
        if (slug_end - slug > kLongestSlug) continue;
        match.end = end_of_query(text.substr(0, match.end), slug_end);
      }
      found[match.begin] = match.end;
      continue;
    }
    if (match.begin > 0 && std::u16string_view(u"-_./").find(text[match.begin - 1]) != kNone) continue;
    const auto parts = ascii_domains(domain);
    for (const auto& [begin, end] : parts) found[match.begin + begin] = match.begin + end;
    // The path belongs to the last one, and counts as if it followed at once.
    if (!parts.empty() && match.path_end > match.port_end)
      found[match.begin + parts.back().begin] =
          match.begin + parts.back().end + (match.end - match.domain_end);
  }
  std::vector<Part> result;
  for (const auto& [begin, end] : found) result.push_back({begin, std::min(end, text.size())});
  return result;
}

}  // namespace fencepost::connect::text
