#include "connect/bluesky/xrpc.hpp"

#include <nlohmann/json.hpp>

#include "connect/exchange.hpp"

namespace fencepost::connect::bluesky {

namespace {

constexpr const char* kWho = "Bluesky";

// What the account has left after this answer; nullopt: nothing is said, or there is some.
std::optional<base::Duration> rest_of(const HttpResult& result, base::Micros now) {
  if (result.header("RateLimit-Remaining") != "0") return std::nullopt;
  return wait_until(result, "RateLimit-Reset", now);
}

Outcome bad_request(const HttpResult& result, const std::string& error) {
  const auto name = error_name(result);
  if (name == "ExpiredToken" || name == "InvalidToken") return certain(Reason::credentials, error);
  if (name == "InvalidSwap") return unknown("Bluesky has something under this post's key already");
  return certain(Reason::rejected, error);
}

}  // namespace

HttpResult call(HttpClient& http, const Call& call, base::BootTime deadline, const std::stop_token& stop) {
  HttpRequest request;
  request.url = call.service + "/xrpc/" + call.name;
  request.deadline = deadline;
  request.repeatable = !call.body;
  if (call.body) {
    request.method = "POST";
    request.body = *call.body;
    if (!call.body->empty()) request.headers.emplace_back("Content-Type", call.content_type);
  }
  if (call.token != nullptr) request.headers.emplace_back("Authorization", "Bearer " + call.token->reveal());
  return http.call(request, stop);
}

Outcome classify(const HttpResult& result, const base::Secret& token, base::Micros now) {
  if (result.status == 0) return no_answer(*result.failure);
  Outcome outcome;
  const auto body = json_of(result);
  const auto error =
      answered(kWho, result.status,
               body.is_object() && body.contains("message") ? quotable(body["message"], token) : "");
  if (result.status == 200) {
    outcome = accepted("", "");
  } else if (result.status == 400) {
    outcome = bad_request(result, error);
  } else if (result.status == 401 || result.status == 403) {
    outcome = certain(Reason::credentials, error);
  } else {
    outcome = by_status(kWho, result, now);
    if (outcome.reason == Reason::rate_limited && !outcome.retry_after)
      outcome.retry_after = wait_until(result, "RateLimit-Reset", now);
  }
  if (const auto rest = rest_of(result, now)) outcome.rest = rest;
  return outcome;
}

std::string error_name(const HttpResult& result) { return text_at(json_of(result), "error"); }

std::string answer_text(const HttpResult& result, const char* name) {
  const auto json = json_of(result);
  if (!json.is_object()) return {};
  const auto at = json.find(name);
  return at != json.end() && at->is_string() ? at->get<std::string>() : std::string();
}

}  // namespace fencepost::connect::bluesky
