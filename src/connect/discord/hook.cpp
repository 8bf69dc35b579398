#include "connect/discord/hook.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "connect/exchange.hpp"
#include "connect/retry_after.hpp"

namespace fencepost::connect::discord {

namespace {

constexpr const char* kWho = "Discord";
constexpr std::string_view kHosts[] = {"https://discord.com", "https://discordapp.com",
                                       "https://ptb.discord.com", "https://canary.discord.com"};

[[noreturn]] void refuse() {
  throw base::UserError(
      "invalid_credentials",
      "write the webhook's URL, https://discord.com/api/webhooks/…/…: Discord shows it in the "
      "channel's settings under Integrations");
}

// Takes `prefix` away; whether it was there.
bool skip(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

// What a text begins with of these characters.
std::string take(std::string_view& text, bool (*of)(char)) {
  const auto end = std::find_if_not(text.begin(), text.end(), of);
  std::string taken(text.begin(), end);
  text.remove_prefix(taken.size());
  return taken;
}
bool digit(char c) { return c >= '0' && c <= '9'; }
bool of_token(char c) {
  return digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '.';
}

}  // namespace

Hook hook_of(const Credentials& credentials, const std::string& url) {
  std::string_view text = credentials.secret.reveal();
  if (!skip(text, url) && std::none_of(std::begin(kHosts), std::end(kHosts),
                                       [&](std::string_view host) { return skip(text, host); }))
    refuse();
  if (!skip(text, "/api/")) refuse();
  if (skip(text, "v") && (take(text, digit).empty() || !skip(text, "/"))) refuse();
  if (!skip(text, "webhooks/")) refuse();
  Hook hook;
  hook.id = take(text, digit);
  if (hook.id.empty() || !skip(text, "/")) refuse();
  hook.token = base::Secret(take(text, of_token));
  skip(text, "/");
  if (skip(text, "?thread_id=")) {
    hook.thread = take(text, digit);
    if (hook.thread.empty()) refuse();
  }
  if (hook.token.empty() || !text.empty()) refuse();
  return hook;
}

Outcome refusal(const HttpResult& result, const Hook& hook, base::Micros now) {
  constexpr int kUnknownWebhook = 10015;
  auto outcome = by_status(kWho, result, now);
  if (result.status == 0) return outcome;
  const auto body = json_of(result);
  outcome.error = answered(kWho, result.status, quotable(member(body, "message"), hook.token));
  const bool gone = result.status == 404 && text_at(body, "code") == std::to_string(kUnknownWebhook);
  if (result.status == 403 || gone) outcome = certain(Reason::credentials, outcome.error);
  if (outcome.reason == Reason::rate_limited)
    // The body has decimals, the header whole seconds.
    if (const auto& wait = member(body, "retry_after"); wait.is_number())
      outcome.retry_after = outcome.rest = parse_retry_after(wait.dump(), now, kLongestWait);
  return outcome;
}

std::optional<base::Duration> rest_of(const HttpResult& result, base::Micros now) {
  const auto after = result.header("X-RateLimit-Reset-After");
  if (result.header("X-RateLimit-Remaining") != "0" || !after) return std::nullopt;
  return parse_retry_after(*after, now, kLongestWait);
}

}  // namespace fencepost::connect::discord
