#include "engine/outbox.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "base/testpoint.hpp"

namespace fencepost::engine {

using store::EffectAnswer;
using store::SettleAnswer;
using store::Settlement;
using Sent = store::Fence::Sent;

std::int64_t Result::claim() const {
  const auto* settlement = std::get_if<Settlement>(&what);
  return settlement ? settlement->claim : std::get<Sent>(what).effect.claim;
}

const std::string& Result::item() const {
  const auto* settlement = std::get_if<Settlement>(&what);
  return settlement ? settlement->item : std::get<Sent>(what).effect.item;
}

void Outbox::add(Result result) {
  const std::lock_guard lock(mutex_);
  waiting_.push_back(std::move(result));
}

std::vector<Result> Outbox::take(std::size_t n, base::BootTime now) {
  const std::lock_guard lock(mutex_);
  std::vector<Result> taken;
  while (taken.size() < n && !put_off_.empty() && put_off_.begin()->first <= now)
    taken.push_back(std::move(put_off_.extract(put_off_.begin()).mapped()));
  const auto end =
      waiting_.begin() + static_cast<std::ptrdiff_t>(std::min(n - taken.size(), waiting_.size()));
  std::move(waiting_.begin(), end, std::back_inserter(taken));
  waiting_.erase(waiting_.begin(), end);
  return taken;
}

void Outbox::put_back(std::vector<Result> results) {
  const std::lock_guard lock(mutex_);
  waiting_.insert(waiting_.begin(), std::make_move_iterator(results.begin()),
                  std::make_move_iterator(results.end()));
}

void Outbox::put_off(Result result, base::BootTime at) {
  const std::lock_guard lock(mutex_);
  put_off_.emplace(at, std::move(result));
}

std::size_t Outbox::size() const {
  const std::lock_guard lock(mutex_);
  return waiting_.size() + put_off_.size();
}

std::size_t Outbox::ready(base::BootTime now) const {
  const std::lock_guard lock(mutex_);
  const auto due = std::distance(put_off_.begin(), put_off_.upper_bound(now));
  return waiting_.size() + static_cast<std::size_t>(due);
}

base::BootTime Outbox::oldest() const {
  const std::lock_guard lock(mutex_);
  const auto first = put_off_.empty() ? base::BootTime::max() : put_off_.begin()->first;
  return waiting_.empty() ? first : std::min(first, waiting_.front().since);
}

Outbox::Written Outbox::write(store::Connection& connection, const std::vector<Result>& results, int n,
                              base::Duration lease) const {
  std::vector<Settlement> settlements;
  std::vector<Sent> sent;
  for (const auto& result : results) {
    if (const auto* settlement = std::get_if<Settlement>(&result.what))
      settlements.push_back(*settlement);
    else
      sent.push_back(std::get<Sent>(result.what));
  }
  Written written;
  std::vector<bool> settled, recorded;
  const auto all = [&] {
    settled = fence_.settle_free(connection, settlements);
    recorded = fence_.settle_sent(connection, sent, store::worker_name(context_.worker));
    if (n > 0) written.claims = fence_.claim(connection, n, lease, context_.worker);
  };
  base::testpoint("bundle.begin");
  // A single statement is a transaction already.
  if (sent.empty() && (settlements.empty() || n == 0)) {
    all();
  } else {
    store::Transaction transaction(connection);
    all();
    base::testpoint("bundle.commit");
    transaction.commit();
  }
  base::testpoint("bundle.committed");
  std::size_t next_settled = 0, next_recorded = 0;
  for (const auto& result : results)
    written.settled.push_back(std::holds_alternative<Settlement>(result.what) ? settled[next_settled++]
                                                                              : recorded[next_recorded++]);
  return written;
}

void Outbox::log_settled(const Result& result) const {
  const auto& queue = fence_.queue().name;
  if (const auto* sent = std::get_if<Sent>(&result.what)) {
    context_.metrics.count(queue, "effect_done");
    context_.ended(queue, store::Ending::done);
    base::log(
        base::LogLevel::info, "effect settled",
        {{"queue", queue}, {"item", sent->effect.item}, {"claim", sent->effect.claim}, {"verdict", "done"}});
    return;
  }
  const auto& settlement = std::get<Settlement>(result.what);
  context_.metrics.count(queue, std::string("settled_") + core::name(settlement.to).data());
  context_.ended(queue, store::ending_of(settlement));
  if (base::logs(base::LogLevel::debug))
    base::log(base::LogLevel::debug, "item settled",
              {{"queue", queue},
               {"item", settlement.item},
               {"claim", settlement.claim},
               {"to", core::name(settlement.to)}});
}

void Outbox::settle(const Result& result, base::BootTime until) const {
  const auto& queue = fence_.queue().name;
  const Timed timed(context_, queue, "settle");
  const char* answered = "lost";
  std::optional<store::Ending> ended;
  const bool written = insist(context_, "settle", until, [&](store::Connection& connection, bool doubt) {
    const bool doubted = result.doubted || doubt;
    if (const auto* sent = std::get_if<Sent>(&result.what)) {
      constexpr const char* kAnswers[] = {"recorded", "stopped", "already_recorded", "late_yes", "stale"};
      const auto answer =
          fence_.settle_effect(connection, sent->effect, sent->result, store::worker_name(context_.worker));
      answered = kAnswers[static_cast<int>(answer)];
      ended = store::ending_of(sent->result, answer, doubted);
      return;
    }
    const auto& settlement = std::get<Settlement>(result.what);
    constexpr const char* kAnswers[] = {"settled", "stopped", "already_recorded", "stale"};
    const auto answer = fence_.settle(connection, {settlement}).at(0);
    answered = kAnswers[static_cast<int>(answer)];
    ended = store::ending_of(settlement, answer, doubted);
    // Edited under its handler, perhaps: then this lets it be claimed again (rule 8).
    if (answer == SettleAnswer::stale)
      fence_.acknowledge(connection,
                         {settlement.item, settlement.claim, settlement.fence, 0, 0, false, {}, {}, 0});
  });
  if (written) context_.ended(queue, ended);
  context_.metrics.count(queue, std::string("singly_") + answered);
  base::log(base::LogLevel::info, "item settled by itself",
            {{"queue", queue}, {"item", result.item()}, {"claim", result.claim()}, {"answer", answered}});
}

}  // namespace fencepost::engine
