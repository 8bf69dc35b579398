#include "store/budget.hpp"

#include <algorithm>
#include <numeric>

#include "base/error.hpp"
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

// The row is there and locked when this returns. An INSERT that meets an uncommitted one waits for it; the
// lock is a statement of its own, because only a new one sees what was committed meanwhile.
void make_and_lock(Connection& connection, const BucketKey& key, std::int64_t quota) {
  FENCEPOST_ASSERT(connection.in_transaction() && quota >= 0);
  FENCEPOST_ASSERT(key.window.starts_with('~') == is_slot(key));
  connection.run(sql::add_bucket, {key.scope, key.name, key.window, quota});
  FENCEPOST_ASSERT(connection.run(sql::lock_bucket, {key.scope, key.name, key.window}).size() == 1);
}

void give_back(Connection& connection, const BucketKey& key, std::int64_t amount) {
  FENCEPOST_ASSERT(connection.run(sql::give_back, {key.scope, key.name, key.window, amount}).size() == 1);
}

Take take_one(Connection& connection, const TakeRequest& r) {
  FENCEPOST_ASSERT(r.amount > 0);
  make_and_lock(connection, r.key, r.quota);
  const auto added = connection.run(sql::add_ledger, {r.queue, r.item, r.key.scope, r.key.name, r.key.window,
                                                      r.purpose, r.attempt, r.amount});
  if (added.changed == 0) return state_after(connection, r.key, Take::Outcome::already_taken);
  const auto taken = connection.run(sql::take, {r.key.scope, r.key.name, r.key.window, r.amount});
  if (!taken.empty()) return {Take::Outcome::granted, taken[0][0].integer(), taken[0][1].integer()};
  connection.run(sql::drop_ledger,
                 {r.queue, r.item, r.key.scope, r.key.name, r.key.window, r.purpose, r.attempt});
  return state_after(connection, r.key, Take::Outcome::full);
}

// Exactly what a grant of this transaction did, backwards.
void undo(Connection& connection, const TakeRequest& r) {
  connection.run(sql::drop_ledger,
                 {r.queue, r.item, r.key.scope, r.key.name, r.key.window, r.purpose, r.attempt});
  give_back(connection, r.key, r.amount);
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
  return take_one(connection, {key, quota, amount, queue, item, purpose, attempt});
}

TakeAll take_all(Connection& connection, const std::vector<TakeRequest>& requests) {
  std::vector<std::size_t> order(requests.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return requests[a].key < requests[b].key; });
  TakeAll all{std::vector<Take>(requests.size()), {}};
  for (std::size_t n = 0; n < order.size() && !all.full; ++n) {
    all.takes[order[n]] = take_one(connection, requests[order[n]]);
    if (!all.takes[order[n]].full()) continue;
    all.full = order[n];
    for (std::size_t before = n; before-- > 0;)
      if (all.takes[order[before]].outcome == Take::Outcome::granted)
        undo(connection, requests[order[before]]);
  }
  return all;
}

void lock_buckets(Connection& connection, std::vector<BucketKey> keys) {
  FENCEPOST_ASSERT(connection.in_transaction());
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  for (const auto& key : keys) connection.run(sql::lock_bucket, {key.scope, key.name, key.window});
}

void open_buckets(Connection& connection, std::vector<BucketLimit> buckets) {
  std::sort(buckets.begin(), buckets.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
  buckets.erase(std::unique(buckets.begin(), buckets.end(),
                            [](const auto& a, const auto& b) { return a.key == b.key; }),
                buckets.end());
  for (const auto& one : buckets) make_and_lock(connection, one.key, one.quota);
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
  make_and_lock(connection, key, quota);
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

SeatTake take_seat(Connection& connection, const std::string& channel, base::Micros slot_at, int capacity,
                   const std::string& queue, const std::string& item) {
  const auto key = slot_key(channel, slot_at);
  make_and_lock(connection, key, capacity);
  const auto own = connection.run(sql::seat_of, {queue, item});
  if (!own.empty()) {
    const bool here = own[0][0].text() == channel && own[0][1].integer() == slot_at;
    return {here ? SeatTake::Outcome::already_taken : SeatTake::Outcome::elsewhere,
            static_cast<int>(own[0][2].integer())};
  }
  if (take_one(connection, {key, capacity, 1, queue, item, kSeatPurpose, 0}).full()) return {};
  const auto seat = connection.run(sql::lowest_free_seat, {channel, slot_at})[0][0].integer();
  connection.run(sql::add_seat, {channel, slot_at, seat, queue, item});
  return {SeatTake::Outcome::granted, static_cast<int>(seat)};
}

bool release_seat(Connection& connection, const std::string& queue, const std::string& item) {
  return !release_where(connection, queue, item, [](const LedgerEntry& e) { return is_slot(e.key); }).empty();
}

}  // namespace fencepost::store
