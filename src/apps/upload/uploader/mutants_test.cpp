// Each guard of the uploader is removed in a child of its own, and the test that stands for it must fail
// there; intact, it must pass. Built against fencepost_uploader_mutants (store/guards.hpp).

#include <gtest/gtest.h>

#include "store/testing/mutants.hpp"
#include "uploader/sql.hpp"

namespace fencepost::uploader {
namespace {

using namespace store::testing;

const std::vector<SqlMutant> kMutants = {
    {"progress_claim", "SessionsTest.F6OnlyTheClaimThatIsHeldWritesProgress"},
    {"progress_fence", "SessionsTest.F6AnEditMeanwhileStopsTheNextPiece"},
    {"session_last_piece", "SessionsTest.F3BehindALastPieceThatMayHaveLeftNoOtherSessionBegins"},
};

TEST(Mutants, AreAllKilledAndTheIntactOnesPass) { expect_killed(kMutants); }

TEST(Guards, OfTheUploaderAreAllMutated) { EXPECT_EQ(marked_in(sql::all), guards_of(kMutants)); }

}  // namespace
}  // namespace fencepost::uploader
