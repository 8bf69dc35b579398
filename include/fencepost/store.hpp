#pragma once
// A database with fenced queues, and what people and programs do to items. The protocol: docs/fence.md.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "fencepost/transaction.hpp"

namespace fencepost {

struct StoreOptions {
  // At most, in the pool. A loop needs one for each handler that settles, and four for its upkeep.
  int connections = 16;
  Duration lock_timeout = std::chrono::seconds(5);
  Duration statement_deadline = std::chrono::seconds(30);
  Duration connect_deadline = std::chrono::seconds(10);
  bool poll_only = false;  // PostgreSQL behind a pooler in transaction mode
  std::string application = "fencepost";
  std::string state_folder;  // for lock files of this host's workers; empty: of the user's session
};

// Per status word: how many items, and since when the oldest is due (negative: it is due in the future). Of a
// table with more than 10,000 rows, what is finished is not counted to its end: at_least that many.
struct Count {
  std::string word;
  std::int64_t items = 0;
  Duration oldest{};
  bool at_least = false;
};

// Thread-safe. Loops, and Transactions it has handed out, must end before it does. Not to be used across
// fork().
//
// Each act is a transaction of its own, and is repeated until its outcome is certain: what it answers holds.
// Errors: UserError, whose message says what to do; InfraError where the database stays away.
class Store {
 public:
  // `url`: sqlite:PATH or postgresql://…. Makes the file where there is none, and brings Fencepost's own
  // tables up to date. UserError: invalid_database_url, database_unusable, schema_too_new.
  static Store open(const std::string& url, const StoreOptions& options = {});
  Store(Store&&) noexcept;
  Store& operator=(Store&&) = delete;
  ~Store();

  // Makes a table a queue: adds the protocol's columns where they are missing, the trigger and the indexes.
  // Does nothing where all that is there, so call it at every start; loops do. UserError: invalid_queue,
  // no_such_table, no_such_column, queue_redefined (this Store knows another queue of that name).
  // `fencepost adopt` does the same with a dry run, and with more care for words that the table had before.
  void install(const Queue& queue);

  // Promises that no effect of the item begins, or says why it cannot (docs/fence.md, rule 7).
  StopAnswer stop(const Queue& queue, const std::string& item, const std::string& actor);
  // Where a loop of this Store works the queue, it starts the item at once, and of several callers exactly
  // one is answered `started`. Else `started` means that the item is due now, for the next free worker of
  // another process.
  RunNowAnswer run_now(const Queue& queue, const std::string& item, const std::string& actor);
  RearmAnswer rearm(const Queue& queue, const std::string& item, const std::string& actor);
  // A person's word on an unknown item.
  ResolveAnswer resolve(const Queue& queue, const std::string& item, bool happened, const std::string& actor,
                        const std::string& remote_url = {});
  // `change` writes the payload, in the same transaction; it is called where the answer is `editable`, and
  // again where the transaction had to be repeated. After an InfraError that is in_doubt, look before you
  // repeat it.
  EditAnswer edit(const Queue& queue, const std::string& item, const std::string& actor,
                  const std::function<void(Transaction&)>& change);
  // No item of a paused queue is claimed, and none passes its gate, in any process.
  void pause(const Queue& queue, const std::string& why);
  void resume(const Queue& queue);
  std::vector<Count> counts(const Queue& queue);
  std::optional<Item> read(const Queue& queue, const std::string& item);

  // Adds jobs to fencepost_jobs. After an InfraError that is in_doubt they may be there: repeat only what has
  // a unique key.
  Enqueued enqueue(const NewJob& job);
  // One statement, all or nothing; answers in the order of `jobs`.
  std::vector<Enqueued> enqueue(std::span<const NewJob> jobs);

  // Runs `work` in a transaction and commits; an exception of `work` rolls back and is thrown on. Runs it
  // again, from the start, after a deadlock or a lock time-out. An InfraError that is in_doubt says that
  // nobody knows whether the commit took effect.
  void transaction(const std::function<void(Transaction&)>& work);

  // The transaction that is open on a connection of the caller's own, to this Store's database. The caller
  // keeps the connection, commits it, and does so when the answer's Transaction is gone.
  //   PostgreSQL: sets synchronous_commit = on for the transaction; the client encoding must be UTF8.
  //   SQLite: registers the function fencepost_now() on the handle. Durable only with synchronous=FULL, the
  //   default. Begin with BEGIN IMMEDIATE; a transaction that has only read may meet SQLITE_BUSY.
  // UserError("connection_unusable"): closed, not in a transaction, failed, busy, or of the other database.
  Transaction borrow(pg_conn* connection);
  Transaction borrow(sqlite3* connection);

 private:
  friend struct Internals;
  struct Impl;
  explicit Store(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fencepost
