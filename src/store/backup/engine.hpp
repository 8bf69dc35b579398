#pragma once
// What backup.cpp asks of each of the two databases.

#include <memory>
#include <string>
#include <vector>

#include "store/backup/backup.hpp"

namespace fencepost::store::backup {

class Engine {
 public:
  virtual ~Engine() = default;
  virtual std::string name() const = 0;    // as the manifest calls it
  virtual std::string member() const = 0;  // in the archive
  // One moment of the database: its bytes to `archive`, what it holds to `manifest`. `beside`: a path whose
  // folder has room.
  virtual void dump(ArchiveWriter& archive, Manifest& manifest, const std::string& beside,
                    const Progress& progress) = 0;
  virtual std::string load(const Backup& backup, const RestoreOptions& options,
                           const std::function<void(Connection&)>& settle, const Progress& progress) = 0;
};

std::unique_ptr<Engine> sqlite_engine(std::string path);
std::unique_ptr<Engine> postgres_engine(std::string url);

// The tables that the manifest counts. Not in a transaction.
struct Counted {
  TableRows table;
  Sql count;
};
std::vector<Counted> tables_to_count(Connection& connection);
// What a database says of itself, in the connection's snapshot. Throws UserError("no_database").
void describe(Connection& connection, std::vector<Counted> tables, Manifest& manifest,
              const Progress& progress);

}  // namespace fencepost::store::backup
