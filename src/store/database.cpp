#include "store/database.hpp"

#include <thread>

#include "base/random.hpp"
#include "store/postgres/postgres_database.hpp"
#include "store/sqlite/sqlite_database.hpp"

namespace fencepost::store {

Rows Connection::run(const Statement& statement, const Params& params) {
  return run(render(statement, dialect()), params);
}

Rows Connection::run_batch(const Statement& statement, const std::vector<Params>& rows,
                           const Params& shared) {
  return run_batch(render(statement, dialect()), rows, shared);
}

void Connection::prepare_only(const Statement& statement) { prepare_only(render(statement, dialect())); }

std::vector<Rows> Connection::run_together(const std::vector<Call>& calls) {
  std::vector<Rows> all;
  for (const auto& call : calls)
    all.push_back(call.rows ? run_batch(call.statement.get(), *call.rows, call.params)
                            : run(call.statement.get(), call.params));
  return all;
}

std::vector<std::pair<std::int64_t, std::int64_t>> id_pairs(const Rows& rows) {
  std::vector<std::pair<std::int64_t, std::int64_t>> pairs;
  for (const auto& row : rows) pairs.emplace_back(row[0].integer(), row[1].integer());
  return pairs;
}

std::optional<std::string> sqlite_path(const std::string& url) {
  constexpr std::string_view kSqlite = "sqlite:";
  return url.starts_with(kSqlite) ? std::optional(url.substr(kSqlite.size())) : std::nullopt;
}

void check_database_url(const std::string& url) {
  if (sqlite_path(url) || url.starts_with("postgresql://") || url.starts_with("postgres://")) return;
  throw base::UserError("invalid_database_url",
                        "the database URL must be sqlite:PATH (for example sqlite:data/fencepost.db) or "
                        "postgresql://USER@HOST/NAME");
}

std::unique_ptr<Database> Database::open(const std::string& url, const DatabaseOptions& options) {
  check_database_url(url);
  if (const auto path = sqlite_path(url)) return sqlite::open(*path, options);
  return postgres::open(url, options);
}

std::unique_ptr<Connection> borrow(pg_conn* connection, const DatabaseOptions& options) {
  return postgres::borrow(connection, options);
}
std::unique_ptr<Connection> borrow(sqlite3* connection, const DatabaseOptions& options) {
  return sqlite::borrow(connection, options);
}

Database::Lease Database::acquire() {
  std::unique_lock lock(mutex_);
  const auto free = [this] { return !idle_.empty() || open_ < options_.connections; };
  if (!freed_.wait_for(lock, options_.lock_timeout, free))
    throw base::InfraError("no free database connection", {.retryable = true});
  if (!idle_.empty()) {
    auto connection = std::move(idle_.back());
    idle_.pop_back();
    return Lease(*this, std::move(connection));
  }
  ++open_;
  lock.unlock();
  try {
    auto connection = connect();
    if (on_connect_) on_connect_(*connection);
    return Lease(*this, std::move(connection));
  } catch (...) {
    const std::lock_guard again(mutex_);
    --open_;
    freed_.notify_one();
    throw;
  }
}

void Database::release(std::unique_ptr<Connection> connection) noexcept {
  // A connection that comes back inside a transaction was left by an exception.
  if (connection->in_transaction()) connection->rollback();
  std::vector<std::unique_ptr<Connection>> lost;  // closed after the lock is gone
  const std::lock_guard lock(mutex_);
  if (connection->usable()) {
    idle_.push_back(std::move(connection));
  } else {
    // The server went away under this one; the idle ones it took along would each cost somebody a call.
    lost.swap(idle_);
    open_ -= 1 + static_cast<int>(lost.size());
  }
  freed_.notify_all();
}

void Database::pause_before_retry(int attempt) {
  const auto ceiling = static_cast<std::uint32_t>(std::min(1 << attempt, 64)) * 1000U;
  base::sleep_for(base::Duration(1000 + base::random_below(ceiling)));
}

}  // namespace fencepost::store
