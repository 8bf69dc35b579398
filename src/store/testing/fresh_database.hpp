#pragma once
// Migrated databases for tests, quickly: migrating one takes far longer than copying one that was migrated,
// so each list of migrations is applied once. Tests only.

#include <filesystem>
#include <string>
#include <vector>

#include "store/database.hpp"
#include "store/value.hpp"

namespace fencepost::store::testing {

// Makes the database `name` on the server behind `server_url`, whose role may make databases. The copies'
// origin stays on the server, for the other programs of a test run: one for each list of migrations,
// `fencepost_template_…`.
void make_database(const std::string& server_url, const std::string& name,
                   const std::vector<Migration>& migrations);
// Makes the SQLite file `path`. The copies' origin is in this process's memory.
void make_file(const std::string& path, const std::vector<Migration>& migrations);

// Where tests have their SQLite files: in memory, where scripts/lib/postgres.sh has found room for them. What
// they test does not end with the power, and each commit waits for a disk.
std::filesystem::path files_folder();

// Whoever waits for a row in a test waits for another thread of the test, however long a busy machine takes,
// and whoever holds it does nothing meanwhile: a time-out of the product's (5 s, 10 s) would decide the case
// by the clock, when a commit stalls on a busy disk. A test of theirs opens a pool of its own.
DatabaseOptions patient(int connections = DatabaseOptions{}.connections);

// The URL of another database on the same server.
std::string with_database(const std::string& url, const std::string& name);

}  // namespace fencepost::store::testing
