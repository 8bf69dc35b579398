#include <libxml/SAX2.h>

#include <memory>
#include <new>

#include "connect/libxml.hpp"
#include "connect/sitemap/entries.hpp"

namespace fencepost::connect {

namespace {

constexpr std::size_t kLongestText = 4'096;  // of a <loc>, with its blanks

std::string_view trimmed(std::string_view text) {
  const auto is_blank = [](char c) { return static_cast<unsigned char>(c) <= ' '; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

// libxml2's push parser, as events: no tree is built. It has limits of its own, which stay on: 256 levels, 10
// MB of one thing, 10 MB of names. A document type is refused at its first byte: without one there are no
// entities but XML's five, and nothing to load.
class XmlSitemap final : public SitemapFormat {
 public:
  explicit XmlSitemap(SitemapEntries& entries) : entries_(entries), context_(nullptr, &free_context) {
    prepare_libxml();
    xmlSAXHandler events{};
    events.initialized = XML_SAX2_MAGIC;
    events.internalSubset = &on_document_type;
    events.startElementNs = &on_start;
    events.endElementNs = &on_end;
    events.characters = &on_text;
    events.cdataBlock = &on_text;
    events.serror = &on_error;
    context_.reset(xmlCreatePushParserCtxt(&events, this, nullptr, 0, nullptr));
    if (!context_) throw std::bad_alloc();
    xmlCtxtUseOptions(context_.get(), XML_PARSE_NONET);
  }

  std::optional<std::string> feed(std::string_view bytes) override { return parse(bytes, false); }
  std::optional<std::string> end() override {
    if (auto problem = parse({}, true)) return problem;
    if (kind_ == SitemapResult::Kind::nothing) return "this is not a sitemap";
    return std::nullopt;
  }
  SitemapResult::Kind kind() const override { return kind_; }

 private:
  static void free_context(xmlParserCtxt* context) { xmlFreeParserCtxt(context); }

  std::optional<std::string> parse(std::string_view bytes, bool end) {
    if (!stopped_) xmlParseChunk(context_.get(), bytes.data(), static_cast<int>(bytes.size()), end ? 1 : 0);
    if (out_of_memory_) throw std::bad_alloc();
    if (problem_ != nullptr) return problem_;
    if (!stopped_ && context_->wellFormed == 0) return "the XML is broken";
    return std::nullopt;
  }

  void stop(const char* problem = nullptr) {
    stopped_ = true;
    problem_ = problem;
    xmlStopParser(context_.get());
  }

  // Whether an element is of the protocol: by its place and name, in whatever namespace the root is. Those of
  // extensions (image:loc) stand deeper, or in another.
  bool is(std::string_view name, std::string_view uri, std::string_view wanted) const {
    return name == wanted && uri == namespace_;
  }

  void start(std::string_view name, std::string_view uri) {
    ++depth_;
    field_ = nullptr;
    if (depth_ == 1) {
      namespace_ = uri;
      if (name == "urlset") kind_ = SitemapResult::Kind::urlset;
      if (name == "sitemapindex") kind_ = SitemapResult::Kind::index;
      if (kind_ == SitemapResult::Kind::nothing) stop("this is not a sitemap");
    } else if (depth_ == 2) {
      in_entry_ = is(name, uri, kind_ == SitemapResult::Kind::urlset ? "url" : "sitemap");
      loc_.clear();
      lastmod_.clear();
      overlong_ = false;
    } else if (depth_ == 3 && in_entry_) {
      // The first of each counts.
      if (is(name, uri, "loc") && loc_.empty()) field_ = &loc_;
      if (is(name, uri, "lastmod") && lastmod_.empty()) field_ = &lastmod_;
    }
  }

  void end_element() {
    field_ = nullptr;
    if (depth_-- != 2 || !in_entry_) return;
    in_entry_ = false;
    if (overlong_) {
      entries_.skip();
    } else if (!entries_.add(trimmed(loc_), trimmed(lastmod_))) {
      stop();
    }
  }

  void text(std::string_view more) {
    if (field_ == nullptr) return;
    if (field_->size() + more.size() > kLongestText) {
      overlong_ = overlong_ || field_ == &loc_;
    } else {
      *field_ += more;
    }
  }

  // No exception may pass through libxml2.
  template <typename F>
  static void guarded(void* self, F&& act) noexcept {
    auto& sitemap = *static_cast<XmlSitemap*>(self);
    if (sitemap.stopped_) return;
    try {
      act(sitemap);
    } catch (...) {
      sitemap.out_of_memory_ = true;
      sitemap.stop();
    }
  }

  static void on_document_type(void* self, const xmlChar*, const xmlChar*, const xmlChar*) noexcept {
    guarded(self, [](auto& sitemap) { sitemap.stop("a sitemap must not declare a document type"); });
  }
  static void on_start(void* self, const xmlChar* name, const xmlChar*, const xmlChar* uri, int,
                       const xmlChar**, int, int, const xmlChar**) noexcept {
    guarded(self, [&](auto& sitemap) { sitemap.start(view(name), view(uri)); });
  }
  static void on_end(void* self, const xmlChar*, const xmlChar*, const xmlChar*) noexcept {
    guarded(self, [](auto& sitemap) { sitemap.end_element(); });
  }
  static void on_text(void* self, const xmlChar* data, int size) noexcept {
    guarded(self, [&](auto& sitemap) { sitemap.text(view(data, size)); });
  }
  static void on_error(void*, xmlErrorPtr) noexcept {
  }  // `wellFormed` says it; nothing goes to standard error

  SitemapEntries& entries_;
  std::unique_ptr<xmlParserCtxt, void (*)(xmlParserCtxt*)> context_;
  SitemapResult::Kind kind_ = SitemapResult::Kind::nothing;
  std::string namespace_;
  std::size_t depth_ = 0;
  bool in_entry_ = false;
  std::string loc_;
  std::string lastmod_;
  std::string* field_ = nullptr;  // into which text goes now
  bool overlong_ = false;
  bool stopped_ = false;
  bool out_of_memory_ = false;
  const char* problem_ = nullptr;
};

}  // namespace

std::unique_ptr<SitemapFormat> xml_sitemap(SitemapEntries& entries) {
  return std::make_unique<XmlSitemap>(entries);
}

}  // namespace fencepost::connect
