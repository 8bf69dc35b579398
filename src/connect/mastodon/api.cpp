#include "connect/mastodon/api.hpp"

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "connect/exchange.hpp"
#include "connect/oauth/tokens.hpp"

namespace fencepost::connect::mastodon {

namespace {

constexpr const char* kWho = "the server";

// X-RateLimit-Reset is an ISO 8601 time here.
std::optional<base::Duration> reset(const HttpResult& result, base::Micros now) try {
  const auto text = result.header("X-RateLimit-Reset");
  if (!text) return std::nullopt;
  return std::clamp(base::Duration(base::parse_utc(std::string(*text)) - now), base::Duration(0),
                    kLongestWait);
} catch (const base::UserError&) {
  return std::nullopt;
}

}  // namespace

HttpResult Api::get(const std::string& path) const {
  HttpRequest request;
  request.url = server_ + path;
  request.headers = {oauth::bearer(credentials_)};
  request.deadline = deadline_;
  request.repeatable = true;
  return http_.call(request, stop_);
}

HttpResult Api::post(const std::string& path, std::string body, const std::string& content_type,
                     const std::string& key) const {
  HttpRequest request;
  request.method = "POST";
  request.url = server_ + path;
  request.headers = {oauth::bearer(credentials_), {"Content-Type", content_type}};
  if (!key.empty()) request.headers.emplace_back("Idempotency-Key", key);
  request.body = std::move(body);
  request.deadline = deadline_;
  return http_.call(request, stop_);
}

Outcome Api::refusal(const HttpResult& result) const {
  const auto now = http_.clock().wall();
  auto outcome = by_status(kWho, result, now);
  if (result.status == 0) return outcome;
  const auto tokens = oauth::tokens_of(credentials_);
  outcome.error =
      answered(kWho, result.status,
               quotable(member(json_of(result), "error"), tokens ? tokens->access : base::Secret()));
  if (result.status == 403)
    outcome = certain(Reason::credentials, outcome.error);  // its scopes, or the account
  if (outcome.reason == Reason::rate_limited && !outcome.retry_after)
    outcome.retry_after = outcome.rest = reset(result, now);
  return outcome;
}

std::optional<base::Duration> Api::rest(const HttpResult& result) const {
  if (result.header("X-RateLimit-Remaining") != "0") return std::nullopt;
  return reset(result, http_.clock().wall());
}

bool Api::wait(base::Duration duration) const { return pause(duration, http_.clock(), deadline_, stop_); }

}  // namespace fencepost::connect::mastodon
