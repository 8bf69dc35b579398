#pragma once
// robots.txt (RFC 9309), with the two lines that are not in it but in use: Sitemap and Crawl-delay.

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "connect/fetch/fetcher.hpp"

namespace fencepost::connect {

// A value; thread-safe.
class Robots {
 public:
  // Reads the first 500 KiB (section 2.5) for the robot of this lower-case name: its own groups together,
  // else those of "*" (section 2.2.1). Never fails: lines that mean nothing are passed over.
  static Robots parse(std::string_view text, std::string_view robot = Fetcher::kRobot);
  static Robots allow_all() { return {}; }

  // Whether the path and query (UrlParts::target) may be fetched: the longest matching rule decides, and
  // allow wins a tie (section 2.2.2); `*` and a final `$` as in section 2.2.3. Linear in the length of the
  // rules, whatever stars they hold. /robots.txt itself is always allowed.
  bool allows(std::string_view target) const;

  // Of our group; at most an hour.
  std::optional<base::Duration> crawl_delay() const { return crawl_delay_; }
  // As they stand in the file, in order, of all groups; for absolute_url() with an empty base. At most 1,000.
  const std::vector<std::string>& sitemaps() const { return sitemaps_; }

 private:
  struct Rule {
    bool allow;
    std::string path;
  };
  std::vector<Rule> rules_;
  std::optional<base::Duration> crawl_delay_;
  std::vector<std::string> sitemaps_;
};

// The robots.txt of the URL's origin. 4xx means that everything is allowed (section 2.3.1.3); while it cannot
// be reached (5xx, network) nothing is (2.3.1.4), which is the error. A file that is not text allows all.
std::variant<Robots, FetchError> robots_of(Fetcher& fetcher, std::string_view url, base::BootTime deadline,
                                           std::stop_token stop = {});

}  // namespace fencepost::connect
