// Runs the suite once for each mutant, in a child of its own, and demands that it fails; and once intact,
// where it must pass. Built against fencepost_store_mutants; FENCEPOST_MUTANT names the guards that a child
// removes.

#include "mutants.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "fixture.hpp"
#include "store/guards.hpp"
#include "store/sql.hpp"
#include "store/testing/mutants.hpp"

namespace fencepost::store::testing {
namespace {

// Of the matrix (RaceMatrix.OncePostgres) or of a rule's tests (Store/Rule03.GateClosesBeforeRunAt/postgres).
std::string filter(const Mutant& mutant, Dialect dialect) {
  const std::string name(mutant.killers);
  if (name.ends_with('/')) return name + dialect_name(dialect);
  return name + (dialect == Dialect::postgres ? "Postgres" : "Sqlite");
}

Ran run_child(const std::string& guards, const Mutant& mutant, Dialect dialect) {
  if (dialect == Dialect::postgres) postgres_url();  // else every mutant would die of that
  return run_without(guards, filter(mutant, dialect), {"FENCEPOST_CASE=" + std::string(mutant.cases)});
}
bool passes(const std::string& guards, const Mutant& mutant, Dialect dialect) {
  return run_child(guards, mutant, dialect).passed;
}

// Two at a time: a child waits for its database more than it works.
template <typename Each>
void for_each_mutant(Each&& each) {
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (auto i = next++; i < std::size(kMutants); i = next++) each(kMutants[i]);
  };
  const std::jthread other(work);
  work();
}

TEST(Mutants, AreAllKilled) {
  for_each_mutant([](const Mutant& mutant) {
    const std::string guards(mutant.guards);
    EXPECT_FALSE(passes(guards, mutant, Dialect::postgres)) << guards << " lives on PostgreSQL";
    if (mutant.postgres_only) return;
    EXPECT_FALSE(passes(guards, mutant, Dialect::sqlite)) << guards << " lives on SQLite";
  });
}

// Else they would be killed by anything.
TEST(Mutants, TheIntactStorePasses) {
  for_each_mutant([](const Mutant& mutant) {
    for (const auto dialect : {Dialect::postgres, Dialect::sqlite}) {
      const auto ran = run_child("", mutant, dialect);
      EXPECT_TRUE(ran.passed) << mutant.killers << " " << mutant.cases << ":\n" << ran.said;
    }
  });
}

// -- the names agree
// ---------------------------------------------------------------------------------------------

std::set<std::string> parts(std::string text, char separator) {
  std::set<std::string> all;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, separator);) all.insert(part);
  return all;
}

std::set<std::string> asked_for_in_cpp() {
  std::set<std::string> names;
  const std::regex call("guard\\(\"(\\w+)\"\\)");
  for (const auto& file : std::filesystem::directory_iterator(FENCEPOST_STORE_SOURCES)) {
    if (file.path().extension() != ".cpp" && file.path().extension() != ".hpp") continue;
    std::ifstream in(file.path());
    const std::string text((std::istreambuf_iterator<char>(in)), {});
    for (std::sregex_iterator found(text.begin(), text.end(), call), end; found != end; ++found)
      names.insert((*found)[1]);
  }
  return names;
}

TEST(Guards, AreListedUsedAndMutated) {
  const std::set<std::string> listed(std::begin(kGuards), std::end(kGuards));
  auto used = marked_in(sql::all);
  used.merge(asked_for_in_cpp());
  EXPECT_EQ(used, listed);
  std::set<std::string> mutated;
  for (const auto& mutant : kMutants) mutated.merge(parts(std::string(mutant.guards), '+'));
  EXPECT_EQ(mutated, listed);
}

}  // namespace
}  // namespace fencepost::store::testing
