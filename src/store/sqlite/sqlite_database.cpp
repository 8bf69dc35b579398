#include "store/sqlite/sqlite_database.hpp"

#include <sqlite3.h>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <unordered_map>

#include "base/error.hpp"
#include "store/sqlite/turns.hpp"

namespace fencepost::store::sqlite {

namespace {

std::atomic<std::int64_t> g_shift{0};

struct Finalize {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using StatementPtr = std::unique_ptr<sqlite3_stmt, Finalize>;

void now_function(sqlite3_context* context, int, sqlite3_value**) {
  const auto* clock = static_cast<const base::Clock*>(sqlite3_user_data(context));
  sqlite3_result_int64(context, clock ? clock->wall() : base::system_clock().wall() + g_shift.load());
}

void add_functions(sqlite3* db, const base::Clock* clock) {
  // SQLite hands the pointer back as it is, and now_function only reads.
  sqlite3_create_function_v2(db, "fencepost_now", 0, SQLITE_UTF8 | SQLITE_INNOCUOUS,
                             const_cast<base::Clock*>(clock), now_function, nullptr, nullptr, nullptr);
}

// The state of a whole-file failure decides what the caller may do: busy is worth another try, a full disk
// or a read-only file is for the operator, and the connection stays usable in all of them.
[[noreturn]] void raise(sqlite3* db, const std::string& what, bool committing = false) {
  const int code = sqlite3_extended_errcode(db);
  const int primary = code & 0xff;
  const bool busy = primary == SQLITE_BUSY || primary == SQLITE_LOCKED;
  const bool device = primary == SQLITE_FULL || primary == SQLITE_IOERR || primary == SQLITE_READONLY ||
                      primary == SQLITE_CANTOPEN;
  throw base::InfraError(what + ": " + sqlite3_errmsg(db),
                         {.retryable = busy,
                          .poisoned = primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB,
                          // A commit that met an I/O error may be in the log; nobody knows before it is read.
                          .in_doubt = committing && primary == SQLITE_IOERR},
                         busy     ? "SQLITE_BUSY"
                         : device ? std::string("SQLITE_DEVICE")
                                  : std::to_string(code));
}

class SqliteConnection final : public Connection {
 public:
  SqliteConnection(const std::string& path, const DatabaseOptions& options, Turns& turns)
      : options_(options), turns_(&turns) {
    const int flags =
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    const int code = sqlite3_open_v2(path.c_str(), &db_, flags, nullptr);
    if (code != SQLITE_OK) {
      const std::string why = sqlite3_errstr(code);
      sqlite3_close(db_);
      throw base::UserError("database_unusable", "the database file '" + path + "' cannot be opened (" + why +
                                                     "): check that its folder exists and is writable");
    }
    sqlite3_busy_timeout(db_, static_cast<int>(options.lock_timeout.count() / 1000));
    add_functions(db_, options.clock);
    if (sqlite3_db_readonly(db_, "main") == 1) {
      sqlite3_close(db_);
      throw base::UserError(
          "database_unusable",
          "the database file '" + path + "' is read-only: give this user write access to it and its folder");
    }
    try {
      set_up();
    } catch (const base::InfraError& error) {
      const bool retry = error.retryable();
      sqlite3_close(db_);
      db_ = nullptr;
      if (retry) throw;
      throw base::UserError("database_unusable",
                            "the file '" + path +
                                "' cannot be used as a database: check that it is a SQLite "
                                "file, that it and its folder are writable and the disk is not full");
    }
  }
  // Borrowed, inside its owner's transaction.
  SqliteConnection(sqlite3* db, const DatabaseOptions& options)
      : options_(options), db_(db), in_transaction_(true) {
    add_functions(db_, options.clock);
  }
  ~SqliteConnection() override {
    statements_.clear();
    if (turns_ == nullptr) return;
    if (in_transaction_) rollback();
    sqlite3_close(db_);
  }

  Dialect dialect() const override { return Dialect::sqlite; }
  bool in_transaction() const override { return in_transaction_; }
  bool usable() const override { return usable_; }
  sqlite3* sqlite_handle() override { return db_; }

  Rows run(const Sql& sql, const Params& params) override {
    sqlite3_stmt* statement = prepared(sql);
    if (in_transaction_ || sqlite3_stmt_readonly(statement)) return step(statement, sql, params);
    begin();
    try {
      Rows rows = step(statement, sql, params);
      commit();
      return rows;
    } catch (...) {
      if (in_transaction_) rollback();
      throw;
    }
  }

  Rows run_batch(const Sql& sql, const std::vector<Params>& rows, const Params& shared) override {
    if (rows.empty()) return {};
    sqlite3_stmt* statement = prepared(sql);
    if (!in_transaction_ && sqlite3_stmt_readonly(statement)) {
      const Snapshot snapshot(*this);
      return step_all(statement, sql, rows, shared);
    }
    Transaction transaction(*this);
    Rows all = step_all(statement, sql, rows, shared);
    transaction.commit();
    return all;
  }

  void prepare_only(const Sql& sql) override { prepared(sql); }

  void script(const std::string& text) override {
    if (sqlite3_exec(db_, text.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) fail("script");
  }

  void begin() override {
    FENCEPOST_ASSERT(!in_transaction_);
    if (!turns_->wait_for(options_.lock_timeout))
      throw base::InfraError("the database is busy", {.retryable = true}, "SQLITE_BUSY");
    if (sqlite3_exec(db_, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) != SQLITE_OK) {
      turns_->end();
      fail("begin");
    }
    in_transaction_ = true;
  }

  void commit() override {
    FENCEPOST_ASSERT(in_transaction_ && turns_ != nullptr);
    if (sqlite3_exec(db_, "COMMIT", nullptr, nullptr, nullptr) != SQLITE_OK) {
      try {
        fail("commit", true);
      } catch (...) {
        rollback();
        throw;
      }
    }
    leave();
  }

  void rollback() noexcept override {
    FENCEPOST_ASSERT(turns_ != nullptr);
    // Some errors (a full disk) have rolled back by themselves already.
    if (sqlite3_get_autocommit(db_) == 0) sqlite3_exec(db_, "ROLLBACK", nullptr, nullptr, nullptr);
    if (in_transaction_) leave();
  }

  std::vector<std::string> wait_notifications(base::BootTime until) override {
    std::unique_lock lock(wake_mutex_);
    const auto left = until - base::BootClock::now();
    if (left.count() > 0) wake_.wait_for(lock, left, [this] { return woken_; });
    woken_ = false;
    return {};
  }
  void wake() override {
    const std::lock_guard lock(wake_mutex_);
    woken_ = true;
    wake_.notify_all();
  }
  void listen(const std::string&) override {}

 private:
  // WAL first: it is the one pragma that needs the file itself, so it also finds out what is no database. Of
  // several processes that open a new file at once it refuses some, without waiting as a statement would.
  void set_up() {
    for (const auto until = base::BootClock::now() + options_.lock_timeout;;) try {
        return script(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
            "PRAGMA trusted_schema=OFF; PRAGMA recursive_triggers=OFF;");
      } catch (const base::InfraError& error) {
        if (!error.retryable() || base::BootClock::now() >= until) throw;
        base::sleep_for(std::chrono::milliseconds(5));
      }
  }

  // One state for several statements that only read: no writer is waited for, and none waits.
  class Snapshot {
   public:
    explicit Snapshot(SqliteConnection& connection) : connection_(connection) { connection_.script("BEGIN"); }
    Snapshot(const Snapshot&) = delete;
    Snapshot& operator=(const Snapshot&) = delete;
    ~Snapshot() { sqlite3_exec(connection_.db_, "ROLLBACK", nullptr, nullptr, nullptr); }

   private:
    SqliteConnection& connection_;
  };

  void leave() {
    in_transaction_ = false;
    turns_->end();
  }

  [[noreturn]] void fail(const std::string& what, bool committing = false) {
    try {
      raise(db_, what, committing);
    } catch (const base::InfraError& error) {
      if (error.poisoned()) usable_ = false;
      throw;
    }
  }

  sqlite3_stmt* prepared(const Sql& sql) {
    const auto found = statements_.find(sql.name);
    if (found != statements_.end() && found->second.first == sql.text) return found->second.second.get();
    sqlite3_stmt* raw = nullptr;
    const char* tail = nullptr;
    const int code = sqlite3_prepare_v3(db_, sql.text.c_str(), static_cast<int>(sql.text.size() + 1),
                                        SQLITE_PREPARE_PERSISTENT, &raw, &tail);
    StatementPtr statement(raw);
    if (code != SQLITE_OK) fail("statement " + sql.name);
    FENCEPOST_ASSERT(raw != nullptr &&
                     std::string_view(tail).find_first_not_of("; \n\t") == std::string_view::npos);
    statements_[sql.name] = {sql.text, std::move(statement)};
    return raw;
  }

  static void bind(sqlite3_stmt* statement, int index, const Value& value) {
    struct Binder {
      sqlite3_stmt* statement;
      int index;
      int operator()(std::monostate) const { return sqlite3_bind_null(statement, index); }
      int operator()(std::int64_t v) const { return sqlite3_bind_int64(statement, index, v); }
      int operator()(double v) const { return sqlite3_bind_double(statement, index, v); }
      int operator()(const std::string& v) const {
        return sqlite3_bind_text64(statement, index, v.data(), v.size(), SQLITE_STATIC, SQLITE_UTF8);
      }
      int operator()(const Bytes& v) const {
        return sqlite3_bind_blob64(statement, index, v.data.data(), v.data.size(), SQLITE_STATIC);
      }
    };
    FENCEPOST_ASSERT(std::visit(Binder{statement, index}, value.variant()) == SQLITE_OK);
  }

  static Value column(sqlite3_stmt* statement, int index) {
    switch (sqlite3_column_type(statement, index)) {
      case SQLITE_NULL:
        return {};
      case SQLITE_INTEGER:
        return static_cast<std::int64_t>(sqlite3_column_int64(statement, index));
      case SQLITE_FLOAT:
        return sqlite3_column_double(statement, index);
      default: {
        const auto* data = static_cast<const char*>(sqlite3_column_blob(statement, index));
        return std::string(data ? data : "",
                           static_cast<std::size_t>(sqlite3_column_bytes(statement, index)));
      }
    }
  }

  Rows step(sqlite3_stmt* statement, const Sql& sql, const Params& params) {
    if (sqlite3_bind_parameter_count(statement) > static_cast<int>(params.size()))
      throw base::InfraError("statement " + sql.name + ": too few parameters", {}, "SQLITE_RANGE");
    for (int i = 0; i < sqlite3_bind_parameter_count(statement); ++i)
      bind(statement, i + 1, params[static_cast<std::size_t>(i)]);
    Rows result;
    collect(statement, sql, result);
    sqlite3_clear_bindings(statement);
    return result;
  }

  Rows step_all(sqlite3_stmt* statement, const Sql& sql, const std::vector<Params>& rows,
                const Params& shared) {
    Rows all;
    const auto first_shared = static_cast<int>(rows[0].size());
    // What is shared stays bound from row to row.
    for (std::size_t i = 0; i < shared.size(); ++i)
      bind(statement, first_shared + static_cast<int>(i) + 1, shared[i]);
    for (const auto& row : rows) {
      FENCEPOST_ASSERT(sqlite3_bind_parameter_count(statement) <=
                       static_cast<int>(row.size() + shared.size()));
      for (std::size_t i = 0; i < row.size(); ++i) bind(statement, static_cast<int>(i) + 1, row[i]);
      collect(statement, sql, all);
    }
    sqlite3_clear_bindings(statement);
    return all;
  }

  // Runs a bound statement to its end; its rows join those that are there.
  void collect(sqlite3_stmt* statement, const Sql& sql, Rows& into) {
    int code = 0;
    const int columns = sqlite3_column_count(statement);
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
      Row& row = into.rows.emplace_back();
      row.reserve(static_cast<std::size_t>(columns));
      for (int i = 0; i < columns; ++i) row.push_back(column(statement, i));
    }
    sqlite3_reset(statement);
    if (code != SQLITE_DONE) {
      sqlite3_clear_bindings(statement);
      fail("statement " + sql.name);
    }
    if (!sqlite3_stmt_readonly(statement)) into.changed += sqlite3_changes64(db_);
  }

  const DatabaseOptions options_;
  Turns* const turns_ = nullptr;  // nullptr: db_ is borrowed
  sqlite3* db_ = nullptr;
  std::unordered_map<std::string, std::pair<std::string, StatementPtr>> statements_;
  bool in_transaction_ = false;
  bool usable_ = true;
  std::mutex wake_mutex_;
  std::condition_variable wake_;
  bool woken_ = false;
};

class SqliteDatabase final : public Database {
 public:
  SqliteDatabase(std::string path, const DatabaseOptions& options)
      : Database(options), path_(std::move(path)) {}
  // What is wrong with the file itself is a person's matter when it is opened first; later it is the machine
  // that is out of something (descriptors, its disk), and may have it again.
  std::unique_ptr<Connection> connect() override {
    try {
      auto connection = std::make_unique<SqliteConnection>(path_, options(), turns_);
      opened_ = true;
      return connection;
    } catch (const base::UserError& error) {
      if (!opened_) throw;
      throw base::InfraError(error.what(), {.retryable = true}, "SQLITE_DEVICE");
    }
  }
  Dialect dialect() const override { return Dialect::sqlite; }
  std::string label() const override { return "sqlite:" + path_; }

 private:
  const std::string path_;
  Turns turns_;
  std::atomic<bool> opened_ = false;
};

}  // namespace

std::unique_ptr<Database> open(const std::string& path, const DatabaseOptions& options) {
  if (path.empty() || path.find(":memory:") != std::string::npos)
    throw base::UserError("invalid_database_url", "name the database's file: sqlite:data/fencepost.db");
  auto database = std::make_unique<SqliteDatabase>(path, options);
  { auto probe = database->acquire(); }
  return database;
}

std::unique_ptr<Connection> borrow(sqlite3* db, const DatabaseOptions& options) {
  const auto unusable = [](const std::string& why) {
    return base::UserError("connection_unusable", "the SQLite connection cannot be borrowed: " + why);
  };
  if (db == nullptr) throw unusable("it is closed");
  if (sqlite3_get_autocommit(db) != 0) throw unusable("begin a transaction first (BEGIN IMMEDIATE)");
  if (sqlite3_db_readonly(db, "main") == 1) throw unusable("it is read-only");
  return std::make_unique<SqliteConnection>(db, options);
}

void shift_clock_for_tests(base::Duration by) { g_shift = by.count(); }

}  // namespace fencepost::store::sqlite
