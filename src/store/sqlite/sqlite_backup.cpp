// Backups of SQLite: the online backup API, and a file that is prepared before it gets its name.

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "store/backup/engine.hpp"
#include "store/identity.hpp"
#include "store/sql.hpp"

namespace fencepost::store::backup {

namespace {
constexpr int kPages = 256;  // at a time: 1 MiB
constexpr std::size_t kChunk = std::size_t{1} << 20;
constexpr const char* kBeside[] = {"-wal", "-shm", "-journal"};

struct CloseSqlite {
  void operator()(sqlite3* db) const { sqlite3_close(db); }
};

// A file that SQLite works on, with what SQLite puts beside it.
struct Leftovers {
  std::string name;
  ~Leftovers() {
    for (const auto* suffix : kBeside) unlink((name + suffix).c_str());
  }
};

DatabaseOptions alone() {
  DatabaseOptions options;
  options.connections = 1;
  return options;
}

// One file without a log beside it. Only one that nobody else has open can be changed so: whether it was.
bool fold(Connection& connection) {
  try {
    connection.script("PRAGMA journal_mode=DELETE");
    return true;
  } catch (const base::InfraError& error) {
    if (error.retryable()) return false;
    throw;
  }
}

void copy_pages(sqlite3* from, std::int64_t page, const std::string& to, const Progress& progress) {
  sqlite3* raw = nullptr;
  const auto failed = [&](int code) {
    const bool full = (code & 0xff) == SQLITE_FULL;
    throw base::UserError("file_not_written",
                          "'" + to + "' cannot be written (" + sqlite3_errstr(code) +
                              (full ? "): make room, and do it again" : "): check its folder and its disk"));
  };
  const int opened =
      sqlite3_open_v2(to.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_EXRESCODE, nullptr);
  const std::unique_ptr<sqlite3, CloseSqlite> copy(raw);
  if (opened != SQLITE_OK) failed(opened);
  // It is flushed once, when it is whole.
  sqlite3_exec(raw, "PRAGMA synchronous=OFF; PRAGMA journal_mode=OFF", nullptr, nullptr, nullptr);
  auto* work = sqlite3_backup_init(raw, "main", from, "main");
  if (work == nullptr) failed(sqlite3_extended_errcode(raw));
  struct Finish {
    sqlite3_backup* work;
    ~Finish() {
      if (work != nullptr) sqlite3_backup_finish(work);
    }
  } finish{work};
  int code = SQLITE_OK;
  while ((code = sqlite3_backup_step(work, kPages)) == SQLITE_OK) {
    const std::int64_t total = sqlite3_backup_pagecount(work);
    progress((total - sqlite3_backup_remaining(work)) * page, total * page);
  }
  if (code != SQLITE_DONE) failed(code);
  progress(sqlite3_backup_pagecount(work) * page, sqlite3_backup_pagecount(work) * page);
  finish.work = nullptr;
  if (const int ended = sqlite3_backup_finish(work); ended != SQLITE_OK) failed(ended);
}

class SqliteEngine final : public Engine {
 public:
  explicit SqliteEngine(std::string path) : path_(std::move(path)) {}
  std::string name() const override { return "sqlite"; }
  std::string member() const override { return "database.sqlite"; }

  void dump(ArchiveWriter& archive, Manifest& manifest, const std::string& beside,
            const Progress& progress) override {
    // Opening would make it.
    if (!std::filesystem::exists(path_))
      throw base::UserError("no_database", "there is no file '" + path_ + "': is --database right?");
    const Draft copy(beside);
    const Leftovers leftovers{copy.name()};
    take(copy.name(), manifest, progress);
    {
      const auto taken = Database::open("sqlite:" + copy.name(), alone());
      const auto lease = taken->acquire();
      const auto sound = lease->run(Sql{"quick_check", "PRAGMA quick_check(1)"});
      if (sound.empty() || sound[0][0].text() != "ok")
        throw base::UserError("database_damaged", "the database is damaged (" + sound[0][0].text() +
                                                      "): no backup was made; use an earlier one");
      const auto at = manifest.made_at;
      describe(*lease, tables_to_count(*lease), manifest, progress);
      manifest.made_at = at;
      FENCEPOST_ASSERT(fold(*lease));
    }
    append(copy.name(), archive);
  }

  std::string load(const Backup& backup, const RestoreOptions& options,
                   const std::function<void(Connection&)>& settle, const Progress& progress) override {
    const bool there = std::filesystem::exists(path_);
    bool keep = false;
    if (there) keep = check_target(options);
    for (const auto* suffix : kBeside)
      if (std::filesystem::exists(path_ + suffix))
        throw base::UserError("database_not_empty", "'" + path_ + suffix +
                                                        "' is left of another database, and SQLite would mix "
                                                        "the two: move it away first");
    Draft draft(path_);
    const Leftovers leftovers{draft.name()};
    backup.archive().read([&](const char* data, std::size_t size) { draft.write(data, size); }, progress);
    {
      const auto database = Database::open("sqlite:" + draft.name(), alone());
      const auto lease = database->acquire();
      mark_restored(*lease);
      settle(*lease);
      FENCEPOST_ASSERT(fold(*lease));
    }
    if (!there) {
      draft.put(false);
      return "";
    }
    if (!keep) {
      draft.put(true);
      return "";
    }
    // Whoever has begun to use it meanwhile would go on with a file that has lost its name.
    check_target(options);
    auto kept = path_ + ".replaced-" + base::format_utc(base::system_clock().wall());
    draft.put_and_keep(kept);
    return kept;
  }

 private:
  // The pages of one moment, while others write.
  void take(const std::string& to, Manifest& manifest, const Progress& progress) const {
    const auto database = Database::open("sqlite:" + path_, alone());
    const auto lease = database->acquire();
    manifest.database = database->label();
    manifest.engine_major = SQLITE_VERSION_NUMBER / 1'000'000;
    manifest.made_by = std::string("SQLite ") + sqlite3_libversion();
    lease->script(sql::begin_snapshot.sqlite);
    struct End {
      sqlite3* db;
      ~End() { sqlite3_exec(db, "ROLLBACK", nullptr, nullptr, nullptr); }
    } const end{lease->sqlite_handle()};
    manifest.made_at = lease->run(sql::now)[0][0].integer();
    const auto page = lease->run(Sql{"page_size", "PRAGMA page_size"})[0][0].integer();
    copy_pages(lease->sqlite_handle(), page, to, progress);
  }

  static void append(const std::string& copy, ArchiveWriter& archive) {
    const base::FileDescriptor file(::open(copy.c_str(), O_RDONLY | O_CLOEXEC));
    std::vector<char> chunk(kChunk);
    for (;;) {
      const auto got = file.get() < 0 ? -1 : ::read(file.get(), chunk.data(), chunk.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0)
        throw base::UserError("file_not_read",
                              "'" + copy + "' cannot be read (" + std::strerror(errno) + ")");
      if (got == 0) return;
      archive.database(chunk.data(), static_cast<std::size_t>(got));
    }
  }

  // Whether what is there must be kept; throws where it must not be touched.
  bool check_target(const RestoreOptions& options) const {
    const auto database = Database::open("sqlite:" + path_, alone());
    const auto lease = database->acquire();
    const bool occupied = lease->run(sql::relations)[0][0].integer() > 0;
    if (occupied && options.replace != path_)
      throw base::UserError(
          "database_not_empty",
          "the database '" + path_ +
              "' is not empty, and a restore never goes over data: name a new file, or say --replace '" +
              path_ + "' (what it holds is kept beside it)");
    if (!fold(*lease))
      throw base::UserError("database_in_use",
                            "'" + path_ + "' is in use: stop the server and whatever else has it open");
    return occupied;
  }

  const std::string path_;
};
}  // namespace

std::unique_ptr<Engine> sqlite_engine(std::string path) {
  return std::make_unique<SqliteEngine>(std::move(path));
}

}  // namespace fencepost::store::backup
