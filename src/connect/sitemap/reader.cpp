#include "connect/sitemap/reader.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "connect/fetch/inflate.hpp"
#include "connect/sitemap/entries.hpp"

namespace fencepost::connect {

namespace {

// What goes to the parser at once: batches are given out in between, so that a piece of many MB makes no more
// than this wait.
constexpr std::size_t kSlice = 16'384;
constexpr std::string_view kGzip = "\x1f\x8b";
constexpr std::string_view kMark = "\xEF\xBB\xBF";
constexpr std::string_view kBlank = " \t\r\n";

}  // namespace

class SitemapReader::Parser {
 public:
  Parser(std::string url, SitemapCaps caps, OnBatch on_batch)
      : caps_(caps), on_batch_(std::move(on_batch)), entries_(std::move(url), caps.urls) {
    FENCEPOST_ASSERT(caps.batch > 0);
  }

  bool feed(std::string_view bytes) {
    if (packed_ == Packed::unknown) {
      head_ += bytes;
      if (head_.size() < kGzip.size()) return true;
      decide();
      const auto head = std::move(head_);
      head_.clear();
      return feed(head);
    }
    if (done()) return false;
    if (packed_ == Packed::no) {
      unpacked(bytes);
    } else if (inflater_->feed(bytes) == Inflater::State::broken) {
      error_ = "the sitemap's compression is broken";
    } else if (inflater_->state() == Inflater::State::too_much) {
      error_ = "the sitemap is too large when it is unpacked";
    }
    return !done();
  }

  SitemapResult finish() {
    if (packed_ == Packed::unknown) {
      decide();
      const auto head = std::move(head_);
      head_.clear();
      feed(head);
    }
    if (!done() && packed_ == Packed::yes && inflater_->state() != Inflater::State::whole)
      error_ = "the sitemap's compression is broken";
    strip();
    if (!done() && !format_ && !head_.empty()) choose();
    if (!done() && format_) error_ = format_->end();
    if (!done() && !format_) error_ = "the sitemap is empty";
    give_out(1);
    return {kind(), entries_.found(), entries_.skipped(), truncated_ || entries_.full(), error_};
  }

  SitemapResult::Kind kind() const { return format_ ? format_->kind() : SitemapResult::Kind::nothing; }

 private:
  enum class Packed { unknown, yes, no };

  bool done() const { return error_ || truncated_ || entries_.full(); }

  void decide() {
    packed_ = head_.starts_with(kGzip) ? Packed::yes : Packed::no;
    if (packed_ == Packed::no) return;
    // Our own cap is met first, and is no error.
    inflater_.emplace(caps_.bytes + (std::size_t{1} << 20U),
                      [this](std::string_view piece) { return unpacked(piece); });
  }

  // A piece of the sitemap itself.
  bool unpacked(std::string_view bytes) {
    while (!bytes.empty() && !done()) {
      auto slice = bytes.substr(0, std::min(kSlice, caps_.bytes - bytes_));
      truncated_ = slice.empty();
      bytes.remove_prefix(slice.size());
      bytes_ += slice.size();
      if (format_) {
        error_ = format_->feed(slice);
      } else if (begun(slice)) {
        choose();
      }
      give_out(caps_.batch);
    }
    return !done();
  }

  // Collects the first bytes that are not blank: blanks before XML's declaration are an error in XML, and
  // common.
  bool begun(std::string_view slice) {
    constexpr std::size_t kEnough = 4;  // XML tells its charset by them
    head_ += slice;
    if (head_.size() >= kEnough) strip();
    return head_.size() >= kEnough;
  }

  void strip() {
    if (!mark_seen_ && head_.starts_with(kMark)) head_.erase(0, kMark.size());
    mark_seen_ = true;
    head_.erase(0, head_.find_first_not_of(kBlank));
  }

  void choose() {
    const bool utf16 = head_.starts_with("\xFE\xFF") || head_.starts_with("\xFF\xFE") ||
                       head_.starts_with(std::string_view("\0<", 2));
    format_ = utf16 || head_.front() == '<' ? xml_sitemap(entries_) : text_sitemap(entries_);
    const auto head = std::move(head_);
    head_.clear();
    error_ = format_->feed(head);
  }

  // Full batches only, or with `least` 1 the rest too.
  void give_out(std::size_t least) {
    auto& waiting = entries_.waiting();
    auto first = waiting.begin();
    while (waiting.end() - first >= static_cast<std::ptrdiff_t>(least)) {
      const auto size =
          std::min<std::ptrdiff_t>(waiting.end() - first, static_cast<std::ptrdiff_t>(caps_.batch));
      if (size == 0) break;
      batch_.assign(std::make_move_iterator(first), std::make_move_iterator(first + size));
      first += size;
      on_batch_(batch_);
    }
    waiting.erase(waiting.begin(), first);
  }

  const SitemapCaps caps_;
  const OnBatch on_batch_;
  SitemapEntries entries_;
  std::unique_ptr<SitemapFormat> format_;  // none while it is not known
  std::optional<Inflater> inflater_;
  Packed packed_ = Packed::unknown;
  std::string head_;  // the first bytes, as long as they are too few to decide
  bool mark_seen_ = false;
  std::size_t bytes_ = 0;
  bool truncated_ = false;
  std::optional<std::string> error_;
  std::vector<SitemapEntry> batch_;
};

SitemapReader::SitemapReader(std::string url, SitemapCaps caps, OnBatch on_batch)
    : parser_(std::make_unique<Parser>(std::move(url), caps, std::move(on_batch))) {}

SitemapReader::~SitemapReader() = default;

bool SitemapReader::feed(std::string_view bytes) { return parser_->feed(bytes); }
SitemapResult SitemapReader::finish() { return parser_->finish(); }
SitemapResult::Kind SitemapReader::kind() const { return parser_->kind(); }

}  // namespace fencepost::connect
