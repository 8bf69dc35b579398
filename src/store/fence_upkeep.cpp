// What keeps items from being stuck: rescue, reconcile, pause (rules 9, 10, 11, 13).

#include <algorithm>
#include <map>
#include <set>

#include "base/random.hpp"
#include "base/testpoint.hpp"
#include "store/fence_write.hpp"
#include "store/guards.hpp"
#include "store/sql.hpp"
#include "store/workers.hpp"

namespace fencepost::store {

using core::EffectOutcome;
using core::State;

std::vector<Lapsed> Fence::lapsed_rows(const Rows& rows) const {
  std::vector<Lapsed> out;
  for (const auto& row : rows)
    out.push_back({key_text(row[0]), row[1].maybe_integer(), row[2].maybe_integer(), row[3].integer()});
  return out;
}

std::vector<Lapsed> Fence::lapsed(Connection& connection, int n) const {
  return lapsed_rows(run(connection, sql::lapsed, {n}));
}

std::vector<Lapsed> Fence::held_by(Connection& connection, std::int64_t worker) const {
  return lapsed_rows(run(connection, sql::held_by, {worker}));
}

std::vector<Lapsed> Fence::misplaced(Connection& connection, int n) const {
  if (queue_.kind != core::Kind::once) return {};
  std::vector<Lapsed> out;
  for (const auto& row : run(connection, sql::misplaced, {n}))
    if (const auto s = read(connection, key_text(row[0])))
      out.push_back({s->item, s->claim, s->lease_until, s->fence});
  return out;
}

std::optional<State> Fence::rescue(Connection& connection, const Lapsed& seen, bool gone,
                                   double unit_random) const {
  try {
    return rescue_to(connection, seen, gone, unit_random, false);
  } catch (const base::InfraError& error) {
    // A unique index over what is queued, perhaps, and another row has its place: no item stays at work for
    // ever (F5).
    if (!refused_by_table(error) || !guard("rescue_refused")) throw;
    log_refused(seen.item, error);
  }
  return rescue_to(connection, seen, gone, unit_random, true);
}

std::optional<State> Fence::rescue_to(Connection& connection, const Lapsed& seen, bool gone,
                                      double unit_random, bool refused) const {
  Transaction transaction(connection);
  const auto s = lock(connection, seen.item, true);
  if (!s) return std::nullopt;
  if ((s->claim != seen.claim || s->lease_until != seen.lease_until) && guard("rescue_seen"))
    return std::nullopt;
  const bool over = gone || !s->lease_until || *s->lease_until <= s->now;
  if (!over && guard("rescue_seen")) return std::nullopt;
  const bool at_rest = s->state == State::unknown && s->effect_open();
  if (at_rest) return std::nullopt;

  // Everything that is not running: only the lease goes (a foreign writer left it behind).
  Write to{s->state, s->effect};
  to.error = s->last_error;
  to.stop_wanted = s->stop_wanted;
  const bool effect = s->effect.has_value() && guard("rescue_effect");
  if (effect && s->effect_open()) {
    to.state = State::unknown;
    to.attempts = effect_counts(s->outcome);
    to.run_in = Duration(0);
    to.error = "its process ended before the outcome was known";
    // What a foreign writer wants of it (stopped, or a word of its own) is kept for when the outcome is
    // known.
    to.stop_wanted = s->stop_wanted || s->state == State::stopped || s->state == State::other;
  } else if (effect && s->outcome == EffectOutcome::done) {
    if (s->state == State::done && !s->lease_until) return std::nullopt;
    to.state = State::done;
  } else if (s->state == State::unknown) {
    // An old row was saved over one that had been resolved: nothing of it is open.
    to = Write{s->stop_wanted ? State::stopped : State::failed};
    to.error = s->last_error;
  } else if (s->state == State::claimed || s->state == State::sending) {
    to = Write{State::queued};
    to.attempts = 1;
    to.error = "its worker ended or hung before it was done";
    if (refused) *to.error += ", and the table refuses it as '" + queue_.words.queued + "'";
    if (s->stop_wanted && guard("stop_wanted")) {
      to.state = State::stopped;
    } else if (refused || queue_.backoff.exhausted(s->attempt + 1)) {
      to.state = State::failed;
    } else {
      // A `once` item that never passed its gate has sent nothing: its first rescue does not make it late.
      const bool at_once = queue_.kind == core::Kind::once && s->attempt == 0;
      to.run_in = at_once ? Duration(0) : queue_.backoff.delay(s->attempt + 1, unit_random);
    }
  } else if (!s->lease_until) {
    return std::nullopt;
  }
  const auto fence = write(connection, *s, to);
  if (to.state == State::unknown && s->outcome == EffectOutcome::none)
    close(connection, *s->effect, {Verdict::unknown, "", "", *to.error, {}}, "rescuer");
  // The rescued attempt's seats: an effect may still be under way until its deadline. A process of this host
  // that lives, but stalls, may still act: it keeps them until it comes back or dies. What a dead one has
  // sent may be in its receiver's hands.
  const bool ran = s->state == State::claimed || s->state == State::sending || s->lease_until;
  if (to.state == State::unknown && guard("seat_unknown"))
    hold_seats(connection, *s->effect, s->deadline);
  else if (limited() && ran && s->claim &&
           (gone || !guard("seat_zombie") || !may_live_here(connection, worker_of(*s->claim)))) {
    if (outlives_its_process())
      hold_seats(connection, *s->claim, s->now + queue_.limits.in_flight.count());
    else
      release(connection, {*s->claim});
  }
  event(connection, s->item, "rescued", core::name(s->state), core::name(to.state), fence, s->claim,
        "rescuer", gone ? "its process is gone" : "its lease lapsed");
  base::testpoint("rescue.commit");
  transaction.commit();
  return to.state;
}

int Fence::clamp_leases(Connection& connection, Duration longest) const {
  return static_cast<int>(run(connection, sql::clamp_lease, {micros(longest)}).size());
}

std::vector<std::string> Fence::reconcile_due(Connection& connection, int n) const {
  if (queue_.kind != core::Kind::once) return {};
  std::vector<std::string> items;
  for (const auto& row : run(connection, sql::reconcile_due, {n})) items.push_back(key_text(row[0]));
  return items;
}

std::optional<Reconcile> Fence::begin_reconcile(Connection& connection, const std::string& item,
                                                Duration lease, std::int64_t worker) const {
  Transaction transaction(connection);
  const auto s = lock(connection, item, true);
  if (!s || s->state != State::unknown || !s->effect_open()) return std::nullopt;
  if (s->run_at > s->now || (s->lease_until && *s->lease_until > s->now)) return std::nullopt;
  Write to{State::unknown, s->effect, new_claim(worker), lease};
  to.stop_wanted = s->stop_wanted;
  to.error = s->last_error;
  const auto fence = write(connection, *s, to);
  transaction.commit();
  const Effect sent{s->item, *s->effect, fence, s->sent_key, s->request, s->destination, 0};
  return Reconcile{s->item, *to.claim, fence, sent, Duration(s->now - s->begun), s->now > s->deadline};
}

std::optional<State> Fence::settle_reconcile(Connection& connection, const Reconcile& reconcile,
                                             const EffectResult& result, bool refuses_second_arrival,
                                             Duration ask_again, const Within& within) const {
  try {
    return settle_asked(connection, reconcile, result, refuses_second_arrival, ask_again, within);
  } catch (const base::InfraError& error) {
    if (!refused_by_table(error) || result.verdict != Verdict::happened) throw;
    log_refused(reconcile.item, error);
  }
  // The item's row cannot say so: what is known of its effect is kept all the same (rule 6).
  settle_effect(connection, reconcile.effect, result, "reconcile", within);
  return std::nullopt;
}

std::optional<State> Fence::settle_asked(Connection& connection, const Reconcile& reconcile,
                                         const EffectResult& result, bool refuses_second_arrival,
                                         Duration ask_again, const Within& within) const {
  Transaction transaction(connection);
  const auto s = lock(connection, reconcile.item);
  const bool mine = s && s->claim == reconcile.claim && s->fence == reconcile.fence &&
                    s->state == State::unknown && s->effect == reconcile.effect.claim &&
                    (s->effect_open() || !guard("reconcile_open"));
  if (!s || (!mine && guard("reconcile_identity"))) {
    // Somebody was faster, and what was learnt says nothing any more, except a yes (rule 6).
    if (result.verdict != Verdict::happened) return std::nullopt;
    const auto answer = settle_effect(connection, reconcile.effect, result, "reconcile", within);
    transaction.commit();
    return answer == EffectAnswer::recorded ? std::optional(State::done) : std::nullopt;
  }

  Write to{State::unknown, s->effect};
  to.attempts = effect_counts(s->outcome);
  to.stop_wanted = s->stop_wanted;
  to.error = result.detail;
  bool close_it = true;
  // The deadline must have passed before the platform was asked: a request that arrived between the look and
  // here would be sent again.
  const bool late_enough = reconcile.after_deadline || !guard("reconcile_deadline");
  const bool may_resend = refuses_second_arrival || !guard("reconcile_refuses");
  const bool over = result.over || !guard("reconcile_over");
  if (result.verdict == Verdict::happened) {
    to.state = State::done;
    to.stop_wanted = false;
    to.error.reset();
  } else if (result.verdict == Verdict::did_not_happen && late_enough && (may_resend || over)) {
    to.effect.reset();
    to.stop_wanted = false;
    // An item that kills each of its workers while it is sent must come to an end.
    const bool last = queue_.backoff.exhausted(s->attempt + to.attempts) && guard("reconcile_exhausted");
    to.state = last || over ? State::failed : State::queued;
    if (s->stop_wanted && guard("stop_wanted")) to.state = State::stopped;
    to.run_in = Duration(0);
  } else {
    to.run_in = ask_again;
    close_it = s->outcome == EffectOutcome::none;
  }
  const auto fence = write(connection, *s, to);
  if (close_it) {
    auto closing = result;
    if (to.state == State::unknown) closing.verdict = Verdict::unknown;
    close(connection, reconcile.effect.claim, closing, "reconcile");
  }
  // The same evidence again is no news: an unknown item may be asked about for weeks.
  if (to.state != State::unknown || s->last_error != result.detail)
    event(connection, s->item, "reconciled", "unknown", core::name(to.state), fence, reconcile.effect.claim,
          "reconcile", result.detail);
  if (to.state != State::unknown) release(connection, {reconcile.effect.claim});
  if (within && to.state != State::unknown) within(connection);
  base::testpoint("reconcile.commit");
  transaction.commit();
  return to.state;
}

std::optional<Duration> Fence::next_due(Connection& connection) const {
  const auto rows = run(connection, limited() ? sql::next_seat_due : sql::next_due, {});
  if (rows[0][0].is_null()) return std::nullopt;
  const Duration due(rows[0][0].integer());
  // Many keys that wait for tokens must not wake the claimer for each.
  return limited() && due.count() > 0 ? std::max<Duration>(due, std::chrono::milliseconds(10)) : due;
}

std::vector<Fence::Count> Fence::counts(Connection& connection, std::int64_t looked_at) const {
  std::map<std::string, Count> seen, complete;
  std::int64_t rows = 0;
  for (const auto& row : run(connection, sql::counts, {looked_at + 1})) {
    const bool all = row[0].boolean();
    const auto word = row[1].is_null() ? "" : row[1].text();
    auto& count = (all ? complete : seen)[word];
    const Duration oldest(row[3].integer());
    count.oldest = count.items == 0 ? oldest : std::max(count.oldest, oldest);
    count.word = word;
    count.items += row[2].integer();
    if (!all) rows += row[2].integer();
  }
  std::vector<Count> out;
  if (rows <= looked_at) {
    for (auto& [word, count] : seen) out.push_back(std::move(count));
    return out;
  }
  std::set<std::string> unfinished{queue_.words.queued, queue_.words.claimed};
  if (queue_.kind == core::Kind::once) unfinished.insert({queue_.words.sending, queue_.words.unknown});
  for (const auto& word : unfinished) seen.erase(word);
  // There may be some of them, though none was among those.
  for (const auto& word : {queue_.words.done, queue_.words.failed, queue_.words.stopped})
    seen[word].word = word;
  for (auto& [word, count] : seen) {
    count.at_least = true;
    complete[word] = std::move(count);
  }
  for (auto& [word, count] : complete) out.push_back(std::move(count));
  return out;
}

void Fence::pause(Connection& connection, bool paused, const std::string& why) const {
  if (connection.run(sql::pause_queue, {queue_.name, paused, why}).empty())
    throw base::UserError("not_found", "there is no queue of this name");
}

int Fence::due_to_unknown(Connection& connection, const std::string& why) const {
  Transaction transaction(connection);
  int marked = 0;
  for (const auto& row : run(connection, sql::due_to_unknown, {})) {
    const auto s = lock(connection, key_text(row[0]));
    // Decided under the lock: since it was listed it may have been stopped, and that is a promise (rule 1).
    const bool waiting =
        s && (s->state == State::queued || s->state == State::claimed) && s->run_at <= s->now;
    if (!s || s->effect || (!waiting && guard("restored_state"))) continue;
    // Nobody knows whether it was sent; an effect of its own says so, and every rule on open effects holds.
    const auto claim = new_claim(1);
    connection.run(sql::add_effect, {queue_.name, s->item, claim,
                                     s->effect_key.value_or(base::time_ordered_hex(0)), "{}", "", 0});
    Write to{State::unknown, claim};
    to.run_in = Duration(0);
    to.stop_wanted = s->stop_wanted;
    to.error = why;
    const auto fence = write(connection, *s, to);
    close(connection, claim, {Verdict::unknown, "", "", why, {}}, "restore");
    event(connection, s->item, "restored", core::name(s->state), "unknown", fence, claim, "restore", why);
    ++marked;
  }
  transaction.commit();
  return marked;
}

}  // namespace fencepost::store
