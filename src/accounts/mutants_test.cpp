// Each guard of the accounts is removed in a child of its own, and the test that stands for it must fail
// there; intact, it must pass. Built against fencepost_accounts_mutants (store/guards.hpp).

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

#include "accounts/sql.hpp"
#include "store/guards.hpp"

namespace fencepost::accounts {
namespace {

struct Mutant {
  std::string guard;
  std::string killer;
  bool postgres_only = false;  // it has nothing to guard where there is one writer at a time
};

const Mutant kMutants[] = {
    {"owner_lock", "PeopleTest.OfTwoOwnersDemotedAtOnceOneStays", true},
    {"person_share", "InvitationsTest.WhoIsDemotedWhileHeInvitesInvitesNobody", true},
    {"show_lock", "ShowsTest.OfTwoAdminsRemovedBlockedOnOneAnotherOneStays", true},
    {"invitation_once", "InvitationsTest.OfTwoWhoAcceptBlockedOnOneAnotherOneIsIn", true},
    {"invitation_revoked", "InvitationsTest.ARevocationThatCameFirstPrevents", true},
    {"attempt_counted", "SignInTest.OfTwoGuessesBlockedOnOneAnotherOneIsJudged"},
    {"password_proved", "SignInTest.OfTwoWhoChangeItAtOnceTheSecondProvesNothing"},
    {"session_life", "SessionsTest.EndAfterThirtyDays"},
    {"session_rest", "SessionsTest.EndAfterSevenDaysOfRest"},
    {"session_person", "SessionsTest.APersonWhomAnotherProgramDisablesIsOut"},
    {"token_person", "SessionsTest.APersonWhomAnotherProgramDisablesIsOut"},
    {"token_life", "TokensOfPeopleTest.ExpireAndSayWhenTheyWereUsed"},
    {"token_revoked", "TokensOfPeopleTest.BelongToTheirMaker"},
    {"reseal_same", "RotationTest.WhatChangesMeanwhileIsLeftAlone"},
    {"refresh_lease", "FreshCredentialsTest.OfTwoProcessesOneRefreshesAndBothGoOn"},
    {"refresh_version", "FreshCredentialsTest.WhoWasPausedBeforeItsLeaseRefreshesNothing"},
    {"refresh_made_from", "FreshCredentialsTest.APersonWhoConnectsAnewDuringARefreshWins"},
    {"refusal_version", "FreshCredentialsTest.ARefusalOfAnOlderSecretChangesNothing"},
    {"refusal_lease", "FreshCredentialsTest.ARefusalWithoutTheLeaseSaysNothing"},
    {"wanted_version", "FreshCredentialsTest.ARefusalOfAnOlderSecretChangesNothing"},
    {"rest_longest", "FreshCredentialsTest.ARestIsKeptAndTheLongestCounts"},
    {"expiry_once", "FreshCredentialsTest.OfTwoWhoTellOfAnEndAtOnceOneDoes"},
    {"authorisation_life", "AuthorisationsTest.EndAfterTenMinutes"},
    {"authorisation_session", "AuthorisationsTest.BelongToTheSessionThatBeganThem"},
    {"rate_condition", "RateLimitsTest.ABucketGivesWhatItHoldsAndThenItsRate"},
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

TEST(Mutants, AreAllKilledAndTheIntactAccountsPass) {
  for (const auto& mutant : kMutants)
    for (const std::string& database : std::vector<std::string>{"sqlite", "postgres"}) {
      EXPECT_TRUE(passes("", mutant.killer, database)) << mutant.killer << " on " << database;
      if (mutant.postgres_only && database == "sqlite") continue;
      EXPECT_FALSE(passes(mutant.guard, mutant.killer, database)) << mutant.guard << " lives on " << database;
    }
}

TEST(Guards, OfTheAccountsAreAllMutated) {
  std::set<std::string> marked, mutated;
  for (const auto& statement : sql::all)
    for (const std::string_view text : {statement.sqlite, statement.postgres})
      for (auto at = text.find('\1'); at != std::string_view::npos; at = text.find('\1', at + 1))
        marked.emplace(text.substr(at + 1, text.find('\2', at) - at - 1));
  for (const auto& mutant : kMutants) mutated.insert(mutant.guard);
  EXPECT_EQ(marked, mutated);
}

}  // namespace
}  // namespace fencepost::accounts
