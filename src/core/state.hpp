#pragma once
// The canonical states of an item, the answers of the protocol, and what a queue is. Pure values, no I/O.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "core/backoff.hpp"

namespace fencepost::core {

enum class State { queued, claimed, sending, done, failed, unknown, stopped, other };
std::string_view name(State state);

// repeatable: running it twice is harmless, and its result counts once (rule 5).
// once: its effect leaves the database and cannot be taken back; it passes the gate (rule 3).
enum class Kind { repeatable, once };

// What an effect's row says of it. Open: nothing known yet, or `unknown`.
enum class EffectOutcome { none, done, failed, unknown };
std::string_view name(EffectOutcome outcome);
EffectOutcome effect_outcome(std::string_view text);

// rule 7. prevented and already_stopped are promises: no effect of this item begins until it is re-armed.
enum class StopAnswer { prevented, in_flight, outcome_unknown, already_done, already_stopped, not_found };
// rule 8.
enum class RunNowAnswer {
  started,
  already_running,
  already_done,
  outcome_unknown,
  stopped,
  disabled,
  not_found
};
enum class EditAnswer { editable, in_flight, outcome_unknown, already_done, not_found };
enum class ResolveAnswer { resolved, not_unknown, in_flight, too_early, not_found };
std::string_view name(StopAnswer answer);
std::string_view name(RunNowAnswer answer);
std::string_view name(EditAnswer answer);
std::string_view name(ResolveAnswer answer);

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
};

// A queue: a table with a status column (DESIGN section 2), and how its items are worked.
struct Queue {
  std::string name;   // unique in the database; [a-z0-9_-]{1,63}
  std::string table;  // may be schema-qualified on PostgreSQL: "crm.places"
  std::string key = "id";
  KeyType key_type = KeyType::bigint;
  std::string status = "status";
  std::string status_type = "text";  // the status column's type on PostgreSQL: "text" or an enum's name
  Words words;
  std::optional<std::string> enabled;  // a boolean column that must be true for an item to be worked
  std::vector<std::string> payload;    // columns that decide what would be done: tracked by the fence
  std::string column_prefix;           // before the protocol's column names, where the table has them already
  Kind kind = Kind::repeatable;
  bool history = false;  // every transition an event; always so for `once`
  Backoff backoff;
};

// Throws UserError("invalid_queue") when the descriptor cannot be used, saying what to change: names that are
// no identifiers, words that are not distinct (`once` needs all seven; a repeatable queue may use one word
// for failed, unknown and stopped, and one for claimed and sending, which it never writes), an empty word.
void validate(const Queue& queue);

// Which state a row's status word stands for; words that the queue does not know are `other`.
State state_of(const Queue& queue, std::string_view word);
const std::string& word_of(const Queue& queue, State state);

}  // namespace fencepost::core
