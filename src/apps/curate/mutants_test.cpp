// Each guard of curate is removed in a child of its own, and the test that stands for it must fail there;
// intact, it must pass. Built against fencepost_curate_mutants (store/guards.hpp).

#include <gtest/gtest.h>

#include "curate/sql.hpp"
#include "store/testing/mutants.hpp"

namespace fencepost::curate {
namespace {

using namespace store::testing;

const std::vector<SqlMutant> kInSql = {
    {"again", "RecordsTest.SelectedWhileItIsWorkedOnRunsItAgainAfterwardsAndNeverTwiceAtOnce"},
    {"results_claim", "PipelinesTest.AStaleImportWritesNothing"},
    {"call_claim", "DeepScanTest.WhoHasLostItsClaimBuysNothing"},
    {"host_free", "PipelinesTest.AHostIsAskedByOneAtATimeOverAllQueues"},
    {"contact_lowest", "PipelinesTest.APageBecomesContactsWhicheverPageIsReadFirst"},
};
const std::vector<SqlMutant> kInTriggers = {
    {"deselect_ends", "PlainSqlTest.DeselectedWhileItIsWorkedOnEndsItsHandler"},
    {"discovery_ends", "PlainSqlTest.ADomainDeselectedEndsBothOfItsHandlers"},
    {"select_withdraws", "PlainSqlTest.SelectedAnewTakesBackThatItsHandlerShallEnd"},
    {"word_ends", "PlainSqlTest.NoWordTakesThePlaceOfProcessing"},
    {"word_kept", "PlainSqlTest.NoWordTakesThePlaceOfProcessing"},
};
const std::vector<SqlMutant> kInCode = {
    {"sitemap_host", "PipelinesTest.ASitemapOnAnotherHostWaitsForThatHostsTurn"},
    {"host_ended", "PipelinesTest.AHostThatAnEndedProcessHadIsFreeAfterItsRest"},
    {"discovery_whole", "PipelinesTest.ADiscoveryThatIsAskedToEndHasFoundNothingYet"},
    {"pick_changed", "BulkTest.WhoSaysNoMeanwhileIsNotOverruled"},
    {"places_budget", "DeepScanTest.ACallSpendsOneAndAnEmptyBudgetWaitsForItsNextDayAndSaysSo"},
    {"keep_answer", "DeepScanTest.AnAnswerThatWasReceivedIsNeverBoughtAgain"},
};

TEST(Mutants, AreAllKilledAndTheIntactOnesPass) {
  expect_killed(kInSql);
  expect_killed(kInTriggers);
  expect_killed(kInCode);
}

TEST(Guards, OfCurateAreAllMutated) {
  EXPECT_EQ(marked_in(sql::all), guards_of(kInSql));
  EXPECT_EQ(marked_in(sql::migrations), guards_of(kInTriggers));
}

}  // namespace
}  // namespace fencepost::curate
