#pragma once
// Migrations: numbered alike in both dialects, applied in order, one-way, under a lock.

#include <span>
#include <string>
#include <vector>

#include "store/database.hpp"

namespace fencepost::store {

// Applies what is missing of `migrations`, each in a transaction of its own, and answers the names of those
// that it applied. Several processes may call it at once. Throws UserError("schema_too_new") where the
// database was written by a newer version of this program: nothing is touched then. A part of the program
// that does not know all migrations says which one is the newest of them all (0: the newest of its own).
std::vector<std::string> migrate(Connection& connection, std::vector<Migration> migrations,
                                 int newest_of_program = 0);

// The rows of a query of ours on a database whose tables may not be there yet: none then. Throws InfraError
// where the database is away.
Rows rows_if_migrated(Connection& connection, const Statement& query);

// The current schema on PostgreSQL, where our tables are; empty on SQLite.
std::string own_schema(Connection& connection);

}  // namespace fencepost::store
