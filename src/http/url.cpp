#include "http/url.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "http/message.hpp"

namespace fencepost::http {

namespace {
[[noreturn]] void refuse(const std::string& why) { throw base::UserError("bad_target", why); }

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0) refuse("the URL has a '%' that is not followed by two hex digits");
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (c == '+' && plus_is_space) {
      c = ' ';
    }
    out += c;
  }
  if (!valid_utf8(out)) refuse("the URL is not UTF-8 once it is decoded");
  return out;
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

std::string segment(std::string_view raw) {
  std::string out = decode(raw, false);
  if (out == "." || out == "..") refuse("the URL's path must not contain '.' or '..' segments");
  if (out.find_first_of("/\\") != std::string::npos)
    refuse("the URL's path must not contain an encoded '/' or a '\\'");
  if (has_control(out)) refuse("the URL's path must not contain control characters");
  return out;
}

// The path and what follows it: absolute-form must be accepted by every server (RFC 9112 §3.2.2).
std::string_view origin_form(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!iequals(target.substr(0, scheme.size()), scheme)) continue;
    const auto slash = target.find_first_of("/?", scheme.size());
    if (slash == std::string_view::npos || target[slash] == '?') return "/";
    return target.substr(slash);
  }
  return target;
}

template <typename F>
void split(std::string_view text, char mark, F&& each) {
  for (std::size_t from = 0;;) {
    const auto to = text.find(mark, from);
    each(text.substr(from, to == std::string_view::npos ? to : to - from));
    if (to == std::string_view::npos) return;
    from = to + 1;
  }
}

// The length of the code point that starts at text[0], or 0 where none does. RFC 3629: no overlong forms, no
// surrogates, nothing above U+10FFFF.
std::size_t sequence(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : static_cast<unsigned char>(0);
  };
  const auto tail = [&](std::size_t i) { return (byte(i) & 0xc0) == 0x80; };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return tail(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const bool overlong = first == 0xe0 && byte(1) < 0xa0;
    const bool surrogate = first == 0xed && byte(1) > 0x9f;
    return tail(1) && tail(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const bool overlong = first == 0xf0 && byte(1) < 0x90;
    const bool beyond = first == 0xf4 && byte(1) > 0x8f;
    return tail(1) && tail(2) && tail(3) && !overlong && !beyond ? 4 : 0;
  }
  return 0;
}
}  // namespace

bool valid_utf8(std::string_view text) {
  while (!text.empty()) {
    const auto length = sequence(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::size_t code_points(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string clip(std::string_view text, std::size_t count) {
  std::size_t bytes = 0;
  for (; count > 0 && bytes < text.size(); --count) {
    const auto length = sequence(text.substr(bytes));
    FENCEPOST_ASSERT(length > 0);
    bytes += length;
  }
  return std::string(text.substr(0, bytes)) + (bytes < text.size() ? "…" : "");
}

std::string_view path_of(std::string_view target) {
  const auto origin = origin_form(target);
  return origin.substr(0, origin.find('?'));
}

Target parse_target(std::string_view target) {
  const auto origin = origin_form(target);
  if (origin.empty() || origin[0] != '/') refuse("the URL's path must start with '/'");
  if (origin.find('#') != std::string_view::npos) refuse("the URL must not contain a fragment");
  Target out;
  const auto path = path_of(target);
  out.path = path;
  split(path.substr(1), '/', [&](std::string_view part) { out.segments.push_back(segment(part)); });
  if (origin.size() == path.size()) return out;
  split(origin.substr(path.size() + 1), '&', [&](std::string_view part) {
    if (part.empty()) return;
    const auto equals = part.find('=');
    std::string name = decode(part.substr(0, equals), true);
    std::string value = equals == std::string_view::npos ? "" : decode(part.substr(equals + 1), true);
    if (has_control(name) || value.find('\0') != std::string::npos)
      refuse("the URL's query must not contain control characters");
    if (!out.query.emplace(std::move(name), std::move(value)).second)
      refuse("a parameter of the URL's query is given twice");
  });
  return out;
}

}  // namespace fencepost::http
