#include "engine/handler_work.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "base/random.hpp"
#include "base/testpoint.hpp"

namespace fencepost::engine {

using store::SettleAnswer;
using store::Settlement;

namespace {
constexpr base::Duration kInsist = std::chrono::minutes(2);
}  // namespace

HandlerWork::HandlerWork(const Context& context, const store::Fence& fence, Handler handler)
    : HandlerWork(
          context, fence,
          [handler = std::move(handler)](const std::vector<Attempt>& attempts) {
            return std::vector<Outcome>{handler(attempts[0])};
          },
          1) {}

HandlerWork::HandlerWork(const Context& context, const store::Fence& fence, BatchHandler handler, int batch)
    : context_(context), fence_(fence), handler_(std::move(handler)), batch_(batch) {
  FENCEPOST_ASSERT(batch > 0);
}

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

std::vector<Outcome> HandlerWork::handle(const std::vector<Attempt>& attempts) const {
  const auto all = [&](const Outcome& outcome) { return std::vector<Outcome>(attempts.size(), outcome); };
  const Timed timed(context_, fence_.queue().name, "handle");
  try {
    auto outcomes = handler_(attempts);
    if (outcomes.size() == attempts.size()) return outcomes;
    base::log(base::LogLevel::error, "handler answered for another number of items",
              {{"queue", fence_.queue().name}, {"given", attempts.size()}, {"answered", outcomes.size()}});
  } catch (const base::UserError& error) {
    return all(Outcome::failed(error.what()));
  } catch (const std::exception& error) {
    base::log(base::LogLevel::error, "handler threw",
              {{"queue", fence_.queue().name},
               {"item", attempts[0].claim().item},
               {"items", attempts.size()},
               {"error", error.what()}});
  }
  return all(Outcome::retry("internal error"));
}

void HandlerWork::run(const std::vector<store::Claim>& claims, Desk& desk) {
  std::vector<Attempt> attempts;
  attempts.reserve(claims.size());
  for (const auto& claim : claims) {
    if (claim.stop_wanted || desk.token(claim).stop_requested())
      desk.settle(Settlement::hand_back(claim));
    else
      attempts.emplace_back(claim, desk);
  }
  if (attempts.empty()) return;
  base::testpoint("handle.begin");
  auto outcomes = handle(attempts);
  base::testpoint("handled");
  std::vector<Written> own;
  for (std::size_t i = 0; i < attempts.size(); ++i) {
    const auto& claim = attempts[i].claim();
    auto result = settlement(claim, outcomes[i]);
    if (outcomes[i].within)
      own.push_back({&claim, std::move(result), std::move(outcomes[i].within)});
    else
      desk.settle(std::move(result));
  }
  if (!own.empty()) write(own, desk);
}

// In one transaction, where none of them is refused; else each by itself (rule 14).
void HandlerWork::write(const std::vector<Written>& results, Desk& desk) const {
  bool together = results.size() > 1, doubted = false;
  if (together) {
    try {
      together = write_together(results);
    } catch (const std::exception& error) {
      together = false;
      const auto* infra = dynamic_cast<const base::InfraError*>(&error);
      doubted = infra != nullptr && infra->in_doubt();
      base::log(base::LogLevel::warn, "batch not settled, now one by one",
                {{"queue", fence_.queue().name}, {"error", error.what()}});
    }
  }
  for (const auto& result : results) {
    if (!together) write_alone(result, doubted);
    desk.settled(*result.claim);
  }
}

bool HandlerWork::write_together(const std::vector<Written>& results) const {
  const Timed timed(context_, fence_.queue().name, "settle");
  std::vector<Settlement> settlements;
  for (const auto& result : results) settlements.push_back(result.settlement);
  auto connection = context_.database.acquire();
  store::Transaction transaction(*connection);
  const auto settled = fence_.settle_free(*connection, settlements);
  if (std::find(settled.begin(), settled.end(), false) != settled.end()) return false;
  for (const auto& result : results) result.within(*connection);
  transaction.commit();
  context_.metrics.count(fence_.queue().name, "settled_with_writes", static_cast<double>(results.size()));
  for (const auto& settlement : settlements)
    context_.ended(fence_.queue().name, store::ending_of(settlement));
  return true;
}

void HandlerWork::write_alone(const Written& result, bool doubted) const {
  const auto& queue = fence_.queue().name;
  const Timed timed(context_, queue, "settle");
  auto answer = SettleAnswer::stale;
  std::optional<store::Ending> ending;
  bool written = false;
  try {
    written =
        insist(context_, "settle", context_.clock.boot() + kInsist, [&](store::Connection& c, bool doubt) {
          store::Transaction transaction(c);
          answer = fence_.settle(c, {result.settlement}).at(0);
          ending = store::ending_of(result.settlement, answer, doubted || doubt);
          if (answer == SettleAnswer::stale) return;
          // Written before, by a commit that was in doubt: then the handler's own writes are there too.
          if (answer != SettleAnswer::already_recorded) result.within(c);
          base::testpoint("settle.commit");
          transaction.commit();
        });
  } catch (const std::exception& error) {
    // The own writes themselves threw: they would again. Nothing of them is there, and the attempt counts.
    base::log(base::LogLevel::error, "own writes threw",
              {{"queue", queue}, {"item", result.claim->item}, {"error", error.what()}});
  }
  base::testpoint("settled");
  if (!written) refused(*result.claim);
  if (written && answer == SettleAnswer::stale)
    insist(context_, "acknowledge", context_.clock.boot() + kInsist,
           [&](store::Connection& c, bool) { fence_.acknowledge(c, *result.claim); });
  const char* answered = !written                        ? "lost"
                         : answer == SettleAnswer::stale ? "stale"
                                                         : core::name(result.settlement.to).data();
  context_.metrics.count(queue, std::string("settled_") + answered);
  if (written) context_.ended(queue, ending);
  if (base::logs(base::LogLevel::debug))
    base::log(base::LogLevel::debug, "item settled",
              {{"queue", queue},
               {"item", result.claim->item},
               {"claim", result.claim->claim},
               {"attempt", result.claim->attempt + 1},
               {"result", answered}});
}

// The database took the result, but not the own writes, or neither: an attempt that failed.
void HandlerWork::refused(const store::Claim& claim) const {
  const auto retry = settlement(claim, Outcome::retry("its own writes were refused"));
  std::optional<store::Ending> ending;
  if (insist(context_, "settle", context_.clock.boot() + std::chrono::seconds(30),
             [&](store::Connection& c, bool doubt) {
               ending = store::ending_of(retry, fence_.settle(c, {retry}).at(0), doubt);
             }))
    context_.ended(fence_.queue().name, ending);
}

}  // namespace fencepost::engine
