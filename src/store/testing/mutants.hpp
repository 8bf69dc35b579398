#pragma once
// What every program of mutants does: it runs tests of its own in a child where a guard is removed
// (store/guards.hpp). The child removes what FENCEPOST_MUTANT names before its tests begin. Tests only.

#include <set>
#include <span>
#include <string>
#include <vector>

#include "store/value.hpp"

namespace fencepost::store::testing {

// Whether every test of a child passed, and the end of what it said.
struct Ran {
  bool passed = false;
  std::string said;
};
// Runs the tests of `filter` in a child without `guards` ("a+b"; "": intact). `environment`: "NAME=value",
// beside this process's own.
Ran run_without(const std::string& guards, const std::string& filter,
                const std::vector<std::string>& environment = {});

// A guard of an application's SQL, and the test that stands for it: "Suite.Test" of a suite that is
// instantiated as Databases, for "sqlite" and "postgres".
struct SqlMutant {
  std::string guard;  // "a+b": each alone is covered by the other
  std::string killer;
  bool postgres_only = false;  // it has nothing to guard where there is one writer at a time
};
// Expects that each killer fails without its guard, and passes with it, on both databases.
void expect_killed(const std::vector<SqlMutant>& mutants);

// The guards that are marked in these statements, in either dialect.
std::set<std::string> marked_in(std::span<const Statement> statements);
std::set<std::string> marked_in(std::span<const Migration> migrations);
// The guards that these mutants remove.
std::set<std::string> guards_of(const std::vector<SqlMutant>& mutants);

}  // namespace fencepost::store::testing
