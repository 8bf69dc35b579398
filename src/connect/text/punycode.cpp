#include "connect/text/punycode.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

namespace fencepost::connect::text {
namespace {

// No label that is written out may be longer (RFC 1035), and no letter takes less than one character: of more
// letters nobody has to know more exactly how long they are.
constexpr std::size_t kLongest = 63;

// A surrogate that stands alone is a letter of its own, as JavaScript reads it.
std::vector<std::uint32_t> code_points(std::u16string_view text) {
  std::vector<std::uint32_t> found;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::uint32_t unit = text[i];
    const std::uint32_t next = i + 1 < text.size() ? text[i + 1] : 0;
    if (unit >= 0xD800 && unit <= 0xDBFF && next >= 0xDC00 && next <= 0xDFFF) {
      found.push_back(0x10000 + ((unit & 0x3FF) << 10) + (next & 0x3FF));
      ++i;
    } else {
      found.push_back(unit);
    }
  }
  return found;
}

// RFC 3492, section 6.3, without writing the digits; the constants are those of section 5.
std::size_t encoded_length(const std::vector<std::uint32_t>& letters) {
  constexpr std::uint64_t base = 36, t_min = 1, t_max = 26, skew = 38, damp = 700;
  const auto basic = static_cast<std::uint64_t>(
      std::count_if(letters.begin(), letters.end(), [](std::uint32_t c) { return c < 0x80; }));
  std::uint64_t n = 128, delta = 0, bias = 72, handled = basic, length = basic + (basic > 0 ? 1 : 0);
  while (handled < letters.size()) {
    auto least = std::numeric_limits<std::uint32_t>::max();
    for (const auto c : letters)
      if (c >= n) least = std::min(least, c);
    delta += (least - n) * (handled + 1);
    n = least;
    for (const auto c : letters) {
      if (c < n) ++delta;
      if (c != n) continue;
      auto rest = delta;
      for (std::uint64_t k = base;; k += base) {
        ++length;
        const auto t = k <= bias ? t_min : std::min(k - bias, t_max);
        if (rest < t) break;
        rest = (rest - t) / (base - t);
      }
      delta = handled == basic ? delta / damp : delta / 2;
      delta += delta / (handled + 1);
      bias = 0;
      for (; delta > (base - t_min) * t_max / 2; delta /= base - t_min) bias += base;
      bias += (base - t_min + 1) * delta / (delta + skew);
      delta = 0;
      ++handled;
    }
    ++delta;
    ++n;
  }
  return length;
}

}  // namespace

std::size_t punycode_length(std::u16string_view label) {
  constexpr std::u16string_view dots = u".\u3002\uFF0E\uFF61";
  std::size_t length = 0;
  for (;;) {
    const auto dot = label.find_first_of(dots);
    const auto part = code_points(label.substr(0, dot));
    const bool ascii =
        std::all_of(part.begin(), part.end(), [](std::uint32_t c) { return c >= 0x20 && c <= 0x7E; });
    length += ascii || part.size() > kLongest ? part.size() : 4 + encoded_length(part);
    if (dot == label.npos) return length;
    ++length;
    label.remove_prefix(dot + 1);
  }
}

}  // namespace fencepost::connect::text
