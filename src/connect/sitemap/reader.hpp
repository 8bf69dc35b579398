#pragma once
// Reads sitemaps while they arrive (sitemaps.org, protocol 0.9): urlset and sitemapindex as XML, plain text,
// and each of them gzipped. One pass, flat memory, linear time (docs/sitemaps.md); no entity is
// expanded beyond XML's own five, no DTD is read, nothing is fetched.

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"

namespace fencepost::connect {

struct SitemapCaps {
  std::size_t bytes = std::size_t{50} << 20;  // after decompression; the protocol's own
  std::size_t urls = 50'000;                  // likewise
  std::size_t batch = 1'000;
};

struct SitemapEntry {
  std::string url;                      // absolute_url(): fit to be stored and compared
  std::optional<base::Micros> lastmod;  // where it could be read
};

struct SitemapResult {
  enum class Kind { urlset, index, text, nothing };
  Kind kind = Kind::nothing;
  std::size_t urls = 0;     // that were given out
  std::size_t skipped = 0;  // entries that are not URLs we can fetch
  bool truncated = false;   // a cap was met: the rest was not read; not an error
  // One short sentence, safe to show: not a sitemap, broken XML, broken gzip, a bomb. What was given out
  // before stays given.
  std::optional<std::string> error;
};

// Not thread-safe. Made for one sitemap; feed() it the body as Fetcher::stream() gives it.
class SitemapReader {
 public:
  // Gets at most `caps.batch` entries, in the order of the sitemap, not yet unique; may take them away. What
  // it throws goes through feed() and finish(), and the reader is then good for nothing.
  using OnBatch = std::function<void(std::vector<SitemapEntry>& batch)>;

  // `url` is the sitemap's own: relative entries, which the protocol forbids, are seen from it. Whether
  // entries are of its host is the caller's to judge (on_host()).
  SitemapReader(std::string url, SitemapCaps caps, OnBatch on_batch);
  ~SitemapReader();

  // Whether more is wanted: not after an error or a cap.
  bool feed(std::string_view bytes);
  // At the end of the body: gives out the last batch. Call once.
  SitemapResult finish();
  // Before the end: known as soon as the first element, or the first line of text, is.
  SitemapResult::Kind kind() const;

 private:
  class Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace fencepost::connect
