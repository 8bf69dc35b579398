// Backups of PostgreSQL: its own pg_dump, pg_restore and psql, around a snapshot and a transaction of ours.

#include <fcntl.h>
#include <libpq-fe.h>
#include <poll.h>
#include <unistd.h>
#include <cerrno>
#include <csignal>
#include <vector>

#include "base/error.hpp"
#include "store/backup/engine.hpp"
#include "store/postgres/client_tool.hpp"
#include "store/quote.hpp"
#include "store/sql.hpp"

namespace fencepost::store::backup {

namespace {
using postgres::ClientTool;
using postgres::ToolVersion;

constexpr std::size_t kChunk = std::size_t{1} << 16;

// Our own session does nothing while the programs work.
DatabaseOptions patient() {
  DatabaseOptions options;
  options.connections = 1;
  options.application = "fencepost backup";
  options.idle_in_transaction = std::chrono::hours(24 * 7);
  options.statement_deadline = std::chrono::hours(1);
  return options;
}

int server_major(Connection& connection) { return PQserverVersion(connection.postgres_handle()) / 10'000; }

void require_newer(const ToolVersion& tool, const std::string& name, int wanted, const std::string& than) {
  if (tool.major >= wanted) return;
  const auto needed = std::to_string(wanted);
  throw base::UserError("tool_too_old", name + " here is version " + std::to_string(tool.major) + ", and " +
                                            than + " is of PostgreSQL " + needed +
                                            ": install its client programs (Debian: postgresql-client-" +
                                            needed + ")");
}

// Whether the reader still listens.
base::Pipe opened_pipe() {
  base::Pipe pipe;
  FENCEPOST_ASSERT(pipe.make());
  return pipe;
}

bool send(const base::FileDescriptor& to, const char* data, std::size_t size, const postgres::Tick& tick) {
  while (size > 0) {
    const auto wrote = ::write(to.get(), data, size);
    if (wrote < 0 && errno == EAGAIN) postgres::wait_ready(to.get(), POLLOUT, tick);
    if (wrote < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (wrote < 0) return false;
    data += wrote;
    size -= static_cast<std::size_t>(wrote);
  }
  return true;
}
bool send(const base::FileDescriptor& to, const std::string& text) {
  return send(to, text.data(), text.size(), [] {});
}

class PostgresEngine final : public Engine {
 public:
  explicit PostgresEngine(std::string url) : url_(std::move(url)) {}
  std::string name() const override { return "postgresql"; }
  std::string member() const override { return "database.pgdump"; }

  void dump(ArchiveWriter& archive, Manifest& manifest, const std::string&,
            const Progress& progress) override {
    const ToolVersion tool("pg_dump");
    const auto database = Database::open(url_, patient());
    const auto lease = database->acquire();
    manifest.database = database->label();
    manifest.engine_major = server_major(*lease);
    manifest.made_by = tool.text;
    require_newer(tool, "pg_dump", manifest.engine_major, "the server");
    auto tables = tables_to_count(*lease);
    const Transaction snapshot(*lease);
    lease->run(sql::begin_snapshot);
    const auto name = lease->run(sql::export_snapshot)[0][0].text();
    describe(*lease, std::move(tables), manifest, progress);
    copy_out(name, archive, progress);
  }

  std::string load(const Backup& backup, const RestoreOptions& options,
                   const std::function<void(Connection&)>& settle, const Progress& progress) override {
    if (!options.replace.empty())
      throw base::UserError("database_not_empty",
                            "--replace is for SQLite files: on PostgreSQL make an empty database (createdb), "
                            "restore into that, and let --database name it");
    const auto& manifest = backup.manifest();
    const ToolVersion reader("pg_restore"), writer("psql");
    require_newer(reader, "pg_restore", postgres::major_of(manifest.made_by), "the backup");
    const auto database = Database::open(url_, patient());
    const auto lease = database->acquire();
    if (server_major(*lease) < manifest.engine_major)
      throw base::UserError("other_engine", "the backup is of PostgreSQL " +
                                                std::to_string(manifest.engine_major) +
                                                ", and this server is " +
                                                std::to_string(server_major(*lease)) + ": take a newer one");
    fill(*lease, database->label(), backup, progress);
    settle(*lease);
    return "";
  }

 private:
  void copy_out(const std::string& snapshot, ArchiveWriter& archive, const Progress& progress) const {
    const postgres::Target target(url_);
    auto pipe = opened_pipe();
    ClientTool dump({"pg_dump", "--format=custom", "--encoding=UTF8", "--no-owner", "--no-privileges",
                     "--no-publications", "--no-subscriptions", "--no-password", "--lock-wait-timeout=60000",
                     "--snapshot=" + snapshot, "--dbname=" + target.connection},
                    target.environment, -1, pipe.write.get());
    pipe.write.close();
    std::vector<char> chunk(kChunk);
    std::int64_t done = 0;
    const postgres::Tick tick = [&] { progress(done, 0); };
    for (;;) {
      postgres::wait_ready(pipe.read.get(), POLLIN, tick);
      const auto got = ::read(pipe.read.get(), chunk.data(), chunk.size());
      if (got < 0 && errno == EINTR) continue;
      FENCEPOST_ASSERT(got >= 0);
      if (got == 0) break;
      archive.database(chunk.data(), static_cast<std::size_t>(got));
      done += got;
      tick();
    }
    if (!dump.wait(tick))
      throw base::UserError("backup_failed",
                            "pg_dump did not end well (" + dump.said() + "); no backup was made");
  }

  // The lock of migrations keeps out servers that start meanwhile; it is held by our session, and what is
  // restored is one transaction of psql's.
  void fill(Connection& connection, const std::string& label, const Backup& backup,
            const Progress& progress) const {
    Transaction alone(connection);
    connection.run(sql::lock_migrations);
    const auto occupied = [&] { return connection.run(sql::relations)[0][0].integer() > 0; };
    if (occupied())
      throw base::UserError("database_not_empty", "the database " + label +
                                                      " is not empty, and a restore never goes over data: "
                                                      "make a new one (createdb) and name that");
    const auto wrong = pour(backup, progress);
    // psql may have lost its connection when all was committed.
    if (wrong.empty() || occupied()) return;
    throw base::UserError("restore_failed",
                          "the restore did not end well (" + wrong + "); the database is empty as it was");
  }

  // pg_restore turns the archive into a script, between our BEGIN and COMMIT. Whoever dies on the way: psql
  // meets the end of its input without a COMMIT. Answers what went wrong, or nothing.
  std::string pour(const Backup& backup, const Progress& progress) const {
    const postgres::Target target(url_);
    auto script = opened_pipe(), archive = opened_pipe();
    ClientTool psql({"psql", "--no-psqlrc", "--quiet", "--no-password", "--set=ON_ERROR_STOP=1",
                     "--dbname=" + target.connection},
                    target.environment, script.read.get(), -1);
    script.read.close();
    send(script.write, "BEGIN; SET LOCAL synchronous_commit = on;\n");
    ClientTool restore({"pg_restore", "--no-owner", "--no-privileges", "--exit-on-error", "--file=-"}, {},
                       archive.read.get(), script.write.get());
    archive.read.close();
    // Only this end of it is ours alone: pg_restore shares the script's.
    FENCEPOST_ASSERT(fcntl(archive.write.get(), F_SETFL, O_NONBLOCK) == 0);
    bool heard = true;
    std::int64_t done = 0;
    const auto size_of_all = backup.archive().size();
    const postgres::Tick tick = [&] { progress(done, size_of_all); };
    backup.archive().read(
        [&](const char* data, std::size_t size) { heard = heard && send(archive.write, data, size, tick); },
        [&](std::int64_t sent, std::int64_t) { progress(done = sent, size_of_all); });
    archive.write.close();
    const bool read = restore.wait(tick);
    if (read)
      send(script.write, "SET LOCAL search_path = " + identifier(backup.manifest().own_schema) + ";\n" +
                             sql::mark_restored.postgres + ";\nCOMMIT;\n");
    script.write.close();
    const bool written = psql.wait(tick);
    if (!written) return psql.said();
    return read ? "" : restore.said();
  }

  const std::string url_;
};
}  // namespace

std::unique_ptr<Engine> postgres_engine(std::string url) {
  return std::make_unique<PostgresEngine>(std::move(url));
}

}  // namespace fencepost::store::backup
