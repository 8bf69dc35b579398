#include "connect/sitemap/entries.hpp"

#include "base/error.hpp"
#include "connect/domain.hpp"

namespace fencepost::connect {

bool SitemapEntries::add(std::string_view link, std::string_view lastmod) {
  if (full_) return false;
  auto url = link.empty() ? std::nullopt : absolute_url(base_, link);
  if (!url) {
    skip();
    return true;
  }
  if (found_ == most_) {  // one more than was asked for: so the rest is known to be cut off
    full_ = true;
    return false;
  }
  ++found_;
  waiting_.push_back({std::move(*url), parse_lastmod(lastmod)});
  return true;
}

std::optional<base::Micros> parse_lastmod(std::string_view text) {
  constexpr std::size_t kYear = 4;
  constexpr std::size_t kMonth = 7;
  constexpr std::size_t kDay = 10;
  constexpr std::size_t kMinute = 16;
  constexpr std::size_t kLongest = 40;
  if (text.size() < kYear || text.size() > kLongest) return std::nullopt;
  std::string whole(text);
  if (whole.size() == kYear) whole += "-01";
  if (whole.size() == kMonth) whole += "-01";
  if (whole.size() == kDay) whole += "T00:00:00Z";
  if (whole.size() > kMinute && whole[kMinute] != ':') whole.insert(kMinute, ":00");  // no seconds
  try {
    return base::parse_utc(whole);
  } catch (const base::UserError&) {
    return std::nullopt;
  }
}

}  // namespace fencepost::connect
