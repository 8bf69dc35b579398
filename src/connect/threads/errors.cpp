#include "connect/threads/errors.hpp"

#include <nlohmann/json.hpp>

#include "connect/oauth/tokens.hpp"
#include "connect/retry_after.hpp"

namespace fencepost::connect::threads {

namespace {

struct Error {
  std::int64_t code = 0, subcode = 0;
  bool transient = false;
  nlohmann::json message{};
};

Error error_of(const HttpResult& result) {
  const auto body = json_of(result);
  const auto& error = member(body, "error");
  const auto number = [&](const char* name) {
    const auto& at = member(error, name);
    return at.is_number_integer() ? at.get<std::int64_t>() : 0;
  };
  // The message for people says more where there is one.
  const auto& people = member(error, "error_user_msg");
  return {number("code"), number("error_subcode"), member(error, "is_transient") == true,
          people.is_string() ? people : member(error, "message")};
}

bool is_limit(const HttpResult& result, const Error& error) {
  switch (error.code) {
    case 4:
    case 17:
    case 32:
    case 613:
      return true;
    default:
      return result.status == 429 || error.subcode == 2207042;
  }
}

}  // namespace

Outcome refusal(const HttpResult& result, const Credentials& credentials, base::Micros now,
                base::Duration wait) {
  auto outcome = by_status("Threads", result, now);
  if (result.status == 0) return outcome;
  const auto error = error_of(result);
  const auto tokens = oauth::tokens_of(credentials);
  const auto said =
      answered("Threads", result.status, quotable(error.message, tokens ? tokens->access : base::Secret()));
  if (is_limit(result, error)) {
    const auto named = result.header("Retry-After");
    const auto until = named ? parse_retry_after(*named, now, kLongestWait) : std::nullopt;
    return rate_limited(said, until.value_or(wait));
  }
  // Its message may quote the token.
  if (error.code == 190 || error.code == 102)
    return certain(Reason::credentials, "Threads does not take this token any more");
  if (error.code == 9004 || error.subcode == 2207052)
    return certain(Reason::temporary, "Threads could not fetch an image from this server");
  if (error.code == 1 || error.code == 2 || error.code == 10 || error.transient) return unknown(said);
  if (outcome.reason == Reason::rejected || outcome.verdict == Verdict::unknown) outcome.error = said;
  return outcome;
}

Outcome unmade(const std::string& said) {
  const bool invalid = said.starts_with("INVALID");
  return certain(
      invalid ? Reason::rejected : Reason::temporary,
      "Threads could not make a post of it" + (said.empty() ? "" : " (" + said.substr(0, 60) + ")"));
}

bool is_missing(const HttpResult& result) {
  const auto error = error_of(result);
  return result.status / 100 == 4 && error.code == 24 && error.subcode == 4279009;
}

}  // namespace fencepost::connect::threads
