#include "connect/text.hpp"

#include <unicode/brkiter.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <memory>

#include "base/error.hpp"
#include "connect/text/emoji.hpp"
#include "connect/text/urls.hpp"

namespace fencepost::connect {
namespace {

using text::Part;

constexpr std::string_view kEllipsis = "…";

bool is_utf8(std::string_view text) {
  const auto size = static_cast<std::int32_t>(text.size());
  for (std::int32_t i = 0; i < size;) {
    UChar32 code = 0;
    U8_NEXT(text.data(), i, size, code);
    if (code < 0) return false;
  }
  return true;
}

std::u16string wide(std::string_view text) {
  const auto unicode = icu::UnicodeString::fromUTF8({text.data(), static_cast<std::int32_t>(text.size())});
  return {unicode.getBuffer(), static_cast<std::size_t>(unicode.length())};
}

icu::UnicodeString alias(std::u16string_view text) {
  return {false, text.data(), static_cast<std::int32_t>(text.size())};  // no copy
}

std::string narrow(std::u16string_view text) {
  std::string utf8;
  alias(text).toUTF8String(utf8);
  return utf8;
}

// X counts, and stores, the composed form (NFC).
std::u16string as_counted(std::string_view text, const TextRules& rules) {
  auto found = wide(text);
  if (rules.unit != TextRules::Unit::weighted) return found;
  UErrorCode status = U_ZERO_ERROR;
  const auto* nfc = icu::Normalizer2::getNFCInstance(status);
  const auto composed = nfc->normalize(alias(found), status);
  if (U_FAILURE(status)) return found;
  return {composed.getBuffer(), static_cast<std::size_t>(composed.length())};
}

// Where the graphemes of a text, or its words and what is between them, begin and end: 0, …, size.
std::vector<std::size_t> boundaries(std::u16string_view text, bool words) {
  UErrorCode status = U_ZERO_ERROR;
  using icu::BreakIterator;
  const std::unique_ptr<BreakIterator> breaks(
      words ? BreakIterator::createWordInstance(icu::Locale::getRoot(), status)
            : BreakIterator::createCharacterInstance(icu::Locale::getRoot(), status));
  FENCEPOST_ASSERT(U_SUCCESS(status));  // its data are a part of ICU
  const auto unicode = alias(text);
  breaks->setText(unicode);
  std::vector<std::size_t> found;
  for (auto at = breaks->first(); at != BreakIterator::DONE; at = breaks->next())
    found.push_back(static_cast<std::size_t>(at));
  return found;
}

UChar32 code_at(std::u16string_view text, std::size_t at) {
  return alias(text).char32At(static_cast<std::int32_t>(at));
}
std::size_t units(UChar32 code) { return code > 0xFFFF ? 2 : 1; }

// twitter-text's configuration 3, in units of a whole character; it weighs the second half of a pair.
int weight(char16_t unit) {
  const auto in = [&](char16_t first, char16_t last) { return unit >= first && unit <= last; };
  return in(0, 0x10FF) || in(0x2000, 0x200D) || in(0x2010, 0x201F) || in(0x2032, 0x2037) ? 1 : 2;
}

int utf8_length(std::u16string_view grapheme) { return static_cast<int>(narrow(grapheme).size()); }

// Shown as a picture: of itself, or since the selector U+FE0F, a flag's second letter or a keycap follows.
bool is_emoji(std::u16string_view grapheme) {
  const auto first = code_at(grapheme, 0);
  if (!u_hasBinaryProperty(first, UCHAR_EMOJI)) return false;
  if (grapheme.find(u'\uFE0F') != grapheme.npos) return true;
  const auto second = units(first) < grapheme.size() ? code_at(grapheme, units(first)) : 0;
  if (u_hasBinaryProperty(first, UCHAR_REGIONAL_INDICATOR)) return second != 0;
  return u_hasBinaryProperty(first, UCHAR_EMOJI_PRESENTATION)
             ? second != 0xFE0E
             : u_hasBinaryProperty(second, UCHAR_EMOJI_MODIFIER);
}

// A part of a text and what it counts.
struct Piece {
  std::size_t begin, end;
  int length;
};

// The pieces of a text that is not a URL, from `begin` to `end`.
void weigh(std::u16string_view text, std::size_t begin, std::size_t end, std::vector<Piece>& pieces) {
  for (auto at = begin; at < end;) {
    if (const auto emoji = text::emoji_at(text, at); emoji > 0) {
      pieces.push_back({at, at + emoji, 2});
      at += emoji;
      continue;
    }
    const auto size = U16_IS_LEAD(text[at]) && at + 1 < text.size() && U16_IS_TRAIL(text[at + 1]) ? 2 : 1;
    pieces.push_back(
        {at, at + static_cast<std::size_t>(size), weight(text[at + static_cast<std::size_t>(size) - 1])});
    at += static_cast<std::size_t>(size);
  }
}

int length_of(std::u16string_view grapheme, TextRules::Unit unit) {
  if (unit == TextRules::Unit::graphemes) return 1;
  if (unit == TextRules::Unit::emoji_bytes && is_emoji(grapheme)) return utf8_length(grapheme);
  return alias(grapheme).countChar32();
}

// From left to right, without gaps.
std::vector<Piece> pieces_of(std::u16string_view text, const TextRules& rules) {
  std::vector<Part> urls;
  if (rules.url_length) urls = text::urls(text, rules.bare_domains);
  urls.push_back({text.size(), text.size()});
  const bool weighted = rules.unit == TextRules::Unit::weighted;
  const auto graphemes = weighted ? std::vector<std::size_t>{} : boundaries(text, false);
  std::vector<Piece> pieces;
  std::size_t at = 0;
  auto next = graphemes.begin();
  for (const auto& url : urls) {
    if (url.begin < at) continue;  // it began within another
    if (weighted) weigh(text, at, url.begin, pieces);
    while (!weighted && at < url.begin) {
      next = std::upper_bound(next, graphemes.end(), at);
      const auto end = std::min(*next, url.begin);
      pieces.push_back({at, end, length_of(text.substr(at, end - at), rules.unit)});
      at = end;
    }
    if (url.begin == url.end) break;
    pieces.push_back({url.begin, url.end, *rules.url_length});
    at = url.end;
  }
  return pieces;
}

int sum(const std::vector<Piece>& pieces) {
  int length = 0;
  for (const auto& piece : pieces) length += piece.length;
  return length;
}

int measure_wide(std::u16string_view text, const TextRules& rules) { return sum(pieces_of(text, rules)); }

constexpr std::u16string_view kAfterUrl = u".,;:!?'\")]}>»”’…";

// What people take for one thing, whatever a platform counts it as: URLs, bare domains, and whatever begins
// with http:// up to a space (a host that only one's own network knows).
std::vector<Part> solid_parts(std::u16string_view text) {
  auto parts = text::urls(text, true);
  for (const std::u16string_view scheme : {u"http://", u"https://"})
    for (auto at = text.find(scheme); at != text.npos; at = text.find(scheme, at + 1)) {
      auto end = at;
      while (end < text.size() && !u_isUWhiteSpace(code_at(text, end))) ++end;
      while (end > at && kAfterUrl.find(text[end - 1]) != kAfterUrl.npos) --end;
      parts.push_back({at, end});
    }
  return parts;
}

// Where the text has this URL, and not one that only begins like it.
std::size_t find_url(std::u16string_view text, std::u16string_view url) {
  const auto solid = solid_parts(text);
  for (auto at = text.find(url); at != text.npos; at = text.find(url, at + 1)) {
    const auto end = at + url.size();
    if (end == text.size() || u_isUWhiteSpace(code_at(text, end)) ||
        std::any_of(solid.begin(), solid.end(),
                    [&](const Part& part) { return part.begin == at && part.end == end; }))
      return at;
  }
  return text.npos;
}

std::u16string_view trimmed(std::u16string_view text) {
  while (!text.empty() && u_isUWhiteSpace(text.back())) text.remove_suffix(1);
  return text;
}

class Fitter {
 public:
  explicit Fitter(const TextRules& rules) : rules_(rules) {}

  bool fits(std::u16string_view text) const {
    return rules_.limit == 0 || measure_wide(text, rules_) <= rules_.limit;
  }

  // As much of `head` as fits, with "…" and `behind`: whole words if there is one, else whole graphemes. At
  // least its first `keep` units, which fit; of nothing else no "…" tells.
  std::u16string shorten(std::u16string_view head, std::u16string_view space, std::u16string_view behind,
                         std::size_t keep) const {
    const auto end = wide(kEllipsis) +
                     (behind.empty() ? std::u16string() : std::u16string(space) + std::u16string(behind));
    const auto cuts = cuts_in(head);
    const auto pieces = pieces_of(head, rules_);
    const auto urls = text::urls(head, true);
    // The lengths of the two parts are nearly that of the whole; where they are not, the next cut is tried.
    const auto room = rules_.limit - measure_wide(end, rules_);
    for (const bool words : {true, false}) {
      auto length = sum(pieces);
      auto piece = pieces.rbegin();
      for (auto cut = cuts.rbegin(); cut != cuts.rend() && cut->at > keep; ++cut) {
        for (; piece != pieces.rend() && piece->end > cut->at; ++piece) length -= piece->length;
        if (length > room || (words && !cut->ends_word)) continue;
        auto whole = std::u16string(head.substr(0, cut->at)) + end;
        if (fits(whole) && same_until(cut->at, urls, text::urls(whole, true))) return whole;
      }
    }
    return std::u16string(head.substr(0, keep)) + std::u16string(behind);
  }

 private:
  struct Cut {
    std::size_t at;
    bool ends_word;
  };

  // What was no URL may become one by a cut: not here.
  static bool same_until(std::size_t cut, const std::vector<Part>& before, const std::vector<Part>& after) {
    for (std::size_t i = 0; i < std::max(before.size(), after.size()); ++i) {
      const bool had = i < before.size() && before[i].begin < cut,
                 has = i < after.size() && after[i].begin < cut;
      if (!had && !has) return true;
      if (had != has || before[i].begin != after[i].begin || before[i].end != after[i].end) return false;
    }
    return true;
  }

  // Where a text may be cut, from left to right; not before its first character.
  static std::vector<Cut> cuts_in(std::u16string_view text) {
    auto solid = solid_parts(text);
    const auto words = boundaries(text, true);
    std::vector<Cut> cuts;
    for (const auto at : boundaries(text, false)) {
      if (at == 0 || u_isUWhiteSpace(text[at - 1])) continue;
      const bool inside = std::any_of(solid.begin(), solid.end(),
                                      [&](const Part& part) { return part.begin < at && at < part.end; });
      if (inside) continue;
      auto last = static_cast<std::int32_t>(at) - 1;
      U16_SET_CP_START(text.data(), 0, last);
      const auto code = code_at(text, static_cast<std::size_t>(last));
      const bool ends = std::binary_search(words.begin(), words.end(), at) && !u_ispunct(code);
      const bool ends_url =
          std::any_of(solid.begin(), solid.end(), [&](const Part& part) { return part.end == at; });
      cuts.push_back({at, ends || ends_url});
    }
    return cuts;
  }

  const TextRules& rules_;
};

}  // namespace

std::vector<Span> urls_in(std::string_view text, bool bare_domains) {
  if (!is_utf8(text)) return {};
  const auto units16 = wide(text);
  std::vector<Span> found;
  std::size_t at = 0, bytes = 0;
  const auto bytes_to = [&](std::size_t unit) {
    for (; at < unit; at += units(code_at(units16, at)))
      bytes += static_cast<std::size_t>(U8_LENGTH(code_at(units16, at)));
    return bytes;
  };
  for (const auto& [begin, end] : text::urls(units16, bare_domains)) {
    if (begin < at) continue;  // it began within another
    const auto first = bytes_to(begin);
    found.push_back({first, bytes_to(end)});
  }
  return found;
}

int measure(std::string_view text, const TextRules& rules) {
  return is_utf8(text) ? measure_wide(as_counted(text, rules), rules) : 0;
}

Fitted fit(std::string_view text, std::string_view url, const TextRules& rules) {
  if (!is_utf8(text) || !is_utf8(url))
    throw base::UserError("invalid_text", "the text is not valid UTF-8: write it anew");
  const auto whole = as_counted(text, rules), link = as_counted(url, rules);
  const auto answer = [&](const std::u16string& fitted, bool shortened) {
    return Fitted{narrow(fitted), measure_wide(fitted, rules), rules.limit, shortened};
  };
  const Fitter fitter(rules);
  std::u16string_view head = whole, space = u"\n", tail;
  if (link.empty()) {
    if (fitter.fits(whole)) return answer(whole, false);
    head = trimmed(head);
  } else if (const auto at = find_url(whole, link); at != whole.npos) {
    if (fitter.fits(whole)) return answer(whole, false);
    tail = head.substr(at + link.size());
    head = trimmed(head.substr(0, at));
    space = std::u16string_view(whole).substr(head.size(), at - head.size());
    if (space.empty()) space = u" ";
  } else {
    head = trimmed(head);
    const auto joined = head.empty() ? link : std::u16string(head) + std::u16string(space) + link;
    if (fitter.fits(joined)) return answer(joined, false);
  }
  if (!fitter.fits(link))
    throw base::UserError("invalid_text",
                          "the URL alone is longer than the platform allows: use a shorter one");
  // In front of the URL; where what stands behind it is too long alone, there, and in front only if it must.
  const auto rest = link + std::u16string(tail);
  if (fitter.fits(rest)) return answer(fitter.shorten(head, space, rest, 0), true);
  const auto front = whole.substr(0, whole.size() - tail.size());
  if (fitter.fits(front)) return answer(fitter.shorten(trimmed(whole), u"", u"", front.size()), true);
  return answer(fitter.shorten(head, space, link, 0), true);
}

}  // namespace fencepost::connect
