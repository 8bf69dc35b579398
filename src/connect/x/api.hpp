#pragma once
// One exchange with X's API v2: as the user whose credentials they are (OAuth 2 tokens, or OAuth 1.0a keys),
// and what X says of its rate limits. Thread-safe.

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "connect/exchange.hpp"
#include "connect/limits.hpp"

namespace fencepost::connect::x {

// A caller's part of an exchange.
struct Call {
  const Credentials& credentials;
  base::BootTime deadline;
  std::stop_token stop;
};

class Api {
 public:
  Api(HttpClient& http, std::string url, const PlatformLimits& limits)
      : http_(http), url_(std::move(url)), limits_(limits) {}

  // `path` with its query, from "/2/…".
  HttpResult get(const std::string& path, const Call& call) const;
  HttpResult post(const std::string& path, const std::string& json, const Call& call) const;
  HttpResult post(const std::string& path, const std::string& type, std::string body, const Call& call) const;

  // What an answer means that is no yes; its errors quote nothing that is secret.
  Outcome refusal(const HttpResult& result, const Credentials& credentials) const;
  // How long X wants nothing more of this account: the longest reset of the windows that are used up (15
  // minutes and user, 24 hours and user, 24 hours and app).
  std::optional<base::Duration> rest(const HttpResult& result) const;

  const std::string& url() const { return url_; }
  const base::Clock& clock() const { return http_.clock(); }
  const PlatformLimits& limits() const { return limits_; }

 private:
  HttpResult exchange(HttpRequest request, const Call& call) const;

  HttpClient& http_;
  const std::string url_;
  const PlatformLimits& limits_;
};

}  // namespace fencepost::connect::x
