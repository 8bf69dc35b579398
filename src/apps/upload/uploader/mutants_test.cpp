// Each guard of the uploader is removed in a child of its own, and the test that stands for it must fail
// there; intact, it must pass. Built against fencepost_uploader_mutants (store/guards.hpp).

#include <gtest/gtest.h>

#include "store/testing/mutants.hpp"
#include "uploader/sql.hpp"

namespace fencepost::uploader {
namespace {

using namespace store::testing;

const std::vector<SqlMutant> kInSql = {
    {"progress_claim", "SessionsTest.F6OnlyTheClaimThatIsHeldWritesProgress"},
    {"progress_fence", "SessionsTest.F6AnEditMeanwhileStopsTheNextPiece"},
    {"reseal_same_session", "SessionsTest.AnotherSessionIsLeftAsItIs"},
    {"session_last_piece", "SessionsTest.F3BehindALastPieceThatMayHaveLeftNoOtherSessionBegins"},
};
const std::vector<SqlMutant> kInCode = {
    {"session_behind_item", "SessionsTest.AGateThatWaitsForTheItemDoesNotHoldItsSession", true},
};

TEST(Mutants, AreAllKilledAndTheIntactOnesPass) {
  expect_killed(kInSql);
  expect_killed(kInCode);
}

TEST(Guards, OfTheUploaderAreAllMutated) { EXPECT_EQ(marked_in(sql::all), guards_of(kInSql)); }

}  // namespace
}  // namespace fencepost::uploader
