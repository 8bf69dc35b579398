#pragma once
// SQLite behind the database seam: one file, WAL, synchronous=FULL, every write in BEGIN IMMEDIATE.

#include <memory>
#include <string>

#include "store/database.hpp"

namespace fencepost::store::sqlite {

// Opens (and creates) the file; throws UserError("database_unusable") where that cannot be.
std::unique_ptr<Database> open(const std::string& path, const DatabaseOptions& options);

// See store::borrow().
std::unique_ptr<Connection> borrow(sqlite3* db, const DatabaseOptions& options);

// Adds µs to fencepost_now() in this process: for tests of rule 11.
void shift_clock_for_tests(base::Duration by);

}  // namespace fencepost::store::sqlite
