// The workers' side of repeatable work: claim, settle, acknowledge, renew (rules 2, 5, 8, 11, 14).

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

#include "base/log.hpp"
#include "base/random.hpp"
#include "base/testpoint.hpp"
#include "store/fence_write.hpp"
#include "store/sql.hpp"

namespace fencepost::store {

// A constraint or a foreign trigger said no to this very row. Everything else (a full disk, a commit in
// doubt) says nothing of the row, and its settlement must be tried again.
bool refused_by_table(const base::InfraError& error) {
  if (error.retryable() || error.poisoned() || error.in_doubt()) return false;
  const auto& state = error.sqlstate();
  const bool sqlite =
      !state.empty() && state.size() < 5 && state.find_first_not_of("0123456789") == std::string::npos;
  if (sqlite) return (std::stoi(state) & 0xff) == 19;  // SQLITE_CONSTRAINT
  if (!guard("refused_states")) return state.starts_with("22") || state.starts_with("23");
  // A trigger may raise any SQLSTATE, also one of its own. These are the server's: connection, feature,
  // transaction, resources, locks and other people's objects, operator, system, configuration, internal.
  static const std::set<std::string_view> kServers{"08", "0A", "25", "26", "40",
                                                   "53", "57", "58", "F0", "XX"};
  return state.size() == 5 && !kServers.contains(std::string_view(state).substr(0, 2)) && state != "55P03" &&
         state != "55006";
}

// As the database itself would have said it: SQLSTATE 09000 is "triggered action exception", 1811 is
// SQLITE_CONSTRAINT_TRIGGER.
base::InfraError Fence::refused_silently() const {
  return {"a trigger of the table " + queue_.table + " leaves out the write",
          {},
          dialect_ == Dialect::postgres ? "09000" : "1811"};
}

void Fence::log_refused(const std::string& item, const base::InfraError& error) const {
  base::log(base::LogLevel::warn, "refused by its table",
            {{"queue", queue_.name}, {"item", item}, {"error", error.what()}});
}

namespace {
// Of rows that the table refuses, so many are passed over in one look.
constexpr int kRefusedBeside = 100;

std::vector<std::int64_t> claims_of(const std::vector<Settlement>& settlements) {
  std::vector<std::int64_t> claims;
  for (const auto& s : settlements) claims.push_back(s.claim);
  return claims;
}
}  // namespace

std::int64_t new_claim(std::int64_t worker) {
  constexpr std::int64_t kMask = (std::int64_t{1} << kWorkerShift) - 1;
  return (worker << kWorkerShift) | (base::random_i63() & kMask);
}

Claim claim_of(const Row& row) {
  return {key_text(row[0]), row[1].integer(), row[2].integer(),    static_cast<int>(row[3].integer()),
          row[4].integer(), row[5].boolean(), row[6].maybe_text(), row[7].text(),
          row[8].integer()};
}

std::vector<Claim> Fence::claim(Connection& connection, int n, Duration lease, std::int64_t worker) const {
  FENCEPOST_ASSERT(n > 0 && lease.count() > 0 && worker > 0 && worker < (std::int64_t{1} << 20));
  if (limited()) return claim_seated(connection, n, lease, worker);
  const auto prefix = worker << kWorkerShift;
  const auto take = [&] {
    return run(connection, sql::claim, {n, static_cast<std::int64_t>(lease.count()), prefix});
  };
  std::vector<Claim> claims;
  const auto collect = [&](const Rows& rows) {
    for (const auto& row : rows) claims.push_back(claim_of(row));
  };
  if (queue_.history) {
    Transaction transaction(connection);
    collect(take());
    std::vector<Params> events;
    for (const auto& c : claims)
      events.push_back({queue_.name, c.item, "claimed", "queued", "claimed", c.fence, c.claim,
                        worker_name(worker), Value()});
    connection.run_batch(sql::add_events, events);
    transaction.commit();
  } else {
    collect(take());
  }
  // RETURNING has no order.
  std::sort(claims.begin(), claims.end(), [](const Claim& a, const Claim& b) {
    return std::tie(b.priority, a.run_at, a.item) < std::tie(a.priority, b.run_at, b.item);
  });
  return claims;
}

Params Fence::row_of(const Settlement& s) const {
  return {s.item,          s.claim,     s.fence,          core::word_of(queue_, s.to),
          micros(s.delay), Value(s.at), s.counts ? 1 : 0, s.error};
}

Params Fence::settled_event(const Settlement& s, const std::string& word) const {
  const bool stopped = s.to == core::State::queued && word == queue_.words.stopped;
  return {queue_.name,
          s.item,
          "settled",
          "claimed",
          stopped ? "stopped" : core::name(s.to),
          s.fence + 1,
          s.claim,
          worker_name(worker_of(s.claim)),
          s.error};
}

bool Fence::share_paused(Connection& connection) const {
  const auto queue = connection.run(sql::share_queue, {queue_.name});
  return !queue.empty() && queue[0][0].boolean();
}

Claim Fence::claim_on(Connection& connection, const Snapshot& s, std::int64_t id, std::int64_t fence) const {
  return {s.item,
          id,
          fence,
          s.attempt,
          s.run_at,
          s.stop_wanted,
          s.effect_key,
          run(connection, sql::payload, {s.item})[0][0].text(),
          0};
}

std::optional<Claim> Fence::claim_one(Connection& connection, const std::string& item, Duration lease,
                                      std::int64_t worker) const {
  Transaction transaction(connection);
  const bool paused = share_paused(connection);
  const auto s = lock(connection, item, true);
  if (!s || s->state != core::State::queued || s->effect || !s->enabled || s->run_at > s->now || paused)
    return std::nullopt;
  Write to{core::State::claimed, {}, new_claim(worker), lease};
  to.stop_wanted = s->stop_wanted;
  to.error = s->last_error;
  if (limited() && !seat_one(connection, item, lease, worker, *to.claim)) return std::nullopt;
  const auto fence = write(connection, *s, to);
  if (queue_.history)
    event(connection, item, "claimed", "queued", "claimed", fence, to.claim, worker_name(worker));
  auto claimed = claim_on(connection, *s, *to.claim, fence);
  transaction.commit();
  return claimed;
}

void Fence::put_off(Connection& connection, const std::string& item) const try {
  base::testpoint("put_off");
  Transaction transaction(connection);
  const auto s = lock(connection, item, true);
  // It was unlocked since it was refused.
  if (!s || s->state != core::State::queued || s->effect) return;
  if (s->run_at > s->now && guard("put_off_due")) return;
  Write to{core::State::queued};
  to.run_in = queue_.backoff.delay(1, base::random_unit());
  to.stop_wanted = s->stop_wanted;
  to.error = "the table refuses it as '" + queue_.words.claimed + "': a constraint, or a trigger";
  write(connection, *s, to);
  transaction.commit();
} catch (const base::InfraError& error) {
  // A trigger that refuses every write of the row: it is passed over. Of everything else the next statement
  // hears; what is claimed already must not be lost with it.
  if (!refused_by_table(error))
    base::log(base::LogLevel::warn, "not put off",
              {{"queue", queue_.name}, {"item", item}, {"error", error.what()}});
}

std::vector<Claim> Fence::claim_each(Connection& connection, int n, Duration lease,
                                     std::int64_t worker) const {
  std::vector<Claim> claims;
  if (share_paused(connection)) return claims;
  // Keys that are full are passed over here, too: no number of their items keeps the refused one from its
  // turn.
  const auto& due = limited() && guard("refused_seats") ? sql::seat_candidates : sql::due_items;
  for (const auto& row : run(connection, due, {n + kRefusedBeside})) {
    if (static_cast<int>(claims.size()) == n) break;
    const auto item = key_text(row[0]);
    try {
      if (auto claimed = claim_one(connection, item, lease, worker)) claims.push_back(std::move(*claimed));
    } catch (const base::InfraError& error) {
      if (refused_by_table(error)) {
        log_refused(item, error);
        put_off(connection, item);
        continue;
      }
      // In doubt the caller hands everything back (disown); else what was claimed is his.
      if (claims.empty() || error.in_doubt()) throw;
      break;
    }
  }
  return claims;
}

std::vector<SettleAnswer> Fence::settle(Connection& connection,
                                        const std::vector<Settlement>& settlements) const {
  if (settlements.empty()) return {};
  std::vector<Params> batch;
  batch.reserve(settlements.size());
  for (const auto& s : settlements) batch.push_back(row_of(s));
  const auto write_all = [&] { return run_batch(connection, sql::settle, batch); };
  // A row answers with the fence after the write, which names the settlement that wrote it.
  std::map<std::pair<std::string, std::int64_t>, std::string> written;
  const auto collect = [&](const Rows& rows) {
    for (const auto& row : rows) written[{key_text(row[0]), row[1].integer() - 1}] = row[2].text();
  };
  std::vector<SettleAnswer> answers;
  std::vector<Params> events;
  const auto answer = [&] {
    for (const auto& s : settlements) {
      const auto found = written.find({s.item, s.fence});
      if (found == written.end()) {
        answers.push_back(SettleAnswer::stale);
        continue;
      }
      const bool stopped = s.to == core::State::queued && found->second == queue_.words.stopped;
      answers.push_back(stopped ? SettleAnswer::stopped : SettleAnswer::settled);
      if (keeps_events()) events.push_back(settled_event(s, found->second));
    }
  };
  if (keeps_events() || limited()) {
    Transaction transaction(connection);
    collect(write_all());
    answer();
    connection.run_batch(sql::add_events, events);
    // Also where it is stale: the attempt of this very claim is over.
    release(connection, claims_of(settlements));
    transaction.commit();
  } else {
    collect(write_all());
    answer();
  }
  // One's own recorded outcome is success (rule 4): a settlement that is repeated after a commit in doubt
  // finds its own claim, one fence further, under the word that it wrote.
  for (std::size_t i = 0; i < settlements.size(); ++i) {
    if (answers[i] != SettleAnswer::stale) continue;
    const auto& s = settlements[i];
    const auto now = read(connection, s.item);
    if (now && now->claim == s.claim && now->fence == s.fence + 1 &&
        (now->state == s.to || (s.to == core::State::queued && now->state == core::State::stopped)))
      answers[i] = SettleAnswer::already_recorded;
  }
  // Seen here, but perhaps not yet by the standby.
  if (std::count(answers.begin(), answers.end(), SettleAnswer::already_recorded) > 0) confirm(connection);
  return answers;
}

std::vector<SettleAnswer> Fence::settle_each(Connection& connection,
                                             const std::vector<Settlement>& settlements) const {
  std::vector<SettleAnswer> answers;
  for (const auto& s : settlements) {
    try {
      answers.push_back(settle(connection, {s}).at(0));
    } catch (const base::InfraError& error) {
      if (!refused_by_table(error)) throw;
      // The table itself refuses this row's new words (a CHECK, a foreign trigger). Its lease will lapse, and
      // the rescuer's error on it is the operator's to see; the others must not wait for that.
      release(connection, claims_of({s}));
      answers.push_back(SettleAnswer::stale);
    }
  }
  return answers;
}

std::vector<bool> Fence::settle_free(Connection& connection,
                                     const std::vector<Settlement>& settlements) const {
  std::vector<bool> settled(settlements.size());
  if (settlements.empty()) return settled;
  std::unordered_map<std::string, std::size_t> place;
  std::vector<Params> batch;
  batch.reserve(settlements.size());
  for (std::size_t i = 0; i < settlements.size(); ++i)
    if (place.emplace(settlements[i].item, i).second) batch.push_back(row_of(settlements[i]));
  std::vector<Params> events;
  std::vector<std::int64_t> ended;
  const auto write_all = [&] {
    for (const auto& row : run_batch(connection, sql::settle_free, batch)) {
      const auto i = place.at(key_text(row[0]));
      settled[i] = true;
      if (keeps_events()) events.push_back(settled_event(settlements[i], row[2].text()));
      ended.push_back(settlements[i].claim);
    }
  };
  if (!keeps_events() && !limited()) {
    write_all();
  } else {
    Transaction transaction(connection);
    write_all();
    connection.run_batch(sql::add_events, events);
    release(connection, ended);
    transaction.commit();
  }
  return settled;
}

bool Fence::acknowledge(Connection& connection, const Claim& claim) const {
  Transaction transaction(connection);
  const auto rows = run(connection, sql::acknowledge, {claim.item, claim.claim, claim.fence});
  if (!rows.empty()) {
    const bool stopped = rows[0][1].text() == queue_.words.stopped;
    event(connection, claim.item, "acknowledged", "claimed", stopped ? "stopped" : "queued",
          rows[0][0].integer(), claim.claim, worker_name(worker_of(claim.claim)),
          "edited while it was running");
  }
  release(connection, {claim.claim});
  transaction.commit();
  return !rows.empty();
}

std::vector<Fence::Renewed> Fence::renew(Connection& connection, const std::vector<Claim>& claims,
                                         Duration lease) const {
  std::vector<Renewed> renewed;
  if (claims.empty()) return renewed;
  std::vector<Params> batch;
  for (const auto& c : claims) batch.push_back({c.item, c.claim});
  try {
    for (const auto& row :
         run_batch(connection, sql::renew, batch, {static_cast<std::int64_t>(lease.count())}))
      renewed.push_back({row[0].integer(), row[1].integer(), row[2].boolean()});
  } catch (const base::InfraError& error) {
    if (!refused_by_table(error) || connection.in_transaction() || !guard("renew_each")) throw;
    // Its lease lapses; the others' do not.
    if (claims.size() == 1) {
      log_refused(claims[0].item, error);
      return renewed;
    }
    for (const auto& c : claims)
      for (const auto& one : renew(connection, {c}, lease)) renewed.push_back(one);
  }
  return renewed;
}

int Fence::disown(Connection& connection, std::int64_t worker, const std::vector<std::int64_t>& known) const {
  const std::set<std::int64_t> mine(known.begin(), known.end());
  int handed_back = 0;
  for (const auto& row : held_by(connection, worker)) {
    if (!row.claim || mine.contains(*row.claim)) continue;
    const auto now = read(connection, row.item);
    if (!now || now->claim != row.claim || now->effect) continue;
    const Claim lost{row.item, *row.claim, now->fence, now->attempt, now->run_at, false, {}, {}, 0};
    handed_back += settle(connection, {Settlement::hand_back(lost)}).at(0) != SettleAnswer::stale;
  }
  return handed_back;
}

}  // namespace fencepost::store
