#pragma once
// Keeps addresses that people name (webhooks, sitemaps, pages) away from the inside of our own network.
// Judged twice: the URL before anything is done, and the resolved address when the socket is opened, so that
// a name which resolves differently the second time (DNS rebinding) gains nothing. Source of the ranges: the
// IANA special-purpose address registries for IPv4 and IPv6 (RFC 6890 and successors).

#include <optional>
#include <string>

struct sockaddr;

namespace fencepost::connect {

struct AddressPolicy {
  // Also loopback, private, link-local, CGNAT and ULA addresses. For emulators, for installations whose
  // receivers stand in the same network, and for base URLs that the operator (never a user) has set.
  bool allow_private = false;
};

enum class AddressKind {
  global,  // anybody's
  local,  // ours or special: loopback, private, link-local, CGNAT, ULA, documentation, IPv4 wrapped in IPv6 …
  never,  // not one host: unspecified, multicast, broadcast, reserved
};

// AF_INET and AF_INET6; every other family is `never`. Thread-safe.
AddressKind kind_of(const sockaddr& address);
bool allowed(const sockaddr& address, const AddressPolicy& policy);

// Nothing if the URL may be called; else one sentence that is safe to show. Refused: everything but http and
// https, credentials in the URL, more than 2,048 bytes, and a host that is written as an address (in any
// spelling: decimal, hex, octal, short, IPv6) which the policy forbids. Parsed by libcurl, which also makes
// the call: two parsers would disagree some day. Resolves nothing; thread-safe.
std::optional<std::string> url_problem(const std::string& url, const AddressPolicy& policy);

}  // namespace fencepost::connect
