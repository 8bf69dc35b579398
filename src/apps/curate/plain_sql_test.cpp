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
  // Selected, and taken by a worker.
  store::Claim at_work(std::int64_t id) {
    pick(id, "Selected");
    return claims().at(0);
  }
  // What the claim's worker sees at its next renewal.
  bool asked_to_end(const store::Claim& claim, Pipeline pipeline = Pipeline::deep_scan) {
    return fence(pipeline).renew(*database_->acquire(), {claim}, std::chrono::seconds(60)).at(0).stop_wanted;
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

TEST_P(PlainSqlTest, DeselectedWhileItIsWorkedOnEndsItsHandler) {
  const auto id = place();
  const auto claim = at_work(id);
  set(id, "name = 'another'");
  EXPECT_FALSE(asked_to_end(claim));
  set(id, "curation_status = 'Maybe'");
  EXPECT_EQ(processing(id), "Processing");
  EXPECT_TRUE(asked_to_end(claim));
  EXPECT_EQ(settle(Settlement::hand_back(claim)), SettleAnswer::stopped);
  EXPECT_EQ(processing(id), "Stopped");
  EXPECT_TRUE(claims().empty());
}

TEST_P(PlainSqlTest, WhatIsFinishedAllTheSameIsKept) {
  const auto id = place();
  const auto claim = at_work(id);
  set(id, "curation_status = 'Not a Fit'");
  EXPECT_EQ(settle(Settlement::done(claim)), SettleAnswer::settled);
  EXPECT_EQ(processing(id) + curation(id), "CompletedNot a Fit");
}

// The last word counts, whoever said which of them.
TEST_P(PlainSqlTest, SelectedAnewTakesBackThatItsHandlerShallEnd) {
  const auto id = place();
  for (const bool person : {false, true}) {
    const auto claim = at_work(id);
    if (person)
      pick(id, "Maybe");
    else
      set(id, "curation_status = 'Maybe'");
    set(id, "curation_status = 'Selected'");
    EXPECT_FALSE(asked_to_end(claim)) << person;
    EXPECT_TRUE(claims().empty()) << person;
    EXPECT_EQ(settle(Settlement::done(claim)), SettleAnswer::stale) << person;
    EXPECT_TRUE(acknowledge(claim)) << person;
    EXPECT_EQ(processing(id), "Queued") << person;
    set(id, "curation_status = 'Maybe'");
  }
}

TEST_P(PlainSqlTest, DeselectedAnewTakesBackAgainAfterwards) {
  const auto id = place();
  const auto claim = at_work(id);
  pick(id, "Selected");
  set(id, "curation_status = 'Maybe'");
  set(id, "processing_status = 'Queued'");  // no word of a person: the stop stays
  EXPECT_TRUE(asked_to_end(claim));
  EXPECT_TRUE(acknowledge(claim));
  EXPECT_EQ(processing(id), "Stopped");
}

// Else its next selection would begin it beside the handler that still runs.
TEST_P(PlainSqlTest, NoWordTakesThePlaceOfProcessing) {
  for (const std::string word : {"", "Stopped", "Completed", "Error", "Queued"}) {
    const auto id = place("p" + word);
    const auto claim = at_work(id);
    set(id, "processing_status = '" + word + "'");
    EXPECT_EQ(processing(id), "Processing") << word;
    EXPECT_EQ(settle(Settlement::done(claim)), SettleAnswer::stale) << word;
    EXPECT_TRUE(acknowledge(claim)) << word;
    EXPECT_EQ(processing(id), word.empty() || word == "Stopped" ? "Stopped" : "Queued") << word;
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

TEST_P(PlainSqlTest, AnOldRowSavedWholeCanSayNo) {
  const auto id = place();
  const auto claim = at_work(id);
  set(id,
      "curation_status = 'Maybe', processing_status = 'Queued', fence = 0, claim_id = NULL, "
      "lease_until = NULL, attempt = 0, stop_wanted = FALSE, last_error = NULL");
  EXPECT_TRUE(claims().empty());
  EXPECT_TRUE(asked_to_end(claim));
  EXPECT_TRUE(acknowledge(claim));
  EXPECT_EQ(processing(id), "Stopped");
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

TEST_P(PlainSqlTest, ADomainDeselectedEndsBothOfItsHandlers) {
  const auto id = domain();
  const auto domains = [&](const std::string& word) {
    run("UPDATE fencepost_domains SET curation_status = $2 WHERE id = $1", {id, word});
  };
  domains("Selected");
  const auto monitor = claims(Pipeline::domain_monitor).at(0);
  const auto discovery = claims(Pipeline::sitemap_discovery).at(0);
  domains("Archived");
  EXPECT_TRUE(asked_to_end(monitor, Pipeline::domain_monitor));
  EXPECT_TRUE(asked_to_end(discovery, Pipeline::sitemap_discovery));
  domains("Selected");
  EXPECT_FALSE(asked_to_end(monitor, Pipeline::domain_monitor));
  EXPECT_FALSE(asked_to_end(discovery, Pipeline::sitemap_discovery));
  EXPECT_TRUE(acknowledge(discovery, Pipeline::sitemap_discovery));
  EXPECT_EQ(claims(Pipeline::sitemap_discovery).size(), 1u);
  EXPECT_TRUE(claims(Pipeline::domain_monitor).empty());
  domains("Maybe");
  EXPECT_TRUE(acknowledge(monitor, Pipeline::domain_monitor));
  EXPECT_EQ(processing(id, "domains"), "Stopped");
}

TEST_P(PlainSqlTest, ABlockedNoSeesTheClaimThatItWaitedFor) {
  const auto id = domain();
  pick(id, "Selected", Kind::domain);
  for (const auto pipeline : {Pipeline::domain_monitor, Pipeline::sitemap_discovery}) {
    store::Claim claim;
    while_open(
        [&](store::Connection& connection) {
          claim = fence(pipeline).claim(connection, 1, std::chrono::seconds(60), 7).at(0);
        },
        [&] { run("UPDATE fencepost_domains SET curation_status = 'Maybe' WHERE id = $1", {id}); });
    EXPECT_TRUE(waited_);
    EXPECT_TRUE(asked_to_end(claim, pipeline)) << name(pipeline);
    settle(Settlement::done(claim), pipeline);
    pick(id, "Selected", Kind::domain);
  }
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
