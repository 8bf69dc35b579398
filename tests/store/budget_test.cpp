// Budgets, their ledger and seats (DESIGN section 3, promise F4).
#include "store/budget.hpp"

#include <rapidcheck.h>

#include <atomic>
#include <future>
#include <latch>
#include <map>
#include <thread>

#include "both_databases.hpp"
#include "store/sql.hpp"

namespace fencepost::store::testing {
namespace {

using Outcome = Take::Outcome;
using Seat = SeatTake::Outcome;

const BucketKey kDay{"videos", "channel-1", "2026-03-08"};
const BucketKey kNextDay{"videos", "channel-1", "2026-03-09"};
constexpr base::Micros kSlot = 1'773'000'000'000'000;

class BudgetTest : public BothDatabases {
 protected:
  static DatabaseOptions impatient() {
    DatabaseOptions options;
    options.lock_timeout = std::chrono::milliseconds(50);
    return options;
  }
  Take take_in(World& world, const BucketKey& key, std::int64_t quota, std::int64_t amount,
               const std::string& item, int attempt = 0) {
    return in_transaction(
        world.a(), [&](auto& c) { return take(c, key, quota, amount, "posts", item, "upload", attempt); });
  }
  static void expect_bucket(World& world, const BucketKey& key, std::int64_t quota, std::int64_t used) {
    const auto now = bucket(world.onlooker(), key);
    ASSERT_TRUE(now.has_value());
    EXPECT_EQ(now->quota, quota);
    EXPECT_EQ(now->used, used);
    EXPECT_EQ(now->overhang, std::max<std::int64_t>(0, used - quota));
    EXPECT_TRUE(differences(world.onlooker()).empty());
  }
};

SeatTake sit(Connection& connection, const std::string& channel, base::Micros slot_at, int capacity,
             const std::string& queue, const std::string& item) {
  return take_all(connection, {}, {{channel, slot_at, capacity, queue, item}}).seats[0];
}

// `work` on 64 threads at once, each with its own connection and number; answers how many said true.
template <typename Work>
int on_64_threads(World& world, Work&& work) {
  std::latch start(64);
  std::atomic<int> yes = 0;
  {
    std::vector<std::jthread> threads;
    for (int n = 0; n < 64; ++n)
      threads.emplace_back([&, n] {
        auto connection = world.database().acquire();
        start.arrive_and_wait();
        yes += in_transaction(*connection, [&](auto& c) { return work(c, std::to_string(n)); });
      });
  }
  return yes;
}

TEST_P(BudgetTest, SixtyFourThreadsOnABucketThatDoesNotExistGetExactlyTheLimit) {
  World world(GetParam(), core::Kind::once, patient(64));
  const int granted = on_64_threads(world, [](auto& c, const std::string& item) {
    return take(c, kDay, 17, 1, "posts", item, "upload", 0).outcome == Outcome::granted;
  });
  EXPECT_EQ(granted, 17);
  expect_bucket(world, kDay, 17, 17);
}

TEST_P(BudgetTest, SixtyFourThreadsOnOneSeatGiveItOnce) {
  World world(GetParam(), core::Kind::once, patient(64));
  const int granted = on_64_threads(world, [](auto& c, const std::string& item) {
    return sit(c, "channel-1", kSlot, 1, "posts", item).outcome == Seat::granted;
  });
  EXPECT_EQ(granted, 1);
  expect_bucket(world, slot_key("channel-1", kSlot), 1, 1);
  EXPECT_EQ(world.run("SELECT count(*) FROM fencepost_slots")[0][0].integer(), 1);
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

TEST_P(BudgetTest, SeatsAboveALoweredCapacityStillCount) {
  World world(GetParam(), core::Kind::once);
  const auto seat = [&](const std::string& item) {
    return in_transaction(world.a(), [&](auto& c) { return sit(c, "channel-1", kSlot, 3, "posts", item); });
  };
  for (int n = 1; n <= 3; ++n) EXPECT_EQ(seat(std::to_string(n)).seat, n);
  EXPECT_EQ(seat("4").outcome, Seat::full);
  for (const auto* item : {"1", "2"})
    EXPECT_EQ(in_transaction(world.a(), [&](auto& c) { return release(c, "posts", item).size(); }), 1U);
  in_transaction(world.a(), [](auto& c) { return set_quota(c, slot_key("channel-1", kSlot), 2).used; });
  const auto granted = seat("4");
  EXPECT_EQ(granted.outcome, Seat::granted);
  EXPECT_EQ(granted.seat, 1);
  EXPECT_EQ(seat("5").outcome, Seat::full) << "seat 2 is free, but seat 3 counts";
}

TEST_P(BudgetTest, AnItemHasOneSeat) {
  World world(GetParam(), core::Kind::once);
  const auto seat = [&](base::Micros at) {
    return in_transaction(world.a(), [&](auto& c) { return sit(c, "channel-1", at, 3, "posts", "1"); });
  };
  EXPECT_EQ(seat(kSlot).outcome, Seat::granted);
  EXPECT_EQ(seat(kSlot).outcome, Seat::already_taken);
  EXPECT_EQ(seat(kSlot).seat, 1);
  EXPECT_EQ(seat(kSlot + 1).outcome, Seat::elsewhere);
  expect_bucket(world, slot_key("channel-1", kSlot), 3, 1);
  EXPECT_EQ(in_transaction(world.a(), [](auto& c) { return release(c, "posts", "1"); }).size(), 1U);
  EXPECT_EQ(seat(kSlot + 1).outcome, Seat::granted);
  expect_bucket(world, slot_key("channel-1", kSlot), 3, 0);
}

TEST_P(BudgetTest, TakesAndSeatsAreAllOrNothing) {
  World world(GetParam(), core::Kind::once);
  const auto both = [&](std::vector<TakeRequest> takes, std::vector<SeatRequest> seats) {
    return in_transaction(world.a(), [&](auto& c) { return take_all(c, takes, seats); });
  };
  const TakeRequest one{kDay, 5, 3, "posts", "1", "upload", 0}, two{kDay, 5, 2, "posts", "2", "upload", 0};
  const SeatRequest seat1{"channel-1", kSlot, 2, "posts", "1"}, seat2{"channel-1", kSlot, 2, "posts", "2"};
  const auto granted = both({one, two}, {seat1, seat2});
  ASSERT_FALSE(granted.full.has_value());
  EXPECT_EQ(granted.seats[0].seat, 1);
  EXPECT_EQ(granted.seats[1].seat, 2);
  EXPECT_EQ(granted.takes[0].used, 5) << "of both: they were taken in one step";
  expect_bucket(world, kDay, 5, 5);
  expect_bucket(world, slot_key("channel-1", kSlot), 2, 2);

  // A bucket that has room for one of two has room for none; a slot that is full takes everything with it.
  const TakeRequest three{kNextDay, 5, 3, "posts", "3", "upload", 0},
      four{kNextDay, 5, 3, "posts", "4", "upload", 0};
  EXPECT_EQ(both({three, four}, {}).full, 0U);
  expect_bucket(world, kNextDay, 5, 0);
  EXPECT_EQ(both({three}, {{"channel-1", kSlot, 2, "posts", "3"}}).full, 1U);
  expect_bucket(world, kNextDay, 5, 0);

  // Of two seats the second belongs to somebody who sits elsewhere: the first is free again.
  const SeatRequest later3{"channel-1", kSlot + 1, 2, "posts", "3"},
      later2{"channel-1", kSlot + 1, 2, "posts", "2"};
  const auto elsewhere = both({three}, {later3, later2});
  EXPECT_EQ(elsewhere.full, 2U);
  EXPECT_EQ(elsewhere.seats[1].outcome, Seat::elsewhere);
  EXPECT_EQ(elsewhere.seats[1].seat, 2);
  expect_bucket(world, kNextDay, 5, 0);
  expect_bucket(world, slot_key("channel-1", kSlot + 1), 2, 0);
  EXPECT_EQ(world.run("SELECT count(*) FROM fencepost_slots")[0][0].integer(), 2);
}

TEST_P(BudgetTest, ASpentSeatIsKept) {
  World world(GetParam(), core::Kind::once);
  in_transaction(world.a(), [](auto& c) { return sit(c, "channel-1", kSlot, 1, "posts", "1").seat; });
  in_transaction(world.a(), [](auto& c) { return mark_spent(c, "posts", "1", "seat", 0); });
  EXPECT_TRUE(in_transaction(world.a(), [](auto& c) { return release(c, "posts", "1"); }).empty());
  EXPECT_EQ(
      in_transaction(world.a(), [](auto& c) { return sit(c, "channel-1", kSlot, 1, "posts", "2").outcome; }),
      Seat::full);
}

// -- any sequence of acts, against a model
// -----------------------------------------------------------------------

enum Act { kTake, kTakeTwo, kRelease, kReleaseAttempt, kSpend, kSetQuota, kRecalculate, kActs };
using Step = std::tuple<int, int, int, int, int>;  // act, bucket, item, attempt, amount

struct Model {
  struct State {
    std::int64_t quota, used;
  };
  struct Entry {
    std::int64_t amount;
    bool spent;
  };
  std::map<BucketKey, State> buckets;
  std::map<std::tuple<std::string, int, BucketKey>, Entry> ledger;  // item, attempt, bucket

  Outcome take(const TakeRequest& r) {
    auto& b = buckets.try_emplace(r.key, State{r.quota, 0}).first->second;
    if (ledger.contains({r.item, r.attempt, r.key})) return Outcome::already_taken;
    if (b.used + r.amount > b.quota) return Outcome::full;
    b.used += r.amount;
    ledger[{r.item, r.attempt, r.key}] = {r.amount, false};
    return Outcome::granted;
  }
  void release(const std::string& item, std::optional<int> attempt) {
    std::erase_if(ledger, [&](const auto& e) {
      const auto& [of, number, key] = e.first;
      if (of != item || (attempt && *attempt != number) || e.second.spent) return false;
      buckets.at(key).used -= e.second.amount;
      return true;
    });
  }
};

void play(Connection& c, Model& model, const Step& step) {
  const auto& [act, which, number, attempt, amount] = step;
  const BucketKey key{"s", "n", "w" + std::to_string(which)};
  const BucketKey other{"s", "n", "w" + std::to_string((which + 1) % 3)};
  const std::string item = std::to_string(number);
  const TakeRequest request{key, 5, amount, "q", item, "p", attempt};
  switch (act) {
    case kTake:
      RC_ASSERT(take(c, key, 5, amount, "q", item, "p", attempt).outcome == model.take(request));
      break;
    case kTakeTwo: {
      const TakeRequest second{other, 5, amount, "q", item, "p", attempt};
      auto tried = model;
      const bool full = tried.take(request) == Outcome::full || tried.take(second) == Outcome::full;
      RC_ASSERT(take_all(c, {second, request}).full.has_value() == full);
      if (!full) model = tried;
      break;
    }
    case kRelease:
      release(c, "q", item), model.release(item, {});
      break;
    case kReleaseAttempt:
      release(c, "q", item, "p", attempt), model.release(item, attempt);
      break;
    case kSpend:
      mark_spent(c, "q", item, "p", attempt);
      for (auto& [name, entry] : model.ledger)
        if (std::get<0>(name) == item && std::get<1>(name) == attempt) entry.spent = true;
      break;
    case kSetQuota:
      set_quota(c, key, amount);
      model.buckets.try_emplace(key, Model::State{amount, 0}).first->second.quota = amount;
      break;
    default:
      RC_ASSERT(recalculate(c).empty());
  }
}

TEST_P(BudgetTest, AnySequenceOfActsKeepsUsedEqualToTheLedger) {
  World world(GetParam(), core::Kind::once);
  EXPECT_TRUE(rc::check("budgets follow their model", [&] {
    const auto steps =
        *rc::gen::resize(25, rc::gen::container<std::vector<Step>>(rc::gen::tuple(
                                 rc::gen::inRange(0, static_cast<int>(kActs)), rc::gen::inRange(0, 3),
                                 rc::gen::inRange(0, 3), rc::gen::inRange(0, 2), rc::gen::inRange(1, 5))));
    Model model;
    Transaction never_committed(world.a());
    for (const auto& step : steps) {
      play(world.a(), model, step);
      RC_ASSERT(differences(world.a()).empty());
      for (const auto& [key, expected] : model.buckets) {
        const auto now = bucket(world.a(), key);
        // A take_all that was refused may have made the bucket.
        if (!now) continue;
        RC_ASSERT(now->used == expected.used);
        RC_ASSERT(now->quota == expected.quota);
      }
    }
  }));
}

ON_BOTH_DATABASES(BudgetTest);

}  // namespace
}  // namespace fencepost::store::testing
