#include "store/testing/mutants.hpp"

#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <stdexcept>
#include <string_view>

#include "store/guards.hpp"

namespace fencepost::store::testing {

namespace {

constexpr off_t kSaid = 4000;  // bytes of a child's output that are kept: its end says why

const bool kRemoved = [] {
  if (const char* names = std::getenv("FENCEPOST_MUTANT")) remove_guard(names);
  return true;
}();

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (auto& text : texts) all.push_back(text.data());
  return all;
}

}  // namespace

Ran run_without(const std::string& guards, const std::string& filter,
                const std::vector<std::string>& environment) {
  std::vector<std::string> own{environment};
  own.push_back("FENCEPOST_MUTANT=" + guards);
  auto entries = pointers(own);
  for (char** entry = environ; *entry != nullptr; ++entry) entries.push_back(*entry);
  entries.push_back(nullptr);
  std::vector<std::string> words{std::filesystem::read_symlink("/proc/self/exe"), "--gtest_filter=" + filter,
                                 "--gtest_fail_fast", "--gtest_brief=1"};
  auto arguments = pointers(words);
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  const int out = memfd_create("child", MFD_CLOEXEC);
  posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  pid_t child = 0;
  const int failed =
      posix_spawn(&child, words.front().c_str(), &actions, nullptr, arguments.data(), entries.data());
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) throw std::runtime_error("cannot run " + words.front());
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  Ran ran{WIFEXITED(status) && WEXITSTATUS(status) == 0, std::string(kSaid, '\0')};
  const auto size = lseek(out, 0, SEEK_END);
  const auto length = pread(out, ran.said.data(), ran.said.size(), std::max<off_t>(0, size - kSaid));
  ran.said.resize(static_cast<std::size_t>(std::max<ssize_t>(0, length)));
  close(out);
  return ran;
}

void expect_killed(const std::vector<SqlMutant>& mutants) {
  for (const auto& mutant : mutants)
    for (const std::string database : {"sqlite", "postgres"}) {
      const auto filter = "Databases/" + mutant.killer + "/" + database;
      const auto intact = run_without("", filter);
      EXPECT_TRUE(intact.passed) << mutant.killer << " on " << database << ":\n" << intact.said;
      if (mutant.postgres_only && database == "sqlite") continue;
      EXPECT_FALSE(run_without(mutant.guard, filter).passed) << mutant.guard << " lives on " << database;
    }
}

namespace {
template <typename Texts>
std::set<std::string> marked(std::span<const Texts> all) {
  std::set<std::string> names;
  for (const auto& one : all)
    for (const std::string_view text : {one.sqlite, one.postgres})
      for (auto at = text.find('\1'); at != std::string_view::npos; at = text.find('\1', at + 1)) {
        std::istringstream marks(std::string(text.substr(at + 1, text.find('\2', at) - at - 1)));
        for (std::string name; std::getline(marks, name, ',');) names.insert(name);
      }
  return names;
}
}  // namespace

std::set<std::string> marked_in(std::span<const Statement> statements) { return marked(statements); }
std::set<std::string> marked_in(std::span<const Migration> migrations) { return marked(migrations); }

std::set<std::string> guards_of(const std::vector<SqlMutant>& mutants) {
  std::set<std::string> names;
  for (const auto& mutant : mutants) {
    std::istringstream each(mutant.guard);
    for (std::string name; std::getline(each, name, '+');) names.insert(name);
  }
  return names;
}

}  // namespace fencepost::store::testing
