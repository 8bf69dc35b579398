#include "engine/effect_work.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "base/random.hpp"
#include "base/testpoint.hpp"

namespace fencepost::engine {

using store::EffectResult;
using store::Settlement;
using store::Verdict;

namespace {
// The lease outlives the request's hard deadline by this, so that a settlement still finds it alive.
constexpr base::Duration kMargin = std::chrono::seconds(15);
// How long a known outcome is pressed upon a database that is away, before the rescuer has to say `unknown`.
constexpr base::Duration kInsist = std::chrono::minutes(10);
// The first look at an unknown effect comes at once; the next ones when it is twice as old, up to an hour
// apart.
base::Duration ask_again(base::Duration age) {
  return std::clamp<base::Duration>(age, std::chrono::seconds(15), std::chrono::hours(1));
}
}  // namespace

void EffectWork::log(const char* event, const store::Claim& claim, const std::string& detail) const {
  base::log(base::LogLevel::info, event,
            {{"queue", fence_.queue().name},
             {"item", claim.item},
             {"claim", claim.claim},
             {"attempt", claim.attempt + 1},
             {"worker", context_.worker},
             {"detail", detail}});
}

std::variant<Rendered, Settlement> EffectWork::prepare(const store::Claim& claim, const std::string& key,
                                                       std::stop_token stop) const {
  const auto& backoff = fence_.queue().backoff;
  try {
    auto answer = app_.render(*context_.database.acquire(), claim, key);
    auto* rendered = std::get_if<Rendered>(&answer);
    std::optional<NotNow> refusal;
    if (rendered == nullptr)
      refusal = std::get<NotNow>(answer);
    else
      refusal =
          app_.prepare(claim, key, *rendered, context_.clock.boot() + app_.prepare_time(), std::move(stop));
    if (!refusal) return std::move(*rendered);
    log("item not sent", claim, refusal->error);
    if (refusal->attempted && refusal->again && !backoff.exhausted(claim.attempt + 1))
      return Settlement::retry(
          claim, std::max(*refusal->again, backoff.delay(claim.attempt + 1, base::random_unit())),
          refusal->error);
    if (refusal->again && !refusal->attempted) return Settlement::snooze(claim, *refusal->again);
    return Settlement::failed(claim, refusal->error);
  } catch (const base::InfraError& error) {
    log("render failed", claim, error.what());
    return Settlement::snooze(claim, std::chrono::seconds(1));
  } catch (const base::UserError& error) {
    log("render refused", claim, error.what());
    return Settlement::failed(claim, error.what());
  } catch (const std::exception& error) {
    log("render failed", claim, error.what());
    if (backoff.exhausted(claim.attempt + 1)) return Settlement::failed(claim, "internal error");
    return Settlement::retry(claim, backoff.delay(claim.attempt + 1, base::random_unit()), "internal error");
  }
}

EffectResult EffectWork::send(const store::Effect& effect, const Rendered& rendered,
                              base::BootTime deadline) {
  // Between the gate and here the process may have been paused for any time: past the deadline nothing may
  // leave.
  if (context_.clock.boot() >= deadline)
    return {Verdict::did_not_happen, "", "", "not sent: the worker was too late", base::Duration(0)};
  try {
    const Timed timed(context_, fence_.queue().name, "send");
    return app_.send(effect, rendered, deadline);
  } catch (const std::exception& error) {
    base::log(base::LogLevel::error, "send threw",
              {{"queue", fence_.queue().name}, {"item", effect.item}, {"error", error.what()}});
    return {Verdict::unknown, "", "", "internal error while sending", {}};
  }
}

void EffectWork::settle(const store::Effect& effect, EffectResult result, const store::Claim& claim,
                        Desk& desk) {
  const auto& backoff = fence_.queue().backoff;
  const int attempt = claim.attempt + 1;
  if (result.verdict == Verdict::did_not_happen && result.retry_after) {
    if (backoff.exhausted(attempt))
      result.retry_after.reset();
    else
      result.retry_after = std::max(*result.retry_after, backoff.delay(attempt, base::random_unit()));
  }
  if (!app_.writes_its_own()) {
    desk.settle(store::Fence::Sent{effect, std::move(result)});
    return;
  }
  auto answer = store::EffectAnswer::stale;
  std::optional<store::Ending> ending;
  const Timed timed(context_, fence_.queue().name, "settle");
  const bool written = insist(
      context_, "settle effect", context_.clock.boot() + kInsist, [&](store::Connection& c, bool doubt) {
        answer =
            fence_.settle_effect(c, effect, result, store::worker_name(context_.worker),
                                 [&](store::Connection& within) { app_.settled(within, effect, result); });
        ending = store::ending_of(result, answer, doubt);
      });
  constexpr const char* kVerdicts[] = {"done", "did_not_happen", "unknown"};
  constexpr const char* kAnswers[] = {"recorded", "stopped", "already_recorded", "late_yes", "stale"};
  const auto* verdict = kVerdicts[static_cast<int>(result.verdict)];
  context_.metrics.count(fence_.queue().name, std::string("effect_") + verdict);
  if (written) context_.ended(fence_.queue().name, ending);
  base::log(result.verdict == Verdict::happened ? base::LogLevel::info : base::LogLevel::warn,
            "effect settled",
            {{"queue", fence_.queue().name},
             {"item", effect.item},
             {"claim", effect.claim},
             {"verdict", verdict},
             {"answer", written ? kAnswers[static_cast<int>(answer)] : "lost"},
             {"detail", result.detail}});
  base::testpoint("settled");
  desk.settled(claim);
}

void EffectWork::run(const std::vector<store::Claim>& claims, Desk& desk) {
  for (const auto& claim : claims) run(claim, desk);
}

void EffectWork::run(const store::Claim& claim, Desk& desk) {
  const auto stop = desk.token(claim);
  if (stop.stop_requested() || claim.stop_wanted) return desk.settle(Settlement::hand_back(claim));
  const auto key = claim.effect_key.value_or(base::time_ordered_hex(context_.clock.wall()));
  auto prepared = prepare(claim, key, stop);
  if (auto* refusal = std::get_if<Settlement>(&prepared)) return desk.settle(std::move(*refusal));
  const auto& rendered = std::get<Rendered>(prepared);
  const auto deadline = context_.clock.boot() + rendered.timeout;
  std::optional<store::Effect> effect;
  if (!stop.stop_requested() && desk.alive(claim)) {
    const Timed timed(context_, fence_.queue().name, "gate");
    base::testpoint("gate.begin");
    try {
      effect = desk.gate(
          claim, {key, rendered.request, rendered.destination, rendered.timeout, rendered.timeout + kMargin},
          rendered.allowed, deadline);
    } catch (const std::exception& error) {
      // The table, its disk or the application refuses it, and nothing of it was committed.
      log("gate failed", claim, error.what());
    }
  }
  base::testpoint("gate.passed");
  if (!effect) {
    context_.metrics.count(fence_.queue().name, "revoked");
    log("item revoked", claim, "nothing was sent");
    // Where the claim is still ours (a paused queue, a parent that forbids), it must not wait for its lease.
    return desk.settle(Settlement::snooze(claim, std::chrono::seconds(1)));
  }
  auto result = send(*effect, rendered, deadline);
  base::testpoint("sent");
  settle(*effect, std::move(result), claim, desk);
}

void EffectWork::reconcile(const std::string& item, std::stop_token stop) {
  std::optional<store::Reconcile> asked;
  insist(context_, "begin reconcile", context_.clock.boot() + std::chrono::seconds(5),
         [&](store::Connection& c, bool) {
           asked = fence_.begin_reconcile(c, item, std::chrono::minutes(2), context_.worker);
         });
  if (!asked) return;
  base::testpoint("reconcile.begun");
  EffectResult result{Verdict::unknown, "", "", "the platform could not be asked", {}};
  bool refuses = false;
  try {
    refuses = app_.refuses_second_arrival(asked->effect, asked->age);
    result = app_.look(*asked, stop);
  } catch (const std::exception& error) {
    base::log(base::LogLevel::warn, "look failed",
              {{"queue", fence_.queue().name}, {"item", item}, {"error", error.what()}});
  }
  std::optional<core::State> to;
  const bool written =
      insist(context_, "settle reconcile", context_.clock.boot() + std::chrono::minutes(1),
             [&](store::Connection& c, bool) {
               to = fence_.settle_reconcile(
                   c, *asked, result, refuses, ask_again(asked->age),
                   [&](store::Connection& within) { app_.settled(within, asked->effect, result); });
             });
  // Counted as unknown when its attempt ended.
  if (written && to && to != core::State::unknown) context_.ended(fence_.queue().name, store::ending_of(*to));
  base::log(base::LogLevel::info, "effect reconciled",
            {{"queue", fence_.queue().name},
             {"item", item},
             {"to", to ? core::name(*to) : "stale"},
             {"detail", result.detail}});
  base::testpoint("reconciled");
}

}  // namespace fencepost::engine
