#include "connect/domain.hpp"

#include <curl/curl.h>
#include <libpsl.h>
#include <unicode/uidna.h>

#include <algorithm>
#include <array>
#include <memory>

#include "base/error.hpp"

namespace fencepost::connect {

namespace {

using Url = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

Url parsed(const std::string& base, const std::string& link) {
  Url url(curl_url(), &curl_url_cleanup);
  if (!url) return url;
  if (!base.empty() && curl_url_set(url.get(), CURLUPART_URL, base.c_str(), 0) != CURLUE_OK) url.reset();
  if (url && curl_url_set(url.get(), CURLUPART_URL, link.c_str(), CURLU_URLENCODE) != CURLUE_OK) url.reset();
  return url;
}

std::optional<std::string> part(const Url& url, CURLUPart which, unsigned flags = 0) {
  char* text = nullptr;
  const auto rc = curl_url_get(url.get(), which, &text, flags);
  const std::unique_ptr<char, decltype(&curl_free)> owner(text, &curl_free);
  if (rc != CURLUE_OK) return std::nullopt;
  return std::string(text);
}

bool is_web(const Url& url) {
  const auto scheme = part(url, CURLUPART_SCHEME);
  return scheme == "http" || scheme == "https";
}

std::string trimmed(std::string_view text) {
  const auto is_blank = [](char c) { return static_cast<unsigned char>(c) <= ' '; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return std::string(text);
}

// The WHATWG URL standard's test: a host whose last label is a number is an IPv4 address, or wants to be one.
bool is_address(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  if (host.find_first_of("[:") != std::string_view::npos) return true;
  const auto last = host.substr(host.rfind('.') + 1);
  const bool hex = last.starts_with("0x") || last.starts_with("0X");
  return !last.empty() &&
         last.find_first_not_of(hex ? "0123456789abcdefABCDEFxX" : "0123456789") == std::string_view::npos;
}

// What IDNA leaves open: RFC 1035's lengths, a hyphen in front, and letters that no host has. "_" is one that
// some have.
bool is_host(std::string_view host) {
  constexpr std::size_t kLongest = 253;
  constexpr std::size_t kLongestLabel = 63;
  if (host.empty() || host.size() > kLongest) return false;
  std::size_t label = 0;
  for (const char c : host) {
    if (c == '-' && label == 0) return false;
    label = c == '.' ? 0 : label + 1;
    const bool known = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    if (!known || label > kLongestLabel) return false;
  }
  return label > 0 && host.front() != '.' && host.find("..") == std::string_view::npos;
}

const UIDNA* idna() {
  static const UIDNA* const instance = [] {
    UErrorCode status = U_ZERO_ERROR;
    auto* made =
        uidna_openUTS46(UIDNA_CHECK_BIDI | UIDNA_CHECK_CONTEXTJ | UIDNA_NONTRANSITIONAL_TO_ASCII, &status);
    FENCEPOST_ASSERT(U_SUCCESS(status));
    return made;
  }();
  return instance;
}

// RFC 3986, section 6.2.2.1: %c3 and %C3 are one, and upper case is the normal one.
void raise_escapes(std::string& url) {
  constexpr std::string_view kHex = "0123456789abcdefABCDEF";
  const auto raise = [](char c) { return c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c; };
  for (auto at = url.find('%'); at != std::string::npos; at = url.find('%', at + 1)) {
    if (at + 2 >= url.size() || url.find_first_not_of(kHex, at + 1) < at + 3) continue;
    url[at + 1] = raise(url[at + 1]);
    url[at + 2] = raise(url[at + 2]);
  }
}

[[noreturn]] void refuse(const char* why) { throw base::UserError("invalid_website", why); }

// A website with a scheme in front, so that "example.com:8080" is not a scheme "example.com".
std::string with_scheme(const std::string& website) {
  if (website.find("://") != std::string::npos) return website;
  if (website.starts_with("//")) return "http:" + website;
  const auto authority = std::string_view(website).substr(0, website.find_first_of("/?#"));
  if (authority.find('@') != std::string_view::npos) refuse("this is an e-mail address, not a website");
  const auto colon = authority.find(':');
  const bool port = colon == std::string_view::npos ||
                    authority.find_first_not_of("0123456789", colon + 1) == std::string_view::npos;
  // More than one colon: an IPv6 address without brackets.
  if (!port) refuse("a website begins with http:// or https://, or with its host's name");
  return "http://" + website;
}

// Whether nobody can have registered it; private suffixes (github.io) are somebody's own.
bool is_public_suffix(const std::string& host) {
  return psl_is_public_suffix2(psl_builtin(), host.c_str(), PSL_TYPE_ICANN) != 0;
}

}  // namespace

std::optional<std::string> ascii_host(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  if (host.empty() || host.size() > 1'000) return std::nullopt;
  std::array<char, 1'024> ascii;
  UIDNAInfo info = UIDNA_INFO_INITIALIZER;
  UErrorCode status = U_ZERO_ERROR;
  const auto size = uidna_nameToASCII_UTF8(idna(), host.data(), static_cast<int>(host.size()), ascii.data(),
                                           static_cast<int>(ascii.size()), &info, &status);
  // Content networks have hyphens at odd places (r3---x.example.com); is_host() judges them.
  constexpr unsigned kHarmless =
      UIDNA_ERROR_LEADING_HYPHEN | UIDNA_ERROR_TRAILING_HYPHEN | UIDNA_ERROR_HYPHEN_3_4;
  if (U_FAILURE(status) || (info.errors & ~kHarmless) != 0) return std::nullopt;
  std::string name(ascii.data(), static_cast<std::size_t>(size));
  if (name.ends_with('.')) name.pop_back();  // an ideographic full stop was one too
  if (!is_host(name)) return std::nullopt;
  return name;
}

Domain domain_of(std::string_view website) {
  const auto text = trimmed(website);
  if (text.empty()) refuse("there is no website");
  if (text.size() > 2'048 || text.find('\0') != std::string::npos) refuse("this is not a website");
  const auto url = parsed({}, with_scheme(text));
  if (!url) refuse("this is not a website");
  if (!is_web(url)) refuse("a website begins with http:// or https://, or with its host's name");
  const auto written = part(url, CURLUPART_HOST).value_or("");
  if (is_address(written)) refuse("the website is an address, not a host name");
  auto host = ascii_host(written);
  if (!host) refuse("the website's host name is not valid");
  if (is_address(*host)) refuse("the website is an address, not a host name");  // full-width digits
  if (host->find('.') == std::string::npos) refuse("the website's host name has only one part");
  if (is_public_suffix(*host)) refuse("the website's host is a public suffix: nobody's own");
  if (host->starts_with("www.")) {
    const auto rest = host->substr(4);
    if (rest.find('.') != std::string::npos && !is_public_suffix(rest)) host = rest;
  }
  const auto* registrable = psl_registrable_domain(psl_builtin(), host->c_str());
  return {*host, registrable != nullptr ? registrable : *host};
}

std::optional<std::string> absolute_url(std::string_view base, std::string_view link) {
  constexpr std::size_t kLongest = 2'048;
  // As browsers do: breaks inside a link are nothing.
  auto text = trimmed(link);
  std::erase_if(text, [](char c) { return c == '\t' || c == '\r' || c == '\n'; });
  if (text.size() > kLongest || text.find('\0') != std::string::npos) return std::nullopt;
  if (const auto fragment = text.find('#'); fragment != std::string::npos) text.resize(fragment);
  const bool same = text.empty() && !base.empty();
  const auto url = same ? parsed({}, std::string(base)) : parsed(std::string(base), text);
  if (!url || !is_web(url) || part(url, CURLUPART_USER) || part(url, CURLUPART_PASSWORD)) return std::nullopt;
  const auto written = part(url, CURLUPART_HOST).value_or("");
  if (!written.starts_with('[')) {
    const auto host = ascii_host(written);
    if (!host || curl_url_set(url.get(), CURLUPART_HOST, host->c_str(), 0) != CURLUE_OK) return std::nullopt;
  }
  curl_url_set(url.get(), CURLUPART_FRAGMENT, nullptr, 0);
  auto whole = part(url, CURLUPART_URL, CURLU_NO_DEFAULT_PORT);
  if (!whole || whole->size() > kLongest) return std::nullopt;
  raise_escapes(*whole);
  return whole;
}

std::optional<UrlParts> url_parts(std::string_view text) {
  const auto url = parsed({}, std::string(text));
  if (!url || !is_web(url)) return std::nullopt;
  UrlParts parts;
  parts.host = part(url, CURLUPART_HOST).value_or("");
  const auto port = part(url, CURLUPART_PORT, CURLU_NO_DEFAULT_PORT);
  parts.origin = *part(url, CURLUPART_SCHEME) + "://" + parts.host + (port ? ":" + *port : "");
  parts.path = part(url, CURLUPART_PATH).value_or("/");
  const auto query = part(url, CURLUPART_QUERY);
  parts.target = parts.path + (query ? "?" + *query : "");
  return parts;
}

bool on_host(std::string_view url, std::string_view host) {
  const auto parts = url_parts(url);
  if (!parts) return false;
  std::string_view found = parts->host;
  return found == host || (found.starts_with("www.") && found.substr(4) == host);
}

}  // namespace fencepost::connect
