#pragma once
// What a queue is: a table with a status column, described. Pure values.

#include <optional>
#include <string>
#include <vector>

#include "fencepost/answers.hpp"
#include "fencepost/time.hpp"

namespace fencepost {

// Exponential back-off with jitter. An immutable value; thread-safe.
//
// Attempts are counted from 1 and count only those that really ran (the `attempt` column). After attempt n
// has failed, the item waits
//
//     full(n)  = min(cap, first * 2^(n-1))
//     delay(n) = full(n) * (0.5 + 0.5 * u),   0 <= u <= 1
//
// so that items which failed together do not come back together ("equal jitter": at least half of the delay
// is kept, because a platform that has just refused us must not be asked again at once).
// With the defaults the full delays are 15 s, 30 s, 60 s, 2 min and 4 min: five retries, six attempts in all.
struct Backoff {
  Duration first = std::chrono::seconds(15);
  Duration cap = std::chrono::hours(1);
  int retries = 5;

  bool operator==(const Backoff&) const = default;

  // The wait after `attempt` has failed. Attempts below 1 count as 1, and unit_random is clamped to [0, 1]
  // (NaN counts as 0). Never overflows, whatever the attempt. `first` and `cap` must not be negative.
  Duration delay(int attempt, double unit_random) const;

  // True when `attempt` was the last one: its failure is final.
  bool exhausted(int attempt) const { return attempt > retries; }
};

// repeatable: running it twice is harmless, and its result counts once (rule 5).
// once: its effect leaves the database and cannot be taken back; it passes the gate (rule 3).
enum class Kind { repeatable, once };

enum class KeyType { bigint, uuid, text };

// The table's own words for the canonical states.
struct Words {
  std::string queued = "queued";
  std::string claimed = "claimed";
  std::string sending = "sending";
  std::string done = "done";
  std::string failed = "failed";
  std::string unknown = "unknown";
  std::string stopped = "stopped";

  bool operator==(const Words&) const = default;
};

// A queue: a table with a status column, and how its items are worked.
struct Queue {
  std::string name{};   // unique in the database; [a-z0-9_-]{1,63}
  std::string table{};  // may be schema-qualified on PostgreSQL: "crm.places"
  std::string key = "id";
  KeyType key_type = KeyType::bigint;
  std::string status = "status";
  std::string status_type = "text";  // the status column's type on PostgreSQL: "text" or an enum's name
  Words words;
  std::optional<std::string> enabled{};   // a boolean column that must be true for an item to be worked
  std::optional<std::string> priority{};  // a number column: higher goes first, then the earlier run_at
  std::vector<std::string> payload;       // columns that decide what would be done: tracked by the fence
  std::string column_prefix;  // before the protocol's column names, where the table has them already
  Kind kind = Kind::repeatable;
  // Claims and plain successes are events, too. What people did, what began and what went wrong always is one
  // where kind is `once`.
  bool history = false;
  Backoff backoff{};

  bool operator==(const Queue&) const = default;
};

}  // namespace fencepost
