#include "http/credentials.hpp"

namespace fencepost::http {

namespace {

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Whether an Origin ("https://host:port", or "null") is ours.
bool is_ours(std::string_view theirs, std::string_view ours, const Headers& headers) {
  if (!ours.empty()) return iequals(theirs, ours);
  const std::string* host = headers.find("Host");
  const auto scheme = theirs.find("://");
  if (host == nullptr || headers.count("Host") != 1 || scheme == std::string_view::npos) return false;
  return !host->empty() && iequals(theirs.substr(scheme + 3), *host);
}

}  // namespace

std::optional<base::Secret> bearer_token(const Headers& headers) {
  const std::string* value = headers.find("Authorization");
  if (value == nullptr || headers.count("Authorization") != 1) return std::nullopt;
  const std::string_view text = *value;
  if (text.size() < 8 || !iequals(text.substr(0, 7), "Bearer ")) return std::nullopt;
  const auto token = trim(text.substr(7));
  if (token.empty() || token.find_first_of(" \t,") != std::string_view::npos) return std::nullopt;
  return base::Secret(std::string(token));
}

std::optional<base::Secret> cookie(const Headers& headers, std::string_view name) {
  std::optional<base::Secret> found;
  for (const auto& [header, value] : headers) {
    if (!iequals(header, "Cookie")) continue;
    for (std::size_t from = 0; from <= value.size();) {
      const auto to = std::min(value.find(';', from), value.size());
      const auto pair = trim(std::string_view(value).substr(from, to - from));
      from = to + 1;
      const auto equals = pair.find('=');
      if (equals == std::string_view::npos || pair.substr(0, equals) != name) continue;
      if (found) return std::nullopt;
      found = base::Secret(std::string(pair.substr(equals + 1)));
    }
  }
  return found;
}

std::string session_cookie_name(bool secure) { return secure ? "__Host-fencepost" : "fencepost_session"; }

std::string session_cookie(bool secure, const base::Secret& value, std::chrono::seconds life) {
  return session_cookie_name(secure) + '=' + value.reveal() +
         "; Path=/; HttpOnly; SameSite=Lax; Max-Age=" + std::to_string(life.count()) +
         (secure ? "; Secure" : "");
}

Site site_of(const Headers& headers, std::string_view origin) {
  const std::string* fetch = headers.find("Sec-Fetch-Site");
  const std::string* from = headers.find("Origin");
  if (fetch == nullptr && from == nullptr) return Site::unsaid;
  if (headers.count("Sec-Fetch-Site") > 1 || headers.count("Origin") > 1) return Site::foreign;
  if (fetch != nullptr && *fetch != "same-origin") return Site::foreign;
  if (from != nullptr && !is_ours(*from, origin, headers)) return Site::foreign;
  return Site::same;
}

}  // namespace fencepost::http
