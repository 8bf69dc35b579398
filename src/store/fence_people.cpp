// The acts of people: stop, delete, run now, edit, re-arm, resolve (rules 7 and 8). Each locks the row,
// decides and writes in one transaction, so that its answer is the truth at the moment of its commit.

#include "base/testpoint.hpp"
#include "store/certain.hpp"
#include "store/fence_write.hpp"
#include "store/guards.hpp"
#include "store/sql.hpp"

namespace fencepost::store {

using core::EditAnswer;
using core::EffectOutcome;
using core::ResolveAnswer;
using core::RunNowAnswer;
using core::State;
using core::StopAnswer;

namespace {
bool is_done(const Snapshot& s) {
  return s.state == State::done || (s.effect && s.outcome == EffectOutcome::done);
}
// The word of an item whose stop is taken back: a foreign statement may have written `stopped` over an open
// effect.
State under_way(const Snapshot& s) {
  if (s.state != State::stopped) return s.state;
  return s.outcome == EffectOutcome::unknown ? State::unknown : State::sending;
}
Duration left_of_lease(const Snapshot& s) {
  return Duration(s.lease_until ? std::max<Micros>(0, *s.lease_until - s.now) : 0);
}
}  // namespace

void Fence::confirm(Connection& connection) {
  Transaction transaction(connection);
  connection.run(sql::bump_epoch);
  transaction.commit();
}

StopAnswer Fence::would_stop(const Snapshot& s) const {
  if (s.effect_open() && guard("stop_effect"))
    return s.outcome == EffectOutcome::unknown ? StopAnswer::outcome_unknown : StopAnswer::in_flight;
  if (is_done(s)) return StopAnswer::already_done;
  if (s.state == State::stopped) return StopAnswer::already_stopped;
  if (s.state == State::claimed && queue_.kind == core::Kind::repeatable && guard("stop_claimed_repeatable"))
    return StopAnswer::in_flight;
  return StopAnswer::prevented;
}

Fence::Change Fence::to_stop(const Snapshot& s) const {
  Change change;
  switch (would_stop(s)) {
    case StopAnswer::in_flight:
    case StopAnswer::outcome_unknown:
      if (s.stop_wanted) break;
      change.want_stop = true;
      change.event = "stop_wanted";
      change.claim = s.effect;
      break;
    case StopAnswer::already_stopped:
      // This is a promise too, and the stop that it repeats may be in doubt: seen here, but not on the
      // standby. A write whose own commit is waited for comes after it in the log, and so takes it along
      // (rule 4).
      change.confirm = true;
      break;
    case StopAnswer::prevented:
      change.write = Write{State::stopped};
      change.ends_seats = true;
      change.event = "stopped";
      change.detail = "prevented";
      break;
    case StopAnswer::already_done:
    case StopAnswer::not_found:
      break;
  }
  return change;
}

void Fence::carry_out(Connection& connection, const std::vector<Snapshot>& held,
                      const std::vector<Change>& changes, const std::string& actor) const {
  FENCEPOST_ASSERT(connection.in_transaction() && changes.size() == held.size());
  std::vector<Params> writes, stops, events;
  std::vector<std::int64_t> ended;
  bool confirms = false;
  for (std::size_t i = 0; i < held.size(); ++i) {
    const auto& s = held[i];
    const auto& change = changes[i];
    if (change.write) writes.push_back(row_of(s, *change.write));
    if (change.want_stop) stops.push_back({s.item, s.fence});
    if (const auto claim = seated_claim(s); claim && change.ends_seats) ended.push_back(*claim);
    confirms = confirms || change.confirm;
    if (change.event.empty() || !keeps_events()) continue;
    events.push_back({queue_.name, s.item, change.event, core::name(s.state),
                      core::name(change.write ? change.write->state : s.state),
                      s.fence + (change.write ? 1 : 0), change.claim, actor,
                      change.detail.empty() ? Value() : Value(change.detail)});
  }
  // The rows are locked and their fences were read under the locks, so none is left out.
  if (run_batch(connection, sql::write_items, writes).size() != writes.size() ||
      run_batch(connection, sql::want_stops, stops).size() != stops.size())
    throw refused_silently();
  release(connection, ended);
  connection.run_batch(sql::add_events, events);
  // Last: every gate takes the same row after its item's.
  if (confirms) confirm(connection);
}

std::vector<StopAnswer> Fence::stop(Connection& connection, const std::vector<Snapshot>& held,
                                    const std::string& actor) const {
  std::vector<StopAnswer> answers;
  std::vector<Change> changes;
  for (const auto& s : held) {
    answers.push_back(would_stop(s));
    changes.push_back(to_stop(s));
  }
  carry_out(connection, held, changes, actor);
  return answers;
}

StopAnswer Fence::stop(Connection& connection, const std::string& item, const std::string& actor) const {
  Transaction transaction(connection);
  const auto held = hold(connection, std::vector{item});
  if (held.empty()) return StopAnswer::not_found;
  const auto answer = stop(connection, held, actor).at(0);
  if (answer != StopAnswer::already_done) transaction.commit();
  return answer;
}

StopAnswer Fence::remove(Connection& connection, const std::string& item, const std::string& actor) const {
  Transaction transaction(connection);
  const auto answer = stop(connection, item, actor);
  if (answer == StopAnswer::prevented || answer == StopAnswer::already_stopped ||
      answer == StopAnswer::already_done) {
    const auto s = lock(connection, item);
    FENCEPOST_ASSERT(run(connection, sql::delete_item, {item, s->fence}).changed == 1);
    event(connection, item, "deleted", core::name(s->state), "", s->fence, {}, actor);
  }
  transaction.commit();
  return answer;
}

RunNow Fence::run_now(Connection& connection, const std::string& item, const std::string& actor,
                      Duration lease, std::int64_t worker, std::int64_t own_claim) const {
  Transaction transaction(connection);
  const bool paused = share_paused(connection);
  const auto s = lock(connection, item);
  if (!s) return {RunNowAnswer::not_found, {}};
  if (s->effect_open())
    return {
        s->outcome == EffectOutcome::unknown ? RunNowAnswer::outcome_unknown : RunNowAnswer::already_running,
        {}};
  if (is_done(*s) && guard("run_now_state")) return {RunNowAnswer::already_done, {}};
  if (s->state == State::claimed && own_claim != 0 && s->claim == own_claim) {
    // Our own, of a commit that was in doubt.
    confirm(connection);
    const auto mine = claim_on(connection, *s, own_claim, s->fence);
    transaction.commit();
    return {RunNowAnswer::started, mine};
  }
  if (s->state == State::claimed && guard("run_now_state")) return {RunNowAnswer::already_running, {}};
  if (s->state == State::stopped) return {RunNowAnswer::stopped, {}};
  if (!s->enabled) return {RunNowAnswer::disabled, {}};
  if (paused) return {RunNowAnswer::paused, {}};

  // Due now, so that a crash leaves it due; a person's word begins the count of attempts anew.
  Write to{State::claimed, s->effect, own_claim != 0 ? own_claim : new_claim(worker), lease, Duration(0)};
  to.attempts = -s->attempt;
  if (limited() && guard("run_now_limit") && !seat_one(connection, s->item, lease, worker, *to.claim))
    return {RunNowAnswer::limit_reached, {}};
  const auto fence = write(connection, *s, to);
  event(connection, s->item, "run_now", core::name(s->state), "claimed", fence, to.claim, actor);
  auto started = claim_on(connection, *s, *to.claim, fence);
  started.attempt = 0;
  started.run_at = s->now;
  started.stop_wanted = false;
  base::testpoint("run_now.commit");
  transaction.commit();
  return {RunNowAnswer::started, started};
}

EditAnswer Fence::edit(Connection& connection, const std::string& item, const std::string& actor) const {
  FENCEPOST_ASSERT(connection.in_transaction());
  const auto s = lock(connection, item);
  if (!s) return EditAnswer::not_found;
  if (s->effect_open())
    return s->outcome == EffectOutcome::unknown ? EditAnswer::outcome_unknown : EditAnswer::in_flight;
  const bool once = queue_.kind == core::Kind::once;
  if (once && is_done(*s)) return EditAnswer::already_done;
  auto fence = s->fence;
  auto now = s->state;
  if (s->state == State::claimed) {
    // Once: nothing was sent, so it goes back, and the worker's gate finds another fence. Repeatable: its
    // handler may be running, so it stays claimed until that one acknowledges or its lease ends ("again
    // afterwards").
    Write to{!once || !guard("edit_requeues") ? State::claimed
             : s->stop_wanted                 ? State::stopped
                                              : State::queued};
    if (to.state == State::claimed) to.lease = left_of_lease(*s);
    to.stop_wanted = s->stop_wanted;
    to.error = s->last_error;
    fence = write(connection, *s, to);
    if (to.state != State::claimed) end_seats(connection, *s);
    now = to.state;
  }
  event(connection, s->item, "edited", core::name(s->state), core::name(now), fence, {}, actor);
  return EditAnswer::editable;
}

RearmAnswer Fence::would_rearm(const Snapshot& s) const {
  if (s.effect_open())
    return s.outcome == EffectOutcome::unknown ? RearmAnswer::outcome_unknown : RearmAnswer::in_flight;
  if (s.state == State::claimed) return RearmAnswer::already_armed;
  if (queue_.kind == core::Kind::once && is_done(s)) return RearmAnswer::already_done;
  return s.state == State::queued ? RearmAnswer::already_armed : RearmAnswer::rearmed;
}

Fence::Change Fence::to_rearm(const Snapshot& s) const {
  Change change;
  const bool running = s.effect_open() || s.state == State::claimed;
  if (running && s.stop_wanted) {
    // The stop is taken back before it took effect. Everything else of the row stays.
    Write to{under_way(s), s.effect, {}, left_of_lease(s)};
    to.error = s.last_error;
    if (!s.lease_until) to.lease.reset();
    change.write = to;
    change.event = "stop_withdrawn";
    change.claim = s.effect;
  } else if (would_rearm(s) == RearmAnswer::rearmed) {
    change.write = Write{State::queued};
    change.write->attempts = -s.attempt;
    change.event = "rearmed";
  }
  return change;
}

std::vector<RearmAnswer> Fence::rearm(Connection& connection, const std::vector<Snapshot>& held,
                                      const std::string& actor) const {
  std::vector<RearmAnswer> answers;
  std::vector<Change> changes;
  for (const auto& s : held) {
    answers.push_back(would_rearm(s));
    changes.push_back(to_rearm(s));
  }
  carry_out(connection, held, changes, actor);
  return answers;
}

RearmAnswer Fence::rearm(Connection& connection, const std::string& item, const std::string& actor) const {
  Transaction transaction(connection);
  const auto held = hold(connection, std::vector{item});
  if (held.empty()) return RearmAnswer::not_found;
  const auto answer = rearm(connection, held, actor).at(0);
  if (to_rearm(held[0]).any()) transaction.commit();
  return answer;
}

ResolveAnswer Fence::resolve(Connection& connection, const std::string& item, bool happened,
                             const std::string& actor, const std::string& remote_url,
                             const Within& within) const {
  Transaction transaction(connection);
  const auto s = lock(connection, item);
  if (!s) return ResolveAnswer::not_found;
  if (!s->effect_open()) return ResolveAnswer::not_unknown;
  if (s->state != State::unknown && s->outcome == EffectOutcome::none) return ResolveAnswer::in_flight;
  if (s->now < s->deadline && guard("resolve_deadline")) return ResolveAnswer::too_early;
  Write to{State::done, s->effect};
  if (!happened) {
    to.effect.reset();
    to.state = s->stop_wanted ? State::stopped : State::failed;
    to.error = "resolved: it did not happen";
  }
  const auto fence = write(connection, *s, to);
  close(connection, *s->effect,
        {happened ? Verdict::happened : Verdict::did_not_happen, "", remote_url, "resolved", {}}, actor);
  event(connection, s->item, "resolved", core::name(s->state), core::name(to.state), fence, s->effect, actor,
        happened ? "happened" : "did_not_happen");
  end_seats(connection, *s);
  if (within) within(connection);
  transaction.commit();
  return ResolveAnswer::resolved;
}

ResolveAnswer resolve(Connection& connection, const Fence& fence, const std::string& item, bool happened,
                      const std::string& actor, const std::string& remote_url, bool doubt,
                      const Fence::Within& within) {
  const auto answer = fence.resolve(connection, item, happened, actor, remote_url, within);
  if (answer != ResolveAnswer::not_unknown || !doubt) return answer;
  const auto now = fence.read(connection, item);
  const bool as_said = now && (happened ? now->state == State::done
                                        : now->state == State::failed || now->state == State::stopped);
  if (!as_said) return answer;
  Fence::confirm(connection);
  return ResolveAnswer::resolved;
}

}  // namespace fencepost::store
