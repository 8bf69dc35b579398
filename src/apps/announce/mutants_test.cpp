// Each guard of the announcements is removed in a child of its own, and the test that stands for it must fail
// there; intact, it must pass. Built against fencepost_announce_mutants (store/guards.hpp).

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "announce/sql.hpp"
#include "store/guards.hpp"

namespace fencepost::announce {
namespace {

struct Mutant {
  std::string guard;
  std::string killer;
  bool postgres_only = false;  // it has nothing to guard where there is one writer at a time
};

const Mutant kMutants[] = {
    {"gate_show", "GateTest.Rule3TheKillSwitchOfAnotherProgramIsSeen"},
    {"gate_approval", "GateTest.Rule3ApprovalThatIsAskedForIsSeen"},
    {"gate_show_version", "GateTest.ANewNameOfTheShowIsInTheText"},
    {"gate_member", "GateTest.Rule3AFormerMemberIsNeverPostedFor"},
    {"gate_host", "GateTest.Rule3ADisabledPersonIsNotPostedFor"},
    {"gate_ended", "GateTest.Rule3TheEndOfTheStreamIsSeen"},
    {"thread_waits", "ThreadsTest.PartsGoOutOneBehindTheOther"},
    {"gate_episode_version", "GateTest.WhatWentIntoTheTextIsWhatIsTrueAtTheGate"},
    {"gate_deadline", "GateTest.Rule3TheDeadlineIsJudgedByTheDatabasesClockBehindTheLocks"},
    {"gate_show_lock", "GateTest.AGateThatHasLookedKeepsTheKillSwitchWaiting", true},
    {"gate_member_lock", "GateTest.AGateThatHasLookedKeepsWhoRemovesTheMemberWaiting", true},
    {"gate_host_lock", "GateTest.AGateThatHasLookedKeepsWhoDisablesThePersonWaiting", true},
    {"gate_episode_lock", "GateTest.AGateThatHasLookedKeepsTheEndOfTheStreamWaiting", true},
    {"episode_lock", "EpisodesTest.OfTwoWhoEditAtOnceTheSecondIsTold", true},
    {"release_approved", "EpisodesTest.ApprovalHoldsWhatAShowAsksItForAndAnEditTakesItBack"},
    {"text_version", "TextPutTest.ATextForAnotherVersionChangesNothing"},
    {"text_status", "TextPutTest.ATextThatComesAfterTheClaimChangesNothing"},
    {"text_approved", "TextPutTest.WhatNobodyAskedForTakesNoApprovalBack"},
    {"release_status", "EpisodesTest.WhatFailedIsNotReleasedByAnEdit"},
};

const bool kRemoved = [] {
  if (const char* name = std::getenv("FENCEPOST_MUTANT")) store::remove_guard(name);
  return true;
}();

bool passes(const std::string& guard, const std::string& killer, const std::string& database) {
  std::string own = "FENCEPOST_MUTANT=" + guard;
  std::vector<char*> environment{own.data()};
  for (char** entry = environ; *entry != nullptr; ++entry) environment.push_back(*entry);
  environment.push_back(nullptr);
  std::string self = std::filesystem::read_symlink("/proc/self/exe");
  std::string filter = "--gtest_filter=Databases/" + killer + "/" + database, brief = "--gtest_brief=1";
  char* arguments[] = {self.data(), filter.data(), brief.data(), nullptr};
  posix_spawn_file_actions_t quiet;
  posix_spawn_file_actions_init(&quiet);
  posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_adddup2(&quiet, STDOUT_FILENO, STDERR_FILENO);
  pid_t child = 0;
  const int failed = posix_spawn(&child, self.c_str(), &quiet, nullptr, arguments, environment.data());
  posix_spawn_file_actions_destroy(&quiet);
  if (failed != 0) throw std::runtime_error("cannot run " + self);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST(Mutants, AreAllKilledAndTheIntactOnesPass) {
  for (const auto& mutant : kMutants)
    for (const std::string& database : std::vector<std::string>{"sqlite", "postgres"}) {
      EXPECT_TRUE(passes("", mutant.killer, database)) << mutant.killer << " on " << database;
      if (mutant.postgres_only && database == "sqlite") continue;
      EXPECT_FALSE(passes(mutant.guard, mutant.killer, database)) << mutant.guard << " lives on " << database;
    }
}

// Those of the SQL are read from it; the others stand in gate.cpp.
TEST(Guards, OfTheAnnouncementsAreAllMutated) {
  std::set<std::string> marked{"gate_show",  "gate_approval", "gate_show_version",   "gate_member",
                               "gate_ended", "gate_deadline", "gate_episode_version"};
  std::set<std::string> mutated;
  for (const auto& statement : sql::all)
    for (const std::string_view text : {statement.sqlite, statement.postgres})
      for (auto at = text.find('\1'); at != std::string_view::npos; at = text.find('\1', at + 1))
        marked.emplace(text.substr(at + 1, text.find('\2', at) - at - 1));
  for (const auto& mutant : kMutants) mutated.insert(mutant.guard);
  EXPECT_EQ(marked, mutated);
}

}  // namespace
}  // namespace fencepost::announce
