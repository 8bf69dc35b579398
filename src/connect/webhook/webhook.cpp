#include "connect/webhook/webhook.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "connect/exchange.hpp"
#include "connect/retry_after.hpp"
#include "connect/webhook/signature.hpp"

namespace fencepost::connect {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kLongestId = 200;

enum class Means { yes, no, no_but_later, maybe };

Means meaning_of(int status) {
  if (status >= 200 && status < 300) return Means::yes;
  switch (status) {
    case 423:
    case 425:
    case 429:
      return Means::no_but_later;
    case 307:
    case 308:
    case 400:
    case 401:
    case 402:
    case 403:
    case 404:
    case 405:
    case 406:
    case 407:
    case 410:
    case 411:
    case 412:
    case 413:
    case 414:
    case 415:
    case 416:
    case 417:
    case 421:
    case 422:
    case 424:
    case 426:
    case 428:
    case 431:
    case 451:
      return Means::no;
    default:
      return Means::maybe;
  }
}

bool printable(const std::string& text) {
  return std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

// {"id": …, "url": …} if the receiver says so; both are shown to people, so nothing else gets in.
void read_identity(const std::string& body, Outcome& outcome) {
  const auto json = nlohmann::json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return;
  if (const auto id = json.find("id"); id != json.end()) {
    const auto text = id->is_string() ? id->get<std::string>() : id->is_number_integer() ? id->dump() : "";
    if (text.size() <= kLongestId && printable(text)) outcome.remote_id = text;
  }
  if (const auto url = json.find("url"); url != json.end() && url->is_string()) {
    const auto text = url->get<std::string>();
    // Never fetched by us, only linked: a scheme other than http(s) would run script in the UI.
    if (printable(text) && !url_problem(text, {.allow_private = true})) outcome.remote_url = text;
  }
}

}  // namespace

Outcome classify_webhook(const HttpResult& result, base::Micros now) {
  if (result.status == 0) {
    FENCEPOST_ASSERT(result.failure);
    return no_answer(*result.failure);
  }
  Outcome outcome;
  const auto means = meaning_of(result.status);
  if (means == Means::yes) {
    outcome.verdict = Verdict::accepted;
    if (!result.failure) read_identity(result.body, outcome);
    return outcome;
  }
  outcome.error = "the receiver answered " + std::to_string(result.status);
  if (means == Means::maybe) return outcome;
  outcome.verdict = Verdict::certain_failure;
  outcome.retryable = means == Means::no_but_later;
  const auto wait = result.header("Retry-After");
  if (outcome.retryable && wait) outcome.retry_after = parse_retry_after(*wait, now, kLongestWait);
  return outcome;
}

void Webhook::check(const std::string& destination, const Credentials& credentials) const {
  if (const auto problem = url_problem(destination, http_.addresses()))
    throw base::UserError("invalid_destination", *problem);
  try {
    (void)webhook::SigningSecret::parse(credentials.secret);
  } catch (const base::UserError& error) {
    throw base::UserError("invalid_credentials", error.what());
  }
}

Rendered Webhook::render(const Post& post, const Account& account, const std::string& key) const {
  check_images(post.images, image_rules(account));
  const Json body = {{"type", "announcement"}, {"id", key}, {"text", post.text}, {"url", post.url}};
  try {
    return {account.target, body.dump()};
  } catch (const Json::exception&) {
    throw base::UserError("invalid_text", "the text is not valid UTF-8");
  }
}

Outcome Webhook::send(const Rendered& rendered, const Credentials& credentials, const std::string& key,
                      base::BootTime deadline, std::stop_token stop) {
  const auto seconds = http_.clock().wall() / 1'000'000;
  HttpRequest request;
  request.method = "POST";
  request.url = rendered.destination;
  request.body = rendered.request;
  request.deadline = deadline;
  try {
    const auto secret = webhook::SigningSecret::parse(credentials.secret);
    request.headers = {{"Content-Type", "application/json"},
                       {"Idempotency-Key", key},
                       {"webhook-id", key},
                       {"webhook-timestamp", std::to_string(seconds)},
                       {"webhook-signature", secret.sign(key, seconds, rendered.request)}};
  } catch (const base::UserError& error) {
    Outcome unsigned_;
    unsigned_.verdict = Verdict::certain_failure;
    unsigned_.error = error.what();
    return unsigned_;
  }
  const auto result = http_.call(request, std::move(stop));
  return classify_webhook(result, http_.clock().wall());
}

std::string Webhook::text_of(const Rendered& rendered) const {
  return nlohmann::json::parse(rendered.request).at("text").get<std::string>();
}

Look Webhook::look(const Rendered&, const Credentials&, const std::string&, base::BootTime, std::stop_token) {
  Look look;
  look.evidence = "a webhook's receiver cannot be asked";
  return look;
}

}  // namespace fencepost::connect
