#include "cli/answers.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>

#include "connect/retry_after.hpp"
#include "connect/webhook/webhook.hpp"

namespace fencepost::cli {

namespace {
using engine::Outcome;
using nlohmann::json;
using store::EffectResult;
using store::Verdict;

constexpr base::Duration kLongest = std::chrono::hours(24 * 30);
// Where nothing says how long: what is configured wrong, and what is not there now.
constexpr base::Duration kLater = std::chrono::seconds(60);
constexpr std::size_t kLongestError = 500;

base::Duration seconds(double count) {
  const auto most = static_cast<double>(std::chrono::seconds(std::chrono::hours(24 * 30)).count());
  return base::Duration(static_cast<std::int64_t>(std::clamp(count, 0.0, most) * 1e6));
}

// The number that a text begins with.
std::optional<base::Duration> seconds_in(const std::string& text) {
  const auto from = text.find_first_not_of(" \t\r\n");
  if (from == std::string::npos) return std::nullopt;
  double count = 0;
  const auto [end, error] = std::from_chars(text.data() + from, text.data() + text.size(), count);
  if (error != std::errc() || !(count >= 0)) return std::nullopt;
  return seconds(count);
}

std::string shown(std::string text) {
  if (text.size() > kLongestError) text.resize(kLongestError);
  for (auto& c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  return text;
}

// {"outcome": "done" | "retry" | "failed" | "snooze", "after": seconds, "error": text}.
std::optional<Outcome> said(const json& answer) {
  if (!answer.is_object()) return std::nullopt;
  const auto word = answer.find("outcome");
  if (word == answer.end() || !word->is_string()) return std::nullopt;
  std::optional<base::Duration> after;
  if (const auto at = answer.find("after"); at != answer.end() && at->is_number())
    after = seconds(at->get<double>());
  std::string error;
  if (const auto at = answer.find("error"); at != answer.end() && at->is_string())
    error = shown(at->get<std::string>());
  const auto text = word->get<std::string>();
  if (text == "done") return Outcome::done();
  if (text == "retry") return Outcome::retry(error.empty() ? "it asked for another try" : error, after);
  if (text == "failed") return Outcome::failed(error.empty() ? "it failed" : error);
  if (text == "snooze") return Outcome::snooze(after.value_or(kLater));
  return Outcome::retry("it answered an outcome that is none: " + shown(text));
}

std::string ended(const ChildResult& result) {
  if (result.why == ChildResult::Why::late) return "it took longer than its deadline";
  if (result.why == ChildResult::Why::lost) return "its supervisor was killed";
  std::string how =
      result.exited ? "exit code " + std::to_string(result.code) : "signal " + std::to_string(result.code);
  return result.last_error.empty() ? how : result.last_error + " (" + how + ")";
}

const char* const kAnswered = "the receiver answered ";
}  // namespace

Outcome outcome_of(const ChildResult& result) {
  if (!result.started) return Outcome::snooze(kLater);
  const auto after = seconds_in(result.output);
  if (result.exited) {
    switch (result.code) {
      case kDone:
        return Outcome::done();
      case kFailed:
        return Outcome::failed(ended(result));
      case kSnooze:
        return Outcome::snooze(after.value_or(kLater));
      case kRetry:
        return Outcome::retry(ended(result), after);
      default:
        break;
    }
  }
  // Cut short by us, and for no fault of its own.
  if (result.why == ChildResult::Why::stopped) return Outcome::snooze(base::Duration(0));
  if (result.exited && (result.code == kCannotRun || result.code == kNoCommand))
    return Outcome::snooze(kLater);
  return Outcome::retry(ended(result));
}

Outcome outcome_of(const connect::HttpResult& result, base::Micros now) {
  using Kind = connect::Failure::Kind;
  if (result.status == 0) {
    const auto& failure = result.failure.value();
    if (failure.kind == Kind::stopped) return Outcome::snooze(base::Duration(0));
    if (failure.kind == Kind::url || failure.kind == Kind::address) return Outcome::snooze(kLater);
    return Outcome::retry(failure.reason);
  }
  const auto body = json::parse(result.body, nullptr, false);
  std::string error = kAnswered + std::to_string(result.status);
  if (body.is_object() && body.contains("error") && body["error"].is_string())
    error = shown(body["error"].get<std::string>()) + " (" + std::to_string(result.status) + ")";
  if (result.status >= 200 && result.status < 300) return said(body).value_or(Outcome::done());
  std::optional<base::Duration> wait;
  if (const auto header = result.header("Retry-After"))
    wait = connect::parse_retry_after(*header, now, kLongest);
  if (result.status == 429 || result.status == 503)
    return wait ? Outcome::snooze(*wait) : Outcome::retry(error);
  if (result.status == 408 || result.status == 425 || result.status >= 500)
    return Outcome::retry(error, wait);
  if (result.status < 400) return Outcome::failed(error + "; redirects are not followed");
  return Outcome::failed(error);
}

std::vector<Outcome> batch_outcomes(const std::vector<std::string>& items, const std::string& answer,
                                    const Outcome& whole) {
  std::map<std::string, Outcome> by_item;
  const auto body = json::parse(answer, nullptr, false);
  if (body.is_array())
    for (const auto& one : body) {
      const auto outcome = said(one);
      const auto item = one.is_object() ? one.find("item") : one.end();
      if (!outcome || item == one.end()) continue;
      by_item[item->is_string() ? item->get<std::string>() : item->dump()] = *outcome;
    }
  std::vector<Outcome> out;
  for (const auto& item : items) {
    const auto at = by_item.find(item);
    out.push_back(at == by_item.end() ? whole : at->second);
  }
  return out;
}

EffectResult effect_of(const ChildResult& result) {
  if (!result.started) return {Verdict::did_not_happen, "", "", "the command could not be started", kLater};
  if (result.exited) {
    const auto after = seconds_in(result.output);
    switch (result.code) {
      case kDone:
        return {Verdict::happened, "", "", "", {}};
      case kFailed:
        return {Verdict::did_not_happen, "", "", ended(result), {}};
      case kSnooze:
        return {Verdict::did_not_happen, "", "", ended(result), after.value_or(kLater)};
      case kRetry:
        return {Verdict::did_not_happen, "", "", ended(result), after.value_or(base::Duration(0))};
      default:
        break;
    }
  }
  return {Verdict::unknown, "", "", ended(result), {}};
}

EffectResult effect_of(const connect::HttpResult& result, base::Micros now) {
  const auto outcome = connect::classify_webhook(result, now);
  switch (outcome.verdict) {
    case connect::Verdict::accepted:
      return {Verdict::happened, outcome.remote_id, outcome.remote_url, "", {}};
    case connect::Verdict::certain_failure:
      return {
          Verdict::did_not_happen, "", "", outcome.error,
          outcome.retryable ? std::optional(outcome.retry_after.value_or(base::Duration(0))) : std::nullopt};
    case connect::Verdict::unknown:
      break;
  }
  return {Verdict::unknown, "", "", outcome.error, {}};
}

}  // namespace fencepost::cli
