#include "connect/html/page.hpp"

#include <strings.h>

#include <algorithm>
#include <array>
#include <set>
#include <unordered_set>

#include "connect/domain.hpp"
#include "connect/fetch/charset.hpp"
#include "connect/html/contacts.hpp"
#include "connect/html/hints.hpp"
#include "connect/html/parser.hpp"

namespace fencepost::connect {

namespace {

constexpr std::size_t kLongestTitle = 500;
constexpr std::size_t kLongestDescription = 2'000;
constexpr std::size_t kLongestLanguage = 35;   // RFC 5646, section 4.4.1
constexpr std::size_t kLongestBlock = 65'536;  // of text that is searched at once

// Elements inside which text runs on: "info<b>@</b>example.com" is one word, "<td>1</td><td>2</td>" are two.
constexpr auto kInline = std::to_array<std::string_view>(
    {"a",   "abbr", "acronym", "b",   "bdi",  "bdo", "big", "cite", "code",  "data", "dfn",
     "em",  "font", "i",       "kbd", "mark", "q",   "s",   "samp", "small", "span", "strong",
     "sub", "sup",  "time",    "tt",  "u",    "var", "wbr", "ins",  "del"});

std::string lower(std::string_view text) {
  std::string out(text);
  for (auto& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

bool equal(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

// Blanks as one, none around, at most `most` bytes and no half character; nothing of what is not clean.
std::string line_of(std::string_view text, std::size_t most) {
  std::string out;
  for (std::size_t at = 0; at < text.size() && out.size() <= most; ++at) {
    const bool unbroken = text.substr(at, 2) == "\xC2\xA0";  // a no-break space
    if (!unbroken && static_cast<unsigned char>(text[at]) > ' ' && text[at] != '\x7F') {
      out += text[at];
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
    at += unbroken ? 1 : 0;
  }
  if (out.size() > most) {
    out.resize(most + 1);
    while (!out.empty() && (static_cast<unsigned char>(out.back()) & 0xC0U) == 0x80) out.pop_back();
    if (!out.empty()) out.pop_back();
  }
  while (out.ends_with(' ')) out.pop_back();
  return is_clean_utf8(out) ? out : std::string();
}

std::string language_of(std::string_view tag) {
  auto out = lower(line_of(tag.substr(0, tag.find(',')), kLongestLanguage));
  std::replace(out.begin(), out.end(), '_', '-');
  const bool known = out.size() >= 2 && std::all_of(out.begin(), out.end(), [](char c) {
                       return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
                     });
  return known ? out : std::string();
}

bool has_token(std::string_view list, std::string_view token) {
  while (!list.empty()) {
    const auto end = std::min(list.find_first_of(" \t\r\n,"), list.size());
    if (equal(list.substr(0, end), token)) return true;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return false;
}

// A link to what is called a sitemap and is a file of one, not the page "Sitemap" for people.
bool looks_like_sitemap(std::string_view url) {
  const auto parts = url_parts(url);
  if (!parts) return false;
  const auto name = lower(std::string_view(parts->path).substr(parts->path.rfind('/') + 1));
  return name.find("sitemap") != std::string::npos &&
         (name.ends_with(".xml") || name.ends_with(".gz") || name.ends_with(".txt"));
}

class Reader final : public HtmlEvents {
 public:
  Reader(const std::string& url, const PageCaps& caps) : url_(url), base_(url), caps_(caps) {}

  void start(std::string_view name, const Attributes& attributes) override {
    attributes_ = &attributes;
    if (name == "svg") ++svg_;
    if (std::find(kInline.begin(), kInline.end(), name) == kInline.end()) flush();
    if (name == "html") {
      keep_first(page.language, language_of(of("lang").empty() ? of("xml:lang") : of("lang")));
    } else if (name == "base") {
      if (!based_) base_ = absolute_url(url_, of("href")).value_or(base_);
      based_ = true;
    } else if (name == "title") {
      in_title_ = svg_ == 0 && page.title.empty();
    } else if (name == "meta") {
      meta();
    } else if (name == "link") {
      link();
    } else if (name == "a" || name == "area") {
      anchor();
    } else if (name == "script") {
      hints_of_resource(of("src"), technologies_);
      searched_ = equal(of("type"), "application/ld+json");
    } else if (name == "img") {
      hints_of_resource(of("src"), technologies_);
    }
    if (const auto cipher = of("data-cfemail"); !cipher.empty()) add(email_of_cipher(cipher));
  }

  void end(std::string_view name) override {
    if (name == "svg" && svg_ > 0) --svg_;
    if (name == "title" && in_title_) {
      in_title_ = false;
      keep_first(page.title, line_of(title_, kLongestTitle));
    }
    if (name == "script") searched_ = false;
    if (std::find(kInline.begin(), kInline.end(), name) == kInline.end()) flush();
  }

  void text(std::string_view more) override {
    if (in_title_) {
      if (title_.size() < 4 * kLongestTitle) title_ += more;
      return;
    }
    if (block_.size() + more.size() > kLongestBlock) flush();
    block_ += more;
  }

  void raw(std::string_view more) override {
    if (!searched_) return;
    flush();
    text(more);
    flush();
  }

  Page finish(const Headers& headers) {
    flush();
    hints_of_headers(headers, technologies_);
    keep_first(page.title, og_title_);
    keep_first(page.description, og_description_);
    for (const auto& [name, value] : headers)
      if (equal(name, "content-language")) keep_first(page.language, language_of(value));
    keep_first(page.language, meta_language_);
    if (page.favicon.empty()) page.favicon = touch_icon_;
    if (page.favicon.empty()) page.favicon = absolute_url(url_, "/favicon.ico").value_or("");
    page.technologies.assign(technologies_.begin(), technologies_.end());
    // What the page's maker made clickable goes before what is guessed from text.
    std::stable_sort(page.emails.begin(), page.emails.end(),
                     [](auto& a, auto& b) { return a.from < b.from; });
    std::stable_sort(page.phones.begin(), page.phones.end(),
                     [](auto& a, auto& b) { return a.link > b.link; });
    return std::move(page);
  }

  Page page;

 private:
  std::string_view of(std::string_view name) const {
    for (const auto& [key, value] : *attributes_)
      if (key == name) return value;
    return {};
  }

  static void keep_first(std::string& kept, std::string found) {
    if (kept.empty()) kept = std::move(found);
  }

  void meta() {
    const auto content = of("content");
    const auto name = of("name");
    const auto property = of("property").empty() ? name : of("property");
    if (equal(name, "description")) keep_first(page.description, line_of(content, kLongestDescription));
    if (equal(property, "og:description")) keep_first(og_description_, line_of(content, kLongestDescription));
    if (equal(property, "og:title")) keep_first(og_title_, line_of(content, kLongestTitle));
    if (equal(name, "generator")) hints_of_generator(content, technologies_);
    if (equal(of("http-equiv"), "content-language")) keep_first(meta_language_, language_of(content));
  }

  void link() {
    const auto relation = of("rel");
    const auto href = of("href");
    hints_of_resource(href, technologies_);
    const auto take = [&](std::string& kept) {
      if (kept.empty()) kept = absolute_url(base_, href).value_or("");
    };
    if (href.empty()) return;
    if (has_token(relation, "canonical")) take(page.canonical);
    if (has_token(relation, "icon")) take(page.favicon);
    if (has_token(relation, "apple-touch-icon")) take(touch_icon_);
    if (has_token(relation, "sitemap")) add_sitemap(absolute_url(base_, href));
  }

  void anchor() {
    const auto href = of("href");
    if (href.empty()) return;
    const auto scheme = lower(href.substr(0, std::min<std::size_t>(href.find(':'), 10)));
    if (scheme == "mailto") {
      for (auto& email : emails_of_link(href.substr(scheme.size() + 1))) add(std::move(email));
    } else if (scheme == "tel") {
      add(phone_of_link(href.substr(scheme.size() + 1)));
    } else {
      web_link(href);
    }
    constexpr std::string_view kProtected = "/cdn-cgi/l/email-protection#";
    if (const auto at = href.find(kProtected); at != std::string_view::npos)
      add(email_of_cipher(href.substr(at + kProtected.size())));
  }

  // A page that repeats its links a million times is looked at once for each: they are compared as written
  // first.
  void web_link(std::string_view href) {
    constexpr std::size_t kLongest = 4'096;
    if (href.size() > kLongest) return;
    if (page.links.size() >= caps_.links || written_.size() >= 2 * caps_.links) {
      page.truncated = page.truncated || !written_.contains(std::string(href));
      return;
    }
    if (!written_.insert(std::string(href)).second) return;
    auto url = absolute_url(base_, href);
    if (!url || !links_.insert(*url).second) return;
    if (auto social = social_of(*url)) add(std::move(*social), page.socials);
    if (looks_like_sitemap(*url)) add_sitemap(url);
    page.links.push_back(std::move(*url));
  }

  template <typename T>
  void add(T found, std::vector<T>& into) {
    if (std::find(into.begin(), into.end(), found) != into.end()) return;
    if (into.size() < caps_.contacts) {
      into.push_back(std::move(found));
    } else {
      page.truncated = true;
    }
  }

  // One that is known in a better way stays as it is known.
  void add(Email found) {
    const auto known = std::find_if(page.emails.begin(), page.emails.end(),
                                    [&](const Email& email) { return email.address == found.address; });
    if (known == page.emails.end()) return add(std::move(found), page.emails);
    known->from = std::min(known->from, found.from);
  }
  void add(Phone found) {
    const auto known = std::find_if(page.phones.begin(), page.phones.end(),
                                    [&](const Phone& phone) { return phone.number == found.number; });
    if (known == page.phones.end()) return add(std::move(found), page.phones);
    known->link = known->link || found.link;
  }
  template <typename T>
  void add(std::optional<T> found) {
    if (found) add(std::move(*found));
  }

  void add_sitemap(std::optional<std::string> url) {
    if (url) add(std::move(*url), page.sitemaps);
  }

  void flush() {
    if (block_.empty()) return;
    for (auto& email : emails_in(block_)) add(std::move(email));
    for (auto& phone : phones_in(block_)) add(std::move(phone));
    block_.clear();
  }

  const std::string& url_;
  std::string base_;
  const PageCaps& caps_;
  const Attributes* attributes_ = nullptr;  // of the present start()
  bool based_ = false;
  int svg_ = 0;
  bool in_title_ = false;
  bool searched_ = false;  // a script that is data
  std::string title_;
  std::string og_title_;
  std::string og_description_;
  std::string meta_language_;
  std::string touch_icon_;
  std::string block_;
  std::set<std::string> technologies_;
  std::unordered_set<std::string> written_;
  std::unordered_set<std::string> links_;
};

}  // namespace

Page read_page(std::string_view html, const std::string& url, const Headers& headers, const PageCaps& caps) {
  Reader reader(url, caps);
  const bool whole = parse_html(html.substr(0, caps.bytes), caps.depth, reader);
  auto page = reader.finish(headers);
  page.truncated = page.truncated || !whole || html.size() > caps.bytes;
  return page;
}

}  // namespace fencepost::connect
