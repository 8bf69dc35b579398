#pragma once
// Two who want the same unique name at once. Inside accounts/ only.

#include "base/error.hpp"

namespace fencepost::accounts {

// A unique index refused it: PostgreSQL's unique_violation, SQLite's SQLITE_CONSTRAINT_UNIQUE.
inline bool is_unique_violation(const base::InfraError& error) {
  return error.sqlstate() == "23505" || error.sqlstate() == "2067";
}

// The name was free when it was looked for, and somebody took it before the write: the act begins again, and
// then finds it taken.
template <typename Write>
auto unless_unique_race(Write&& write) {
  try {
    return write();
  } catch (const base::InfraError& error) {
    if (error.sqlstate() != "23505") throw;
    throw base::InfraError(error.what(), {.retryable = true}, error.sqlstate());
  }
}

}  // namespace fencepost::accounts
