#include "connect/exchange.hpp"

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "connect/retry_after.hpp"

namespace fencepost::connect {

namespace {
constexpr std::size_t kQuoted = 200;
constexpr std::size_t kLongestText = 500;

bool control(unsigned char c) { return c < 0x20 || c == 0x7f; }
}  // namespace

Outcome accepted(std::string id, std::string url) {
  Outcome outcome;
  outcome.verdict = Verdict::accepted;
  outcome.remote_id = std::move(id);
  outcome.remote_url = std::move(url);
  return outcome;
}

Outcome unknown(std::string error) {
  Outcome outcome;
  outcome.error = std::move(error);
  return outcome;
}

Outcome certain(Reason reason, std::string error) {
  Outcome outcome;
  outcome.verdict = Verdict::certain_failure;
  outcome.reason = reason;
  outcome.retryable = reason == Reason::temporary || reason == Reason::rate_limited;
  outcome.error = std::move(error);
  return outcome;
}

Outcome rate_limited(std::string error, std::optional<base::Duration> wait) {
  auto outcome = certain(Reason::rate_limited, std::move(error));
  outcome.retry_after = wait;
  outcome.rest = wait;
  return outcome;
}

Outcome nothing_posted(Outcome outcome) {
  if (outcome.verdict != Verdict::unknown) return outcome;
  return certain(Reason::temporary, std::move(outcome.error));
}

Outcome no_answer(const Failure& failure) {
  using Kind = Failure::Kind;
  if (failure.sent == Sent::maybe) return unknown(failure.reason);
  const bool hopeless = failure.kind == Kind::url || failure.kind == Kind::address;
  return certain(hopeless ? Reason::rejected : Reason::temporary, failure.reason);
}

Outcome by_status(std::string_view who, const HttpResult& result, base::Micros now) {
  if (result.status == 0) return no_answer(*result.failure);
  const auto error = answered(who, result.status);
  switch (result.status) {
    case 400:
    case 403:
    case 404:
    case 405:
    case 406:
    case 410:
    case 411:
    case 413:
    case 414:
    case 415:
    case 422:
    case 431:
    case 307:
    case 308:
      return certain(Reason::rejected, error);
    case 401:
      return certain(Reason::credentials, error);
    case 429: {
      const auto wait = result.header("Retry-After");
      return rate_limited(error, wait ? parse_retry_after(*wait, now, kLongestWait) : std::nullopt);
    }
    default:
      return unknown(error);
  }
}

std::string answered(std::string_view who, int status, const std::string& said) {
  return std::string(who) + " answered " + std::to_string(status) + (said.empty() ? "" : ": " + said);
}

std::string quotable(const nlohmann::json& said, const base::Secret& secret) {
  if (!said.is_string()) return "";
  auto text = said.get<std::string>();
  if (!secret.empty() && text.find(secret.reveal()) != std::string::npos) return "";
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return control(c); }, ' ');
  if (text.size() <= kQuoted) return text;
  auto end = kQuoted;
  while (end > 0 && (text[end] & 0xC0) == 0x80) --end;  // not inside a code point
  return text.substr(0, end) + "…";
}

nlohmann::json json_of(const HttpResult& result) {
  if (result.failure) return nlohmann::json(nlohmann::json::value_t::discarded);
  return nlohmann::json::parse(result.body, nullptr, /*allow_exceptions=*/false);
}

const nlohmann::json& member(const nlohmann::json& object, std::string_view name) {
  static const nlohmann::json null;
  if (!object.is_object()) return null;
  const auto at = object.find(name);
  return at == object.end() ? null : *at;
}

std::string text_at(const nlohmann::json& object, std::string_view name) {
  const auto& at = member(object, name);
  auto text = at.is_string() ? at.get<std::string>() : at.is_number_integer() ? at.dump() : "";
  const bool fit = text.size() <= kLongestText && std::none_of(text.begin(), text.end(), control);
  return fit ? text : "";
}

std::string comparable(std::string_view text) {
  std::string out, word;
  const auto flush = [&] {
    for (const std::string_view scheme : {"https://", "http://"})
      if (const auto at = word.find(scheme); at != std::string::npos) word.erase(at, scheme.size());
    while (!word.empty() && word.back() == '/') word.pop_back();
    if (!word.empty()) out += (out.empty() ? "" : " ") + std::exchange(word, {});
    word.clear();
  };
  for (const char c : text) {
    if (c == ' ' || c == '\n' || c == '\r' || c == '\t')
      flush();
    else
      word += c;
  }
  flush();
  return out;
}

std::optional<base::Duration> wait_until(const HttpResult& result, std::string_view header,
                                         base::Micros now) {
  const auto text = result.header(header);
  if (!text) return std::nullopt;
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), seconds);
  // Beyond the year 2286 it is no time; it would overflow as microseconds some day.
  if (error != std::errc() || end != text->data() + text->size() || seconds < 0 || seconds > 9'999'999'999)
    return std::nullopt;
  return std::clamp(base::Duration(seconds * 1'000'000 - now), base::Duration(0), kLongestWait);
}

void check_server(const std::string& destination, const AddressPolicy& policy) {
  const auto refuse = [](const std::string& why) { throw base::UserError("invalid_destination", why); };
  if (const auto problem = url_problem(destination, policy)) refuse(*problem);
  if (!policy.allow_private && !destination.starts_with("https://"))
    refuse("write https://: the credentials would be readable on the way");
  const auto host = destination.find("://") + 3;
  if (server_of(destination).find_first_of("/?#", host) != std::string::npos)
    refuse("write the server alone: https://HOST");
}

std::string server_of(std::string destination) {
  while (destination.ends_with('/')) destination.pop_back();
  return destination;
}

bool pause(base::Duration duration, const base::Clock& clock, base::BootTime deadline,
           const std::stop_token& stop) {
  if (stop.stop_requested() || clock.boot() + duration >= deadline) return false;
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, duration, [] { return false; });
  return !stop.stop_requested();
}

}  // namespace fencepost::connect
