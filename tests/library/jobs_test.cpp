// The ready-made jobs table.

#include <thread>

#include "fencepost/testing.hpp"
#include "fixture.hpp"

namespace fencepost::testing {
namespace {

class JobsTest : public LibraryTest {
 protected:
  void SetUp() override { store_ = std::make_unique<Store>(open()); }
  Store& store() { return *store_; }
  std::unique_ptr<Store> store_;
};

TEST_P(JobsTest, AJobRunsWithItsPayload) {
  const auto job =
      store().enqueue({.kind = "mail", .payload = R"({"to": "ann", "n": 3, "deep": {"a": [1]}})"});
  EXPECT_FALSE(job.already_queued);
  std::string to;
  const auto drained = drain_jobs(store(), {{"mail", [&](Job& own) {
                                               to = own.get<std::string>("to");
                                               EXPECT_EQ(own.get<int>("n"), 3);
                                               EXPECT_EQ(own.get<std::string>("deep"), R"({"a":[1]})");
                                               EXPECT_EQ(own.item(), std::to_string(job.id));
                                               return Outcome::done();
                                             }}});
  EXPECT_EQ(to, "ann");
  ASSERT_EQ(drained.size(), 1U);
  EXPECT_EQ(drained[0].state, State::done);
}

TEST_P(JobsTest, ManyAreAddedInOneStatementInTheirOrder) {
  std::vector<NewJob> jobs;
  for (int i = 0; i < 500; ++i) {
    NewJob job{.kind = "k" + std::to_string(i % 7), .payload = "{\"i\": " + std::to_string(i) + "}"};
    // Every fifth one has a key, and every tenth shares it with the fifth before it.
    if (i % 5 == 0) job.unique_key = std::to_string(i / 10);
    if (i % 5 == 0) job.kind = "keyed";
    jobs.push_back(job);
  }
  const auto added = store().enqueue(jobs);
  ASSERT_EQ(added.size(), jobs.size());
  for (int i = 0; i < 500; ++i) {
    const auto& one = added[static_cast<std::size_t>(i)];
    EXPECT_EQ(one.already_queued, i % 10 == 5) << i;
    const auto row = sql("SELECT CAST(payload AS TEXT) FROM fencepost_jobs WHERE id = $1", {one.id});
    ASSERT_EQ(row.size(), 1U);
    const int of = i % 10 == 5 ? i - 5 : i;
    EXPECT_THAT(row[0][0].text(), ::testing::EndsWith(std::to_string(of) + "}")) << i;
  }
  EXPECT_EQ(number("SELECT count(*) FROM fencepost_jobs"), 450);
}

TEST_P(JobsTest, AUniqueKeyAnswersWithTheUnfinishedJob) {
  const NewJob mail{.kind = "mail", .unique_key = "ann"};
  const auto first = store().enqueue(mail);
  EXPECT_FALSE(first.already_queued);
  const auto second = store().enqueue(mail);
  EXPECT_TRUE(second.already_queued);
  EXPECT_EQ(second.id, first.id);
  EXPECT_FALSE(store().enqueue({.kind = "sms", .unique_key = "ann"}).already_queued);
  // Running is unfinished, too.
  const HandlersByKind handlers{{"mail",
                                 [&](Job&) {
                                   const auto during = store().enqueue(mail);
                                   EXPECT_TRUE(during.already_queued);
                                   EXPECT_EQ(during.id, first.id);
                                   return Outcome::done();
                                 }},
                                {"sms", [](Job&) { return Outcome::fail("no number"); }}};
  EXPECT_EQ(drain_jobs(store(), handlers).size(), 2U);
  const auto later = store().enqueue(mail);
  EXPECT_FALSE(later.already_queued);
  EXPECT_NE(later.id, first.id);
  // The first one cannot come back beside it.
  EXPECT_THROW(store().rearm(jobs_queue(), std::to_string(first.id), "ann"), UserError);
  EXPECT_EQ(store().stop(jobs_queue(), std::to_string(later.id), "ann"), StopAnswer::prevented);
  EXPECT_FALSE(store().enqueue(mail).already_queued);
}

// The statement names the index that it stands on: without it, or with one that is not unique, nothing is
// added, and never a second one.
TEST_P(JobsTest, WithoutItsUniqueIndexNothingIsAdded) {
  const NewJob mail{.kind = "mail", .unique_key = "ann"};
  store().enqueue(mail);
  sql("DROP INDEX fencepost_jobs_unique");
  EXPECT_THROW(store().enqueue(mail), InfraError);
  sql("CREATE INDEX fencepost_jobs_unique ON fencepost_jobs (kind, unique_key) "
      "WHERE unique_key IS NOT NULL AND status IN ('queued', 'claimed')");
  EXPECT_THROW(store().enqueue(mail), InfraError);
  EXPECT_EQ(number("SELECT count(*) FROM fencepost_jobs"), 1);
}

TEST_P(JobsTest, OfManyAtOnceExactlyOneIsAdded) {
  std::atomic<int> added{0};
  std::vector<std::jthread> callers;
  for (int i = 0; i < 8; ++i)
    callers.emplace_back([&, i] {
      // In different orders: keys are taken in one, so nobody deadlocks.
      std::vector<NewJob> jobs;
      for (int k = 0; k < 20; ++k)
        jobs.push_back({.kind = "mail", .unique_key = std::to_string(i % 2 == 0 ? k : 19 - k)});
      for (const auto& one : store().enqueue(jobs)) added += !one.already_queued;
    });
  callers.clear();
  EXPECT_EQ(added, 20);
  EXPECT_EQ(number("SELECT count(*) FROM fencepost_jobs"), 20);
}

TEST_P(JobsTest, WhatIsNotCommittedIsNotThere) {
  EXPECT_THROW(store().transaction([&](Transaction& t) {
    t.enqueue({.kind = "mail", .unique_key = "k"});
    throw std::runtime_error("no");
  }),
               std::runtime_error);
  EXPECT_EQ(number("SELECT count(*) FROM fencepost_jobs"), 0);
  EXPECT_FALSE(store().enqueue({.kind = "mail", .unique_key = "k"}).already_queued);
}

TEST_P(JobsTest, AFollowUpIsAddedByTheSettlementItself) {
  store().enqueue({.kind = "first"});
  const auto drained = drain_jobs(
      store(),
      {{"first", [](Job&) { return Outcome::done([](Transaction& t) { t.enqueue({.kind = "second"}); }); }},
       {"second", [](Job&) { return Outcome::done(); }}});
  EXPECT_EQ(drained.size(), 2U);
}

TEST_P(JobsTest, AJobOfALaterTimeIsNotRunBefore) {
  store().enqueue({.kind = "mail", .delay = 1h});
  store().enqueue({.kind = "mail", .run_at = Micros{4'000'000'000'000'000}});
  EXPECT_TRUE(drain_jobs(store(), {{"mail", [](Job&) { return Outcome::done(); }}}).empty());
}

TEST_P(JobsTest, EachJobHasItsOwnNumberOfAttempts) {
  store().enqueue({.kind = "once", .max_attempts = 1});
  store().enqueue({.kind = "thrice", .max_attempts = 3});
  const auto drained = drain_jobs(
      store(), {{"once", [](Job&) -> Outcome { throw std::runtime_error("secret internal text"); }},
                {"thrice", [](Job&) { return Outcome::retry("not yet", 0s); }}});
  ASSERT_EQ(drained.size(), 4U);
  EXPECT_EQ(drained[0].state, State::failed);
  EXPECT_EQ(drained[0].error, "internal error");
  EXPECT_EQ(drained[3].state, State::failed);
  EXPECT_EQ(drained[3].attempt, 3);
  EXPECT_EQ(drained[3].error, "not yet");
}

TEST_P(JobsTest, AHigherPriorityGoesFirst) {
  for (const int priority : {0, 5, -1, 5})
    store().enqueue(
        {.kind = "mail", .payload = "{\"p\": " + std::to_string(priority) + "}", .priority = priority});
  std::vector<int> order;
  drain_jobs(store(), {{"mail", [&](Job& job) {
                          order.push_back(job.get<int>("p"));
                          return Outcome::done();
                        }}});
  EXPECT_EQ(order, (std::vector<int>{5, 5, 0, -1}));
}

TEST_P(JobsTest, AnUnknownKindIsLeftForAnotherProcess) {
  const auto job = store().enqueue({.kind = "foreign"});
  const auto drained = drain_jobs(store(), {});
  ASSERT_EQ(drained.size(), 1U);
  const auto item = store().read(jobs_queue(), std::to_string(job.id)).value();
  EXPECT_EQ(item.state, State::queued);
  EXPECT_EQ(item.attempt, 0);
}

TEST_P(JobsTest, WhatIsNoJobIsRefused) {
  const auto code_of = [&](const NewJob& job) -> std::string {
    try {
      store().enqueue(job);
      return "added";
    } catch (const UserError& error) {
      return error.code();
    }
  };
  EXPECT_EQ(code_of({.kind = ""}), "invalid_job");
  EXPECT_EQ(code_of({.kind = "\xff"}), "invalid_job");
  EXPECT_EQ(code_of({.kind = std::string("a\0b", 3)}), "invalid_job");
  EXPECT_EQ(code_of({.kind = "a", .payload = "{"}), "invalid_payload");
  EXPECT_EQ(code_of({.kind = "a", .payload = ""}), "invalid_payload");
  EXPECT_EQ(code_of({.kind = "a", .payload = "[1]"}), "invalid_payload");
  EXPECT_EQ(code_of({.kind = "a", .max_attempts = 0}), "invalid_job");
  EXPECT_EQ(code_of({.kind = "a", .delay = 1s, .run_at = 1}), "invalid_job");
  EXPECT_EQ(number("SELECT count(*) FROM fencepost_jobs"), 0);
  EXPECT_EQ(code_of({.kind = "a", .payload = R"( {"b": "\" $1 ' \n ü"} )"}), "added");
}

ON_BOTH(JobsTest);

}  // namespace
}  // namespace fencepost::testing
