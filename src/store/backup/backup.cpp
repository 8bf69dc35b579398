#include "store/backup/backup.hpp"

#include "base/error.hpp"
#include "base/random.hpp"
#include "store/backup/engine.hpp"
#include "store/descriptor.hpp"
#include "store/migrate.hpp"
#include "store/quote.hpp"
#include "store/sql.hpp"

namespace fencepost::store::backup {

namespace {
std::unique_ptr<Engine> engine_of(const std::string& url) {
  check_database_url(url);
  if (const auto path = sqlite_path(url)) return sqlite_engine(*path);
  return postgres_engine(url);
}

bool is_ours(Connection& connection) {
  return connection.run(sql::own_tables, {"fencepost_migrations"}).size() == 1;
}
}  // namespace

std::vector<Counted> tables_to_count(Connection& connection) {
  if (!is_ours(connection))
    throw base::UserError("no_database", "there is no database of fencepost: is --database right?");
  std::vector<Counted> all;
  for (const auto& row : connection.run(sql::own_tables, {nullptr}))
    all.push_back({{row[0].text(), 0, ""},
                   render(sql::count_rows, connection.dialect(), {{"table", identifier(row[0].text())}})});
  for (const auto& fence : adopted_fences(connection))
    all.push_back({{fence.queue().table, 0, fence.queue().name}, fence.over(sql::count_rows)});
  // One name, one statement: the texts differ.
  for (std::size_t i = 0; i < all.size(); ++i) all[i].count.name += " " + std::to_string(i);
  return all;
}

void describe(Connection& connection, std::vector<Counted> tables, Manifest& manifest,
              const Progress& progress) {
  manifest.made_at = connection.run(sql::now)[0][0].integer();
  for (auto& counted : tables) {
    progress(0, 0);
    counted.table.rows = connection.run(counted.count)[0][0].integer();
    manifest.tables.push_back(counted.table);
  }
  for (const auto& row : connection.run(sql::applied_migrations))
    manifest.schema = static_cast<int>(row[0].integer());
  manifest.own_schema = own_schema(connection);
  const auto epoch = connection.run(sql::epoch_of_backup);
  manifest.epoch = epoch[0][0].integer();
  manifest.identity = epoch[0][1].text();
}

Manifest make(const std::string& url, const std::string& to, const BackupOptions& options,
              const Progress& progress) {
  const auto engine = engine_of(url);
  ArchiveWriter archive(to);
  Manifest manifest;
  manifest.program = options.program;
  manifest.engine = engine->name();
  engine->dump(archive, manifest, to, progress);
  archive.finish(engine->member(), to_json(manifest), options.overwrite);
  return manifest;
}

Backup::Backup(const std::string& path, int newest_schema, const Progress& progress)
    : archive_(path, progress), manifest_(manifest_of(archive_.manifest())) {
  if (manifest_.schema > newest_schema)
    throw base::UserError("backup_too_new", "the backup was made by a newer version (" + manifest_.program +
                                                ", schema " + std::to_string(manifest_.schema) +
                                                "; this one knows " + std::to_string(newest_schema) +
                                                "): restore it with that one; nothing was changed");
}

std::string restore(const std::string& url, const Backup& backup, const RestoreOptions& options,
                    const std::function<void(Connection&)>& settle, const Progress& progress) {
  const auto engine = engine_of(url);
  if (engine->name() != backup.manifest().engine)
    throw base::UserError("other_engine", "the backup is one of " + backup.manifest().engine +
                                              ", and --database is " + engine->name() +
                                              ": a backup goes back into the same kind of database");
  return engine->load(backup, options, settle, progress);
}

int end_past_work(Connection& connection, std::span<const Fence> queues, std::int64_t made_at) {
  int unknown = 0;
  for (const auto& row : connection.run(sql::past_workers, {made_at})) {
    const auto worker = row[0].integer();
    for (const auto& fence : queues) {
      for (const auto& held : fence.held_by(connection, worker))
        if (fence.rescue(connection, held, true, base::random_unit()) == core::State::unknown) ++unknown;
      fence.free_gone(connection, worker);
    }
  }
  connection.run(sql::forget_past_workers, {made_at});
  return unknown;
}

}  // namespace fencepost::store::backup
