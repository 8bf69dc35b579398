#pragma once
// What a queue is: a table with a status column, described. Pure values.

#include <cstdint>
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

// Limits of a queue over all its instances: how many of its items may be at work at once, as a whole and for
// each value of a column ("at most 2 per host"), and how often items of one value may start.

// A token bucket: `count` starts in any `per`, of which up to `burst` at once. In any window of length W at
// most burst + W * count / per items start. count 0: no limit.
struct Rate {
  int count = 0;
  Duration per = std::chrono::seconds(1);
  int burst = 1;

  bool operator==(const Rate&) const = default;
  bool any() const { return count > 0; }
  // µs between two tokens, rounded up: never faster than asked.
  std::int64_t interval() const { return (per.count() + count - 1) / count; }
};

struct Limits {
  int concurrency = 0;               // of the whole queue; 0: none
  std::optional<std::string> key{};  // the column whose values are limited; an item with NULL there is not
  int per_key = 0;                   // items of one value at work at once; 0: none
  Rate rate;                         // of one value
  // How long a process that nobody can ask about keeps its seats: longer than the longest attempt, whose
  // renewal ends at the engine's deadline.
  Duration hold = std::chrono::hours(1);
  // How long what a killed process has sent may still be worked at its receiver: it keeps its seats for so
  // long after it was found to be gone. At least the time-out of a handler's requests; 0 where the receiver
  // drops a request with its connection. (Of `once` items the request's hard deadline says it.)
  Duration in_flight = std::chrono::seconds(30);

  bool operator==(const Limits&) const = default;
  bool any() const { return concurrency > 0 || per_key > 0 || rate.any(); }
};

// A queue: a table with a status column, and how its items are worked.
struct Queue {
  std::string name{};   // unique in the database; [a-z0-9_-]{1,40}
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
  Limits limits{};  // over all instances (docs/fence.md, "Limits per key")
  // Finished rows (done, failed or stopped, never unknown) are deleted from the table itself when they have
  // been so for this long. Empty: never.
  std::optional<Duration> keep_finished{};

  bool operator==(const Queue&) const = default;
};

}  // namespace fencepost
