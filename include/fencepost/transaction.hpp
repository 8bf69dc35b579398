#pragma once
// A transaction in the caller's hands: statements of his own, and the protocol's acts in the same commit.

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "fencepost/error.hpp"
#include "fencepost/jobs.hpp"
#include "fencepost/queue.hpp"
#include "fencepost/value.hpp"

// Of libpq-fe.h and sqlite3.h.
struct pg_conn;
struct sqlite3;

namespace fencepost {

// How an item looked at one moment: for display, because it may be another one by now.
struct Item {
  std::string id;
  std::string word;  // the table's own
  State state = State::other;
  Micros run_at = 0;
  int attempt = 0;  // attempts that really ran
  bool stop_wanted = false;
  std::optional<std::string> last_error;
  EffectOutcome outcome = EffectOutcome::none;  // of its newest effect (`once`)
  std::string effect_key;
};

// Not thread-safe. It is handed out by Store::transaction(), Store::borrow() and the settlement of a job, and
// belongs to whoever hands it out: nothing of it may be used when that transaction has ended.
//
// Every answer becomes true with the commit, and counts for nothing where it does not come: give no
// `prevented` away before. Functions throw InfraError where the database fails; on PostgreSQL the transaction
// can then only be rolled back. Queues must have been installed by this Store (Store::install()), else
// UserError("queue_not_installed").
class Transaction {
 public:
  Transaction(Transaction&&) noexcept;
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();

  // One statement of the caller's, with $1, $2 … on both databases. Its text is kept as a prepared statement:
  // values belong into `params`.
  Rows run(const std::string& sql, const Params& params = {});

  // The connection itself, for a program's own data layer; nullptr on the other database. Neither commit nor
  // roll back on it, where the transaction is Fencepost's.
  pg_conn* postgres() const;
  sqlite3* sqlite() const;

  // As in Store, within this transaction. run_now() makes the item due now, for the next free worker.
  StopAnswer stop(const Queue& queue, const std::string& item, const std::string& actor);
  RunNowAnswer run_now(const Queue& queue, const std::string& item, const std::string& actor);
  RearmAnswer rearm(const Queue& queue, const std::string& item, const std::string& actor);
  ResolveAnswer resolve(const Queue& queue, const std::string& item, bool happened, const std::string& actor,
                        const std::string& remote_url = {});
  // To be called before an UPDATE of the payload: locks the item and says whether it may be changed. What
  // was claimed meanwhile is worked again with the new payload.
  EditAnswer edit(const Queue& queue, const std::string& item, const std::string& actor);
  std::optional<Item> read(const Queue& queue, const std::string& item);

  Enqueued enqueue(const NewJob& job);
  std::vector<Enqueued> enqueue(std::span<const NewJob> jobs);

 private:
  friend struct Internals;
  struct Impl;
  explicit Transaction(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fencepost
