// Retention: what is deleted, what stays, and that verify finds nothing afterwards.

#include "store/retention.hpp"

#include "rules.hpp"
#include "store/budget.hpp"
#include "store/migrate.hpp"
#include "store/verify.hpp"

namespace fencepost::store::testing {
namespace {

using core::State;

class RetentionTest : public Rules {
 protected:
  Deleted prune(int step = 500) {
    Retention retention({&kept()}, {hours(24), step});
    return retention.run(world_->a(), base::system_clock(), minutes(10));
  }
  const Fence& kept() { return kept_ ? *kept_ : fence(); }
  // The world's queue with its own rows kept for `keep`.
  void keep_finished(Duration keep) {
    auto queue = world_->queue();
    queue.keep_finished = keep;
    kept_ = std::make_unique<Fence>(queue, GetParam(), own_schema(world_->onlooker()));
    kept_->install(world_->onlooker());
  }
  Effect begin(const std::string& item) {
    const auto claims = fence().claim(world_->a(), 1, hours(1), kWorker);
    EXPECT_EQ(claims.at(0).item, item);
    return fence().begin_effect(world_->a(), claims.at(0), kPost).value();
  }
  void expect_clean() {
    const std::span<const Fence> queues(&fence(), 1);
    for (const auto& v : verify(world_->onlooker(), queues))
      ADD_FAILURE() << v.promise << " " << v.item << " " << v.what;
  }
  Deleted prune_budgets(int step = 500) { return prune_budgets(world_->a(), step); }
  Deleted prune_budgets(Connection& connection, int step) {
    Retention retention({&kept()}, {.step = step, .keep_budgets = hours(40 * 24)});
    return retention.run(connection, base::system_clock(), minutes(10));
  }
  // The database's day, so many days from today, and a slot on it; today is that of the first call.
  std::int64_t at(int days) {
    if (!today_) today_ = world_->run("SELECT fencepost_now()")[0][0].integer();
    return *today_ + days * std::int64_t{86'400'000'000};
  }
  BucketKey day(int days) { return {"calls", "project", base::format_utc(at(days)).substr(0, 10)}; }
  static void take_one(Connection& connection, const BucketKey& key, const std::string& item,
                       std::optional<std::int64_t> slot = std::nullopt) {
    const auto seats =
        slot ? std::vector<SeatRequest>{{"channel", *slot, 2, "videos", item}} : std::vector<SeatRequest>{};
    ASSERT_FALSE(take_all(connection, {{key, 10, 1, "videos", item, "call", 0}}, seats).full);
  }
  void take_once(const BucketKey& key, const std::string& item,
                 std::optional<std::int64_t> slot = std::nullopt) {
    Transaction transaction(world_->a());
    take_one(world_->a(), key, item, slot);
    transaction.commit();
  }
  void later(Duration by = hours(48)) { shift_clock(*world_, by); }

  std::unique_ptr<Fence> kept_;
  std::optional<std::int64_t> today_;
};

TEST_P(RetentionTest, WhatIsYoungStays) {
  once().add();
  fence().settle_effect(world_->a(), begin("1"), did_not_happen(), "worker");
  EXPECT_EQ(prune(), Deleted{});
  later(hours(23));
  EXPECT_EQ(prune(), Deleted{});
}

TEST_P(RetentionTest, AFailedAttemptGoesAndItsHistoryStaysWholeAtItsEnd) {
  once().add();
  fence().settle_effect(world_->a(), begin("1"), did_not_happen(Duration(0)), "worker");
  later();
  const auto second = begin("1");
  fence().settle_effect(world_->a(), second, happened(), "worker");
  later(hours(96));
  // The first attempt failed; the second is what the item holds.
  const auto deleted = prune();
  EXPECT_EQ(deleted.effects, 1);
  EXPECT_EQ(deleted.events, 0) << "an effect of it is left, and its history says how it began";
  EXPECT_EQ(count("fencepost_effects"), 1);
  expect_clean();
}

TEST_P(RetentionTest, NothingOfAnItemWithAnOpenEffectGoes) {
  once().add();
  fence().settle_effect(world_->a(), begin("1"), did_not_happen(Duration(0)), "worker");
  fence().settle_effect(world_->a(), begin("1"), {Verdict::unknown, "", "", "cut", {}}, "worker");
  later(hours(24 * 30));
  EXPECT_EQ(prune(), Deleted{});
  EXPECT_EQ(row().state, State::unknown);
  expect_clean();
}

TEST_P(RetentionTest, HistoryOfWhatIsGoneGoesInStepsFromItsBeginning) {
  once().add();
  fence().settle_effect(world_->a(), begin("1"), happened(), "worker");
  fence().remove(world_->a(), "1", "ada");
  const auto events = count("fencepost_events");
  ASSERT_GE(events, 2) << "it began, and was deleted";
  later();
  for (std::int64_t left = events; left > 0;) {
    const auto deleted = prune(1);
    left -= deleted.events;
    ASSERT_GT(deleted.events + deleted.effects, 0);
    expect_clean();
  }
  EXPECT_EQ(count("fencepost_effects"), 0);
  EXPECT_EQ(count("fencepost_events"), 0);
}

// A gap would make a stop look as if nothing had taken it back.
TEST_P(RetentionTest, AStopIsNotForgottenLaterThanWhatRearmedIt) {
  once().add();
  fence().stop(world_->a(), "1", "ada");
  fence().rearm(world_->a(), "1", "ada");
  later();
  fence().settle_effect(world_->a(), begin("1"), did_not_happen(Duration(0)), "worker");
  prune(1);
  expect_clean();
  later(hours(96));
  while (prune(1) != Deleted{}) expect_clean();
  EXPECT_EQ(count("fencepost_effects"), 0);
  EXPECT_EQ(count("fencepost_events"), 0);
}

TEST_P(RetentionTest, FinishedRowsGoWhereTheQueueAsksForIt) {
  auto& w = repeatable();
  for (const auto* item : {"before", "done", "failed", "stopped", "again", "queued"}) w.add(item);
  w.run("UPDATE {table} SET {status} = 'Completed' WHERE {key} = 'before'");
  keep_finished(hours(2));
  w.run("UPDATE {table} SET {status} = 'Completed' WHERE {key} = 'done'");
  w.run("UPDATE {table} SET {status} = 'Error' WHERE {key} IN ('failed', 'again')");
  EXPECT_EQ(kept().stop(w.a(), "stopped", "ada"), core::StopAnswer::prevented);
  EXPECT_EQ(prune().items, 0);
  EXPECT_EQ(kept().rearm(w.a(), "again", "ada"), RearmAnswer::rearmed);
  later(hours(3));
  EXPECT_EQ(prune(2).items, 4) << "also what was finished before anybody asked";
  EXPECT_EQ(count("{table}"), 2);
  EXPECT_EQ(count("fencepost_finished"), 0);
}

TEST_P(RetentionTest, AnUnknownRowNeverGoesAndADoneOneTakesItsEffectAlong) {
  auto& w = once();
  keep_finished(hours(2));
  w.add("1");
  kept().settle_effect(w.a(), begin("1"), {Verdict::unknown, "", "", "cut", {}}, "worker");
  w.add("2");
  kept().settle_effect(w.a(), begin("2"), happened(), "worker");
  // Somebody's plain SQL says it is done; nobody knows.
  w.run("UPDATE {table} SET {status} = 'done' WHERE {key} = 1");
  later();
  EXPECT_EQ(prune().items, 1);
  EXPECT_TRUE(kept().read(w.a(), "1"));
  EXPECT_FALSE(kept().read(w.a(), "2"));
  EXPECT_EQ(count("fencepost_events WHERE kind = 'deleted' AND actor = 'retention'"), 1);
  EXPECT_EQ(count("fencepost_effects WHERE item = '2'"), 0);
}

TEST_P(RetentionTest, ARowThatTheTableKeepsHoldsUpNobody) {
  auto& w = repeatable();
  keep_finished(hours(2));
  for (const auto* item : {"a", "b", "c"}) w.add(item);
  w.script("CREATE TABLE child (place TEXT NOT NULL REFERENCES {table} ({key}))");
  w.run("INSERT INTO child VALUES ('b')");
  w.run("UPDATE {table} SET {status} = 'Completed'");
  later(hours(3));
  EXPECT_EQ(prune().items, 2);
  EXPECT_EQ(prune().items, 0) << "it is left alone until it is as old once more";
  EXPECT_EQ(count("{table}"), 1);
}

TEST_P(RetentionTest, AQueueThatAsksNoMoreHasNoTriggerLeft) {
  auto& w = repeatable();
  keep_finished(hours(2));
  fence().install(w.onlooker());
  w.add();
  foreign("{status} = 'Completed'");
  EXPECT_EQ(count("fencepost_finished"), 0);
}

TEST_P(RetentionTest, BudgetsWhoseWindowIsLongOverGoWhole) {
  once();
  const auto old = at(-42), young = at(-39);
  const auto month = base::format_utc(at(-80)).substr(0, 7),
             this_month = base::format_utc(at(0)).substr(0, 7);
  take_once(day(-42), "1", old);
  take_once(day(-42), "2", old);
  take_once(day(-39), "3", young);
  take_once(day(-41), "4") /* not over in every zone for so long */;
  take_once({"spend", "connection:1", month}, "5");
  take_once({"spend", "connection:1", this_month}, "6");
  take_once({"tries", "one", "for ever"}, "7");
  // Two buckets in a step: a bucket goes with all that is in it.
  EXPECT_EQ(prune_budgets(2).buckets, 3) << "the day, its slot, and the month";
  EXPECT_EQ(count("fencepost_buckets"), 5);
  EXPECT_EQ(count("fencepost_ledger"), 5);
  EXPECT_EQ(count("fencepost_slots WHERE item = '3'"), 1);
  EXPECT_EQ(count("fencepost_slots"), 1) << "who sat there may sit elsewhere";
  expect_clean();
  {
    Transaction transaction(world_->a());
    EXPECT_TRUE(recalculate(world_->a()).empty());
    EXPECT_TRUE(release(world_->a(), "videos", "1").empty()) << "a day that is forgotten gets nothing back";
  }
  EXPECT_EQ(bucket(world_->onlooker(), day(-39))->used, 1);
  take_once(day(0), "1", at(1));
  EXPECT_EQ(prune_budgets(), Deleted{});
  expect_clean();
}

TEST_P(RetentionTest, ABucketThatSomebodyTakesOfStays) {
  once();
  take_once(day(-50), "1");
  auto impatient = patient();
  impatient.lock_timeout = std::chrono::milliseconds(50);
  const auto other = Database::open(world_->url(), impatient);
  {
    Transaction taking(world_->b());
    take_one(world_->b(), day(-50), "2");
    // Where writers take turns there is nobody meanwhile.
    if (GetParam() == Dialect::postgres) {
      EXPECT_EQ(prune_budgets(*other->acquire(), 500), Deleted{}) << "nor does it wait";
    }
    taking.commit();
  }
  EXPECT_EQ(count("fencepost_ledger"), 2);
  expect_clean();
  EXPECT_EQ(prune_budgets().buckets, 1);
  expect_clean();
}

TEST_P(RetentionTest, BudgetsOfLessThanAMonthAreRefused) {
  once();
  EXPECT_THROW(Retention({&fence()}, {.keep_budgets = hours(31 * 24)}), base::UserError);
}

TEST_P(RetentionTest, AHistoryOfLessThanADayIsRefused) {
  once();
  EXPECT_THROW(Retention({&fence()}, {hours(23), 500}), base::UserError);
}

ON_BOTH_DATABASES(RetentionTest);

}  // namespace
}  // namespace fencepost::store::testing
