// What people do to records, in every order with the work on them. Both databases.

#include "apps/curate/records.hpp"

#include "apps/curate/testing/scene.hpp"
#include "base/error.hpp"

namespace fencepost::curate {
namespace {

using store::SettleAnswer;
using store::Settlement;

class RecordsTest : public testing::Scene {};

TEST_P(RecordsTest, SelectedQueuesAndAnythingElseTakesBack) {
  const auto id = place();
  EXPECT_EQ(processing(id), "");
  EXPECT_EQ(pick(id, "Selected"), PickAnswer::queued);
  EXPECT_EQ(processing(id), "Queued");
  EXPECT_EQ(pick(id, "Selected"), PickAnswer::already_queued);
  EXPECT_EQ(pick(id, "Maybe"), PickAnswer::taken_back);
  EXPECT_EQ(processing(id), "");
  EXPECT_TRUE(claims().empty());
  EXPECT_EQ(pick(id, "Archived"), PickAnswer::set);
  EXPECT_EQ(curation(id), "Archived");
}

TEST_P(RecordsTest, SelectedWhileItIsWorkedOnRunsItAgainAfterwardsAndNeverTwiceAtOnce) {
  const auto id = place();
  pick(id, "Selected");
  const auto first = claims();
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(pick(id, "Selected"), PickAnswer::again_afterwards);
  EXPECT_EQ(pick(id, "Selected"), PickAnswer::again_afterwards);
  EXPECT_EQ(processing(id), "Processing");
  EXPECT_TRUE(claims().empty());
  EXPECT_EQ(settle(Settlement::done(first[0])), SettleAnswer::stale);
  EXPECT_TRUE(acknowledge(first[0]));
  EXPECT_EQ(processing(id), "Queued");
  const auto second = claims();
  ASSERT_EQ(second.size(), 1u);
  EXPECT_EQ(settle(Settlement::done(second[0])), SettleAnswer::settled);
  EXPECT_EQ(processing(id), "Completed");
  EXPECT_TRUE(claims().empty());  // once more, not twice
}

TEST_P(RecordsTest, WhoDeselectsWhileItIsWorkedOnAsksItsHandlerToEnd) {
  const auto id = place();
  pick(id, "Selected");
  auto claim = claims().at(0);
  EXPECT_EQ(pick(id, "Not a Fit"), PickAnswer::in_flight);
  const auto renewed = fence().renew(*database_->acquire(), {claim}, std::chrono::seconds(60));
  ASSERT_EQ(renewed.size(), 1u);
  EXPECT_TRUE(renewed[0].stop_wanted);
  EXPECT_EQ(settle(Settlement::retry(claim, {}, "cut short")), SettleAnswer::stopped);
  EXPECT_EQ(processing(id), "Stopped");
  EXPECT_EQ(curation(id), "Not a Fit");
  EXPECT_TRUE(claims().empty());
}

TEST_P(RecordsTest, WhatEndsAllTheSameLeavesThePersonsWord) {
  const auto id = place();
  pick(id, "Selected");
  const auto claim = claims().at(0);
  pick(id, "Not a Fit");
  EXPECT_EQ(settle(Settlement::done(claim)), SettleAnswer::settled);
  EXPECT_EQ(processing(id), "Completed");
  EXPECT_EQ(curation(id), "Not a Fit");
}

TEST_P(RecordsTest, DeselectedAndSelectedWhileItIsWorkedOnRunsAgain) {
  const auto id = place();
  pick(id, "Selected");
  const auto claim = claims().at(0);
  EXPECT_EQ(pick(id, "Maybe"), PickAnswer::in_flight);
  EXPECT_EQ(pick(id, "Selected"), PickAnswer::again_afterwards);
  EXPECT_EQ(settle(Settlement::retry(claim, {}, "cut short")), SettleAnswer::stale);
  EXPECT_TRUE(acknowledge(claim));
  EXPECT_EQ(processing(id), "Queued");
}

// A fault of the predecessor: the handler's error came after a person's requeue, and overwrote it.
TEST_P(RecordsTest, AnErrorUpdateDoesNotOverwriteARequeue) {
  const auto id = place();
  pick(id, "Selected");
  const auto claim = claims().at(0);
  pick(id, "Selected");
  EXPECT_EQ(settle(Settlement::failed(claim, "too late")), SettleAnswer::stale);
  acknowledge(claim);
  EXPECT_EQ(processing(id), "Queued");
  EXPECT_EQ(word("SELECT last_error FROM fencepost_places WHERE id = $1", {id}), "null");
}

// A fault of the predecessor: no query ever selected what was to be tried again.
TEST_P(RecordsTest, ARetryIsSelectedAndSelectingAnewBeginsTheCountAnew) {
  const auto id = place();
  pick(id, "Selected");
  EXPECT_EQ(settle(Settlement::retry(claims().at(0), {}, "503")), SettleAnswer::settled);
  auto claim = claims().at(0);
  EXPECT_EQ(claim.attempt, 1);
  EXPECT_EQ(settle(Settlement::failed(claim, "still 503")), SettleAnswer::settled);
  EXPECT_EQ(processing(id), "Error");
  EXPECT_EQ(word("SELECT last_error FROM fencepost_places WHERE id = $1", {id}), "still 503");
  EXPECT_EQ(pick(id, "Selected"), PickAnswer::queued);
  EXPECT_EQ(claims().at(0).attempt, 0);
}

// A fault of the predecessor. (And a whole batch was, while its first item ran:
// tests/e2e/curate_faults_test.py.)
TEST_P(RecordsTest, NoRecordIsProcessingForEver) {
  const auto id = place();
  pick(id, "Selected");
  const auto claim = fence().claim(*database_->acquire(), 1, std::chrono::microseconds(1), 7).at(0);
  EXPECT_EQ(processing(id), "Processing");
  const auto lapsed = fence().lapsed(*database_->acquire(), 9);
  ASSERT_EQ(lapsed.size(), 1u);
  EXPECT_EQ(fence().rescue(*database_->acquire(), lapsed[0], false, 0.5), core::State::queued);
  EXPECT_EQ(processing(id), "Queued");
  EXPECT_EQ(settle(Settlement::done(claim)), SettleAnswer::stale);
}

// A fault of the predecessor: `IN (NULL, 'Error')` found nothing. A foreign program's empty error is no word.
TEST_P(RecordsTest, InNullOrErrorFindsBoth) {
  const auto one = place("p1"), two = place("p2");
  run("UPDATE fencepost_places SET processing_status = 'Error', last_error = NULL WHERE id = $1", {one});
  run("UPDATE fencepost_places SET processing_status = 'Error', last_error = '' WHERE id = $1", {two});
  EXPECT_EQ(records_.list(Kind::place, {.processing_status = "Error"}, INT64_MAX, 9).size(), 2u);
  EXPECT_EQ(
      records_.pick_many(Kind::place, {.processing_status = "Error"}, "Selected", 9, false, "ada").answers,
      (std::map<std::string, std::int64_t>{{"queued", 2}}));
  EXPECT_EQ(claims().size(), 2u);
}

// A fault of the predecessor: a task was started before the commit of what queued it.
TEST_P(RecordsTest, NothingIsWorkedOnBeforeTheCommitThatQueuesIt) {
  place();
  const auto early = while_open(
      [](store::Connection& connection) {
        connection.run(store::Sql{"queue", "UPDATE fencepost_places SET curation_status = 'Selected'"});
      },
      [&] { return claims().size(); });
  // PostgreSQL passes by what is not committed; SQLite's claim waits for the commit.
  EXPECT_EQ(early, postgres() ? 0u : 1u);
  EXPECT_EQ(early + claims().size(), 1u);
}

TEST_P(RecordsTest, WhoIsWorkedOnIsDeletedAfterwards) {
  const auto id = place();
  pick(id, "Selected");
  const auto claim = claims().at(0);
  EXPECT_EQ(records_.remove(Kind::place, id, "ada"), core::StopAnswer::in_flight);
  EXPECT_EQ(settle(Settlement::done(claim)), SettleAnswer::settled);
  EXPECT_EQ(records_.remove(Kind::place, id, "ada"), core::StopAnswer::already_done);
  EXPECT_EQ(records_.remove(Kind::place, id, "ada"), core::StopAnswer::not_found);
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_places"), 0);
}

TEST_P(RecordsTest, WhatIsQueuedIsDeletedAndNeverWorkedOn) {
  const auto id = place();
  pick(id, "Selected");
  EXPECT_EQ(records_.remove(Kind::place, id, "ada"), core::StopAnswer::prevented);
  EXPECT_TRUE(claims().empty());
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_places"), 0);
}

TEST_P(RecordsTest, ADomainQueuesItsTwoPipelinesAndTakesBothBack) {
  const auto id = domain();
  const auto discovery = [&] {
    return word("SELECT processing_status FROM fencepost_discoveries WHERE domain_id = $1", {id});
  };
  EXPECT_EQ(discovery(), "");
  EXPECT_EQ(pick(id, "Selected", Kind::domain), PickAnswer::queued);
  EXPECT_EQ(processing(id, "domains"), "Queued");
  EXPECT_EQ(discovery(), "Queued");
  EXPECT_EQ(pick(id, "Maybe", Kind::domain), PickAnswer::taken_back);
  EXPECT_EQ(discovery(), "");
  pick(id, "Selected", Kind::domain);
  const auto claim = claims(Pipeline::sitemap_discovery).at(0);
  EXPECT_EQ(pick(id, "Selected", Kind::domain), PickAnswer::already_queued);
  EXPECT_EQ(settle(Settlement::done(claim), Pipeline::sitemap_discovery), SettleAnswer::stale);
  EXPECT_TRUE(acknowledge(claim, Pipeline::sitemap_discovery));
  EXPECT_EQ(discovery(), "Queued");
  EXPECT_EQ(records_.remove(Kind::domain, id, "ada"), core::StopAnswer::prevented);
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_discoveries"), 0);
}

TEST_P(RecordsTest, OneRequestAtATimeToAHostOfAQueue) {
  const auto one = domain("a.example"), two = domain("b.example");
  for (const auto id : {one, one, two, two})
    run("INSERT INTO fencepost_pages (domain_id, host, url, curation_status) SELECT $1, host, "
        "'http://' || host || '/' || (SELECT count(*) FROM fencepost_pages), 'Selected' FROM "
        "fencepost_domains "
        "WHERE id = $1",
        {id});
  EXPECT_EQ(claims(Pipeline::page_curation).size(), 2u);
  EXPECT_TRUE(claims(Pipeline::page_curation).empty());
}

TEST_P(RecordsTest, APersonNamesTheVersionThatHeSaw) {
  const auto id = place();
  const auto seen = records_.get(Kind::place, id).value();
  EXPECT_EQ(records_.pick(Kind::place, id, seen.version, "Maybe", "ada").record.value().version,
            seen.version + 1);
  EXPECT_EQ(records_.pick(Kind::place, id, seen.version, "Selected", "bob").kind,
            Picked::Kind::version_conflict);
  EXPECT_EQ(curation(id), "Maybe");
  EXPECT_EQ(records_.pick(Kind::place, id + 1, 1, "Selected", "bob").kind, Picked::Kind::not_found);
  EXPECT_THROW(records_.pick(Kind::place, id, {}, "Completed", "ada"), base::UserError);
}

TEST_P(RecordsTest, OfTwoBlockedOnOneAnotherTheLaterWordCounts) {
  const auto id = place();
  const auto say = [&](const char* text) {
    return [&, text] { return records_.pick(Kind::place, id, std::nullopt, text, "bob").answer; };
  };
  const auto write = [&](const char* text) {
    return [&, text](store::Connection& connection) {
      connection.run(store::Sql{"write", "UPDATE fencepost_places SET curation_status = '" +
                                             std::string(text) + "' WHERE id = " + std::to_string(id)});
    };
  };
  EXPECT_EQ(while_open(write("Selected"), say("Maybe")), PickAnswer::taken_back);
  EXPECT_TRUE(waited_);
  EXPECT_EQ(processing(id), "");
  EXPECT_EQ(while_open(
                [&](store::Connection& c) {
                  c.run(store::Sql{"no",
                                   "UPDATE fencepost_places SET "
                                   "curation_status = 'Not a Fit'"});
                },
                say("Selected")),
            PickAnswer::queued);
  EXPECT_EQ(processing(id), "Queued");
}

ON_BOTH(RecordsTest);

}  // namespace
}  // namespace fencepost::curate
