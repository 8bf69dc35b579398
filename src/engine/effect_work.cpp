#include "engine/effect_work.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "base/random.hpp"

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

void EffectWork::give_back(const Settlement& settlement) {
  insist(context_, "hand back", context_.clock.boot() + std::chrono::seconds(30),
         [&](store::Connection& c) { fence_.settle(c, {settlement}); });
}

std::optional<Rendered> EffectWork::prepare(const store::Claim& claim, const std::string& key,
                                            std::stop_token stop) {
  if (stop.stop_requested() || claim.stop_wanted) {
    give_back(Settlement::hand_back(claim));
    return std::nullopt;
  }
  const auto& backoff = fence_.queue().backoff;
  const auto retry = [&](const std::string& error) {
    give_back(backoff.exhausted(claim.attempt + 1)
                  ? Settlement::failed(claim, error)
                  : Settlement::retry(claim, backoff.delay(claim.attempt + 1, base::random_unit()), error));
  };
  try {
    auto answer = app_.render(*context_.database.acquire(), claim, key);
    if (auto* rendered = std::get_if<Rendered>(&answer)) return std::move(*rendered);
    const auto& refusal = std::get<NotNow>(answer);
    log("item not sent", claim, refusal.error);
    give_back(refusal.again ? Settlement::snooze(claim, *refusal.again)
                            : Settlement::failed(claim, refusal.error));
  } catch (const base::InfraError& error) {
    log("render failed", claim, error.what());
    give_back(Settlement::snooze(claim, std::chrono::seconds(1)));
  } catch (const base::UserError& error) {
    log("render refused", claim, error.what());
    give_back(Settlement::failed(claim, error.what()));
  } catch (const std::exception& error) {
    log("render failed", claim, error.what());
    retry("internal error");
  }
  return std::nullopt;
}

std::optional<store::Effect> EffectWork::gate(const store::Claim& claim, const store::EffectRequest& request,
                                              const store::Fence::Allowed& allowed, base::BootTime until) {
  bool doubt = false;
  while (context_.clock.boot() < until) {
    try {
      auto connection = context_.database.acquire();
      std::optional<store::Effect> effect;
      auto seen = store::Fence::GateOutcome::not_passed;
      if (doubt) std::tie(seen, effect) = fence_.gate_outcome(*connection, claim);
      if (seen == store::Fence::GateOutcome::revoked) return std::nullopt;
      doubt = false;
      if (!effect) effect = fence_.begin_effect(*connection, claim, request, allowed);
      if (effect) {
        auto highest = context_.database.epoch_seen.load();
        while (highest < effect->epoch &&
               !context_.database.epoch_seen.compare_exchange_weak(highest, effect->epoch)) {
        }
      }
      return effect;
    } catch (const base::InfraError& error) {
      if (!error.retryable() && !error.in_doubt()) throw;
      doubt = doubt || error.in_doubt();
      log(error.in_doubt() ? "gate in doubt" : "gate again", claim, error.what());
      base::sleep_for(base::Duration(2000 + base::random_below(50'000)));
    }
  }
  // Nobody will send it: where the gate did pass, its lease ends and the item becomes unknown.
  return std::nullopt;
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

void EffectWork::settle(const store::Effect& effect, EffectResult result, int attempt) {
  const auto& backoff = fence_.queue().backoff;
  if (result.verdict == Verdict::did_not_happen && result.retry_after) {
    if (backoff.exhausted(attempt))
      result.retry_after.reset();
    else
      result.retry_after = std::max(*result.retry_after, backoff.delay(attempt, base::random_unit()));
  }
  auto answer = store::EffectAnswer::stale;
  const Timed timed(context_, fence_.queue().name, "settle");
  const bool written =
      insist(context_, "settle effect", context_.clock.boot() + kInsist, [&](store::Connection& c) {
        answer =
            fence_.settle_effect(c, effect, result, "worker " + std::to_string(context_.worker),
                                 [&](store::Connection& within) { app_.settled(within, effect, result); });
      });
  constexpr const char* kVerdicts[] = {"done", "did_not_happen", "unknown"};
  constexpr const char* kAnswers[] = {"recorded", "stopped", "already_recorded", "late_yes", "stale"};
  const auto* verdict = kVerdicts[static_cast<int>(result.verdict)];
  context_.metrics.count(fence_.queue().name, std::string("effect_") + verdict);
  base::log(result.verdict == Verdict::happened ? base::LogLevel::info : base::LogLevel::warn,
            "effect settled",
            {{"queue", fence_.queue().name},
             {"item", effect.item},
             {"claim", effect.claim},
             {"verdict", verdict},
             {"answer", written ? kAnswers[static_cast<int>(answer)] : "lost"},
             {"detail", result.detail}});
}

void EffectWork::run(const store::Claim& claim, const HeldClaims& held, std::stop_token stop) {
  const auto key = claim.effect_key.value_or(base::random_hex(16));
  const auto rendered = prepare(claim, key, stop);
  if (!rendered) return;
  const auto begun = context_.clock.boot();
  const auto deadline = begun + rendered->timeout;
  std::optional<store::Effect> effect;
  if (!stop.stop_requested() && held.alive(claim.claim, begun)) {
    const Timed timed(context_, fence_.queue().name, "gate");
    const store::EffectRequest request{key, rendered->request, rendered->destination, rendered->timeout,
                                       rendered->timeout + kMargin};
    effect = gate(claim, request, rendered->allowed, deadline);
  }
  if (!effect) {
    context_.metrics.count(fence_.queue().name, "revoked");
    log("item revoked", claim, "nothing was sent");
    // Where the claim is still ours (a paused queue, a parent that forbids), it must not wait for its lease.
    give_back(Settlement::snooze(claim, std::chrono::seconds(1)));
    return;
  }
  settle(*effect, send(*effect, *rendered, deadline), claim.attempt + 1);
}

void EffectWork::reconcile(const std::string& item, std::stop_token stop) {
  std::optional<store::Reconcile> asked;
  insist(context_, "begin reconcile", context_.clock.boot() + std::chrono::seconds(5),
         [&](store::Connection& c) {
           asked = fence_.begin_reconcile(c, item, std::chrono::minutes(2), context_.worker);
         });
  if (!asked) return;
  EffectResult result{Verdict::unknown, "", "", "the platform could not be asked", {}};
  try {
    result = app_.look(*asked, stop);
  } catch (const std::exception& error) {
    base::log(base::LogLevel::warn, "look failed",
              {{"queue", fence_.queue().name}, {"item", item}, {"error", error.what()}});
  }
  std::optional<core::State> to;
  const bool refuses = app_.refuses_second_arrival(asked->effect);
  insist(context_, "settle reconcile", context_.clock.boot() + std::chrono::minutes(1),
         [&](store::Connection& c) {
           to = fence_.settle_reconcile(
               c, *asked, result, refuses, ask_again(asked->age),
               [&](store::Connection& within) { app_.settled(within, asked->effect, result); });
         });
  base::log(base::LogLevel::info, "effect reconciled",
            {{"queue", fence_.queue().name},
             {"item", item},
             {"to", to ? core::name(*to) : "stale"},
             {"detail", result.detail}});
}

}  // namespace fencepost::engine
