#pragma once
// What goes into a statement and what comes out of it.

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "fencepost/value.hpp"

namespace fencepost::store {

using fencepost::Bytes;
using fencepost::Params;
using fencepost::Row;
using fencepost::Rows;
using fencepost::Value;

enum class Dialect { sqlite, postgres };

// A statement in both dialects, as the build writes them from the .sql files (cmake/sql.py).
struct Statement {
  const char* name;
  const char* sqlite;
  const char* postgres;
};

// A migration, numbered alike in both dialects; numbers are unique over the whole program.
struct Migration {
  int number;
  const char* name;
  const char* sqlite;
  const char* postgres;
};

// A statement ready for one dialect. Two Sql of one name on one connection are the same statement.
struct Sql {
  std::string name;
  std::string text;
};

// Takes the dialect's text, replaces {placeholders} by `names`, and removes the guards that a mutant removes.
Sql render(const Statement& statement, Dialect dialect, const std::map<std::string, std::string>& names = {});

// The first two columns of each row: which id belongs to which.
std::vector<std::pair<std::int64_t, std::int64_t>> id_pairs(const Rows& rows);

}  // namespace fencepost::store
