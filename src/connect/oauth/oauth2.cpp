#include "connect/oauth/oauth2.hpp"

#include <sodium.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/random.hpp"
#include "connect/oauth/encode.hpp"
#include "connect/oauth/tokens.hpp"
#include "connect/retry_after.hpp"

namespace fencepost::connect::oauth {

namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;
using nlohmann::json;

constexpr base::Duration kLongestWait = std::chrono::hours(1);
// A token that is said to live longer is believed for this long (a number from outside is multiplied).
constexpr double kLongestLife = 10.0 * 366 * 24 * 3600;

std::string base64(const unsigned char* bytes, std::size_t size, int variant) {
  std::string text(sodium_base64_ENCODED_LEN(size, variant), '\0');
  sodium_bin2base64(text.data(), text.size(), bytes, size, variant);
  text.pop_back();  // libsodium's terminating NUL
  return text;
}

std::string join(const std::vector<std::string>& words, char between) {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : std::string(1, between)) + word;
  return out;
}

Outcome no(Reason reason, bool retryable, std::string why) {
  Outcome outcome;
  outcome.verdict = Verdict::certain_failure;
  outcome.reason = reason;
  outcome.retryable = retryable;
  outcome.error = std::move(why);
  return outcome;
}

// The `error` of RFC 6749, section 5.2, where it is one of its words: nothing else of the body is shown.
std::string error_of(const std::string& body) {
  const auto answer = json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!answer.is_object()) return "";
  const auto at = answer.find("error");
  if (at == answer.end() || !at->is_string()) return "";
  const auto word = at->get<std::string>();
  for (const auto* known : {"invalid_request", "invalid_client", "invalid_grant", "unauthorized_client",
                            "unsupported_grant_type", "invalid_scope", "access_denied", "invalid_token"})
    if (word == known) return word;
  return "";
}

HttpRequest to(const std::string& url, const Client& client, Fields fields, base::BootTime deadline) {
  HttpRequest request;
  request.method = "POST";
  request.url = url;
  request.deadline = deadline;
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}, {"Accept", "application/json"}};
  if (client.proof == Proof::client_secret_basic) {
    // RFC 6749, section 2.3.1: each is form-encoded before the two are joined.
    const auto pair = percent(client.id) + ":" + percent(client.secret.reveal());
    request.headers.emplace_back(
        "Authorization", "Basic " + base64(reinterpret_cast<const unsigned char*>(pair.data()), pair.size(),
                                           sodium_base64_VARIANT_ORIGINAL));
  } else {
    fields.emplace_back("client_id", client.id);
    if (client.proof == Proof::client_secret_post)
      fields.emplace_back("client_secret", client.secret.reveal());
  }
  request.body = form(fields);
  return request;
}

// What the answer gave, over what there was before.
std::optional<Tokens> granted(const std::string& body, Tokens before, base::Micros now) {
  const auto answer = json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!answer.is_object()) return std::nullopt;
  const auto text = [&](const char* name) {
    const auto at = answer.find(name);
    return at != answer.end() && at->is_string() ? at->get<std::string>() : std::string();
  };
  before.access = base::Secret(text("access_token"));
  if (const auto refresh = text("refresh_token"); !refresh.empty()) before.refresh = base::Secret(refresh);
  if (const auto scope = text("scope"); !scope.empty()) before.scope = scope;
  before.expires_at.reset();
  if (const auto in = answer.find("expires_in"); in != answer.end() && in->is_number())
    before.expires_at =
        now + static_cast<std::int64_t>(std::clamp(in->get<double>(), 0.0, kLongestLife)) * 1'000'000;
  if (!tokens_of(stored(before))) return std::nullopt;
  return before;
}

Refreshed ask(HttpClient& http, const HttpRequest& request, Tokens before, std::stop_token stop) {
  const auto result = http.call(request, std::move(stop));
  auto outcome = classify(result, http.clock().wall());
  if (outcome.verdict != Verdict::accepted) return {std::nullopt, std::move(outcome)};
  if (!result.failure)
    if (const auto tokens = granted(result.body, std::move(before), http.clock().wall()))
      return {stored(*tokens), std::move(outcome)};
  outcome.verdict = Verdict::unknown;
  outcome.error = "the platform said yes, and its answer could not be read";
  return {std::nullopt, std::move(outcome)};
}

}  // namespace

ProofKey new_proof_key() {
  ProofKey key{base::Secret(base::random_token(32)), {}};
  key.challenge = challenge_of(key.verifier);
  return key;
}

std::string challenge_of(const base::Secret& verifier) {
  unsigned char hash[crypto_hash_sha256_BYTES];
  const auto& text = verifier.reveal();
  crypto_hash_sha256(hash, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  return base64(hash, sizeof hash, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

std::string authorization_link(const Client& client, const std::string& redirect_uri,
                               const std::string& state, const std::string& challenge) {
  Fields fields = {{"response_type", "code"},
                   {"client_id", client.id},
                   {"redirect_uri", redirect_uri},
                   {"scope", join(client.scopes, client.scope_separator)},
                   {"state", state},
                   {"code_challenge", challenge},
                   {"code_challenge_method", "S256"}};
  fields.insert(fields.end(), client.more.begin(), client.more.end());
  const char first = client.authorize_url.find('?') == std::string::npos ? '?' : '&';
  return client.authorize_url + first + form(fields);
}

Refreshed exchange(HttpClient& http, const Client& client, const Code& code, base::BootTime deadline,
                   std::stop_token stop) {
  Tokens before{.scope = join(client.scopes, ' ')};
  if (client.of_account) {
    before.client_id = client.id;
    before.client_secret = client.secret;
  }
  const auto request = to(client.token_url, client,
                          {{"grant_type", "authorization_code"},
                           {"code", code.code.reveal()},
                           {"redirect_uri", code.redirect_uri},
                           {"code_verifier", code.verifier.reveal()}},
                          deadline);
  return ask(http, request, std::move(before), std::move(stop));
}

Refreshed refresh(HttpClient& http, const Client& client, const Credentials& credentials,
                  base::BootTime deadline, std::stop_token stop) {
  auto tokens = tokens_of(credentials);
  if (!tokens || tokens->refresh.empty())
    return {std::nullopt, no(Reason::credentials, false, "these credentials cannot be refreshed")};
  const auto request =
      to(client.token_url, client_of(credentials, client),
         {{"grant_type", "refresh_token"}, {"refresh_token", tokens->refresh.reveal()}}, deadline);
  return ask(http, request, std::move(*tokens), std::move(stop));
}

Outcome revoke(HttpClient& http, const Client& client, const Credentials& credentials,
               base::BootTime deadline, std::stop_token stop) {
  const auto tokens = tokens_of(credentials);
  if (client.revoke_url.empty() || !tokens)
    return no(Reason::rejected, false, "there is nothing to revoke them with");
  const bool whole = !tokens->refresh.empty();
  const auto request = to(client.revoke_url, client_of(credentials, client),
                          {{"token", whole ? tokens->refresh.reveal() : tokens->access.reveal()},
                           {"token_type_hint", whole ? "refresh_token" : "access_token"}},
                          deadline);
  return classify(http.call(request, std::move(stop)), http.clock().wall());
}

Outcome classify(const HttpResult& result, base::Micros now) {
  if (result.status == 0) {
    Outcome outcome;
    outcome.error = result.failure ? result.failure->reason : "no answer";
    if (result.failure && result.failure->sent == Sent::no_byte_left) {
      outcome.verdict = Verdict::certain_failure;
      outcome.reason = Reason::temporary;
      outcome.retryable = true;
    }
    return outcome;
  }
  Outcome outcome;
  outcome.error = "the platform answered " + std::to_string(result.status);
  switch (result.status) {
    case 200:
      outcome.verdict = Verdict::accepted;
      outcome.error.clear();
      return outcome;
    case 429:
      outcome = no(Reason::rate_limited, true, outcome.error);
      if (const auto wait = result.header("Retry-After"))
        outcome.retry_after = parse_retry_after(*wait, now, kLongestWait);
      return outcome;
    case 400:
    case 401:
    case 403:
      break;
    default:
      return outcome;
  }
  const auto word = error_of(result.body);
  if (word == "invalid_client" || word == "unauthorized_client")
    return no(Reason::temporary, true,
              "the platform does not accept this server as its client: an operator has to look at the "
              "client's id and secret");
  return no(Reason::credentials, false, outcome.error + (word.empty() ? "" : " (" + word + ")"));
}

}  // namespace fencepost::connect::oauth
