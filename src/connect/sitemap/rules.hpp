#pragma once
// What a URL alone says about its page: whether it is worth a look before anybody has fetched it. Pure and
// thread-safe.

#include <string>
#include <string_view>
#include <vector>

namespace fencepost::connect {

struct UrlVerdict {
  enum class Kind {
    plain,     // nothing is known: a person decides
    selected,  // worth a look: contact, career or legal, at most two path segments deep
    filtered,  // not worth one: blog posts, media files, feeds, archives
  };
  Kind kind = Kind::plain;
  double score = 0;    // 0.9 contact · 0.7 career · 0.6 legal · else 0
  std::string reason;  // "contact", "career", "legal", "blog", "media", …; empty for plain
  bool operator==(const UrlVerdict&) const = default;
};

// `url` as absolute_url() made it. What filters goes before what selects: /blog/contact is a blog post. Words
// are compared whole and in any case, in English, German, French, Spanish, Italian and Dutch, also
// percent-encoded: /en/contact-us.html and /Kontakt are contact, /contactless is not.
UrlVerdict judge_url(std::string_view url);

// Where sitemaps usually are, for a host whose robots.txt and home page name none: "/sitemap.xml", ….
const std::vector<std::string>& common_sitemap_paths();

}  // namespace fencepost::connect
