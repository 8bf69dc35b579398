// Paid calls: drawn before they leave, kept when they answer, never bought twice. Both databases.

#include "apps/curate/testing/web.hpp"

namespace fencepost::curate {
namespace {

constexpr auto kScan = Pipeline::deep_scan;
constexpr const char* kUrl = "http://places.example/v1/places/p1";
constexpr const char* kBar =
    R"({"displayName":{"text":"Bar"},"websiteUri":"https://www.bar.example/x","formattedAddress":"Road 1"})";

class DeepScanTest : public testing::WebScene {
 protected:
  std::int64_t selected() {
    const auto id = place("p1");
    pick(id, "Selected");
    return id;
  }
  void answers(const std::string& status, const std::string& body = "{}", const std::string& extra = {}) {
    web_.raw(kUrl, connect::testing::answer(status, body, extra));
  }
  std::int64_t used() {
    const auto rows = run("SELECT used FROM fencepost_buckets WHERE scope = 'places.details'");
    return rows.empty() ? 0 : rows[0][0].integer();
  }
  std::int64_t businesses() { return count("SELECT count(*) FROM fencepost_businesses"); }
  static Options with_budget(int calls) {
    auto options = options_of();
    options.places_budget = calls;
    return options;
  }
};

TEST_P(DeepScanTest, MakesABusinessOfAPlace) {
  const auto id = selected();
  answers("200 OK", kBar);
  EXPECT_EQ(work(kScan), 1);
  EXPECT_EQ(processing(id), "Completed");
  EXPECT_EQ(word("SELECT name || ' ' || website FROM fencepost_businesses WHERE place_id = 'p1'"),
            "Bar https://www.bar.example/x");
  EXPECT_EQ(used(), 1);
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_ledger WHERE spent"), 1);
}

// A rescan never resets people's choices.
TEST_P(DeepScanTest, ARescanBuysAnewAndLeavesWhatPeopleHaveDecided) {
  const auto id = selected();
  answers("200 OK", kBar);
  work(kScan);
  run("UPDATE fencepost_businesses SET curation_status = 'Not a Fit'");
  answers("200 OK", R"({"displayName":{"text":"Bar 2"}})");
  pick(id, "Selected");
  EXPECT_EQ(work(kScan), 1);
  EXPECT_EQ(word("SELECT name || ' ' || curation_status FROM fencepost_businesses"), "Bar 2 Not a Fit");
  EXPECT_EQ(used(), 2);
}

// The answer came, and the process died before anything was made of it: the settlement is the only part that
// is lost.
TEST_P(DeepScanTest, AnAnswerThatWasReceivedIsNeverBoughtAgain) {
  const auto id = selected();
  answers("200 OK", kBar);
  web_.before = [&](const std::string&) {
    // Edited while the call is under way: the result is stale.
    run("UPDATE fencepost_places SET again = again + 1 WHERE id = $1", {id});
  };
  auto claimed = claims(kScan, 1);
  work(kScan, pipelines_, claimed);
  web_.before = [](const std::string&) {};
  EXPECT_EQ(businesses(), 0);
  EXPECT_EQ(processing(id), "Queued");
  EXPECT_EQ(work(kScan), 1);
  EXPECT_EQ(businesses(), 1);
  EXPECT_EQ(web_.asked(kUrl), 1);
  EXPECT_EQ(used(), 1);
}

TEST_P(DeepScanTest, WhoHasLostItsClaimBuysNothing) {
  const auto id = selected();
  answers("200 OK", kBar);
  const auto claimed = claims(kScan, 1);
  run("UPDATE fencepost_places SET again = again + 1 WHERE id = $1", {id});
  work(kScan, pipelines_, claimed);
  EXPECT_EQ(web_.asked(kUrl), 0);
  EXPECT_EQ(used(), 0);
  EXPECT_EQ(processing(id), "Queued");
}

TEST_P(DeepScanTest, AnAnswerToAnotherQuestionIsNone) {
  const auto id = selected();
  answers("200 OK", kBar);
  web_.before = [&](const std::string& url) {
    if (url == kUrl) run("UPDATE fencepost_places SET place_id = 'p2' WHERE id = $1", {id});
  };
  work(kScan, pipelines_, claims(kScan, 1));
  web_.raw("http://places.example/v1/places/p2",
           connect::testing::answer("200 OK", R"({"displayName":{"text":"Two"}})"));
  EXPECT_EQ(work(kScan), 1);
  EXPECT_EQ(word("SELECT name FROM fencepost_businesses"), "Two");
}

TEST_P(DeepScanTest, ALostCallIsSpentAndRepeatsWithinTheBudget) {
  const auto id = selected();
  web_.raw(kUrl, "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{");
  auto two = pipelines(with_budget(2));
  EXPECT_EQ(work(kScan, two), 1);
  EXPECT_EQ(processing(id), "Queued");
  EXPECT_EQ(used(), 1);
  due_now("places");
  EXPECT_EQ(work(kScan, two), 1);
  due_now("places");
  EXPECT_EQ(work(kScan, two), 1);  // the third does not leave
  EXPECT_EQ(web_.asked(kUrl), 2);
  EXPECT_EQ(used(), 2);
}

// A fault of the predecessor: one provider call that spent 46,905 credits.
TEST_P(DeepScanTest, ACallSpendsOneAndAnEmptyBudgetWaitsForItsNextDayAndSaysSo) {
  const auto id = selected();
  place("p2");
  pick(id + 1, "Selected");
  answers("200 OK", kBar);
  auto one = pipelines(with_budget(1));
  EXPECT_EQ(work(kScan, one), 2);
  EXPECT_EQ(used(), 1);
  EXPECT_EQ(processing(id), "Completed");
  EXPECT_EQ(processing(id + 1), "Queued");
  const auto waiting = records_.get(Kind::place, id + 1).value();
  EXPECT_NE(waiting.note.find("budget"), std::string::npos);
  EXPECT_EQ(waiting.attempts, 0);
  EXPECT_GT(waiting.run_at, base::system_clock().wall());
  EXPECT_EQ(web_.asked("http://places.example/v1/places/p2"), 0);
}

TEST_P(DeepScanTest, WhatNeverLeftIsGivenBack) {
  const auto id = selected();
  ends_.request_stop();
  work(kScan, pipelines_, claims(kScan, 1));
  EXPECT_EQ(processing(id), "Queued");
  EXPECT_EQ(used(), 0);
  connect::HttpClient nobody({.addresses = {.allow_private = true}}, base::system_clock());
  connect::Places refused(
      nobody, {connect::PlacesApi::current,
               "http://127.0.0.1:" + std::to_string(connect::testing::refused_port()), base::Secret("k")});
  Pipelines with(*database_, fences_, fetcher_, &refused, options_of());
  ends_ = {};
  EXPECT_EQ(work(kScan, with), 1);
  EXPECT_EQ(used(), 0);
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_ledger"), 0);
  EXPECT_EQ(records_.get(Kind::place, id).value().attempts, 1);
}

TEST_P(DeepScanTest, WhatIsFinalIsAnErrorAndWhatMayPassIsTriedAgain) {
  const auto id = selected();
  answers("404 Not Found");
  EXPECT_EQ(work(kScan), 1);
  EXPECT_EQ(processing(id), "Error");
  EXPECT_EQ(error(id, "places"), "the provider knows no such place");
  pick(id, "Selected");
  answers("429 Too Many Requests", "{}", "Retry-After: 60\r\n");
  EXPECT_EQ(work(kScan), 1);
  EXPECT_EQ(processing(id), "Queued");
  EXPECT_GT(records_.get(Kind::place, id).value().run_at, base::system_clock().wall() + 30'000'000);
  EXPECT_EQ(used(), 2);
}

// A fault of the predecessor: "success" that produced no output.
TEST_P(DeepScanTest, SuccessThatProducedNothingIsAnError) {
  const auto id = selected();
  answers("200 OK", R"({"id":"p1"})");
  EXPECT_EQ(work(kScan), 1);
  EXPECT_EQ(processing(id), "Error");
  EXPECT_EQ(error(id, "places"), "the provider's answer names no place");
  answers("200 OK", kBar);
  pick(id, "Selected");
  EXPECT_EQ(work(kScan), 1);
  EXPECT_EQ(processing(id), "Completed");
}

TEST_P(DeepScanTest, WhoSaidNoByPlainSqlIsNotScanned) {
  const auto id = selected();
  const auto claimed = claims(kScan, 1);
  run("UPDATE fencepost_places SET curation_status = 'Not a Fit' WHERE id = $1", {id});
  work(kScan, pipelines_, claimed);
  EXPECT_EQ(processing(id), "");
  EXPECT_EQ(used(), 0);
}

TEST_P(DeepScanTest, TheBudgetOfTheSettingsIsInForceFromTheStart) {
  pipelines(with_budget(1)).apply_budget();
  pipelines(with_budget(7)).apply_budget();
  EXPECT_EQ(count("SELECT quota FROM fencepost_buckets"), 7);
}

ON_BOTH(DeepScanTest);

}  // namespace
}  // namespace fencepost::curate
