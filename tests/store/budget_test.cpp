// Buckets and their ledger (DESIGN section 3, promise F4).
#include <future>
#include <thread>

#include "budgets.hpp"
#include "store/sql.hpp"

namespace fencepost::store::testing {
namespace {

TEST_P(BudgetTest, SixtyFourThreadsOnABucketThatDoesNotExistGetExactlyTheLimit) {
  World world(GetParam(), core::Kind::once, patient(64));
  const int granted = on_64_threads(world, [](auto& c, const std::string& item) {
    return take(c, kDay, 17, 1, "posts", item, "upload", 0).outcome == Outcome::granted;
  });
  EXPECT_EQ(granted, 17);
  expect_bucket(world, kDay, 17, 17);
}

TEST_P(BudgetTest, ARepeatedTakeCountsOnceAndARetryCountsAnew) {
  World world(GetParam(), core::Kind::once);
  EXPECT_EQ(take_in(world, kDay, 10, 3, "1").outcome, Outcome::granted);
  const auto again = take_in(world, kDay, 10, 3, "1");
  EXPECT_EQ(again.outcome, Outcome::already_taken);
  EXPECT_EQ(again.used, 3);
  EXPECT_EQ(take_in(world, kDay, 10, 3, "1", 1).outcome, Outcome::granted);
  expect_bucket(world, kDay, 10, 6);
}

TEST_P(BudgetTest, AFullBucketSaysSoAndLeavesNothingBehind) {
  World world(GetParam(), core::Kind::once);
  EXPECT_EQ(take_in(world, kDay, 5, 4, "1").outcome, Outcome::granted);
  const auto full = take_in(world, kDay, 5, 2, "2");
  EXPECT_TRUE(full.full());
  EXPECT_EQ(full.limit, 5);
  EXPECT_EQ(full.used, 4);
  EXPECT_TRUE(ledger_of(world.onlooker(), "posts", "2").empty());
  expect_bucket(world, kDay, 5, 4);
  EXPECT_EQ(take_in(world, kDay, 5, 1, "2").outcome, Outcome::granted);
}

TEST_P(BudgetTest, AnAmountNearTheLargestNumberIsRefusedAndDoesNotOverflow) {
  World world(GetParam(), core::Kind::once);
  EXPECT_EQ(take_in(world, kDay, 5, 1, "1").outcome, Outcome::granted);
  EXPECT_TRUE(take_in(world, kDay, 5, std::numeric_limits<std::int64_t>::max(), "2").full());
  expect_bucket(world, kDay, 5, 1);
}

TEST_P(BudgetTest, TheRowsLimitIsInForceAfterItsCreation) {
  World world(GetParam(), core::Kind::once);
  EXPECT_EQ(take_in(world, kDay, 1, 1, "1").outcome, Outcome::granted);
  EXPECT_TRUE(take_in(world, kDay, 99, 1, "2").full());
  in_transaction(world.a(), [](auto& c) { return set_quota(c, kDay, 2).quota; });
  EXPECT_EQ(take_in(world, kDay, 1, 1, "2").outcome, Outcome::granted);
}

TEST_P(BudgetTest, ALimitLoweredBelowWhatIsUsedClosesTheBucketAndDoesNotFail) {
  World world(GetParam(), core::Kind::once);
  EXPECT_EQ(take_in(world, kDay, 10, 6, "1").outcome, Outcome::granted);
  const auto lowered = in_transaction(world.a(), [](auto& c) { return set_quota(c, kDay, 4); });
  EXPECT_EQ(lowered.used, 6);
  EXPECT_EQ(lowered.overhang, 2);
  EXPECT_TRUE(take_in(world, kDay, 10, 1, "2").full());
  expect_bucket(world, kDay, 4, 6);
  in_transaction(world.a(), [](auto& c) { return release(c, "posts", "1"); });
  expect_bucket(world, kDay, 4, 0);
  EXPECT_TRUE(take_in(world, kDay, 4, 5, "3").full());
  EXPECT_EQ(take_in(world, kDay, 4, 4, "3").outcome, Outcome::granted);
}

TEST_P(BudgetTest, SetQuotaFromChangesTheWindowsFromThereOn) {
  World world(GetParam(), core::Kind::once);
  take_in(world, kDay, 3, 3, "1");
  take_in(world, kNextDay, 3, 3, "2");
  take_in(world, {"videos", "channel-2", "2026-03-09"}, 3, 1, "3");
  const int changed = in_transaction(world.a(), [](auto& c) { return set_quota_from(c, kNextDay, 1); });
  EXPECT_EQ(changed, 1);
  expect_bucket(world, kDay, 3, 3);
  expect_bucket(world, kNextDay, 1, 3);
}

TEST_P(BudgetTest, TheDatabaseItselfRefusesOneTooMany) {
  World world(GetParam(), core::Kind::once);
  take_in(world, kDay, 5, 5, "1");
  for (const auto* raw :
       {"UPDATE fencepost_buckets SET used = quota + 1", "UPDATE fencepost_buckets SET used = -1",
        "UPDATE fencepost_buckets SET quota = quota - 1"})
    EXPECT_THROW(world.run(raw), base::InfraError) << raw;
  in_transaction(world.a(), [](auto& c) { return set_quota(c, kDay, 3).used; });
  EXPECT_THROW(world.run("UPDATE fencepost_buckets SET used = used + 1"), base::InfraError);
  EXPECT_THROW(world.run("DELETE FROM fencepost_buckets"), base::InfraError) << "its ledger is still there";
  expect_bucket(world, kDay, 3, 5);
}

TEST_P(BudgetTest, ReleaseGivesBackWhatWasTakenAndNotSpent) {
  World world(GetParam(), core::Kind::once);
  take_in(world, kDay, 10, 3, "1", 0);
  take_in(world, kDay, 10, 2, "1", 1);
  take_in(world, kNextDay, 10, 4, "1", 1);
  take_in(world, kDay, 10, 1, "2");
  in_transaction(world.a(), [](auto& c) { return mark_spent(c, "posts", "1", "upload", 0); });
  const auto released = in_transaction(world.a(), [](auto& c) { return release(c, "posts", "1"); });
  ASSERT_EQ(released.size(), 2U);
  EXPECT_EQ(released[0].key, kDay);
  EXPECT_EQ(released[0].amount, 2);
  EXPECT_EQ(released[1].key, kNextDay);
  expect_bucket(world, kDay, 10, 4);
  expect_bucket(world, kNextDay, 10, 0);
  EXPECT_TRUE(in_transaction(world.a(), [](auto& c) { return release(c, "posts", "1"); }).empty());
}

TEST_P(BudgetTest, ReleaseOfOneAttemptKeepsTheOthers) {
  World world(GetParam(), core::Kind::once);
  take_in(world, kDay, 10, 3, "1", 0);
  take_in(world, kDay, 10, 2, "1", 1);
  in_transaction(world.a(), [](auto& c) { return release(c, "posts", "1", "upload", 1); });
  expect_bucket(world, kDay, 10, 3);
}

TEST_P(BudgetTest, TakeAllIsAllOrNothing) {
  World world(GetParam(), core::Kind::once);
  take_in(world, kNextDay, 1, 1, "9");
  take_in(world, kDay, 5, 1, "1");
  const std::vector<TakeRequest> requests{
      {kNextDay, 1, 1, "posts", "1", "upload", 1},
      {{"units", "project", "2026-03-08"}, 100, 50, "posts", "1", "upload", 0},
      {kDay, 5, 1, "posts", "1", "upload", 0}};
  const auto refused = in_transaction(world.a(), [&](auto& c) { return take_all(c, requests); });
  EXPECT_EQ(refused.full, 0U);
  EXPECT_EQ(refused.takes[0].limit, 1);
  expect_bucket(world, kDay, 5, 1) /* what it had before stays */;
  expect_bucket(world, requests[1].key, 100, 0);
  in_transaction(world.a(), [](auto& c) { return set_quota(c, kNextDay, 2).used; });
  const auto granted = in_transaction(world.a(), [&](auto& c) { return take_all(c, requests); });
  EXPECT_FALSE(granted.full.has_value());
  EXPECT_EQ(granted.takes[0].outcome, Outcome::granted);
  EXPECT_EQ(granted.takes[2].outcome, Outcome::already_taken);
  expect_bucket(world, requests[1].key, 100, 50);
}

TEST_P(BudgetTest, OfNewItemsAllIsTakenAtOnceOrNothing) {
  World world(GetParam(), core::Kind::once);
  const auto taken = [&](const std::string& item, std::int64_t quota) {
    const TakeRequest call{kDay, quota, 1, "posts", item, "upload", 0};
    const SeatRequest seat{"channel", 0, 2, "posts", item};
    const std::vector<Connection::Call> beside{
        {sql::add_event, {"posts", item, "created", Value(), "queued", 0, Value(), "test", "beside"}}};
    return in_transaction(world.a(), [&](auto& c) {
      return take_all_of_new(c, {call, call}, {seat}, beside);
    });
  };
  const auto first = taken("1", 2);
  EXPECT_FALSE(first.full.has_value());
  EXPECT_EQ(first.takes[0].outcome, Outcome::granted);
  EXPECT_EQ(first.takes[1].outcome, Outcome::already_taken) << "named twice";
  EXPECT_EQ(first.seats[0].outcome, SeatTake::Outcome::granted);
  EXPECT_EQ(world.run("SELECT count(*) FROM fencepost_events WHERE detail = 'beside'")[0][0].integer(), 1);
  expect_bucket(world, kDay, 2, 1);
  EXPECT_THROW(taken("1", 2), base::InfraError) << "it is not new";
  expect_bucket(world, kDay, 2, 1);
  EXPECT_FALSE(taken("2", 2).full.has_value());
  EXPECT_EQ(taken("3", 2).full, 0U);
  expect_bucket(world, kDay, 2, 2);
  expect_bucket(world, slot_key("channel", 0), 2, 2);
}

TEST_P(BudgetTest, ATakeThatIsNamedTwiceInOneCallCountsOnce) {
  World world(GetParam(), core::Kind::once);
  const TakeRequest one{kDay, 2, 1, "posts", "1", "upload", 0};
  const auto twice = in_transaction(world.a(), [&](auto& c) { return take_all(c, {one, one}); });
  EXPECT_FALSE(twice.full.has_value());
  EXPECT_EQ(twice.takes[0].outcome, Outcome::granted);
  EXPECT_EQ(twice.takes[1].outcome, Outcome::already_taken);
  expect_bucket(world, kDay, 2, 1);
}

// Rule 14: B asks for the later day first, and must not hold it while it waits for the earlier one.
TEST_P(BudgetTest, TakeAllLocksInOneOrderWhateverTheOrderOfItsRequests) {
  World world(GetParam(), core::Kind::once);
  take_in(world, kDay, 10, 1, "0");
  take_in(world, kNextDay, 10, 1, "0");
  world.a().begin();
  EXPECT_EQ(take(world.a(), kDay, 10, 1, "posts", "1", "upload", 0).outcome, Outcome::granted);
  const int pid = postgres() ? backend_pid(world.b()) : 0;
  auto b = std::async(std::launch::async, [&] {
    return in_transaction(world.b(), [](auto& c) {
      return take_all(
          c, {{kNextDay, 10, 1, "posts", "2", "upload", 0}, {kDay, 10, 1, "posts", "2", "upload", 0}});
    });
  });
  if (postgres()) {
    EXPECT_TRUE(waits_for_lock(
        world, pid, [&] { return b.wait_for(std::chrono::seconds(0)) == std::future_status::ready; }));
  }
  EXPECT_EQ(take(world.a(), kNextDay, 10, 1, "posts", "1", "upload", 0).outcome, Outcome::granted);
  world.a().commit();
  EXPECT_FALSE(b.get().full.has_value());
  expect_bucket(world, kDay, 10, 3);
  expect_bucket(world, kNextDay, 10, 3);
}

TEST_P(BudgetTest, ManyTransactionsInOppositeOrdersDoNotDeadlock) {
  World world(GetParam(), core::Kind::once, patient(64));
  const int granted = on_64_threads(world, [](auto& c, const std::string& item) {
    std::vector<TakeRequest> requests{{kDay, 100, 1, "posts", item, "upload", 0},
                                      {kNextDay, 100, 1, "posts", item, "upload", 0},
                                      {{"units", "p", "2026-03-08"}, 100, 1, "posts", item, "upload", 0}};
    if (std::stoi(item) % 2) std::swap(requests[0], requests[2]);
    return !take_all(c, requests).full;  // 40P01 would be thrown
  });
  EXPECT_EQ(granted, 64);
  expect_bucket(world, kDay, 100, 64);
}

TEST_P(BudgetTest, ALockTimeoutIsRetryableAndTakesNothing) {
  World world(GetParam(), core::Kind::once, impatient());
  take_in(world, kDay, 10, 1, "1");
  world.a().begin();
  take(world.a(), kDay, 10, 1, "posts", "2", "upload", 0);
  try {
    in_transaction(world.b(), [](auto& c) { return take(c, kDay, 10, 1, "posts", "3", "upload", 0); });
    ADD_FAILURE() << "the bucket was locked";
  } catch (const base::InfraError& error) {
    EXPECT_TRUE(error.retryable());
    EXPECT_FALSE(error.in_doubt());
    EXPECT_EQ(error.sqlstate(), postgres() ? "55P03" : "SQLITE_BUSY");
  }
  world.a().commit();
  expect_bucket(world, kDay, 10, 2);
  EXPECT_TRUE(ledger_of(world.onlooker(), "posts", "3").empty());
}

TEST_P(BudgetTest, RecalculateCorrectsAndSaysWhatDiffered) {
  World world(GetParam(), core::Kind::once);
  take_in(world, kDay, 10, 3, "1");
  take_in(world, kNextDay, 10, 8, "1");
  world.run("UPDATE fencepost_buckets SET used = 7 WHERE time_window = '2026-03-08'");
  world.run("UPDATE fencepost_buckets SET used = 0, quota = 5 WHERE time_window = '2026-03-09'");
  const auto found = in_transaction(world.a(), [](auto& c) { return recalculate(c); });
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].key, kDay);
  EXPECT_EQ(found[0].used, 7);
  EXPECT_EQ(found[0].ledger, 3);
  expect_bucket(world, kDay, 10, 3);
  expect_bucket(world, kNextDay, 5, 8);
  EXPECT_TRUE(in_transaction(world.a(), [](auto& c) { return recalculate(c); }).empty());
}

TEST_P(BudgetTest, RecalculateWaitsForAGrantThatIsUnderWay) {
  World world(GetParam(), core::Kind::once);
  take_in(world, kDay, 10, 1, "1");
  world.a().begin();
  take(world.a(), kDay, 10, 2, "posts", "2", "upload", 0);
  const int pid = postgres() ? backend_pid(world.b()) : 0;
  auto b = std::async(std::launch::async,
                      [&] { return in_transaction(world.b(), [](auto& c) { return recalculate(c); }); });
  if (postgres()) {
    EXPECT_TRUE(waits_for_lock(
        world, pid, [&] { return b.wait_for(std::chrono::seconds(0)) == std::future_status::ready; }));
  }
  world.a().commit();
  EXPECT_TRUE(b.get().empty());
  expect_bucket(world, kDay, 10, 3);
}

ON_BOTH_DATABASES(BudgetTest);

}  // namespace
}  // namespace fencepost::store::testing
