// Each guard of the media is removed in a child of its own, and the test that stands for it must fail there;
// intact, it must pass. Built against fencepost_media_mutants (store/guards.hpp).

#include <gtest/gtest.h>

#include "media/sql.hpp"
#include "store/testing/mutants.hpp"

namespace fencepost::media {
namespace {

using namespace store::testing;

const std::vector<SqlMutant> kInSql = {
    {"media_usage", "FilesTest.NobodyHasMoreThanIsHis"},
    {"media_received", "FilesTest.AWriterWhoseRowHasMovedRecordsNothing"},
    {"video_hold", "VideosTest.WhoHoldsAVideoKeepsItFromBeingRemoved", true},
};
const std::vector<SqlMutant> kInCode = {
    {"media_lock", "FilesTest.OfTwoWritersOneWrites"},
};

TEST(Mutants, AreAllKilledAndTheIntactOnesPass) {
  expect_killed(kInSql);
  expect_killed(kInCode);
}

TEST(Guards, OfTheMediaAreAllMutated) { EXPECT_EQ(marked_in(sql::all), guards_of(kInSql)); }

}  // namespace
}  // namespace fencepost::media
