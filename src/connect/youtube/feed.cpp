// A channel's feed (Atom), read as a stream: no entity of a document's own is expanded, nothing is loaded.

#include <libxml/xmlreader.h>

#include <memory>

#include "base/error.hpp"
#include "connect/youtube/parse.hpp"

namespace fencepost::connect::youtube {

namespace {
constexpr std::size_t kMostEntries = 100;

std::string text_of(const xmlChar* text) {
  return text == nullptr ? "" : reinterpret_cast<const char*>(text);
}

class Reader {
 public:
  explicit Reader(const std::string& xml)
      : reader_(xmlReaderForMemory(xml.data(), static_cast<int>(xml.size()), nullptr, nullptr,
                                   XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING)) {}

  std::optional<std::vector<Entry>> entries() {
    if (!reader_) return std::nullopt;
    bool feed = false;
    int more = 0;
    while ((more = xmlTextReaderRead(reader_.get())) == 1 && entries_.size() <= kMostEntries) {
      const int depth = xmlTextReaderDepth(reader_.get());
      const int kind = xmlTextReaderNodeType(reader_.get());
      if (kind == XML_READER_TYPE_DOCUMENT_TYPE) return std::nullopt;
      if (kind == XML_READER_TYPE_ELEMENT && depth == 0) feed = name() == "feed";
      // Only what stands directly in an entry: media:group has a title of its own.
      if (depth == 1) entry(kind);
      if (depth == 2) member(kind);
      if (depth == 3 && kind == XML_READER_TYPE_TEXT) text_ += value();
    }
    if (more != 0 || !feed) return std::nullopt;
    return std::move(entries_);
  }

 private:
  std::string name() { return text_of(xmlTextReaderConstName(reader_.get())); }
  std::string value() { return text_of(xmlTextReaderConstValue(reader_.get())); }

  void entry(int kind) {
    if (kind == XML_READER_TYPE_ELEMENT) {
      inside_ = name() == "entry";
      entry_ = {};
    }
    if (kind == XML_READER_TYPE_END_ELEMENT && inside_ && is_video(entry_.video))
      entries_.push_back(std::move(entry_));
  }

  void member(int kind) {
    if (!inside_) return;
    if (kind == XML_READER_TYPE_ELEMENT) text_.clear();
    if (kind != XML_READER_TYPE_END_ELEMENT) return;
    const auto member = name();
    if (member == "yt:videoId") entry_.video = text_;
    if (member == "title") entry_.title = shown_text(text_);
    if (member == "published") try {
        entry_.published_at = base::parse_utc(text_);
      } catch (const base::UserError&) {
        entry_.published_at = std::nullopt;
      }
    text_.clear();
  }

  struct Free {
    void operator()(xmlTextReaderPtr reader) const { xmlFreeTextReader(reader); }
  };
  const std::unique_ptr<xmlTextReader, Free> reader_;
  std::vector<Entry> entries_;
  Entry entry_;
  std::string text_;
  bool inside_ = false;
};

}  // namespace

std::optional<std::vector<Entry>> parse_feed(const std::string& xml) {
  static const bool kReady = (xmlInitParser(), true);  // not thread-safe by itself
  FENCEPOST_ASSERT(kReady);
  return Reader(xml).entries();
}

}  // namespace fencepost::connect::youtube
