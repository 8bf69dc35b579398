#pragma once
// A whole database as one file, and back. Other people's tables in it come along: what an effect's row says
// of an item is worth nothing without the item.
//
// SQLite: the online backup API inside one read transaction: one moment, whatever is written meanwhile, and
// nobody waits. PostgreSQL: pg_dump, with the snapshot in which the manifest's rows were counted; restored by
// pg_restore and psql in one transaction.
//
// A restored database is in the past and does not know what was sent since (rule 13): it is marked so before
// anybody else can open it, in the transaction that fills it or in the file before it gets its name.

#include <functional>
#include <memory>
#include <span>
#include <string>

#include "store/backup/archive.hpp"
#include "store/backup/manifest.hpp"
#include "store/database.hpp"
#include "store/fence.hpp"

namespace fencepost::store::backup {

struct BackupOptions {
  std::string program;     // who makes it: for the manifest
  bool overwrite = false;  // a file of that name
};

// Backs up the database at `url` into the file `to`, mode 0600, which is there whole or not at all. Secrets
// in it stay encrypted, and the key is not in it. Nothing waits for it; on SQLite the log cannot shrink
// meanwhile. Needs room for two copies beside `to` on SQLite, for one on PostgreSQL. Throws UserError, saying
// what to do, and InfraError.
Manifest make(const std::string& url, const std::string& to, const BackupOptions& options,
              const Progress& progress);

// A backup that was read and is whole.
class Backup {
 public:
  // `newest_schema`: what this program knows. Throws UserError: as ArchiveReader, "backup_too_new".
  Backup(const std::string& path, int newest_schema, const Progress& progress);
  const Manifest& manifest() const { return manifest_; }
  const ArchiveReader& archive() const { return archive_; }

 private:
  ArchiveReader archive_;
  Manifest manifest_;
};

struct RestoreOptions {
  // The path of a SQLite file that is to be replaced, exactly as the URL has it; what it holds is kept beside
  // it.
  std::string replace;
};

// Fills the empty database at `url`, all or nothing, and calls `settle` with it: on SQLite before it has its
// name, on PostgreSQL after its transaction. Until `settle` has looked at it (check_identity), every process
// that opens it pauses its `once` queues. Answers the name under which a replaced file is kept, or nothing.
// Throws UserError: "database_not_empty", "other_engine", "database_in_use", "tool_missing", "tool_too_old",
// "restore_failed"; nothing was changed then.
std::string restore(const std::string& url, const Backup& backup, const RestoreOptions& options,
                    const std::function<void(Connection&)>& settle, const Progress& progress);

// In a restored database, after check_identity: no process of the past works on this one, so what they held
// is rescued at once (rule 9), without waiting for its leases. `made_at`: of the manifest. Answers how many
// items became unknown.
int end_past_work(Connection& connection, std::span<const Fence> queues, std::int64_t made_at);

}  // namespace fencepost::store::backup
