#pragma once
// Budgets and slots (DESIGN section 3): buckets with a limit, the ledger of what was taken from them, and the
// seats of slots.
//
// Everything here runs inside the caller's transaction (asserted) and changes nothing before that commits.
// READ COMMITTED is enough: the row of a bucket is locked before anything is decided, and the grant itself is
// one conditional UPDATE, which a CHECK of the table stands behind (promise F4).
//
// What the caller must do:
//   - hold the lock of the item it takes for (its row, or the row of its parent): one item's takes and
//   releases
//     follow each other;
//   - keep the order of locks (rule 14): parents, items by id, buckets by (window, scope, name) byte by byte,
//     then slots. take_all sorts. A transaction that gives back and takes again, or that touches several
//     slots, calls lock_buckets with all of them first;
//   - roll back on InfraError. Deadlocks, serialization failures and lock time-outs (40P01, 40001, 55P03,
//     SQLITE_BUSY) are retryable and pass through: nothing is taken. After a commit in doubt repeat the whole
//     transaction: a take that is already in the ledger counts once.
//
// Functions without state: as thread-safe as their connection.

#include <compare>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "base/clock.hpp"
#include "store/database.hpp"

namespace fencepost::store {

// A limit of one kind (scope), on one thing (name), over one window of time: {"youtube.units", project,
// "2026-03-08"}. Windows of one scope and name are text that sorts as time does; '~' begins those of slots,
// so that these are locked last, and no other.
struct BucketKey {
  std::string scope;
  std::string name;
  std::string window;

  bool operator==(const BucketKey&) const = default;
  // The order of locks.
  std::strong_ordering operator<=>(const BucketKey& other) const {
    return std::tie(window, scope, name) <=> std::tie(other.window, other.scope, other.name);
  }
};

// granted: written now. already_taken: the ledger had it before, with the amount of then. full: nothing was
// taken; `used` of `limit` is gone. limit and used are as they are after the answer.
struct Take {
  enum class Outcome { granted, already_taken, full };
  Outcome outcome = Outcome::full;
  std::int64_t limit = 0;
  std::int64_t used = 0;
  bool full() const { return outcome == Outcome::full; }
};

// One take. `quota` makes the bucket where it does not exist; afterwards its row's own limit is in force
// (set_quota). (queue, item, purpose, attempt) names the take within its bucket: a retry takes anew, under
// the next attempt. amount > 0, quota >= 0.
struct TakeRequest {
  BucketKey key;
  std::int64_t quota = 0;
  std::int64_t amount = 1;
  std::string queue;
  std::string item;
  std::string purpose;
  int attempt = 0;
};

Take take(Connection& connection, const BucketKey& key, std::int64_t quota, std::int64_t amount,
          const std::string& queue, const std::string& item, const std::string& purpose, int attempt);

// A slot has seats 1…capacity. The capacity is the limit of a bucket of its own, so that seats above a
// lowered capacity still count, and nobody chooses a seat while somebody else does.
inline constexpr const char* kSlotScope = "slot";
// The bucket of a slot: for set_quota (the capacity of this slot), set_quota_from and lock_buckets.
BucketKey slot_key(const std::string& channel, base::Micros slot_at);

// A seat of a slot, and a place in the slot's own bucket. `capacity` makes that bucket; afterwards
// set_quota(slot_key(…)) changes it. An item has one seat at most.
struct SeatRequest {
  std::string channel;
  base::Micros slot_at = 0;
  int capacity = 1;
  std::string queue;
  std::string item;
};
// granted: `seat` is the lowest free one. already_taken: the item's own from before. elsewhere: the item has
// a seat in another slot, which must be released first.
struct SeatTake {
  enum class Outcome { granted, already_taken, full, elsewhere };
  Outcome outcome = Outcome::full;
  int seat = 0;
};

// All or nothing: the buckets are locked in their order, and the answers stand in the order of the requests.
// Where one is refused, `full` is its index, with the seats counted behind the takes: the first, in the order
// of locks, whose bucket has no room for all that was asked of it, or else whose item sits elsewhere. What
// this call had taken is given back, the transaction can go on (with the next day), and the other answers
// mean nothing.
struct TakeAll {
  std::vector<Take> takes{};
  std::vector<SeatTake> seats{};
  std::optional<std::size_t> full{};
};
TakeAll take_all(Connection& connection, std::vector<TakeRequest> requests,
                 const std::vector<SeatRequest>& seats = {});
// The same for items that this very transaction has made, of which the ledger can have nothing, in one round
// trip less; with `beside` in the same one, behind the takes. Throws InfraError where the ledger has
// something.
TakeAll take_all_of_new(Connection& connection, std::vector<TakeRequest> requests,
                        const std::vector<SeatRequest>& seats, std::vector<Connection::Call> beside = {});
// Prepares what they run, for who is about to take a lock that others wait for.
void prepare_takes(Connection& connection);

// Locks the buckets of these keys that exist, in the order of locks.
void lock_buckets(Connection& connection, std::vector<BucketKey> keys);

// The same, and makes those that are missing, each with its limit: before takes and releases of several
// items, days or slots.
struct BucketLimit {
  BucketKey key;
  std::int64_t quota = 0;
};
void open_buckets(Connection& connection, std::vector<BucketLimit> buckets);

// A row of the ledger. Spent: the call left, and nothing gives it back.
struct LedgerEntry {
  BucketKey key;
  std::string purpose;
  int attempt = 0;
  std::int64_t amount = 0;
  bool spent = false;
};
// What an item holds, in the order of locks. Without a lock; also outside a transaction.
std::vector<LedgerEntry> ledger_of(Connection& connection, const std::string& queue, const std::string& item);

// Gives back what the item took and has not spent, its seat too; answers what that was. The second form gives
// back the takes of one purpose and attempt only: a call that was prepared and never left.
std::vector<LedgerEntry> release(Connection& connection, const std::string& queue, const std::string& item);
std::vector<LedgerEntry> release(Connection& connection, const std::string& queue, const std::string& item,
                                 const std::string& purpose, int attempt);

// In the gate's transaction: the call leaves now, and is spent also if it fails. Answers how many rows; they
// may have been marked before.
int mark_spent(Connection& connection, const std::string& queue, const std::string& item,
               const std::string& purpose, int attempt);

struct Bucket {
  std::int64_t quota = 0;
  std::int64_t used = 0;
  std::int64_t overhang = 0;  // what the limit was lowered below: max(0, used - quota)
};
// Without a lock; also outside a transaction. nullopt: nothing was ever taken or set there.
std::optional<Bucket> bucket(Connection& connection, const BucketKey& key);

// The limit in force from the commit on; makes the bucket where there is none. Lowered below what is used it
// closes the bucket, and does not fail. Answers the bucket as it is then.
Bucket set_quota(Connection& connection, const BucketKey& key, std::int64_t quota);
// The same for every existing window of (scope, name) from `window` on: a channel's cap was changed. Answers
// how many. Windows that do not exist yet get the caller's new quota with their first take.
int set_quota_from(Connection& connection, const BucketKey& first, std::int64_t quota);

// A bucket that was not what its ledger says, or whose overhang was wrong.
struct Difference {
  BucketKey key;
  std::int64_t quota = 0;
  std::int64_t used = 0;      // before
  std::int64_t overhang = 0;  // before
  std::int64_t ledger = 0;    // the sum; `used` afterwards
};
// Locks all buckets in one statement, sums the ledger in the next, corrects, and says what differed. Grants
// wait for its commit.
std::vector<Difference> recalculate(Connection& connection);
// What recalculate would correct, without a lock: for verify.
std::vector<Difference> differences(Connection& connection);

}  // namespace fencepost::store
