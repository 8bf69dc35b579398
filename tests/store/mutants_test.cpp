// Runs the suite once for each mutant, in a child of its own, and demands that it fails; and once intact,
// where it must pass. Built against fencepost_store_mutants; FENCEPOST_MUTANT names the guards that a child
// removes.

#include "mutants.hpp"

#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
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

namespace fencepost::store::testing {
namespace {

const bool kRemoved = [] {
  if (const char* names = std::getenv("FENCEPOST_MUTANT")) remove_guard(names);
  return true;
}();

// Of the matrix (RaceMatrix.OncePostgres) or of a rule's tests (Store/Rule03.GateClosesBeforeRunAt/postgres).
std::string filter(const Mutant& mutant, Dialect dialect) {
  const std::string name(mutant.killers);
  if (name.ends_with('/')) return name + dialect_name(dialect);
  return name + (dialect == Dialect::postgres ? "Postgres" : "Sqlite");
}

// Part of the suite in a child; answers whether every test of it passed, and what it said.
struct Ran {
  bool passed = false;
  std::string said;
};
Ran run_child(const std::string& guards, const Mutant& mutant, Dialect dialect) {
  if (dialect == Dialect::postgres) postgres_url();  // else every mutant would die of that
  const std::vector<std::string> own{"FENCEPOST_MUTANT=" + guards,
                                     "FENCEPOST_CASE=" + std::string(mutant.cases)};
  std::vector<char*> environment;
  for (const auto& entry : own) environment.push_back(const_cast<char*>(entry.c_str()));
  for (char** entry = environ; *entry != nullptr; ++entry) environment.push_back(*entry);
  environment.push_back(nullptr);
  const std::string self = std::filesystem::read_symlink("/proc/self/exe");
  std::vector<std::string> arguments{self, "--gtest_filter=" + filter(mutant, dialect), "--gtest_fail_fast",
                                     "--gtest_brief=1"};
  std::vector<char*> pointers;
  for (auto& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  const int out = memfd_create("child", MFD_CLOEXEC);
  posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  pid_t child = 0;
  const int failed =
      posix_spawn(&child, self.c_str(), &actions, nullptr, pointers.data(), environment.data());
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) throw std::runtime_error("cannot run " + self);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  Ran ran{WIFEXITED(status) && WEXITSTATUS(status) == 0, std::string(4000, '\0')};
  // Its end says why.
  const auto size = lseek(out, 0, SEEK_END);
  const auto length = pread(out, ran.said.data(), ran.said.size(), std::max<off_t>(0, size - 4000));
  ran.said.resize(static_cast<std::size_t>(std::max<ssize_t>(0, length)));
  close(out);
  return ran;
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

std::set<std::string> marked_in_sql() {
  std::set<std::string> names;
  for (const auto& statement : sql::all)
    for (const std::string_view text : {statement.sqlite, statement.postgres})
      for (auto begin = text.find('\1'); begin != std::string_view::npos; begin = text.find('\1', begin + 1))
        names.merge(parts(std::string(text.substr(begin + 1, text.find('\2', begin) - begin - 1)), ','));
  return names;
}

std::set<std::string> asked_for_in_cpp() {
  std::set<std::string> names;
  const std::regex call("guard\\(\"(\\w+)\"\\)");
  for (const auto& file : std::filesystem::directory_iterator(FENCEPOST_STORE_SOURCES)) {
    if (file.path().extension() != ".cpp") continue;
    std::ifstream in(file.path());
    const std::string text((std::istreambuf_iterator<char>(in)), {});
    for (std::sregex_iterator found(text.begin(), text.end(), call), end; found != end; ++found)
      names.insert((*found)[1]);
  }
  return names;
}

TEST(Guards, AreListedUsedAndMutated) {
  const std::set<std::string> listed(std::begin(kGuards), std::end(kGuards));
  auto used = marked_in_sql();
  used.merge(asked_for_in_cpp());
  EXPECT_EQ(used, listed);
  std::set<std::string> mutated;
  for (const auto& mutant : kMutants) mutated.merge(parts(std::string(mutant.guards), '+'));
  EXPECT_EQ(mutated, listed);
}

}  // namespace
}  // namespace fencepost::store::testing
