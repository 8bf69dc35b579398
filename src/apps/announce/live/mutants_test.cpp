// Each guard of the live check is removed in a child of its own, and the test that stands for it must fail
// there; intact, it must pass. Built against fencepost_live_mutants (store/guards.hpp).

#include <gtest/gtest.h>

#include "live/sql.hpp"
#include "store/testing/mutants.hpp"

namespace fencepost::live {
namespace {

using namespace store::testing;

const std::vector<SqlMutant> kMutants = {
    {"live_project", "QuotaTest.F4TheLimitOfTheQuotaProjectIsInForceAndTheSettingWhereThereIsNone"},
    {"end_others", "BoundTest.AnEpisodeEndsWithTheLastOfItsStreams"},
    {"end_lock", "BoundTest.TwoStreamsThatEndAtOnceEndTheirEpisode", true},
};

TEST(Mutants, AreAllKilledAndTheIntactOnesPass) { expect_killed(kMutants); }

// Those of the SQL are read from it; the others stand in C++.
TEST(Guards, OfTheLiveCheckAreAllMutated) {
  auto marked = marked_in(sql::all);
  marked.merge(std::set<std::string>{"live_project", "end_others", "end_lock"});
  EXPECT_EQ(marked, guards_of(kMutants));
}

}  // namespace
}  // namespace fencepost::live
