// Each guard of the uploads is removed in a child of its own, and the test that stands for it must fail
// there; intact, it must pass. Built against fencepost_upload_mutants (store/guards.hpp).

#include <gtest/gtest.h>

#include "store/testing/mutants.hpp"
#include "upload/sql.hpp"

namespace fencepost::upload {
namespace {

using namespace store::testing;

const std::vector<SqlMutant> kMutants = {
    {"slot_past", "ScheduleTest.ATimeThatIsTakenIsRefusedWithTheNextFreeOneAndNothingIsMoved"},
    {"video_effect", "ActsTest.F3WhatHasBegunKeepsItsVideoWhateverAnotherProgramWrites"},
    {"video_needed", "ActsTest.AVideoIsNeededWhileItsEffectIsOpenWhateverAnotherProgramWrites"},
    {"zone_effect", "ChannelsTest.TheZoneStaysWhileVideosWait"},
    {"give_back_held", "ActsTest.ARescheduleToADayThatIsFullInTheChannelsNewProjectIsRefused"},
    {"move_releases", "ScheduleTest.ARescheduleMovesEverythingOrNothing"},
    {"channel_limits", "ChannelsTest.ACapThatIsLoweredClosesTheDayAndARaisedOneOpensIt"},
    {"channel_plan_lock", "ChannelsTest.OfTwoWhoScheduleAtOnceTheSecondSeesTheFirst", true},
    {"plan_project_share", "ChannelsTest.F4ALimitThatIsLoweredMeanwhileHoldsForADayThatAScheduleMakes", true},
    {"project_share", "ChannelsTest.F4ALimitThatIsLoweredMeanwhileHoldsForADayThatACallMakes", true},
    {"closed_day", "ChannelsTest.ADayThatYouTubeClosedStaysSoWhenReservationsComeBack"},
    {"take_full", "ScheduleTest.ABucketThatFillsMeanwhileIsPlannedAroundAndNeverExceeded", true},
    {"gate_channel", "ChannelsTest.NothingLeavesOfADisabledChannel"},
    {"gate_channel_connection", "ChannelsTest.WhatWasRenderedForAnotherAccountDoesNotLeave"},
    {"gate_channel_lock", "ChannelsTest.AGateThatHasLookedKeepsWhoDisablesTheChannelWaiting", true},
    {"gate_seat", "ChannelsTest.WhatAnotherProgramMovedWithoutASeatDoesNotLeave"},
    {"gate_caps", "ChannelsTest.WhatAnotherProgramMadeAnotherTypeDoesNotLeave"},
    {"gate_slot", "ChannelsTest.WhatWouldBeTooLateForItsSlotDoesNotLeave"},
};

TEST(Mutants, AreAllKilledAndTheIntactOnesPass) { expect_killed(kMutants); }

// Those of the SQL are read from it; the others stand in the sources.
TEST(Guards, OfTheUploadsAreAllMutated) {
  auto marked = marked_in(sql::all);
  marked.merge(std::set<std::string>{"slot_past", "give_back_held", "move_releases", "channel_limits",
                                     "closed_day", "take_full", "gate_channel", "gate_channel_connection",
                                     "gate_seat", "gate_caps", "gate_slot"});
  EXPECT_EQ(marked, guards_of(kMutants));
}

}  // namespace
}  // namespace fencepost::upload
