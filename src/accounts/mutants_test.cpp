// Each guard of the accounts is removed in a child of its own, and the test that stands for it must fail
// there; intact, it must pass. Built against fencepost_accounts_mutants (store/guards.hpp).

#include <gtest/gtest.h>

#include "accounts/sql.hpp"
#include "store/testing/mutants.hpp"

namespace fencepost::accounts {
namespace {

using namespace store::testing;

const std::vector<SqlMutant> kMutants = {
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
    {"reseal_same_answer", "RotationTest.AnotherRequestsAnswerIsLeftAlone"},
    {"refresh_lease", "FreshCredentialsTest.OfTwoWhoLeaseARefreshAtOnceOneDoes"},
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

TEST(Mutants, AreAllKilledAndTheIntactAccountsPass) { expect_killed(kMutants); }

TEST(Guards, OfTheAccountsAreAllMutated) { EXPECT_EQ(marked_in(sql::all), guards_of(kMutants)); }

}  // namespace
}  // namespace fencepost::accounts
