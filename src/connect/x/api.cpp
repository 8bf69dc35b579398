#include "connect/x/api.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/random.hpp"
#include "connect/oauth/oauth1.hpp"
#include "connect/oauth/tokens.hpp"

namespace fencepost::connect::x {

namespace {

// docs.x.com, "Rate limits" (HTTP headers); the 24-hour ones are sent on POST /2/tweets.
constexpr std::string_view kWindows[] = {"x-rate-limit", "x-user-limit-24hour", "x-app-limit-24hour"};

// The detail of a refusal: "detail" of problem details, or the message of the first of "errors".
std::string said(const HttpResult& result, const Credentials& credentials) {
  const auto body = json_of(result);
  const auto secret = [&] {
    if (const auto keys = oauth::keys_of(credentials)) return keys->token_secret;
    const auto tokens = oauth::tokens_of(credentials);
    return tokens ? tokens->access : base::Secret();
  }();
  if (const auto& detail = member(body, "detail"); !detail.is_null()) return quotable(detail, secret);
  const auto& errors = member(body, "errors");
  return errors.is_array() && !errors.empty() ? quotable(member(errors[0], "message"), secret) : "";
}

// What X says of a text that it has (problem details of API v2; error 187 of the older one, which some
// gateways still give).
bool duplicate(const HttpResult& result) {
  if (result.status != 403) return false;
  auto body = result.body;
  std::transform(body.begin(), body.end(), body.begin(),
                 [](unsigned char c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; });
  return body.find("duplicate") != std::string::npos;
}

}  // namespace

HttpResult Api::get(const std::string& path, const Call& call) const {
  HttpRequest request;
  request.url = url_ + path;
  request.repeatable = true;
  return exchange(std::move(request), call);
}

HttpResult Api::post(const std::string& path, const std::string& json, const Call& call) const {
  return post(path, "application/json", json, call);
}

HttpResult Api::post(const std::string& path, const std::string& type, std::string body,
                     const Call& call) const {
  HttpRequest request;
  request.method = "POST";
  request.url = url_ + path;
  request.headers = {{"Content-Type", type}};
  request.body = std::move(body);
  return exchange(std::move(request), call);
}

HttpResult Api::exchange(HttpRequest request, const Call& call) const {
  request.deadline = call.deadline;
  // No body here is a form, so none is signed (RFC 5849, section 3.4.1.3.1).
  if (const auto keys = oauth::keys_of(call.credentials))
    request.headers.emplace_back(
        "Authorization", oauth::authorization({request.method, request.url}, *keys, base::random_hex(16),
                                              clock().wall() / 1'000'000));
  else
    request.headers.push_back(oauth::bearer(call.credentials));
  return http_.call(request, call.stop);
}

std::optional<base::Duration> Api::rest(const HttpResult& result) const {
  std::optional<base::Duration> longest;
  for (const auto window : kWindows) {
    const auto remaining = result.header(std::string(window) + "-remaining");
    if (remaining != "0") continue;
    const auto wait = wait_until(result, std::string(window) + "-reset", clock().wall());
    if (wait && (!longest || *wait > *longest)) longest = wait;
  }
  return longest;
}

Outcome Api::refusal(const HttpResult& result, const Credentials& credentials) const {
  auto outcome = by_status("X", result, clock().wall());
  if (result.status == 0) return outcome;
  // A hint and no proof: it follows a deleted post too, and where something between us and X repeated the
  // request, it is the answer to the second arrival of one that was accepted. Neither that nothing of this
  // key went out nor that something did is certain: look() is asked.
  if (duplicate(result)) return unknown("X says that this text was posted before; did it come from here?");
  if (result.status == 429) {
    auto wait = rest(result);
    if (!wait) wait = wait_until(result, "x-rate-limit-reset", clock().wall());
    return rate_limited(outcome.error, wait ? wait : std::chrono::seconds(limits_.number("window")));
  }
  // Credits are used up: paid by a person, not mended by another token.
  if (result.status == 402)
    outcome = certain(Reason::rejected, "X answered 402: its credits for this app are used up");
  else if (outcome.reason == Reason::rejected)
    outcome.error = answered("X", result.status, said(result, credentials));
  outcome.rest = rest(result);
  return outcome;
}

}  // namespace fencepost::connect::x
