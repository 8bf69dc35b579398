#pragma once
// What a backup says of itself.

#include <cstdint>
#include <string>
#include <vector>

namespace fencepost::store::backup {

struct TableRows {
  std::string name;
  std::int64_t rows = 0;
  std::string queue;  // of a table of other people's that was adopted as this queue; else empty
};

struct Manifest {
  static constexpr int kFormat = 1;
  int format = kFormat;
  std::string program;       // "fencepost 0.1.0"
  std::string database;      // the URL without its password
  std::string engine;        // "sqlite", "postgresql"
  int engine_major = 0;      // of the server; of SQLite's library
  std::string made_by;       // "pg_dump (PostgreSQL) 15.8", "SQLite 3.40.1"
  std::int64_t made_at = 0;  // database time
  int schema = 0;            // the newest migration
  std::string own_schema;    // where our tables are on PostgreSQL; empty on SQLite
  std::string identity;      // of the database (store/identity.hpp), with its epoch
  std::int64_t epoch = 0;
  std::vector<TableRows> tables;  // ours, and those that were adopted
};

std::string to_json(const Manifest& manifest);
// Throws UserError: "backup_too_new" where it is of a format that came later, "backup_damaged".
Manifest manifest_of(const std::string& text);

}  // namespace fencepost::store::backup
