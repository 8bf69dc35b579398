#pragma once
// What a page says of itself and of the people behind it. Read by libxml2's forgiving HTML parser, as events,
// without a tree: memory is that of the answer. Pure and thread-safe.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "connect/http_client.hpp"

namespace fencepost::connect {

struct Email {
  enum class From {
    link,       // mailto:
    text,       // as it stands
    disguised,  // "info [at] example [dot] com", and the likes
  };
  std::string address;  // lower-case, the host in ASCII
  From from = From::text;
  bool operator==(const Email&) const = default;
};

struct Phone {
  // Digits, with "+" in front where the country is known ("+49…", also from "0049…"); else as in the country
  // ("0301234567").
  std::string number;
  bool link = false;  // from a tel: link, not from text
  bool operator==(const Phone&) const = default;
};

struct Social {
  std::string network;  // "facebook", "instagram", "linkedin", "x", "youtube", …
  std::string url;      // a profile; not a button that shares
  bool operator==(const Social&) const = default;
};

// Each list holds each thing once, in the order of the page; all texts are UTF-8 without line breaks.
struct Page {
  std::string title;        // <title>, else og:title; at most 500 bytes
  std::string description;  // <meta name=description>, else og:description; at most 2,000 bytes
  std::string language;     // BCP 47 as written in <html lang>, else Content-Language; lower-case
  std::string canonical;    // absolute; empty where the page names none
  std::string favicon;      // absolute; /favicon.ico of the origin where the page names none
  std::vector<std::string> technologies;  // sorted: "WordPress", "Shopify", "nginx", …
  std::vector<Email> emails;              // a link first, whatever its place: see Email::From
  std::vector<Phone> phones;
  std::vector<Social> socials;
  std::vector<std::string> links;     // absolute_url() of <a> and <area>; nofollow included
  std::vector<std::string> sitemaps;  // <link rel=sitemap>, and links whose path's end looks like one
  bool truncated = false;             // a cap was met: what follows was not read
};

struct PageCaps {
  std::size_t bytes = std::size_t{4} << 20;
  std::size_t depth = 256;  // open elements: libxml2's own limit for XML
  std::size_t links = 10'000;
  std::size_t contacts = 500;  // of each kind
};

// Reads a page. `html` is UTF-8 (Fetched::body), `url` where it came from after redirects; `headers` hint at
// technology and language. <base href> counts. Never fails: what is not HTML is a page without anything.
Page read_page(std::string_view html, const std::string& url, const Headers& headers = {},
               const PageCaps& caps = {});

// The one to write to, of several: of the host's own registrable domain before others, then a role that
// answers strangers (info, contact, office, …) before a person, a person before a role that does not
// (noreply, abuse, webmaster), then link, text, disguised; then as sorted. Empty where there is none.
std::string best_email(const Page& page, std::string_view host);
// A tel: link before text, with a country before without; then the first of the page.
std::string best_phone(const Page& page);
// The first of the page for each network, sorted by network.
std::vector<Social> best_socials(const Page& page);

}  // namespace fencepost::connect
