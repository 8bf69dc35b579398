#include "store/budget.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "base/error.hpp"
#include "store/guards.hpp"
#include "store/sql.hpp"

namespace fencepost::store {

namespace {

constexpr const char* kSeatPurpose = "seat";

bool is_slot(const BucketKey& key) { return key.scope == kSlotScope; }

Take state_after(Connection& connection, const BucketKey& key, Take::Outcome outcome) {
  const auto now = bucket(connection, key);
  FENCEPOST_ASSERT(now.has_value());
  return {outcome, now->quota, now->used};
}

void give_back(Connection& connection, const BucketKey& key, std::int64_t amount) {
  FENCEPOST_ASSERT(connection.run(sql::give_back, {key.scope, key.name, key.window, amount}).size() == 1);
}

TakeRequest request_of(const SeatRequest& s) {
  return {slot_key(s.channel, s.slot_at), s.capacity, 1, s.queue, s.item, kSeatPurpose, 0};
}

// What names a take in the ledger.
using TakeName = std::tuple<std::string, std::string, BucketKey, std::string, int>;
TakeName name_of(const TakeRequest& r) { return {r.queue, r.item, r.key, r.purpose, r.attempt}; }

// The buckets of these limits, each once, in the order of locks: what open_buckets takes.
std::vector<Params> bucket_rows(std::vector<BucketLimit> buckets) {
  if (guard("bucket_order"))
    std::stable_sort(buckets.begin(), buckets.end(),
                     [](const auto& a, const auto& b) { return a.key < b.key; });
  buckets.erase(std::unique(buckets.begin(), buckets.end(),
                            [](const auto& a, const auto& b) { return a.key == b.key; }),
                buckets.end());
  std::vector<Params> rows;
  for (const auto& [key, quota] : buckets) {
    FENCEPOST_ASSERT(quota >= 0);
    FENCEPOST_ASSERT(key.window.starts_with('~') == is_slot(key));
    rows.push_back({key.scope, key.name, key.window, quota});
  }
  return rows;
}

// Locks the buckets of all requests, and writes what the ledger does not have yet.
std::vector<Connection::Call> writes_of(const std::vector<TakeRequest>& requests) {
  std::vector<BucketLimit> buckets;
  std::vector<Params> rows;
  for (const auto& r : requests) {
    FENCEPOST_ASSERT(r.amount > 0);
    buckets.push_back({r.key, r.quota});
    rows.push_back({r.queue, r.item, r.key.scope, r.key.name, r.key.window, r.purpose, r.attempt, r.amount});
  }
  if (requests.empty()) return {};
  return {{sql::open_buckets, {}, bucket_rows(std::move(buckets))}, {sql::add_ledger, {}, std::move(rows)}};
}

// Those that the ledger did not have, as the second of these statements answers.
std::set<TakeName> added_by(const std::vector<Rows>& answers) {
  std::set<TakeName> added;
  if (answers.empty()) return added;
  for (const auto& row : answers[1])
    added.emplace(row[0].text(), row[1].text(), BucketKey{row[2].text(), row[3].text(), row[4].text()},
                  row[5].text(), static_cast<int>(row[6].integer()));
  return added;
}

// Which of the requests are `added`, each once: a take that is named twice is the first's. And their sums.
struct Mine {
  std::vector<bool> is;
  std::map<BucketKey, std::int64_t> sums;
};
Mine mine_of(const std::vector<TakeRequest>& requests, std::set<TakeName> added) {
  Mine mine;
  for (const auto& r : requests) {
    mine.is.push_back(added.erase(name_of(r)) == 1);
    if (mine.is.back()) mine.sums[r.key] += r.amount;
  }
  return mine;
}

// The buckets that had room for their whole sum, and the seat of each request, which has none where its item
// has one already.
struct Grants {
  std::map<BucketKey, Take> taken;
  std::vector<std::optional<int>> seats;
};

// Takes the sums, and sits down, whether there is room or not: what is refused gives back all.
void add_takes(std::vector<Connection::Call>& calls, const std::map<BucketKey, std::int64_t>& sums,
               const std::vector<SeatRequest>& seats) {
  std::vector<Params> rows;
  for (const auto& [key, amount] : sums) rows.push_back({key.scope, key.name, key.window, amount});
  if (!rows.empty()) calls.push_back({sql::take, {}, std::move(rows)});
  for (const auto& s : seats) calls.push_back({sql::add_seat, {s.channel, s.slot_at, s.queue, s.item}});
}

// Of the answers to these calls, which begin at `at`.
Grants grants_of(const std::vector<Rows>& answers, std::size_t at, bool takes, std::size_t seats) {
  Grants grants;
  if (takes)
    for (const auto& row : answers[at++])
      grants.taken[{row[0].text(), row[1].text(), row[2].text()}] = {Take::Outcome::granted, row[3].integer(),
                                                                     row[4].integer()};
  for (const auto end = at + seats; at < end; ++at)
    grants.seats.push_back(
        answers[at].empty() ? std::nullopt : std::optional(static_cast<int>(answers[at][0][0].integer())));
  return grants;
}

SeatTake seat_taken(Connection& connection, const SeatRequest& s, std::optional<int> seat) {
  if (seat) return {SeatTake::Outcome::granted, *seat};
  const auto own = connection.run(sql::seat_of, {s.queue, s.item})[0];
  const bool here = own[0].text() == s.channel && own[1].integer() == s.slot_at;
  return {here ? SeatTake::Outcome::already_taken : SeatTake::Outcome::elsewhere,
          static_cast<int>(own[2].integer())};
}

// Exactly what this call did.
void undo(Connection& connection, const std::vector<TakeRequest>& requests, const Mine& mine,
          const std::vector<SeatRequest>& seats, const Grants& grants) {
  for (std::size_t n = 0; n < seats.size(); ++n)
    if (grants.seats[n]) connection.run(sql::delete_seat, {seats[n].queue, seats[n].item});
  for (std::size_t n = 0; n < requests.size(); ++n) {
    const auto& r = requests[n];
    if (mine.is[n])
      connection.run(sql::drop_ledger,
                     {r.queue, r.item, r.key.scope, r.key.name, r.key.window, r.purpose, r.attempt});
  }
  for (const auto& [key, take] : grants.taken) give_back(connection, key, mine.sums.at(key));
}

// `requests`: with those of the seats, which are the last.
TakeAll answer_to(Connection& connection, const std::vector<TakeRequest>& requests, const Mine& mine,
                  const std::vector<SeatRequest>& seats, const Grants& grants) {
  const auto others = requests.size() - seats.size();
  TakeAll all;
  const auto refuse = [&](std::size_t n) {
    if (!all.full || requests[n].key < requests[*all.full].key) all.full = n;
  };
  for (std::size_t n = 0; n < requests.size(); ++n) {
    const auto& key = requests[n].key;
    if (!mine.is[n]) {
      all.takes.push_back(state_after(connection, key, Take::Outcome::already_taken));
    } else if (const auto grant = grants.taken.find(key); grant != grants.taken.end()) {
      all.takes.push_back(grant->second);
    } else {
      all.takes.push_back(state_after(connection, key, Take::Outcome::full));
      refuse(n);
    }
  }
  const bool room = !all.full;
  for (std::size_t n = 0; n < seats.size(); ++n) {
    all.seats.push_back(room ? seat_taken(connection, seats[n], grants.seats[n]) : SeatTake{});
    if (all.seats[n].outcome == SeatTake::Outcome::elsewhere) refuse(others + n);
  }
  all.takes.resize(others);
  if (all.full) undo(connection, requests, mine, seats, grants);
  return all;
}

void add_seats(std::vector<TakeRequest>& requests, const std::vector<SeatRequest>& seats) {
  for (const auto& seat : seats) requests.push_back(request_of(seat));
}

std::vector<LedgerEntry> release_where(Connection& connection, const std::string& queue,
                                       const std::string& item, auto&& wanted) {
  FENCEPOST_ASSERT(connection.in_transaction());
  auto entries = ledger_of(connection, queue, item);
  std::erase_if(entries, [&](const LedgerEntry& e) { return e.spent || !wanted(e); });
  std::vector<BucketKey> keys;
  for (const auto& e : entries) keys.push_back(e.key);
  lock_buckets(connection, keys);
  std::vector<LedgerEntry> released;
  for (auto& e : entries) {
    // Decided again by the DELETE itself: the list was read without a lock.
    const auto gone = connection.run(
        sql::release_entry, {queue, item, e.key.scope, e.key.name, e.key.window, e.purpose, e.attempt});
    if (gone.empty()) continue;
    e.amount = gone[0][0].integer();
    give_back(connection, e.key, e.amount);
    if (is_slot(e.key)) connection.run(sql::delete_seat, {queue, item});
    released.push_back(std::move(e));
  }
  return released;
}

}  // namespace

Take take(Connection& connection, const BucketKey& key, std::int64_t quota, std::int64_t amount,
          const std::string& queue, const std::string& item, const std::string& purpose, int attempt) {
  return take_all(connection, {{key, quota, amount, queue, item, purpose, attempt}}).takes[0];
}

void prepare_takes(Connection& connection) {
  for (const auto* statement : {&sql::open_buckets, &sql::add_ledger, &sql::take, &sql::add_seat})
    connection.prepare_only(*statement);
}

TakeAll take_all(Connection& connection, std::vector<TakeRequest> requests,
                 const std::vector<SeatRequest>& seats) {
  FENCEPOST_ASSERT(connection.in_transaction());
  add_seats(requests, seats);
  const auto mine = mine_of(requests, added_by(connection.run_together(writes_of(requests))));
  std::vector<Connection::Call> calls;
  add_takes(calls, mine.sums, seats);
  const auto answers = connection.run_together(calls);
  return answer_to(connection, requests, mine, seats,
                   grants_of(answers, 0, !mine.sums.empty(), seats.size()));
}

TakeAll take_all_of_new(Connection& connection, std::vector<TakeRequest> requests,
                        const std::vector<SeatRequest>& seats, std::vector<Connection::Call> beside) {
  FENCEPOST_ASSERT(connection.in_transaction() && !requests.empty());
  add_seats(requests, seats);
  std::set<TakeName> names;
  for (const auto& r : requests) names.insert(name_of(r));
  const auto mine = mine_of(requests, names);
  auto calls = writes_of(requests);
  const auto takes_at = calls.size();
  add_takes(calls, mine.sums, seats);
  for (auto& call : beside) calls.push_back(std::move(call));
  const auto answers = connection.run_together(calls);
  if (added_by(answers).size() != names.size())
    throw base::InfraError("the ledger has takes of an item that was made just now", {});
  return answer_to(connection, requests, mine, seats, grants_of(answers, takes_at, true, seats.size()));
}

void lock_buckets(Connection& connection, std::vector<BucketKey> keys) {
  FENCEPOST_ASSERT(connection.in_transaction());
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  for (const auto& key : keys) connection.run(sql::lock_bucket, {key.scope, key.name, key.window});
}

void open_buckets(Connection& connection, std::vector<BucketLimit> buckets) {
  FENCEPOST_ASSERT(connection.in_transaction());
  connection.run_batch(sql::open_buckets, bucket_rows(std::move(buckets)));
}

std::vector<LedgerEntry> ledger_of(Connection& connection, const std::string& queue,
                                   const std::string& item) {
  std::vector<LedgerEntry> entries;
  for (const auto& row : connection.run(sql::ledger_of, {queue, item}))
    entries.push_back({{row[0].text(), row[1].text(), row[2].text()},
                       row[3].text(),
                       static_cast<int>(row[4].integer()),
                       row[5].integer(),
                       row[6].boolean()});
  std::sort(entries.begin(), entries.end(), [](const LedgerEntry& a, const LedgerEntry& b) {
    return std::tie(a.key, a.purpose, a.attempt) < std::tie(b.key, b.purpose, b.attempt);
  });
  return entries;
}

std::vector<LedgerEntry> release(Connection& connection, const std::string& queue, const std::string& item) {
  return release_where(connection, queue, item, [](const LedgerEntry&) { return true; });
}

std::vector<LedgerEntry> release(Connection& connection, const std::string& queue, const std::string& item,
                                 const std::string& purpose, int attempt) {
  return release_where(connection, queue, item,
                       [&](const LedgerEntry& e) { return e.purpose == purpose && e.attempt == attempt; });
}

int mark_spent(Connection& connection, const std::string& queue, const std::string& item,
               const std::string& purpose, int attempt) {
  FENCEPOST_ASSERT(connection.in_transaction());
  return static_cast<int>(connection.run(sql::mark_spent, {queue, item, purpose, attempt}).changed);
}

std::optional<Bucket> bucket(Connection& connection, const BucketKey& key) {
  const auto rows = connection.run(sql::bucket_state, {key.scope, key.name, key.window});
  if (rows.empty()) return std::nullopt;
  return Bucket{rows[0][0].integer(), rows[0][1].integer(), rows[0][2].integer()};
}

Bucket set_quota(Connection& connection, const BucketKey& key, std::int64_t quota) {
  open_buckets(connection, {{key, quota}});
  const auto used = connection.run(sql::set_quota, {key.scope, key.name, key.window, quota})[0][0].integer();
  return {quota, used, std::max<std::int64_t>(0, used - quota)};
}

int set_quota_from(Connection& connection, const BucketKey& first, std::int64_t quota) {
  FENCEPOST_ASSERT(connection.in_transaction() && quota >= 0);
  const auto set = connection.run(sql::set_quota_from, {first.scope, first.name, first.window, quota});
  return static_cast<int>(set.changed);
}

std::vector<Difference> differences(Connection& connection) {
  std::vector<Difference> found;
  for (const auto& row : connection.run(sql::ledger_differences))
    found.push_back({{row[0].text(), row[1].text(), row[2].text()},
                     row[3].integer(),
                     row[4].integer(),
                     row[5].integer(),
                     row[6].integer()});
  std::sort(found.begin(), found.end(),
            [](const Difference& a, const Difference& b) { return a.key < b.key; });
  return found;
}

std::vector<Difference> recalculate(Connection& connection) {
  FENCEPOST_ASSERT(connection.in_transaction());
  connection.run(sql::lock_buckets);
  // A bucket that was born after the lock is right, and so does not appear here.
  auto found = differences(connection);
  for (const auto& d : found)
    connection.run(sql::set_used, {d.key.scope, d.key.name, d.key.window, d.ledger, d.used});
  return found;
}

BucketKey slot_key(const std::string& channel, base::Micros slot_at) {
  return {kSlotScope, channel, "~" + base::format_utc(slot_at)};
}

}  // namespace fencepost::store
