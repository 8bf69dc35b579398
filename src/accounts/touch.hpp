#pragma once
// That something was used is written down where it can be. Inside accounts/ only.

#include "base/log.hpp"
#include "store/database.hpp"

namespace fencepost::accounts {

// Runs the statement; a database that is busy or read-only must not keep anybody from being recognised. In a
// transaction a failure is the transaction's, and thrown.
inline void touch(store::Connection& connection, const store::Statement& statement,
                  const store::Params& params) {
  try {
    connection.run(statement, params);
  } catch (const base::InfraError& error) {
    if (connection.in_transaction() || !connection.usable()) throw;
    base::log(base::LogLevel::debug, "use not written down", {{"error", error.what()}});
  }
}

}  // namespace fencepost::accounts
