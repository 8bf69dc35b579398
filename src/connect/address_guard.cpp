#include "connect/address_guard.hpp"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

namespace fencepost::connect {

namespace {

struct Range4 {
  std::uint32_t net;
  int bits;
  AddressKind kind;
};

constexpr std::uint32_t v4(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) {
  return a << 24 | b << 16 | c << 8 | d;
}

constexpr Range4 kRanges4[] = {
    {v4(0, 0, 0, 0), 8, AddressKind::never},        // "this network"; Linux connects 0.0.0.0 to itself
    {v4(10, 0, 0, 0), 8, AddressKind::local},       // private
    {v4(100, 64, 0, 0), 10, AddressKind::local},    // CGNAT
    {v4(127, 0, 0, 0), 8, AddressKind::local},      // loopback
    {v4(169, 254, 0, 0), 16, AddressKind::local},   // link-local, and the clouds' metadata services
    {v4(172, 16, 0, 0), 12, AddressKind::local},    // private
    {v4(192, 0, 0, 0), 24, AddressKind::local},     // IETF protocol assignments
    {v4(192, 0, 2, 0), 24, AddressKind::local},     // documentation
    {v4(192, 88, 99, 0), 24, AddressKind::local},   // 6to4 relays, deprecated
    {v4(192, 168, 0, 0), 16, AddressKind::local},   // private
    {v4(198, 18, 0, 0), 15, AddressKind::local},    // benchmarks
    {v4(198, 51, 100, 0), 24, AddressKind::local},  // documentation
    {v4(203, 0, 113, 0), 24, AddressKind::local},   // documentation
    {v4(224, 0, 0, 0), 4, AddressKind::never},      // multicast
    {v4(240, 0, 0, 0), 4, AddressKind::never},      // reserved, broadcast
};

AddressKind kind_of4(std::uint32_t address) {
  for (const auto& range : kRanges4)
    if ((address ^ range.net) >> (32 - range.bits) == 0) return range.kind;
  return AddressKind::global;
}

std::uint32_t big_endian(const std::uint8_t* p) { return v4(p[0], p[1], p[2], p[3]); }

// An IPv4 address inside an IPv6 one. Even if it is a global one it is not plain: no resolver answers so for
// an honest name, so it counts as local at best.
AddressKind wrapped(std::uint32_t address) {
  return kind_of4(address) == AddressKind::never ? AddressKind::never : AddressKind::local;
}

AddressKind kind_of6(const std::uint8_t (&a)[16]) {
  static constexpr std::uint8_t kZero[16] = {};
  if (std::equal(a, a + 16, kZero)) return AddressKind::never;  // unspecified: connects to this host
  if (a[0] == 0xff) return AddressKind::never;                  // multicast
  if (std::equal(a, a + 10, kZero) && a[10] == 0xff && a[11] == 0xff)
    return wrapped(big_endian(a + 12));  // mapped
  if (big_endian(a) == 0x0064ff9b && std::equal(a + 4, a + 12, kZero))
    return kind_of4(big_endian(a + 12));  // NAT64
  // Only 2000::/3 is handed out for global unicast; the rest is loopback, compatible, ULA, link- and
  // site-local, …
  if ((a[0] & 0xe0) != 0x20) return AddressKind::local;
  if (a[0] == 0x20 && a[1] == 0x02) return wrapped(big_endian(a + 2));  // 6to4
  const auto head = big_endian(a);
  if (head >> 9 == 0x20010000u >> 9) return AddressKind::local;    // 2001::/23: Teredo, ORCHID, …
  if (head == 0x20010db8) return AddressKind::local;               // documentation
  if (head >> 12 == 0x3fff0000u >> 12) return AddressKind::local;  // documentation
  return AddressKind::global;
}

using Url = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

std::string part(const Url& url, CURLUPart which) {
  char* text = nullptr;
  if (curl_url_get(url.get(), which, &text, 0) != CURLUE_OK) return {};
  const std::unique_ptr<char, decltype(&curl_free)> owner(text, &curl_free);
  return text;
}

bool has(const Url& url, CURLUPart which) {
  char* text = nullptr;
  const bool there = curl_url_get(url.get(), which, &text, 0) == CURLUE_OK;
  curl_free(text);
  return there;
}

// The host, if it is written as an address. libcurl has already turned 2130706433, 0x7f.1 and 0177.0.0.1 to
// 127.0.0.1.
bool literal_refused(const std::string& host, const AddressPolicy& policy) {
  sockaddr_in four{};
  four.sin_family = AF_INET;
  std::string name = host;
  while (!name.empty() && name.back() == '.') name.pop_back();
  if (inet_pton(AF_INET, name.c_str(), &four.sin_addr) == 1)
    return !allowed(reinterpret_cast<const sockaddr&>(four), policy);
  if (name.size() < 2 || name.front() != '[') return false;
  sockaddr_in6 six{};
  six.sin6_family = AF_INET6;
  name = name.substr(1, name.find_first_of("]%") - 1);
  if (inet_pton(AF_INET6, name.c_str(), &six.sin6_addr) != 1) return true;
  return !allowed(reinterpret_cast<const sockaddr&>(six), policy);
}

}  // namespace

AddressKind kind_of(const sockaddr& address) {
  // Copied, because callers hold a sockaddr whose real type and alignment only the family tells.
  if (address.sa_family == AF_INET) {
    sockaddr_in four;
    std::memcpy(&four, &address, sizeof four);
    return kind_of4(ntohl(four.sin_addr.s_addr));
  }
  if (address.sa_family == AF_INET6) {
    sockaddr_in6 six;
    std::memcpy(&six, &address, sizeof six);
    return kind_of6(six.sin6_addr.s6_addr);
  }
  return AddressKind::never;
}

bool allowed(const sockaddr& address, const AddressPolicy& policy) {
  switch (kind_of(address)) {
    case AddressKind::global:
      return true;
    case AddressKind::local:
      return policy.allow_private;
    case AddressKind::never:
      return false;
  }
  return false;
}

std::optional<std::string> url_problem(const std::string& url, const AddressPolicy& policy) {
  constexpr std::size_t kLongest = 2048;
  if (url.size() > kLongest) return "the URL is longer than 2,048 bytes";
  if (url.find('\0') != std::string::npos) return "this is not a URL";
  const Url parsed(curl_url(), &curl_url_cleanup);
  const auto rc = parsed ? curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), CURLU_NON_SUPPORT_SCHEME)
                         : CURLUE_OUT_OF_MEMORY;
  if (rc != CURLUE_OK) return "this is not a URL";
  const auto scheme = part(parsed, CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") return "the URL must begin with http:// or https://";
  if (has(parsed, CURLUPART_USER) || has(parsed, CURLUPART_PASSWORD))
    return "the URL must not hold a user name or password";
  const auto host = part(parsed, CURLUPART_HOST);
  if (host.empty()) return "the URL names no host";
  if (literal_refused(host, policy)) return "this address is not allowed: it is private, local or reserved";
  return std::nullopt;
}

}  // namespace fencepost::connect
