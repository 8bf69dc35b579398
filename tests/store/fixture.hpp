#pragma once
// A database of its own with the store's schema and one fenced table, for the tests of the protocol.

#include <memory>
#include <string>
#include <vector>

#include "store/fence.hpp"
#include "store/testing/fresh_database.hpp"

namespace fencepost::store::testing {

// Of the table's two shapes: `once` has the canonical words and a bigint key; `repeatable` has words, a
// prefix and a text key of its own, as an adopted table has.
core::Queue queue_of(core::Kind kind);

// The superuser's URL of the tests' PostgreSQL; throws, naming the script that sets it, where there is none.
std::string postgres_url();
// The same URL with another host and port in it.
std::string with_address(const std::string& url, const std::string& host_and_port);

// Made and dropped with its database or file. Not thread-safe, but its connections may be used by one thread
// each.
class World {
 public:
  // On PostgreSQL: a database of its own, or a schema of its own in one that all worlds of this process
  // share, which is made much faster.
  enum class Home { database, schema };
  World(Dialect dialect, core::Kind kind, const DatabaseOptions& options = patient(),
        Home home = Home::database);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  Dialect dialect() const { return dialect_; }
  bool once() const { return queue_.kind == core::Kind::once; }
  const core::Queue& queue() const { return queue_; }
  const Fence& fence() const { return *fence_; }
  Database& database() { return *database_; }
  const std::string& url() const { return url_; }
  // Makes the statements and the trigger anew: after a guard was removed.
  void install();

  // Three connections that stay open: the two parties and the one that looks on.
  Connection& a() { return *a_; }
  Connection& b() { return *b_; }
  Connection& onlooker() { return *onlooker_; }
  std::unique_ptr<Connection> connect();

  // `text` with {table}, {key}, {status}, {enabled}, {payload}, {fence} … and {q} (the queue's name, quoted)
  // replaced, and `?1` written `$1` on PostgreSQL.
  std::string sql(std::string text) const;
  Rows run(Connection& connection, const std::string& text, const Params& params = {}) const;
  Rows run(const std::string& text, const Params& params = {}) { return run(*onlooker_, text, params); }
  // A new queued item, due now; answers its key.
  std::string add(const std::string& key = "1");
  void script(const std::string& text);
  // Forgets dead rows, so that thousands of small cases stay quick.
  void vacuum();

 private:
  void make_home(Home home);

  const Dialect dialect_;
  const core::Queue queue_;
  std::string url_, home_url_, drop_, file_, name_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<Connection> a_, b_, onlooker_;
  std::unique_ptr<Fence> fence_;
};

// Moves the database's clock: fencepost_now() on PostgreSQL, every connection of this process on SQLite.
void shift_clock(World& world, Duration by);

// Waits on PostgreSQL until the session `pid` waits for a lock, or `finished` says that it need not. Answers
// whether it waits.
int backend_pid(Connection& connection);
template <typename Finished>
bool waits_for_lock(World& world, int pid, Finished&& finished) {
  while (!finished()) {
    const auto rows = world.run("SELECT cardinality(pg_blocking_pids(?1::int)) > 0", {pid});
    if (rows[0][0].boolean()) return true;
  }
  return false;
}

inline std::string dialect_name(Dialect dialect) {
  return dialect == Dialect::sqlite ? "sqlite" : "postgres";
}

}  // namespace fencepost::store::testing
