#pragma once
// The small seam over a database: connections out of a pool, statements, transactions. The protocol
// (fence.hpp) and the applications' repositories are written against it; sqlite/ and postgres/ implement it.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "store/value.hpp"

// Of libpq-fe.h and sqlite3.h.
struct pg_conn;
struct sqlite3;

namespace fencepost::store {

// One connection. Not thread-safe: it belongs to whoever acquired it. All functions throw base::InfraError;
// after a `poisoned` one only the destructor may be called.
class Connection {
 public:
  virtual ~Connection() = default;
  virtual Dialect dialect() const = 0;

  // Runs one statement. Outside a transaction a writing statement is a transaction of its own, and an error
  // of it is `in_doubt` where nobody knows whether it was committed.
  virtual Rows run(const Sql& sql, const Params& params = {}) = 0;
  // Runs a statement of a batch; the answers of all rows, in no order. PostgreSQL: once, each of `rows`'
  // columns an array ($1, $2, …: a statement takes them with unnest), `shared` plain parameters behind them.
  // SQLite: once for each row, in one transaction, the same numbers plain values. No rows: nothing is run.
  virtual Rows run_batch(const Sql& sql, const std::vector<Params>& rows, const Params& shared = {}) = 0;
  // Runs statements one behind the other, each of which sees what those before it did. PostgreSQL: within a
  // transaction, in one round trip (a pipeline); for what is done while others wait for a lock. Answers in
  // their order; throws what the first one that fails throws, and those behind it are not run.
  struct Call {
    std::reference_wrapper<const Statement> statement;
    Params params{};                               // of a batch: what is shared
    std::optional<std::vector<Params>> rows = {};  // of a batch; at least one
  };
  virtual std::vector<Rows> run_together(const std::vector<Call>& calls);
  // Prepares a statement without running it: bad SQL fails here. Nothing behind a pooler.
  virtual void prepare_only(const Sql& sql) = 0;
  void prepare_only(const Statement& statement);
  // Runs a script of several statements without parameters or results: for migrations.
  virtual void script(const std::string& text) = 0;

  // SQLite takes the write lock at once (BEGIN IMMEDIATE); PostgreSQL is READ COMMITTED.
  virtual void begin() = 0;
  // Throws in_doubt where the connection was lost in COMMIT, or where COMMIT answered with a warning: a
  // cancelled wait for a synchronous standby returns success (rule 4).
  virtual void commit() = 0;
  virtual void rollback() noexcept = 0;
  virtual bool in_transaction() const = 0;
  // False once a poisoned error was thrown.
  virtual bool usable() const = 0;

  // Names of channels notified since the last call; waits until one comes, `until` passes (boot time) or
  // wake() is called from another thread. SQLite only waits: its processes wake each other by polling.
  virtual std::vector<std::string> wait_notifications(base::BootTime until) = 0;
  virtual void wake() = 0;
  virtual void listen(const std::string& channel) = 0;

  // The vendor's own handle, for writes of an embedding program in the same transaction; nullptr where it is
  // of the other database.
  virtual pg_conn* postgres_handle() { return nullptr; }
  virtual sqlite3* sqlite_handle() { return nullptr; }

  Rows run(const Statement& statement, const Params& params = {});
  Rows run_batch(const Statement& statement, const std::vector<Params>& rows, const Params& shared = {});
};

// A transaction on a connection; joins the one that is open already (then commit and rollback are the outer
// one's). Rolls back when it is destroyed without commit().
class Transaction {
 public:
  explicit Transaction(Connection& connection)
      : connection_(connection), joined_(connection.in_transaction()) {
    if (!joined_) connection_.begin();
  }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction() {
    if (!joined_ && !finished_ && connection_.in_transaction()) connection_.rollback();
  }
  void commit() {
    finished_ = true;
    if (!joined_) connection_.commit();
  }

 private:
  Connection& connection_;
  const bool joined_;
  bool finished_ = false;
};

struct DatabaseOptions {
  int connections = 8;  // at most, in the pool
  base::Duration lock_timeout = std::chrono::seconds(5);
  base::Duration statement_deadline = std::chrono::seconds(30);
  // PostgreSQL ends a session that does nothing for so long inside a transaction: a process that was stopped
  // there must not keep its rows, and every gate's epoch, for longer.
  base::Duration idle_in_transaction = std::chrono::seconds(10);
  base::Duration connect_deadline = std::chrono::seconds(10);
  bool poll_only = false;  // PostgreSQL behind a pooler in transaction mode
  std::string application = "fencepost";
  // SQLite: fencepost_now() is its wall time. For tests of embedding programs; outlives the database.
  const base::Clock* clock = nullptr;
};

// The transaction that is open on a connection of somebody else's, who keeps it, commits it and has no use
// for it meanwhile. Throws UserError("connection_unusable"), saying why. begin, commit and rollback are his.
std::unique_ptr<Connection> borrow(pg_conn* connection, const DatabaseOptions& options);
std::unique_ptr<Connection> borrow(sqlite3* connection, const DatabaseOptions& options);

// The PATH of sqlite:PATH; nullopt: another kind of URL, or none.
std::optional<std::string> sqlite_path(const std::string& url);
// Throws UserError("invalid_database_url") unless it is sqlite:PATH or postgresql://….
void check_database_url(const std::string& url);

// A database and its pool of connections. Thread-safe.
class Database {
 public:
  // Throws as check_database_url() does, and UserError("database_unusable") where the file or server cannot
  // be used, saying what to do.
  static std::unique_ptr<Database> open(const std::string& url, const DatabaseOptions& options = {});
  virtual ~Database() = default;

  // A pooled connection; returns to the pool when released, unless it is poisoned. Waits for a free one up
  // to the lock time-out, then throws a retryable InfraError.
  class Lease {
   public:
    Lease(Database& database, std::unique_ptr<Connection> connection)
        : database_(&database), connection_(std::move(connection)) {}
    Lease(Lease&& other) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (connection_) database_->release(std::move(connection_));
    }
    Connection& operator*() const { return *connection_; }
    Connection* operator->() const { return connection_.get(); }

   private:
    Database* database_;
    std::unique_ptr<Connection> connection_;
  };
  Lease acquire();
  // A connection outside the pool, for listening.
  virtual std::unique_ptr<Connection> connect() = 0;
  virtual Dialect dialect() const = 0;
  // Writers take turns: two at a time gain nothing.
  virtual bool one_writer() const { return dialect() == Dialect::sqlite; }
  const DatabaseOptions& options() const { return options_; }
  // The URL without its password: for logs.
  virtual std::string label() const = 0;

  // Runs `work` on a pooled connection, again after deadlocks, serialization failures and lost connections
  // (`40P01`, `40001`, `55P03`, retryable) up to `tries` times. Never again after a commit in doubt: that is
  // thrown to the caller, who must look (rule 4).
  template <typename Work>
  auto retrying(Work&& work, int tries = 4) -> decltype(work(std::declval<Connection&>())) {
    for (int left = tries;; --left) {
      try {
        auto lease = acquire();
        return work(*lease);
      } catch (const base::InfraError& error) {
        if (!error.retryable() || error.in_doubt() || left <= 1) throw;
        pause_before_retry(tries - left + 1);
      }
    }
  }

  // Called with every new connection of the pool before its first use, as rule 13 wants: a database that is
  // another one than before must be found out before anything is sent from it. Set before other threads use
  // the database.
  void on_connect(std::function<void(Connection&)> look) { on_connect_ = std::move(look); }

  // The highest epoch that a gate of this process has seen (rule 13).
  std::atomic<std::int64_t> epoch_seen{0};

 protected:
  explicit Database(DatabaseOptions options) : options_(std::move(options)) {}

 private:
  void release(std::unique_ptr<Connection> connection) noexcept;
  static void pause_before_retry(int attempt);

  DatabaseOptions options_;
  std::function<void(Connection&)> on_connect_;
  std::mutex mutex_;
  std::condition_variable_any freed_;
  std::vector<std::unique_ptr<Connection>> idle_;
  int open_ = 0;
};

}  // namespace fencepost::store
