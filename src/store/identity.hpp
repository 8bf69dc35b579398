#pragma once
// Is this the database that this process knew (rule 13)? A failover without a synchronous standby, or a
// restored backup, is a past that does not know what was sent since. So a process checks whenever it has
// connected anew. Where the database is found to be an older copy of itself, `once` queues pause and what was
// due becomes unknown, until a person has looked.
//
// The evidence: the identity that the database stored of itself (PostgreSQL: system identifier and timeline,
// of pg_control_system(), which every role may call; where the server's owner forbids it, the database's oid
// and the timeline, written "oid …". SQLite: nothing but the marker); the marker that a restore sets; and the
// epoch, which grows with every gate, against the highest that this process has seen.
//
// Functions without state: as thread-safe as their connection. They throw InfraError; see database.hpp.

#include <cstdint>
#include <span>
#include <string>

#include "store/fence.hpp"

namespace fencepost::store {

struct IdentityCheck {
  // first_start: nothing was stored yet; now it is. same: nothing to do, or another process has done it.
  // moved_on: another identity, but nothing that this process remembers is missing. paused: see above.
  enum class Answer { first_start, same, moved_on, paused };
  Answer answer = Answer::same;
  std::string identity;    // as it is now
  std::int64_t epoch = 0;  // now: the caller's memory grows to it (Database::epoch_seen)
  std::string reason;      // of paused: for the log and for the person
  int marked = 0;          // items that became unknown
};

// `queues` are the program's; those of kind `once` are paused. A queue of the database that is not among them
// (of an embedding program, whose words nobody else knows) is marked as not looked at, and is paused by the
// first check that knows it. `process_has_memory`: it was at work on
// this database before, and epoch_seen is the highest epoch of its committed gates and of earlier checks.
//
// An epoch behind that memory pauses whatever the identity says: a file that was replaced by an older copy
// has no other sign. An epoch that other processes' gates have raised over it meanwhile hides that; so check
// before the first gate on a new connection.
//
// One transaction of its own (asserted): the queues' rows first, which waits for gates and keeps new ones
// out, then the epoch's row, then the items. A gate in doubt that is looked up at that moment may meet 40P01,
// which is retryable. Checks that find nothing take no lock.
IdentityCheck check_identity(Connection& connection, std::span<const Fence> queues, std::int64_t epoch_seen,
                             bool process_has_memory);

// A person has looked: lets the queues go on that check_identity has paused, and no others. What became
// unknown stays so, until it is resolved. Answers how many queues.
int resume(Connection& connection, std::span<const Fence> queues, const std::string& actor);

// For whoever restores a backup: the next check pauses.
void mark_restored(Connection& connection);

}  // namespace fencepost::store
