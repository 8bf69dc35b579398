// Limits over all instances: seats and tokens (core/limits.hpp; docs/fence.md, "Limits per key").
//
// A claim of a limited queue is one transaction: candidates are locked, seats are inserted in the order of
// their keys, tokens are taken, and only what has all of them is marked as claimed. The seats end in the
// transaction that ends the claim. What is not known to have ended keeps its seat: the row of a stalled
// process's item may be rescued and worked again by another, beside it, but within the limit.

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "store/fence_write.hpp"
#include "store/guards.hpp"
#include "store/quote.hpp"
#include "store/sql.hpp"

namespace fencepost::store {

namespace {
using nlohmann::json;

// Looked at beyond those that are wanted where the first look was not enough: neighbours in time often share
// a key that has room for few. Not at first: what is locked here for a moment is passed over by others.
constexpr int kMoreCandidates = 32;
constexpr std::int64_t kUnlimited = 2'147'483'647;

std::string text_of(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

std::string claims_json(const std::vector<std::int64_t>& claims) { return json(claims).dump(); }
}  // namespace

const std::vector<const Statement*>& seat_statements() {
  static const std::vector<const Statement*> all{
      &sql::seat_candidates, &sql::seats_taken,   &sql::add_seats,    &sql::take_tokens,
      &sql::claim_seated,    &sql::free_seats,    &sql::seat_key,     &sql::hold_seats,
      &sql::expired_seats,   &sql::free_expired,  &sql::free_gone,    &sql::keep_gone,
      &sql::seats_held,      &sql::next_seat_due, &sql::clamp_tokens, &sql::drop_tokens};
  return all;
}

void add_limit_names(std::map<std::string, std::string>& names, const core::Queue& queue, Dialect dialect) {
  const auto& limits = queue.limits;
  const auto key = [&](const std::string& alias) {
    const auto column = limits.key ? alias + "." + identifier(*limits.key) : std::string("NULL");
    return dialect == Dialect::postgres ? "(" + column + ")::text" : "CAST(" + column + " AS TEXT)";
  };
  names["limit_key_t"] = key("t");
  names["limit_key_c"] = key("c");
  const auto number = [](std::int64_t n) { return std::to_string(n > 0 ? n : kUnlimited); };
  names["concurrency"] = number(limits.concurrency);
  names["per_key"] = number(limits.per_key);
  names["hold"] = std::to_string(limits.hold.count());
  const auto interval = limits.rate.any() ? limits.rate.interval() : 1;
  const std::int64_t burst = limits.rate.any() ? limits.rate.burst : 1;
  // A bucket that has just been emptied is full again after `rate_full`; one with less than a token is full
  // again after more than `rate_slack`.
  names["rate_interval"] = std::to_string(interval);
  names["rate_burst"] = std::to_string(burst);
  names["rate_full"] = "CAST(" + std::to_string(burst * interval) + " AS BIGINT)";
  names["rate_slack"] = "CAST(" + std::to_string((burst - 1) * interval) + " AS BIGINT)";
}

std::vector<std::string> Fence::spend_tokens(
    Connection& connection, const std::map<std::string, std::vector<std::string>>& by_key) const {
  auto wanted = json::array();
  for (const auto& [key, items] : by_key) wanted.push_back({{"key", key}, {"want", items.size()}});
  std::map<std::string, std::int64_t> granted;
  for (const auto& row : run(connection, sql::take_tokens, {text_of(wanted)}))
    granted[row[0].text()] = row[1].integer();
  std::vector<std::string> without;
  for (const auto& [key, items] : by_key)
    for (std::size_t i = static_cast<std::size_t>(granted[key]); i < items.size(); ++i)
      without.push_back(items[i]);
  return without;
}

Fence::Seating Fence::seat(Connection& connection, const std::vector<Candidate>& candidates, int n,
                           Duration lease, std::int64_t worker, std::int64_t own_claim) const {
  FENCEPOST_ASSERT(connection.in_transaction());
  const auto& limits = queue_.limits;
  std::set<std::string> keys;
  for (const auto& c : candidates)
    if (c.key) keys.insert(*c.key);
  core::Seating plan(limits);
  for (const auto& row : run(connection, sql::seats_taken, {text_of(json(keys))}))
    plan.taken(row[0].text(), row[1].text(), static_cast<int>(row[2].integer()));

  struct Chosen {
    Seated seated;
    std::optional<std::string> key;
    std::vector<core::Seat> seats;
  };
  std::vector<Chosen> chosen;
  auto wanted = json::array();
  for (const auto& c : candidates) {
    if (static_cast<int>(chosen.size()) == n) break;
    auto seats = plan.give(c.key);
    if (!seats) continue;
    const auto claim = own_claim != 0 ? own_claim : new_claim(worker);
    for (const auto& s : *seats)
      wanted.push_back(
          {{"scope", s.scope}, {"key", s.key}, {"seat", s.number}, {"item", c.item}, {"claim", claim}});
    chosen.push_back({{c.item, claim}, c.key, std::move(*seats)});
  }

  std::set<core::Seat> got;
  if (!wanted.empty())
    for (const auto& row :
         run(connection, sql::add_seats, {text_of(wanted), worker, static_cast<std::int64_t>(lease.count())}))
      got.insert({row[0].text() == core::kQueueSeats ? core::kQueueSeats : core::kKeySeats, row[1].text(),
                  static_cast<int>(row[2].integer())});
  const auto all_got = [&](const Chosen& c) {
    return std::all_of(c.seats.begin(), c.seats.end(), [&](const auto& s) { return got.contains(s); });
  };

  Seating answer;
  std::vector<std::int64_t> in_vain;
  std::map<std::string, std::vector<std::string>> by_key;
  std::map<std::string, std::int64_t> complete;
  for (const auto& c : chosen) {
    if (guard("seat_conflict") && !all_got(c)) {
      answer.contended = true;
      in_vain.push_back(c.seated.claim);
      continue;
    }
    complete[c.seated.item] = c.seated.claim;
    if (limits.rate.any() && c.key) by_key[*c.key].push_back(c.seated.item);
  }
  if (!by_key.empty())
    for (const auto& item : spend_tokens(connection, by_key)) {
      in_vain.push_back(complete.at(item));
      complete.erase(item);
    }
  if (!in_vain.empty()) run(connection, sql::free_seats, {claims_json(in_vain)});
  for (const auto& c : chosen)
    if (complete.contains(c.seated.item)) answer.seated.push_back(c.seated);
  return answer;
}

bool Fence::seat_one(Connection& connection, const std::string& item, Duration lease, std::int64_t worker,
                     std::int64_t claim) const {
  const auto rows = run(connection, sql::seat_key, {item});
  const std::vector<Candidate> one{{item, rows[0][0].maybe_text()}};
  for (int tries = 0; tries < 4; ++tries) {
    const auto seating = seat(connection, one, 1, lease, worker, claim);
    if (!seating.seated.empty()) return true;
    if (!seating.contended) return false;
  }
  return false;
}

std::vector<Claim> Fence::claim_seated(Connection& connection, int n, Duration lease,
                                       std::int64_t worker) const {
  const bool joined = connection.in_transaction();
  std::vector<Claim> claims;
  // Each round fills up, or finds a key full that the next one passes over.
  int beyond = 0;
  for (bool more = true; more && static_cast<int>(claims.size()) < n;) {
    try {
      const int wanted = n - static_cast<int>(claims.size());
      more = claim_round(connection, wanted, wanted + beyond, lease, worker, claims);
      beyond = std::min(2 * beyond + kMoreCandidates, 500);
    } catch (const base::InfraError& error) {
      // What the rounds before have claimed is the caller's. In doubt it hands everything back (disown).
      if (claims.empty() || joined || error.in_doubt()) throw;
      more = false;
    }
  }
  std::sort(claims.begin(), claims.end(), [](const Claim& a, const Claim& b) {
    return std::tie(b.priority, a.run_at, a.item) < std::tie(a.priority, b.run_at, b.item);
  });
  return claims;
}

bool Fence::claim_round(Connection& connection, int wanted, int looked_at, Duration lease,
                        std::int64_t worker, std::vector<Claim>& claims) const {
  Transaction transaction(connection);
  std::vector<Candidate> candidates;
  for (const auto& row : run(connection, sql::seat_candidates, {looked_at}))
    candidates.push_back({key_text(row[0]), row[1].maybe_text()});
  if (candidates.empty()) return false;
  const auto seating = seat(connection, candidates, wanted, lease, worker);
  auto marks = json::array();
  std::set<std::int64_t> unmarked;
  for (const auto& s : seating.seated) {
    marks.push_back({{"item", s.item}, {"claim", s.claim}});
    unmarked.insert(s.claim);
  }
  std::vector<Claim> marked;
  if (!marks.empty())
    for (const auto& row :
         run(connection, sql::claim_seated, {text_of(marks), static_cast<std::int64_t>(lease.count())})) {
      marked.push_back(claim_of(row));
      unmarked.erase(marked.back().claim);
    }
  if (queue_.history)
    for (const auto& c : marked)
      event(connection, c.item, "claimed", "queued", "claimed", c.fence, c.claim, worker_name(worker));
  // A trigger of the table's owner may refuse a row without an error.
  if (!unmarked.empty()) run(connection, sql::free_seats, {claims_json({unmarked.begin(), unmarked.end()})});
  transaction.commit();
  claims.insert(claims.end(), marked.begin(), marked.end());
  // Nothing more: all that was found has been judged, and what was left over has no seat.
  return !marked.empty() || seating.contended;
}

void Fence::release(Connection& connection, const std::vector<std::int64_t>& claims) const {
  if (!limited() || claims.empty()) return;
  Transaction transaction(connection);
  if (run(connection, sql::free_seats, {claims_json(claims)}).changed > 0)
    connection.run(sql::notify, {queue_.name});
  transaction.commit();
}

std::optional<std::int64_t> Fence::seated_claim(const Snapshot& seen) {
  const bool at_work = seen.state == core::State::claimed || seen.state == core::State::sending;
  // An item at rest has no seat, but the number of a claim that ended: its seat may be a stalled process's.
  if (seen.effect) return seen.effect;
  return at_work ? seen.claim : std::nullopt;
}

void Fence::end_seats(Connection& connection, const Snapshot& seen) const {
  if (const auto claim = seated_claim(seen)) release(connection, {*claim});
}

void Fence::hold_seats(Connection& connection, std::int64_t claim, Micros until) const {
  if (limited()) run(connection, sql::hold_seats, {claim, until});
}

std::vector<Fence::ExpiredSeat> Fence::expired_seats(Connection& connection, int n) const {
  std::vector<ExpiredSeat> seats;
  if (!limited()) return seats;
  for (const auto& row : run(connection, sql::expired_seats, {n}))
    seats.push_back({row[0].integer(), row[1].integer()});
  return seats;
}

int Fence::free_expired(Connection& connection, const ExpiredSeat& seen) const {
  if (!limited()) return 0;
  Transaction transaction(connection);
  const auto freed = run(connection, sql::free_expired, {seen.claim, seen.until}).changed;
  if (freed > 0) connection.run(sql::notify, {queue_.name});
  transaction.commit();
  return static_cast<int>(freed);
}

bool Fence::outlives_its_process() const {
  // An effect has its own deadline, and before its gate nothing of it was sent.
  return queue_.kind == core::Kind::repeatable && queue_.limits.in_flight.count() > 0 && guard("seat_killed");
}

int Fence::free_gone(Connection& connection, std::int64_t worker) const {
  if (!limited()) return 0;
  if (outlives_its_process()) {
    run(connection, sql::keep_gone, {worker, micros(queue_.limits.in_flight)});
    return 0;
  }
  Transaction transaction(connection);
  const auto freed = run(connection, sql::free_gone, {worker}).changed;
  if (freed > 0) connection.run(sql::notify, {queue_.name});
  transaction.commit();
  return static_cast<int>(freed);
}

bool Fence::has_seats(Connection& connection, std::int64_t worker) const {
  return limited() && run(connection, sql::seats_held, {worker})[0][0].boolean();
}

void Fence::tidy_tokens(Connection& connection) const {
  if (!queue_.limits.rate.any()) return;
  run(connection, sql::clamp_tokens, {});
  run(connection, sql::drop_tokens, {});
}

}  // namespace fencepost::store
