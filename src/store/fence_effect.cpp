// Effects: the gate, its outcome after a doubt, and settling (rules 3, 4, 6).

#include <algorithm>

#include "base/testpoint.hpp"
#include "store/fence_write.hpp"
#include "store/guards.hpp"
#include "store/sql.hpp"

namespace fencepost::store {

namespace {
Value maybe(const std::string& text) { return text.empty() ? Value() : Value(text); }

const char* outcome_word(Verdict verdict) {
  constexpr const char* kWords[] = {"done", "failed", "unknown"};
  return kWords[static_cast<int>(verdict)];
}
}  // namespace

std::optional<Effect> Fence::begin_effect(Connection& connection, const Claim& claim,
                                          const EffectRequest& request, const Allowed& allowed) const {
  FENCEPOST_ASSERT(queue_.kind == core::Kind::once && request.lease > request.timeout);
  Transaction transaction(connection);
  // Parents before the item (rule 14): the kill switch of the queue, then what the application names.
  if (share_paused(connection)) return std::nullopt;
  if (allowed && !allowed(connection)) return std::nullopt;
  // Locked in a statement of its own: an UPDATE that waited for somebody who then changed nothing goes on
  // with what it read before the wait, and a lease that ended meanwhile would pass (rule 17).
  if (guard("gate_lock")) run(connection, sql::lock_item, {claim.item});
  const auto passed =
      run(connection, sql::gate, {claim.item, claim.claim, claim.fence, request.key, micros(request.lease)});
  if (passed.empty()) return std::nullopt;
  Effect effect{claim.item,
                claim.claim,
                passed[0][0].integer(),
                passed[0][1].text(),
                request.request,
                request.destination,
                0};
  connection.run(sql::add_effect, {queue_.name, claim.item, claim.claim, effect.key, request.request,
                                   request.destination, micros(request.timeout)});
  event(connection, claim.item, "begun", "claimed", "sending", effect.fence, claim.claim,
        worker_name(worker_of(claim.claim)));
  effect.epoch = connection.run(sql::bump_epoch).rows.at(0)[0].integer();
  base::testpoint("gate.commit");
  transaction.commit();
  return effect;
}

std::vector<std::optional<Effect>> Fence::begin_effects(Connection& connection,
                                                        const std::vector<GateRequest>& requests) const {
  FENCEPOST_ASSERT(queue_.kind == core::Kind::once);
  std::vector<std::optional<Effect>> passed(requests.size());
  if (requests.empty()) return passed;
  Transaction transaction(connection);
  if (share_paused(connection)) return passed;
  std::map<std::string, std::size_t> place;
  std::vector<Params> gates;
  Duration lease{};
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const auto& [claim, request] = requests[i];
    FENCEPOST_ASSERT(request.lease > request.timeout);
    lease = std::max(lease, request.lease);
    // One item twice: an old claim of ours beside the new one. One of them is stale; alone it is told so.
    if (place.emplace(claim.item, i).second)
      gates.push_back({claim.item, claim.claim, claim.fence, request.key});
  }
  std::vector<Params> effects, events;
  for (const auto& row :
       run_batch(connection, sql::gates, gates, {static_cast<std::int64_t>(lease.count())})) {
    const auto i = place.at(key_text(row[0]));
    const auto& [claim, request] = requests[i];
    passed[i] = Effect{
        claim.item, claim.claim, row[1].integer(), row[2].text(), request.request, request.destination, 0};
    effects.push_back({queue_.name, claim.item, claim.claim, passed[i]->key, request.request,
                       request.destination, micros(request.timeout)});
    events.push_back({queue_.name, claim.item, "begun", "claimed", "sending", passed[i]->fence, claim.claim,
                      worker_name(worker_of(claim.claim)), Value()});
  }
  if (effects.empty()) return passed;
  connection.run_batch(sql::add_effects, effects);
  connection.run_batch(sql::add_events, events);
  const auto epoch = connection.run(sql::bump_epoch).rows.at(0)[0].integer();
  for (auto& effect : passed)
    if (effect) effect->epoch = epoch;
  base::testpoint("gate.commit");
  transaction.commit();
  return passed;
}

std::pair<Fence::GateOutcome, std::optional<Effect>> Fence::gate_outcome(Connection& connection,
                                                                         const Claim& claim) const {
  Transaction transaction(connection);
  const auto s = lock(connection, claim.item);
  if (!s) return {GateOutcome::revoked, {}};
  if (s->effect == claim.claim && s->state == core::State::sending &&
      s->outcome == core::EffectOutcome::none) {
    // Seen is not yet safe: the standby may not have it. A write whose own commit is waited for without a
    // warning comes after it in the log, and so takes it along.
    Effect effect{s->item, claim.claim, s->fence, s->sent_key, s->request, s->destination, 0};
    effect.epoch = connection.run(sql::bump_epoch).rows.at(0)[0].integer();
    transaction.commit();
    return {GateOutcome::passed, effect};
  }
  const bool untouched =
      s->state == core::State::claimed && s->claim == claim.claim && s->fence == claim.fence;
  return {untouched ? GateOutcome::not_passed : GateOutcome::revoked, {}};
}

void Fence::close(Connection& connection, std::int64_t claim, const EffectResult& result,
                  const std::string& actor) const {
  connection.run(sql::close_effect, {claim, outcome_word(result.verdict), maybe(result.remote_id),
                                     maybe(result.remote_url), maybe(result.detail), actor});
}

EffectAnswer Fence::settle_effect(Connection& connection, const Effect& effect, const EffectResult& result,
                                  const std::string& actor, const Within& within) const {
  bool inside = false;  // what the application writes beside: a refusal of that is its own
  const Within beside = [&](Connection& same) {
    inside = true;
    if (within) within(same);
    inside = false;
  };
  try {
    return settle_item(connection, effect, result, actor, beside);
  } catch (const base::InfraError& error) {
    // In the caller's transaction nothing more can be written: there it is his to see.
    const bool ours = !connection.in_transaction() && result.verdict == Verdict::happened;
    if (!refused_by_table(error) || !ours || !guard("refused_yes")) throw;
    if (inside && guard("refused_within")) throw;
    log_refused(effect.item, error);
  }
  return keep_yes(connection, effect, result, actor);
}

// The table refuses the item's new word, whoever wrote that it should: a known yes is kept without it
// (rule 6), and the rescuer goes on trying to say so on the row.
EffectAnswer Fence::keep_yes(Connection& connection, const Effect& effect, const EffectResult& result,
                             const std::string& actor) const {
  Transaction transaction(connection);
  const auto s = lock(connection, effect.item);
  close(connection, effect.claim, result, actor);
  release(connection, {effect.claim});
  event(connection, effect.item, "late_yes", s ? core::name(s->state) : "", "", s ? s->fence : 0,
        effect.claim, actor, result.remote_url.empty() ? result.remote_id : result.remote_url);
  transaction.commit();
  return EffectAnswer::late_yes;
}

EffectAnswer Fence::settle_item(Connection& connection, const Effect& effect, const EffectResult& result,
                                const std::string& actor, const Within& within) const {
  Transaction transaction(connection);
  const auto s = lock(connection, effect.item);
  const bool mine = s && (s->effect == effect.claim || !guard("effect_identity"));
  const auto recorded = [&] {
    const auto row = connection.run(sql::look, {effect.claim});
    return row[0][1].is_null() ? core::EffectOutcome::none : core::effect_outcome(row[0][1].text());
  }();
  const bool open = recorded == core::EffectOutcome::none || recorded == core::EffectOutcome::unknown;
  const bool same = core::name(recorded) == outcome_word(result.verdict);
  if (same) {
    // Repeated after a doubt: seen here, but not yet by the standby (rule 4).
    confirm(connection);
    transaction.commit();
    return EffectAnswer::already_recorded;
  }
  if (!mine || (!open && guard("effect_outcome"))) {
    // Nothing of the item may be written. A known yes is never thrown away (rule 6).
    if (result.verdict != Verdict::happened || !guard("late_yes")) return EffectAnswer::stale;
    event(connection, effect.item, "late_yes", s ? core::name(s->state) : "", "", s ? s->fence : 0,
          effect.claim, actor, result.remote_url.empty() ? result.remote_id : result.remote_url);
    transaction.commit();
    return EffectAnswer::late_yes;
  }

  Write to{core::State::unknown, s->effect};
  to.attempts = effect_counts(recorded);
  if (result.verdict == Verdict::happened) {
    to.state = core::State::done;
  } else if (result.verdict == Verdict::did_not_happen) {
    to.effect.reset();
    to.error = result.detail;
    // A word that a foreign writer put there meanwhile says what is wanted: only an item that is still under
    // way, or was put back, is tried again.
    const bool under_way = s->state == core::State::sending || s->state == core::State::unknown ||
                           s->state == core::State::queued;
    if ((s->stop_wanted && guard("stop_wanted")) || s->state == core::State::stopped)
      to.state = core::State::stopped;
    else if (s->state == core::State::other)
      to.state = core::State::other;
    else
      to.state = result.retry_after && under_way ? core::State::queued : core::State::failed;
    if (to.state == core::State::queued) to.run_in = result.retry_after;
  } else {
    to.stop_wanted = s->stop_wanted;
    to.error = result.detail;
    to.run_in = Duration(0);
  }
  const auto fence = write(connection, *s, to);
  to.state == core::State::unknown ? hold_seats(connection, effect.claim, s->deadline)
                                   : release(connection, {effect.claim});
  close(connection, effect.claim, result, actor);
  if (queue_.history || to.state != core::State::done)
    event(connection, effect.item, "settled", core::name(s->state), core::name(to.state), fence, effect.claim,
          actor, result.remote_url.empty() ? result.detail : result.remote_url);
  if (within) within(connection);
  base::testpoint("settle.commit");
  transaction.commit();
  return to.state == core::State::stopped ? EffectAnswer::stopped : EffectAnswer::recorded;
}

std::vector<bool> Fence::settle_sent(Connection& connection, const std::vector<Sent>& sent,
                                     const std::string& actor) const {
  std::vector<bool> settled(sent.size());
  std::map<std::string, std::size_t> place;
  std::vector<Params> batch;
  for (std::size_t i = 0; i < sent.size(); ++i)
    if (sent[i].result.verdict == Verdict::happened && place.emplace(sent[i].effect.item, i).second)
      batch.push_back({sent[i].effect.item, sent[i].effect.claim, sent[i].effect.fence});
  if (batch.empty()) return settled;
  Transaction transaction(connection);
  std::vector<Params> closed, events;
  std::vector<std::int64_t> ended;
  for (const auto& row : run_batch(connection, sql::settle_sent, batch)) {
    const auto i = place.at(key_text(row[0]));
    const auto& [effect, result] = sent[i];
    settled[i] = true;
    ended.push_back(effect.claim);
    closed.push_back({effect.claim, outcome_word(result.verdict), maybe(result.remote_id),
                      maybe(result.remote_url), maybe(result.detail), actor});
    if (queue_.history)
      events.push_back({queue_.name, effect.item, "settled", "sending", "done", row[1].integer(),
                        effect.claim, actor,
                        maybe(result.remote_url.empty() ? result.detail : result.remote_url)});
  }
  // An untouched item's effect is open: whoever closes one moves the fence with it.
  FENCEPOST_ASSERT(connection.run_batch(sql::close_effects, closed).size() == closed.size());
  connection.run_batch(sql::add_events, events);
  release(connection, ended);
  transaction.commit();
  return settled;
}

}  // namespace fencepost::store
