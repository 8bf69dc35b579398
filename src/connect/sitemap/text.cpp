#include <memory>

#include "connect/fetch/charset.hpp"
#include "connect/sitemap/entries.hpp"

namespace fencepost::connect {

namespace {

constexpr std::size_t kLongestLine = 2'048;

// One URL a line, UTF-8 (the protocol's "text file").
class TextSitemap final : public SitemapFormat {
 public:
  explicit TextSitemap(SitemapEntries& entries) : entries_(entries) {}

  std::optional<std::string> feed(std::string_view bytes) override {
    while (!bytes.empty()) {
      const auto end = bytes.find('\n');
      const auto piece = bytes.substr(0, end);
      overlong_ = overlong_ || line_.size() + piece.size() > kLongestLine;
      if (!overlong_) line_ += piece;
      if (end == std::string_view::npos) return std::nullopt;
      bytes.remove_prefix(end + 1);
      if (auto problem = take_line()) return problem;
      if (entries_.full()) return std::nullopt;
    }
    return std::nullopt;
  }

  std::optional<std::string> end() override {
    if (auto problem = take_line()) return problem;
    if (entries_.found() == 0) return "this is not a sitemap";
    return std::nullopt;
  }

  SitemapResult::Kind kind() const override {
    return entries_.found() > 0 ? SitemapResult::Kind::text : SitemapResult::Kind::nothing;
  }

 private:
  std::optional<std::string> take_line() {
    while (!line_.empty() && static_cast<unsigned char>(line_.back()) <= ' ') line_.pop_back();
    const bool empty = line_.empty() && !overlong_;
    // A text that begins with something else is a text of something else.
    const bool is_url = !overlong_ && is_clean_utf8(line_) && line_.find("://") != std::string::npos;
    if (!empty && !is_url && entries_.found() == 0) return "this is not a sitemap";
    if (!empty) is_url ? static_cast<void>(entries_.add(line_)) : entries_.skip();
    line_.clear();
    overlong_ = false;
    return std::nullopt;
  }

  SitemapEntries& entries_;
  std::string line_;
  bool overlong_ = false;
};

}  // namespace

std::unique_ptr<SitemapFormat> text_sitemap(SitemapEntries& entries) {
  return std::make_unique<TextSitemap>(entries);
}

}  // namespace fencepost::connect
