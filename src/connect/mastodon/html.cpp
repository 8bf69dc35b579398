#include "connect/mastodon/html.hpp"

#include <unicode/utf8.h>

#include <charconv>

#include "connect/exchange.hpp"

namespace fencepost::connect::mastodon {

namespace {

void append(std::string& out, UChar32 code) {
  char bytes[U8_MAX_LENGTH];
  std::int32_t size = 0;
  UBool failed = false;
  U8_APPEND(reinterpret_cast<std::uint8_t*>(bytes), size, U8_MAX_LENGTH, code, failed);
  if (!failed) out.append(bytes, static_cast<std::size_t>(size));
}

// "amp", "#39", "#x27"; false where it is none.
bool reference(std::string_view name, std::string& out) {
  constexpr std::pair<std::string_view, std::string_view> kNames[] = {
      {"amp", "&"}, {"lt", "<"}, {"gt", ">"}, {"quot", "\""}, {"apos", "'"}, {"nbsp", " "}};
  for (const auto& [known, text] : kNames)
    if (known == name) {
      out += text;
      return true;
    }
  if (!name.starts_with('#')) return false;
  name.remove_prefix(1);
  const bool hex = name.starts_with('x') || name.starts_with('X');
  if (hex) name.remove_prefix(1);
  std::int32_t code = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), code, hex ? 16 : 10);
  if (name.empty() || error != std::errc() || end != name.data() + name.size() || code <= 0) return false;
  append(out, code);
  return true;
}

bool word(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool of_host(char c) { return word(c) || c == '.' || c == '-'; }

}  // namespace

std::string plain(std::string_view html) {
  std::string out;
  for (std::size_t at = 0; at < html.size();) {
    if (html[at] == '<') {
      const auto end = html.find('>', at);
      if (end == std::string_view::npos) break;
      const auto tag = html.substr(at + 1, end - at - 1);
      if (tag.starts_with("br") || tag == "/p" || tag == "/li") out += '\n';
      at = end + 1;
    } else if (const auto end = html[at] == '&' ? html.find(';', at) : std::string_view::npos;
               end != std::string_view::npos && end - at <= 10 &&
               reference(html.substr(at + 1, end - at - 1), out)) {
      at = end + 1;
    } else {
      out += html[at++];
    }
  }
  return out;
}

std::string seen(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    out += text[at++];
    if (out.back() != '@' || (out.size() > 1 && (word(out[out.size() - 2]) || out[out.size() - 2] == '/')))
      continue;
    const auto name = at;
    while (at < text.size() && of_host(text[at])) ++at;
    out += text.substr(name, at - name);
    if (at == name || at >= text.size() || text[at] != '@') continue;
    auto host = at + 1;
    while (host < text.size() && of_host(text[host])) ++host;
    while (host > at + 1 && !word(text[host - 1])) --host;  // the sentence's own full stop
    if (host > at + 1) at = host;
  }
  return comparable(out);
}

}  // namespace fencepost::connect::mastodon
