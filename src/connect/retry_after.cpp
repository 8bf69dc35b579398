#include "connect/retry_after.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <string>

namespace fencepost::connect {

namespace {

constexpr base::Micros kSecond = 1'000'000;
constexpr base::Micros kYear = 366 * 86'400 * kSecond;  // far beyond any cap, far below overflow

bool digit(char c) { return c >= '0' && c <= '9'; }

// "12" or "0.65". Decimals beyond the sixth are rounded up: too early is what the platform punishes.
std::optional<base::Micros> seconds(std::string_view text) {
  base::Micros micros = 0, unit = kSecond;
  bool decimals = false, any = false, rest = false;
  for (const char c : text) {
    if (c == '.' && !decimals && any) {
      decimals = true;
      continue;
    }
    if (!digit(c)) return std::nullopt;
    any = true;
    if (!decimals) {
      micros = std::min(micros * 10 + (c - '0') * kSecond, kYear);
    } else if (unit > 1) {
      unit /= 10;
      micros += (c - '0') * unit;
    } else {
      rest = rest || c != '0';
    }
  }
  if (!any) return std::nullopt;
  return micros + (rest ? 1 : 0);
}

}  // namespace

std::optional<base::Duration> parse_retry_after(std::string_view value, base::Micros now,
                                                base::Duration most) {
  while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
  while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
  if (value.empty() || value.size() > 64) return std::nullopt;
  auto wait = seconds(value);
  // libcurl's parser reads many more forms than a date; a server's "soon" or "-5" is none of them.
  if (!wait && value.find(':') != std::string_view::npos) {
    const auto at = curl_getdate(std::string(value).c_str(), nullptr);
    if (at >= 0) wait = static_cast<base::Micros>(at) * kSecond - now;
  }
  if (!wait) return std::nullopt;
  return std::clamp(base::Duration(*wait), base::Duration(0), most);
}

}  // namespace fencepost::connect
