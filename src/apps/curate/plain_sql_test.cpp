// What other programs write to the tables with plain SQL, in every order with the work on them. Both
// databases.

#include "apps/curate/testing/scene.hpp"

namespace fencepost::curate {
namespace {

using store::SettleAnswer;
using store::Settlement;

class PlainSqlTest : public testing::Scene {
 protected:
  void set(std::int64_t id, const std::string& what) {
    run("UPDATE fencepost_places SET " + what + " WHERE id = $1", {id});
  }
};

TEST_P(PlainSqlTest, SelectedQueuesAndAnythingElseTakesBack) {
  const auto id = place();
  set(id, "curation_status = 'Selected'");
  EXPECT_EQ(processing(id), "Queued");
  set(id, "curation_status = 'Maybe'");
  EXPECT_EQ(processing(id), "");
  EXPECT_TRUE(claims().empty());
}

TEST_P(PlainSqlTest, WhatIsInsertedSelectedIsQueued) {
  run("INSERT INTO fencepost_places (place_id, curation_status) VALUES ('p', 'Selected')");
  EXPECT_EQ(claims().size(), 1u);
}

TEST_P(PlainSqlTest, SelectedWhileItIsWorkedOnRunsItAgainAfterwards) {
  for (const auto* what : {"curation_status = 'Selected'", "processing_status = 'Queued'",
                           "curation_status = 'Selected', processing_status = 'Queued'"}) {
    const auto id = place(what);
    pick(id, "Selected");
    const auto claim = claims().at(0);
    if (std::string(what).starts_with("curation")) set(id, "curation_status = 'Maybe'");
    set(id, what);
    EXPECT_EQ(processing(id), "Processing") << what;
    EXPECT_TRUE(claims().empty()) << what;
    EXPECT_EQ(settle(Settlement::done(claim)), SettleAnswer::stale) << what;
    EXPECT_TRUE(acknowledge(claim)) << what;
    EXPECT_EQ(processing(id), "Queued") << what;
    pick(id, "Maybe");
  }
}

TEST_P(PlainSqlTest, WhatIsDoneIsQueuedAnewWhenItIsSelectedAnew) {
  const auto id = place();
  pick(id, "Selected");
  settle(Settlement::done(claims().at(0)));
  set(id, "curation_status = 'Selected', name = 'saved whole'");  // as it was: no wish
  EXPECT_EQ(processing(id), "Completed");
  set(id, "curation_status = 'Maybe'");
  EXPECT_EQ(processing(id), "Completed");
  set(id, "curation_status = 'Selected'");
  EXPECT_EQ(processing(id), "Queued");
}

// An ORM saves the whole row as it was before the record was claimed.
TEST_P(PlainSqlTest, AnOldRowSavedWholeNeitherRewindsNorRunsTwice) {
  const auto id = place();
  pick(id, "Selected");
  const auto claim = claims().at(0);
  set(id,
      "curation_status = 'Selected', processing_status = 'Queued', fence = 0, claim_id = NULL, "
      "lease_until = NULL, attempt = 0, stop_wanted = FALSE, last_error = NULL");
  EXPECT_TRUE(claims().empty());
  EXPECT_EQ(settle(Settlement::done(claim)), SettleAnswer::stale);
  EXPECT_TRUE(acknowledge(claim));
  EXPECT_EQ(claims().size(), 1u);
}

TEST_P(PlainSqlTest, WhatIsChangedUnderItsHandlerIsDoneAgainAsItIsNow) {
  const auto id = place();
  pick(id, "Selected");
  const auto claim = claims().at(0);
  set(id, "place_id = 'another'");
  EXPECT_EQ(settle(Settlement::done(claim)), SettleAnswer::stale);
  acknowledge(claim);
  EXPECT_NE(claims().at(0).payload.find("another"), std::string::npos);
}

TEST_P(PlainSqlTest, WhatIsDeletedUnderItsHandlerTakesNoResult) {
  const auto id = place();
  pick(id, "Selected");
  const auto claim = claims().at(0);
  run("DELETE FROM fencepost_places WHERE id = $1", {id});
  EXPECT_EQ(settle(Settlement::done(claim)), SettleAnswer::stale);
  EXPECT_FALSE(acknowledge(claim));
}

TEST_P(PlainSqlTest, ADomainSelectedQueuesBothOfItsPipelines) {
  const auto id = domain();
  run("UPDATE fencepost_domains SET curation_status = 'Selected' WHERE id = $1", {id});
  EXPECT_EQ(claims(Pipeline::domain_monitor).size(), 1u);
  const auto claim = claims(Pipeline::sitemap_discovery).at(0);
  run("UPDATE fencepost_domains SET curation_status = 'Maybe' WHERE id = $1", {id});
  run("UPDATE fencepost_domains SET curation_status = 'Selected' WHERE id = $1", {id});
  EXPECT_TRUE(claims(Pipeline::sitemap_discovery).empty());
  EXPECT_EQ(settle(Settlement::done(claim), Pipeline::sitemap_discovery), SettleAnswer::stale);
  run("DELETE FROM fencepost_domains WHERE id = $1", {id});
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_discoveries"), 0);
}

TEST_P(PlainSqlTest, ABlockedWishSeesTheClaimThatItWaitedFor) {
  const auto id = place();
  pick(id, "Selected");
  store::Claim claim;
  const auto answer = while_open(
      [&](store::Connection& connection) {
        claim = fence().claim(connection, 1, std::chrono::seconds(60), 7).at(0);
      },
      [&] { return pick(id, "Selected"); });
  EXPECT_EQ(answer, PickAnswer::again_afterwards);
  EXPECT_TRUE(waited_);
  EXPECT_EQ(settle(Settlement::done(claim)), SettleAnswer::stale);
}

ON_BOTH(PlainSqlTest);

}  // namespace
}  // namespace fencepost::curate
