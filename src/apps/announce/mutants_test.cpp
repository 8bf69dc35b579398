// Each guard of the announcements is removed in a child of its own, and the test that stands for it must fail
// there; intact, it must pass. Built against fencepost_announce_mutants (store/guards.hpp).

#include <gtest/gtest.h>

#include "announce/sql.hpp"
#include "store/testing/mutants.hpp"

namespace fencepost::announce {
namespace {

using namespace store::testing;

const std::vector<SqlMutant> kMutants = {
    {"gate_show", "GateTest.Rule3TheKillSwitchOfAnotherProgramIsSeen"},
    {"gate_approval", "GateTest.Rule3ApprovalThatIsAskedForIsSeen"},
    {"gate_show_version", "GateTest.ANewNameOfTheShowIsInTheText"},
    {"gate_member", "GateTest.Rule3AFormerMemberIsNeverPostedFor"},
    {"gate_host", "GateTest.Rule3ADisabledPersonIsNotPostedFor"},
    {"gate_ended", "GateTest.Rule3TheEndOfTheStreamIsSeen"},
    {"thread_waits", "ThreadsTest.PartsGoOutOneBehindTheOther"},
    {"thread_first", "ThreadsTest.PartsThatComeWhileTheThreadIsArmedAreArmedToo", true},
    {"thread_whole", "ThreadsTest.APartArmedByItselfWhileTheOneBeforeIsPostedGoesOut", true},
    {"thread_whole", "ThreadsTest.WhatFollowsAPartThatIsDeletedWhileTheOneBeforeIsPostedGoesOut", true},
    {"thread_heals", "ThreadsTest.ArmingLetsOutWhatWasLeftWaiting"},
    {"images_tracked", "ImagesTest.Rule12AnotherProgramsWriteToAnImageRevokesTheClaim"},
    {"link_claim", "ImagesTest.LinksOpenAnImageForTheClaimThatPostsItAndForNobodyElse"},
    {"link_status", "ImagesTest.LinksOpenAnImageForTheClaimThatPostsItAndForNobodyElse"},
    {"look_whose", "LookTest.APostThatAnotherAnnouncementHasIsNotFound"},
    {"look_nameless", "LookTest.APostThatMayBeOneWithoutANameIsNotFound"},
    {"look_deleted", "LookTest.APostOfWhatWasDeletedIsNotFound"},
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
    {"release_held", "EpisodesTest.Rule14WhatComesBackWhileOthersAreLockedIsNotReleasedBetweenThem", true},
    {"release_held+release_status", "EpisodesTest.WhatFailedIsNotReleasedByAnEdit"},
};

TEST(Mutants, AreAllKilledAndTheIntactOnesPass) { expect_killed(kMutants); }

// Those of the SQL are read from it; the others stand in gate.cpp, queue.cpp, publisher.cpp, threads.cpp,
// item_acts.cpp and episodes.cpp.
TEST(Guards, OfTheAnnouncementsAreAllMutated) {
  auto marked = marked_in(sql::all);
  marked.merge(std::set<std::string>{"gate_show", "gate_approval", "gate_show_version", "gate_member",
                                     "gate_ended", "gate_deadline", "gate_episode_version", "images_tracked",
                                     "look_whose", "thread_first", "thread_whole", "thread_heals",
                                     "release_held"});
  EXPECT_EQ(marked, guards_of(kMutants));
}

}  // namespace
}  // namespace fencepost::announce
