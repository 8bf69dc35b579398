#pragma once
// Calls of a PDS, and what its answers mean (https://atproto.com/specs/xrpc; names and statuses as npm
// @atproto/pds 0.4.217 gives them). Thread-safe.
//
// accepted   200
// certain    400: rejected; but ExpiredToken and InvalidToken: credentials (this platform has no 401 for
//            them); 401, 403: credentials; 429: rate_limited until RateLimit-Reset; the others of by_status()
// unknown    400 InvalidSwap: something stands under that key already; 5xx, cuts and time-outs

#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "connect/connector.hpp"
#include "connect/http_client.hpp"

namespace fencepost::connect::bluesky {

struct Call {
  std::string service;  // https://HOST
  std::string name;     // "com.atproto.repo.putRecord", with its query
  const base::Secret* token = nullptr;
  std::optional<std::string> body{};  // nullopt: a question (GET)
  std::string content_type = "application/json";
};

HttpResult call(HttpClient& http, const Call& call, base::BootTime deadline, const std::stop_token& stop);
// `accepted` is only the status: the body is the caller's to read. `token` is kept out of what is quoted;
// `now` is wall time.
Outcome classify(const HttpResult& result, const base::Secret& token, base::Micros now);
// The answer's own name of its error ("RecordNotFound"); else empty.
std::string error_name(const HttpResult& result);
// The member `name` of an answer, a text of any length; else empty.
std::string answer_text(const HttpResult& result, const char* name);

}  // namespace fencepost::connect::bluesky
