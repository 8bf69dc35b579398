#pragma once
// What a request shows of who sends it: a token, a session's cookie, and whether a page of ours made it.
// Pure functions.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/secret.hpp"
#include "http/message.hpp"

namespace fencepost::http {

struct Credential {
  enum class Kind { token, session } kind = Kind::token;
  base::Secret secret = {};
};

// The token of "Authorization: Bearer …" (RFC 6750 §2.1), or nothing where the header is missing, double or
// other.
std::optional<base::Secret> bearer_token(const Headers& headers);

// The value of a cookie; nothing where it is missing, or there twice: a foreign host of the same domain can
// plant one beside ours (RFC 6265 §8.6), and nobody can tell which is which.
std::optional<base::Secret> cookie(const Headers& headers, std::string_view name);

// A session's cookie. Over TLS its name begins with __Host-: then a browser takes it only from this host,
// over TLS, for all paths (RFC 6265bis §4.1.3.2), and no other host of the domain can plant one. Over plain
// HTTP, which is for loopback alone, no browser would keep such a one: there it has another name.
std::string session_cookie_name(bool secure);
// The Set-Cookie line; an empty value ends it. No script reads it (HttpOnly), and other sites' pages do not
// send it but with a plain link (SameSite=Lax).
std::string session_cookie(bool secure, const base::Secret& value, std::chrono::seconds life);

// Where the page comes from that made a request, as its browser says.
//   same: a page of ours.  foreign: another one.  unsaid: no browser that is younger than 2020.
// Ours is `origin` ("https://fencepost.example"); where that is empty, the host that the request names.
// Sec-Fetch-Site and Origin must agree where both are there. A page cannot set or leave out either.
enum class Site { same, foreign, unsaid };
Site site_of(const Headers& headers, std::string_view origin);

}  // namespace fencepost::http
