#pragma once
// From what people write as a website to the host that a domain record is about, and from links to URLs that
// can be compared. Sources: the public suffix list (libpsl), IDNA by UTS #46 (ICU), URLs as libcurl reads
// them: it also makes the call, and two parsers would disagree some day. Pure and thread-safe.

#include <optional>
#include <string>
#include <string_view>

namespace fencepost::connect {

struct Domain {
  // Lower-case ASCII (xn--…) without port, credentials and trailing dot; only a leading "www." is dropped,
  // and that only where a registrable host remains. Other subdomains stay: shop.example.co.uk.
  std::string host;
  // What somebody registered: example.co.uk. Equal to the host where that is a private suffix itself
  // (github.io).
  std::string registrable;
  bool operator==(const Domain&) const = default;
};

// The domain of a website: with or without scheme, with or without a path. Throws
// UserError("invalid_website") for an address, a single label, a public suffix (co.uk), another scheme than
// http and https, and everything that is not a host name.
Domain domain_of(std::string_view website);

// A host name in lower-case ASCII, without a trailing dot; nothing where it is none. Keeps "www.".
std::optional<std::string> ascii_host(std::string_view host);

// A link as a page or a sitemap writes it, seen from `base` (an absolute URL; or empty for links that must be
// absolute): absolute, http or https, the host by ascii_host(), without default port, dot segments, fragment
// and surrounding blanks; spaces and other than ASCII are percent-encoded. Two links to one page so become
// equal. Nothing for what cannot be fetched: other schemes, credentials, more than 2,048 bytes, not a URL.
std::optional<std::string> absolute_url(std::string_view base, std::string_view link);

// The parts of a URL that absolute_url() made.
struct UrlParts {
  std::string origin;  // "https://example.com:8443"
  std::string host;    // "example.com"
  std::string path;    // "/a/b", at least "/"
  std::string target;  // path and query, as robots.txt sees it: "/a/b?c=d"
  bool operator==(const UrlParts&) const = default;
};
std::optional<UrlParts> url_parts(std::string_view url);

// Whether the URL's host is this host, or "www." and this host.
bool on_host(std::string_view url, std::string_view host);

}  // namespace fencepost::connect
