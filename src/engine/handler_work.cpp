#include "engine/handler_work.hpp"

#include "base/log.hpp"
#include "base/random.hpp"

namespace fencepost::engine {

using store::Settlement;

Settlement HandlerWork::settlement(const store::Claim& claim, const Outcome& outcome) const {
  const auto& backoff = fence_.queue().backoff;
  switch (outcome.kind) {
    case Outcome::Kind::done:
      return Settlement::done(claim);
    case Outcome::Kind::failed:
      return Settlement::failed(claim, outcome.error);
    case Outcome::Kind::snooze:
      return Settlement::snooze(claim, outcome.delay.value_or(std::chrono::seconds(1)));
    case Outcome::Kind::retry:
      break;
  }
  if (backoff.exhausted(claim.attempt + 1)) return Settlement::failed(claim, outcome.error);
  return Settlement::retry(
      claim, outcome.delay.value_or(backoff.delay(claim.attempt + 1, base::random_unit())), outcome.error);
}

void HandlerWork::run(const store::Claim& claim, const HeldClaims&, std::stop_token stop) {
  Outcome outcome = Outcome::snooze(base::Duration(0));
  if (!stop.stop_requested() && !claim.stop_wanted) {
    try {
      const Timed timed(context_, fence_.queue().name, "handle");
      outcome = handler_(claim, stop);
    } catch (const base::UserError& error) {
      outcome = Outcome::failed(error.what());
    } catch (const std::exception& error) {
      base::log(base::LogLevel::error, "handler threw",
                {{"queue", fence_.queue().name}, {"item", claim.item}, {"error", error.what()}});
      outcome = Outcome::retry("internal error");
    }
  }
  const auto settle = settlement(claim, outcome);
  auto answer = store::SettleAnswer::stale;
  const Timed timed(context_, fence_.queue().name, "settle");
  const bool written =
      insist(context_, "settle", context_.clock.boot() + std::chrono::minutes(2), [&](store::Connection& c) {
        store::Transaction transaction(c);
        answer = fence_.settle(c, {settle}).at(0);
        if (answer == store::SettleAnswer::stale) return;
        // Written before, by a commit that was in doubt: then the handler's own writes are there too.
        const bool now = answer != store::SettleAnswer::already_recorded;
        if (now && outcome.within) outcome.within(c);
        transaction.commit();
      });
  if (written && answer == store::SettleAnswer::stale)
    insist(context_, "acknowledge", context_.clock.boot() + std::chrono::minutes(1),
           [&](store::Connection& c) { fence_.acknowledge(c, claim); });
  const char* result = !written                               ? "lost"
                       : answer == store::SettleAnswer::stale ? "stale"
                                                              : core::name(settle.to).data();
  context_.metrics.count(fence_.queue().name, std::string("settled_") + result);
  base::log(base::LogLevel::debug, "item settled",
            {{"queue", fence_.queue().name},
             {"item", claim.item},
             {"claim", claim.claim},
             {"attempt", claim.attempt + 1},
             {"result", result}});
}

}  // namespace fencepost::engine
