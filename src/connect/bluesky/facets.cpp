#include "connect/bluesky/facets.hpp"

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

namespace fencepost::connect::bluesky {

namespace {

using Json = nlohmann::ordered_json;

// One code point of a text, and the byte behind it; a broken byte counts as U+FFFD.
struct Point {
  UChar32 code = 0;
  std::size_t end = 0;
};
Point point_at(std::string_view text, std::size_t at) {
  UChar32 code = 0;
  auto end = static_cast<std::int32_t>(at);
  U8_NEXT_OR_FFFD(text.data(), end, static_cast<std::int32_t>(text.size()), code);
  return {code, static_cast<std::size_t>(end)};
}

bool alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}
bool letter(char c) { return alphanumeric(c) && !(c >= '0' && c <= '9'); }

bool label(std::string_view text) {
  return !text.empty() && text.size() <= 63 && alphanumeric(text.front()) && alphanumeric(text.back());
}

// https://atproto.com/specs/handle: at least two labels, the last one beginning with a letter.
bool is_handle(std::string_view text) {
  if (text.size() > 253 || text.find('.') == std::string_view::npos) return false;
  for (;;) {
    const auto dot = text.find('.');
    if (!label(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return letter(text.front());
    text.remove_prefix(dot + 1);
  }
}

std::optional<Facet> mention_at(std::string_view text, std::size_t at) {
  auto end = at + 1;
  while (end < text.size() && (alphanumeric(text[end]) || text[end] == '.' || text[end] == '-')) ++end;
  while (end > at + 1 && !alphanumeric(text[end - 1])) --end;  // the sentence's own full stop
  Facet facet{Facet::Kind::mention, {at, end}, std::string(text.substr(at + 1, end - at - 1))};
  if (!is_handle(facet.value)) return std::nullopt;
  std::transform(facet.value.begin(), facet.value.end(), facet.value.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return facet;
}

// What ends a tag although it cannot be seen: as in the official client.
bool invisible(UChar32 code) {
  return code == 0x00AD || code == 0x2060 || code == 0x200A || code == 0x200B || code == 0x200C ||
         code == 0x200D || code == 0x20E2;
}

std::optional<Facet> tag_at(std::string_view text, std::size_t at, const PlatformLimits& limits) {
  const auto begin = point_at(text, at).end;  // behind # or its full-width form
  std::size_t end = begin;
  bool word = false;  // more than digits and punctuation
  for (auto next = begin; next < text.size();) {
    const auto [code, behind] = point_at(text, next);
    if (u_isUWhiteSpace(code) || invisible(code)) break;
    next = behind;
    if (u_ispunct(code)) continue;  // inside it counts, at the end it does not
    end = behind;
    word = word || !u_isdigit(code);
  }
  if (!word || (begin < text.size() && point_at(text, begin).code == 0xFE0F)) return std::nullopt;
  Facet facet{Facet::Kind::tag, {at, end}, std::string(text.substr(begin, end - begin))};
  const int length = measure(facet.value, {.unit = TextRules::Unit::graphemes});
  if (length > limits.number("tag-length") ||
      static_cast<std::int64_t>(facet.value.size()) > limits.number("tag-bytes"))
    return std::nullopt;
  return facet;
}

std::vector<Facet> links_in(std::string_view text) {
  std::vector<Facet> links;
  for (const auto& span : urls_in(text, /*bare_domains=*/true)) {
    if (span.begin > 0 && text[span.begin - 1] == '@') continue;  // a handle is a domain too
    std::string url(text.substr(span.begin, span.end - span.begin));
    if (url.find("://") == std::string::npos) url.insert(0, "https://");
    links.push_back({Facet::Kind::link, span, std::move(url)});
  }
  return links;
}

}  // namespace

std::vector<Facet> facets_in(std::string_view text, const PlatformLimits& limits) {
  auto facets = links_in(text);
  const auto links = facets;
  UChar32 before = ' ';
  for (std::size_t at = 0; at < text.size();) {
    const auto inside =
        std::find_if(links.begin(), links.end(), [&](const Facet& link) { return link.at.begin == at; });
    if (inside != links.end()) {
      at = inside->at.end;
      before = 'x';
      continue;
    }
    const auto [code, behind] = point_at(text, at);
    std::optional<Facet> found;
    if (u_isUWhiteSpace(before) || before == '(') {
      if (code == '@') found = mention_at(text, at);
      if (code == '#' || code == 0xFF03) found = tag_at(text, at, limits);
    }
    before = found ? 'x' : code;
    at = found ? found->at.end : behind;
    if (found) facets.push_back(std::move(*found));
  }
  std::sort(facets.begin(), facets.end(),
            [](const Facet& a, const Facet& b) { return a.at.begin < b.at.begin; });
  std::size_t free = 0;
  std::erase_if(facets, [&](const Facet& facet) {
    if (facet.at.begin < free) return true;
    free = facet.at.end;
    return false;
  });
  return facets;
}

Json json_of(const Facet& facet, const std::string& did) {
  Json feature;
  switch (facet.kind) {
    case Facet::Kind::link:
      feature = {{"$type", "app.bsky.richtext.facet#link"}, {"uri", facet.value}};
      break;
    case Facet::Kind::tag:
      feature = {{"$type", "app.bsky.richtext.facet#tag"}, {"tag", facet.value}};
      break;
    case Facet::Kind::mention:
      feature = {{"$type", "app.bsky.richtext.facet#mention"}, {"did", did}};
      break;
  }
  return {{"index", {{"byteStart", facet.at.begin}, {"byteEnd", facet.at.end}}},
          {"features", Json::array({std::move(feature)})}};
}

}  // namespace fencepost::connect::bluesky
