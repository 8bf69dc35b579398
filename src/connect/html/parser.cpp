#include "connect/html/parser.hpp"

#include <libxml/HTMLparser.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <memory>
#include <new>

#include "connect/libxml.hpp"

namespace fencepost::connect {

namespace {

// libxml2 compares each attribute of a tag with all before it. So attributes are counted while it reads: a
// tag whose bytes hold more blanks and quotes than this ends the page ...
constexpr std::size_t kMostMarks = 20'000;
// ... as do tags that together have cost more comparisons than this (about a second).
constexpr std::size_t kMostComparisons = 200'000'000;
constexpr std::size_t kPiece = 4'096;

class Parser {
 public:
  Parser(std::string_view html, std::size_t depth, HtmlEvents& events)
      : left_(html), most_depth_(depth), events_(events), context_(htmlNewParserCtxt(), &htmlFreeParserCtxt) {
    prepare_libxml();
    if (!context_) throw std::bad_alloc();
    htmlSAXHandler handler{};
    handler.startElement = &on_start;
    handler.endElement = &on_end;
    handler.characters = &on_text;
    handler.ignorableWhitespace = &on_text;
    handler.cdataBlock = &on_raw;
    handler.serror = &on_error;
    handler.initialized = XML_SAX2_MAGIC;  // so that serror is called, and standard error stays clean
    *context_->sax = handler;
    context_->userData = this;
  }

  bool run() {
    constexpr int kOptions = HTML_PARSE_RECOVER | HTML_PARSE_NONET | HTML_PARSE_NOERROR |
                             HTML_PARSE_NOWARNING | HTML_PARSE_IGNORE_ENC;
    auto* document = htmlCtxtReadIO(context_.get(), &on_read, nullptr, this, nullptr, "UTF-8", kOptions);
    if (document != nullptr) xmlFreeDoc(document);  // there is none without a tree
    if (thrown_) std::rethrow_exception(thrown_);
    return !stopped_;
  }

 private:
  void stop() {
    stopped_ = true;
    xmlStopParser(context_.get());
  }

  // No exception may pass through libxml2.
  template <typename F>
  static void guarded(void* self, F&& act) noexcept {
    auto& parser = *static_cast<Parser*>(self);
    if (parser.stopped_) return;
    parser.marks_ = 0;
    try {
      act(parser);
    } catch (...) {
      parser.thrown_ = std::current_exception();
      parser.stop();
    }
  }

  void start(const xmlChar* name, const xmlChar** attributes) {
    attributes_.clear();
    for (; attributes != nullptr && attributes[0] != nullptr; attributes += 2)
      attributes_.emplace_back(view(attributes[0]), view(attributes[1]));
    comparisons_ += attributes_.size() * attributes_.size() / 2;
    if (++depth_ > most_depth_ || comparisons_ > kMostComparisons) return stop();
    events_.start(view(name), attributes_);
  }

  static void on_start(void* self, const xmlChar* name, const xmlChar** attributes) noexcept {
    guarded(self, [&](auto& parser) { parser.start(name, attributes); });
  }
  static void on_end(void* self, const xmlChar* name) noexcept {
    guarded(self, [&](auto& parser) {
      parser.depth_ -= std::min<std::size_t>(parser.depth_, 1);
      parser.events_.end(view(name));
    });
  }
  static void on_text(void* self, const xmlChar* data, int size) noexcept {
    guarded(self, [&](auto& parser) { parser.events_.text(view(data, size)); });
  }
  static void on_raw(void* self, const xmlChar* data, int size) noexcept {
    guarded(self, [&](auto& parser) { parser.events_.raw(view(data, size)); });
  }
  static void on_error(void*, xmlErrorPtr) noexcept {}

  // Called whenever the parser wants more, also in the midst of a tag.
  static int on_read(void* self, char* buffer, int size) noexcept {
    auto& parser = *static_cast<Parser*>(self);
    const auto piece = parser.left_.substr(0, std::min(kPiece, static_cast<std::size_t>(std::max(size, 0))));
    parser.marks_ += static_cast<std::size_t>(std::count_if(piece.begin(), piece.end(), [](char c) {
      return static_cast<unsigned char>(c) <= ' ' || c == '"' || c == '\'';
    }));
    if (parser.stopped_ || parser.marks_ > kMostMarks) {
      parser.stopped_ = true;
      return 0;  // as if the page ended here
    }
    std::memcpy(buffer, piece.data(), piece.size());
    parser.left_.remove_prefix(piece.size());
    return static_cast<int>(piece.size());
  }

  std::string_view left_;
  const std::size_t most_depth_;
  HtmlEvents& events_;
  std::unique_ptr<htmlParserCtxt, void (*)(htmlParserCtxt*)> context_;
  HtmlEvents::Attributes attributes_;
  std::size_t depth_ = 0;
  std::size_t marks_ = 0;  // blanks and quotes since the last event
  std::size_t comparisons_ = 0;
  bool stopped_ = false;
  std::exception_ptr thrown_;
};

}  // namespace

bool parse_html(std::string_view html, std::size_t depth, HtmlEvents& events) {
  return Parser(html, depth, events).run();
}

}  // namespace fencepost::connect
