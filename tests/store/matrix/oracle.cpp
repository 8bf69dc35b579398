#include "matrix/oracle.hpp"

namespace fencepost::store::testing {

using core::EffectOutcome;
using core::State;

bool Oracle::open() const {
  if (item.effect == 0) return false;
  const auto outcome = effects.at(item.effect).outcome;
  return outcome == EffectOutcome::none || outcome == EffectOutcome::unknown;
}

// What happened decides before the word does: a foreign statement may have written any word.
bool Oracle::is_done() const {
  return item.word == State::done ||
         (item.effect != 0 && effects.at(item.effect).outcome == EffectOutcome::done);
}

void Oracle::give_lease() {
  item.lease = LeaseState::live;
  item.lease_version = ++symbols;
}

// What is left of a lease is given again: it ends when it did, written by another hand.
void Oracle::same_lease_anew() {
  if (item.lease != LeaseState::none) item.lease_version = ++symbols;
}

// One write of the protocol: a new fence, no lease, and the stop has either taken effect or is passed on by
// hand.
void Oracle::write(State to, int effect) {
  item.word = to;
  item.effect = effect;
  item.lease = LeaseState::none;
  item.lease_version = 0;
  item.stop = false;
  ++item.fence;
}

// --- workers, rules 2, 3, 5, 6
// ----------------------------------------------------------------------------------

std::string Oracle::claim() {
  if (!item.exists || item.word != State::queued || !item.due || !item.enabled || item.effect != 0)
    return "nothing";
  const bool stop = item.stop;
  write(State::claimed, 0);
  item.stop = stop;
  give_lease();
  item.claim = memory.newest_claim = ++symbols;
  memory.newest_fence = item.fence;
  return "claimed";
}

std::string Oracle::settle(int claim, std::int64_t fence, State to, bool counts, bool delayed) {
  if (claim == 0) return "nobody";
  const bool mine = item.exists && item.claim == claim;
  if (mine && item.fence == fence && item.word == State::claimed) {
    const bool stopped = to == State::queued && item.stop;
    write(stopped ? State::stopped : to, item.effect);
    item.attempt += counts;
    if (delayed) item.due = false;
    return stopped ? "stopped" : "settled";
  }
  // Repeated after a doubt: it stands already where this settlement would have put it.
  const bool there = mine && item.fence == fence + 1 &&
                     (item.word == to || (to == State::queued && item.word == State::stopped));
  return there ? "already_recorded" : "stale";
}

std::string Oracle::acknowledge() {
  const bool edited =
      item.exists && item.claim == kWorkerA && item.fence != memory.a_fence && item.word == State::claimed;
  if (!edited) return "nothing";
  write(item.stop ? State::stopped : State::queued, item.effect);
  return "acknowledged";
}

std::string Oracle::renew() {
  if (!item.exists || item.claim != kWorkerA || item.word != State::claimed) return "nothing";
  give_lease();
  return item.stop ? "renewed, stop wanted" : "renewed";
}

std::string Oracle::gate(int claim, std::int64_t fence) {
  if (claim == 0) return "nobody";
  const bool passes = item.exists && item.claim == claim && item.fence == fence &&
                      item.word == State::claimed && item.enabled && !item.stop && item.effect == 0 &&
                      item.lease == LeaseState::live && item.due;
  if (!passes) return "revoked";
  write(State::sending, claim);
  give_lease();
  item.has_key = true;
  effects[claim] = {EffectOutcome::none, false};
  if (claim == kWorkerA) memory.sent_fence = item.fence;
  return "passed";
}

std::string Oracle::settle_free(int claim, std::int64_t fence, State to, bool counts, bool delayed) {
  auto answer = settle(claim, fence, to, counts, delayed);
  return answer == "already_recorded" || answer == "stale" ? "nothing" : answer;
}

std::string Oracle::gates(int claim, std::int64_t fence) {
  auto answer = gate(claim, fence);
  return answer == "revoked" ? "nothing" : answer;
}

std::string Oracle::settle_sent() {
  const bool untouched = item.exists && item.effect == kWorkerA && item.word == State::sending &&
                         item.fence == memory.sent_fence && !item.stop;
  return untouched ? settle_effect(kWorkerA, EffectOutcome::done, false) : "nothing";
}

std::string Oracle::gate_outcome() {
  if (!item.exists) return "revoked";
  if (item.word == State::sending && item.effect == kWorkerA &&
      effects.at(kWorkerA).outcome == EffectOutcome::none)
    return "passed";
  const bool untouched =
      item.word == State::claimed && item.claim == kWorkerA && item.fence == memory.a_fence;
  return untouched ? "not_passed" : "revoked";
}

std::string Oracle::settle_effect(int claim, EffectOutcome verdict, bool retry) {
  if (claim == 0) return "nobody";
  const auto known = effects.find(claim);
  if (known != effects.end() && known->second.outcome == verdict) return "already_recorded";
  const bool writes = item.exists && item.effect == claim && open();
  if (!writes) {
    if (verdict != EffectOutcome::done) return "stale";
    late_yes = true;
    return "late_yes";
  }
  if (known->second.outcome == EffectOutcome::none) ++item.attempt;
  known->second.outcome = verdict;
  if (verdict == EffectOutcome::done) {
    write(State::done, item.effect);
  } else if (verdict == EffectOutcome::unknown) {
    const bool stop = item.stop;
    write(State::unknown, item.effect);
    item.stop = stop;
    item.due = true;
  } else if (item.stop || item.word == State::stopped) {
    write(State::stopped, 0);
    return "stopped";
  } else {
    // What a foreign statement wrote meanwhile says what is wanted: done and failed are not tried again.
    const bool wanted = item.word != State::done && item.word != State::failed && item.word != State::claimed;
    write(retry && wanted ? State::queued : State::failed, 0);
    if (retry && wanted) item.due = false;
  }
  return "recorded";
}

// --- people, rules 7 and 8
// --------------------------------------------------------------------------------------

std::string Oracle::stop() {
  if (!item.exists) return "not_found";
  if (open()) {
    item.stop = true;
    return effects.at(item.effect).outcome == EffectOutcome::unknown ? "outcome_unknown" : "in_flight";
  }
  if (is_done()) return "already_done";
  if (item.word == State::stopped) return "already_stopped";
  if (item.word == State::claimed && !once()) {
    item.stop = true;
    return "in_flight";
  }
  write(State::stopped, 0);
  return "prevented";
}

std::string Oracle::remove() {
  const auto answer = stop();
  if (answer == "prevented" || answer == "already_stopped" || answer == "already_done") item.exists = false;
  return answer;
}

std::string Oracle::run_now() {
  if (!item.exists) return "not_found";
  if (open())
    return effects.at(item.effect).outcome == EffectOutcome::unknown ? "outcome_unknown" : "already_running";
  if (is_done()) return "already_done";
  if (item.word == State::claimed) return "already_running";
  if (item.word == State::stopped) return "stopped";
  if (!item.enabled) return "disabled";
  write(State::claimed, item.effect);
  give_lease();
  item.due = true;
  item.attempt = 0;
  item.claim = memory.newest_claim = ++symbols;
  memory.newest_fence = item.fence;
  return "started";
}

// With the change itself, which the trigger sees.
std::string Oracle::edit() {
  if (!item.exists) return "not_found";
  if (open())
    return effects.at(item.effect).outcome == EffectOutcome::unknown ? "outcome_unknown" : "in_flight";
  if (once() && is_done()) return "already_done";
  if (item.word == State::claimed && once()) {
    write(item.stop ? State::stopped : State::queued, 0);
  } else if (item.word == State::claimed) {
    ++item.fence;
    same_lease_anew();
  }
  foreign_payload();
  return "editable";
}

std::string Oracle::rearm() {
  if (!item.exists) return "not_found";
  if (open() || item.word == State::claimed) {
    if (item.stop) {
      item.stop = false;
      ++item.fence;
      same_lease_anew();
      if (item.word == State::stopped)
        item.word =
            effects.at(item.effect).outcome == EffectOutcome::unknown ? State::unknown : State::sending;
    }
    if (!open()) return "already_armed";
    return effects.at(item.effect).outcome == EffectOutcome::unknown ? "outcome_unknown" : "in_flight";
  }
  if (once() && is_done()) return "already_done";
  if (item.word == State::queued) return "already_armed";
  write(State::queued, 0);
  item.attempt = 0;
  return "rearmed";
}

std::string Oracle::resolve(bool happened) {
  if (!item.exists) return "not_found";
  if (!open()) return "not_unknown";
  auto& effect = effects.at(item.effect);
  if (item.word != State::unknown && effect.outcome == EffectOutcome::none) return "in_flight";
  if (!effect.deadline_passed) return "too_early";
  effect.outcome = happened ? EffectOutcome::done : EffectOutcome::failed;
  if (happened)
    write(State::done, item.effect);
  else
    write(item.stop ? State::stopped : State::failed, 0);
  return "resolved";
}

// --- upkeep, rules 9, 10, 11, 13
// --------------------------------------------------------------------------------

std::string Oracle::rescue(bool as_seen) {
  if (!item.exists || item.lease == LeaseState::live) return "nothing";
  if (as_seen && (item.claim != memory.seen_claim || item.lease_version != memory.seen_lease))
    return "nothing";
  const bool open_effect = open(), known_done = item.effect != 0 && !open_effect && is_done();
  if (item.word == State::unknown && open_effect) return "nothing";
  const bool stop = item.stop;
  if (open_effect) {
    auto& outcome = effects.at(item.effect).outcome;
    if (outcome == EffectOutcome::none) ++item.attempt;
    const bool cancelled = item.word == State::stopped;
    outcome = EffectOutcome::unknown;
    write(State::unknown, item.effect);
    item.stop = stop || cancelled;
    item.due = true;
  } else if (known_done) {
    // The record is right, the foreign word over it is put back.
    if (item.word == State::done && item.lease == LeaseState::none) return "nothing";
    write(State::done, item.effect);
    item.stop = stop;
  } else if (item.word == State::unknown) {
    // Nothing is open: a foreign program wrote that word.
    write(stop ? State::stopped : State::failed, 0);
  } else if (item.word == State::claimed || item.word == State::sending) {
    const bool first = once() && item.attempt == 0;
    write(State::queued, 0);
    ++item.attempt;
    if (stop)
      item.word = State::stopped;
    else if (item.attempt > retries)
      item.word = State::failed;
    else
      item.due = first;
  } else if (item.lease == LeaseState::lapsed) {
    const int effect = item.effect;
    write(item.word, effect);
    item.stop = stop;
  } else {
    return "nothing";
  }
  return std::string(core::name(item.word));
}

// The sweep over words that contradict what is recorded of their effect: it sees them as they are now.
std::string Oracle::put_right() {
  const bool at_rest = item.effect == 0 ? item.word != State::unknown
                       : open()         ? item.word == State::unknown
                                        : item.word == State::done;
  // What has a lease comes to the rescuer when that ends, but for the unknown, which it passes over.
  const bool misplaced =
      item.exists && !at_rest && (item.lease == LeaseState::none || item.word == State::unknown);
  return misplaced ? rescue(false) : "nothing";
}

std::string Oracle::begin_reconcile() {
  if (!item.exists || item.word != State::unknown || !open() || !item.due || item.lease == LeaseState::live)
    return "nothing";
  const bool stop = item.stop;
  write(State::unknown, item.effect);
  item.stop = stop;
  give_lease();
  item.claim = ++symbols;
  return effects.at(item.effect).deadline_passed ? "begun, after the deadline" : "begun";
}

std::string Oracle::settle_reconcile(EffectOutcome verdict, bool refuses) {
  const bool mine = item.exists && item.claim == kReconciler && item.fence == memory.r_fence &&
                    item.word == State::unknown && item.effect == kWorkerA && open();
  if (!mine) {
    // A known yes is never thrown away, whoever learnt it (rule 6).
    if (verdict != EffectOutcome::done) return "nothing";
    const auto answer = settle_effect(kWorkerA, verdict, false);
    return answer == "recorded" ? "done" : "nothing";
  }
  auto& effect = effects.at(item.effect);
  const bool stop = item.stop;
  if (effect.outcome == EffectOutcome::none) ++item.attempt;
  if (verdict == EffectOutcome::done) {
    effect.outcome = EffectOutcome::done;
    write(State::done, item.effect);
    return "done";
  }
  // Absent counts where the platform refuses a second arrival and the look came after the hard deadline.
  if (verdict == EffectOutcome::failed && refuses && memory.r_after_deadline) {
    effect.outcome = EffectOutcome::failed;
    const auto ended = item.attempt > retries ? State::failed : State::queued;
    write(stop ? State::stopped : ended, 0);
    item.due = true;
    return std::string(core::name(item.word));
  }
  effect.outcome = EffectOutcome::unknown;
  write(State::unknown, item.effect);
  item.stop = stop;
  item.due = false;
  return "unknown";
}

std::string Oracle::restored() {
  const bool due = item.exists && item.due && item.effect == 0 &&
                   (item.word == State::queued || item.word == State::claimed);
  if (!due) return "nothing";
  const bool stop = item.stop;
  const int made = ++symbols;
  write(State::unknown, made);
  item.stop = stop;
  effects[made] = {EffectOutcome::unknown, true};
  return "marked";
}

// --- programs that know no fence, rule 12
// -----------------------------------------------------------------------

std::string Oracle::foreign(Item wanted) {
  if (!item.exists) return "0 rows";
  const Item old = item;
  const bool cancels = wanted.word == State::stopped && old.word != State::stopped;
  const bool changed = wanted.word != old.word || wanted.enabled != old.enabled || wanted.due != old.due ||
                       wanted.payload != old.payload || wanted.fence != old.fence;
  // It may say what is wanted, never what has happened.
  wanted.claim = old.claim;
  wanted.effect = old.effect;
  wanted.attempt = old.attempt;
  wanted.has_key = old.has_key;
  wanted.exists = true;
  wanted.stop = old.stop || wanted.stop;
  wanted.fence = old.fence + changed;
  if (old.effect != 0 && wanted.lease == LeaseState::none) {
    wanted.lease = old.lease;
    wanted.lease_version = old.lease_version;
  }
  // A stopped once item stays stopped until a recorded act re-arms it (F2); a cancel of an effect is a stop
  // to be remembered, and a wanted stop turns every way back to queued into stopped (rule 7).
  if (cancels && old.effect != 0) wanted.stop = true;
  if (once() && old.word == State::stopped) wanted.word = State::stopped;
  if (!once() && wanted.word == State::queued && old.word != State::queued && wanted.stop)
    wanted.word = State::stopped;
  item = wanted;
  // A claim without a lease would be stuck for ever.
  if ((item.word == State::claimed || item.word == State::sending) && item.lease == LeaseState::none)
    give_lease();
  return "1 row";
}

std::string Oracle::foreign_word(State word) {
  auto wanted = item;
  wanted.word = word;
  return foreign(wanted);
}

std::string Oracle::foreign_enabled(bool on) {
  auto wanted = item;
  wanted.enabled = on;
  return foreign(wanted);
}

std::string Oracle::foreign_payload() {
  auto wanted = item;
  wanted.payload = 2;
  return foreign(wanted);
}

std::string Oracle::foreign_save(Item copy) {
  copy.payload = 1;
  return foreign(copy);
}

std::string Oracle::foreign_fence() {
  auto wanted = item;
  wanted.fence = 0;
  return foreign(wanted);
}

std::string Oracle::foreign_delete() {
  if (!item.exists) return "0 rows";
  if (open()) return "refused";
  item.exists = false;
  return "1 row";
}

std::string Oracle::time_passes() {
  if (item.exists && item.lease == LeaseState::live) {
    item.lease = LeaseState::lapsed;
    item.lease_version = ++symbols;
  }
  for (auto& [claim, effect] : effects) effect.deadline_passed = true;
  return "later";
}

}  // namespace fencepost::store::testing
