#pragma once
// PostgreSQL behind the database seam: non-blocking libpq with our own deadlines (rule 17), prepared
// statements, LISTEN. READ COMMITTED; synchronous_commit=on whatever the server's default (rule 13).

#include <memory>
#include <string>

#include "store/database.hpp"

namespace fencepost::store::postgres {

// Throws UserError("invalid_database_url") for a URL that libpq does not understand, and
// UserError("database_unusable") where no connection can be made or the server is older than 15.
std::unique_ptr<Database> open(const std::string& url, const DatabaseOptions& options);

// See store::borrow().
std::unique_ptr<Connection> borrow(pg_conn* connection, const DatabaseOptions& options);

}  // namespace fencepost::store::postgres
