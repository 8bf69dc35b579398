// Throughput: what several instances count is one sum by minute, added once, and kept for two days.

#include "store/throughput.hpp"

#include <thread>

#include "rules.hpp"
#include "store/retention.hpp"
#include "store/sql.hpp"

namespace fencepost::store::testing {
namespace {

constexpr Duration kMinute = minutes(1);
constexpr Micros kEver = Micros{1} << 60;  // a multiple of no minute: only as an end

class ThroughputTest : public Rules {
 protected:
  ThroughputTest() {
    repeatable();
    for (const auto worker : {kWorker, kWorker + 1})
      world_->run(
          "INSERT INTO fencepost_workers (number, boot_id, pid, started, host, lock_file, seen) "
          "VALUES (?1, 'b', 1, 1, 'h', 'f', 1)",
          {worker});
  }
  std::vector<EndedIn> all(const std::string& queue = "", Duration step = kMinute) {
    return throughput(world_->onlooker(), queue, 0, kEver, step);
  }
  Micros now() { return world_->run("SELECT fencepost_now()")[0][0].integer(); }
  // Of the minute before this one: so long ago that no end of a minute comes between two who count from it.
  Micros middle() {
    return middle_ != 0 ? middle_ : middle_ = now() / kMinute.count() * kMinute.count() - kMinute.count() / 2;
  }
  static Ended done(std::int64_t n) { return {.done = n}; }
  // Every queue and minute together.
  Ended sum() {
    Ended sum;
    for (const auto& one : all())
      for (const auto how : {Ending::done, Ending::failed, Ending::retried, Ending::unknown})
        sum[how] += Ended(one.ended)[how];
    return sum;
  }

 private:
  Micros middle_ = 0;
};

TEST_P(ThroughputTest, InstancesAddToOneMinute) {
  const Micros at = middle();
  const auto ago = [&] { return Duration(now() - at); };
  add_ended(world_->a(), kWorker, 1, {{"q", ago(), {1, 2, 3, 4}}});
  add_ended(world_->b(), kWorker + 1, 1, {{"q", ago(), {10, 20, 30, 40}}});
  const auto found = all();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].queue, "q");
  EXPECT_EQ(found[0].from, at / kMinute.count() * kMinute.count());
  EXPECT_EQ(found[0].ended, (Ended{11, 22, 33, 44}));
}

// Slices of a second, most of them of one minute: PostgreSQL refuses to write a row twice in one statement.
TEST_P(ThroughputTest, SecondsOfOneMinuteAreOneRow) {
  std::vector<EndedAgo> slices;
  for (int second = 0; second < 180; ++second) slices.push_back({"q", seconds(second), done(1)});
  add_ended(world_->a(), kWorker, 1, slices);
  const auto found = all();
  EXPECT_GE(found.size(), 3U);
  EXPECT_LE(found.size(), 4U);
  EXPECT_EQ(sum(), done(180));
}

// Its commit was in doubt, and it had been written.
TEST_P(ThroughputTest, ABatchIsAddedOnce) {
  for (int tries = 0; tries < 2; ++tries) add_ended(world_->a(), kWorker, 1, {{"q", {}, done(5)}});
  EXPECT_EQ(sum(), done(5));
  add_ended(world_->a(), kWorker, 2, {{"q", {}, done(1)}});
  EXPECT_EQ(sum(), done(6));
}

// The process that was told nothing looks while its old commit is still under way: it waits for that.
TEST_P(ThroughputTest, ABatchThatIsStillBeingAddedIsWaitedFor) {
  if (!postgres()) return;  // one writer at a time: the second begins when the first has ended
  world_->a().begin();
  add_ended(world_->a(), kWorker, 1, {{"q", {}, done(5)}});
  const int pid = backend_pid(world_->b());
  std::atomic<bool> finished = false;
  {
    const std::jthread again([&] {
      add_ended(world_->b(), kWorker, 1, {{"q", {}, done(5)}});
      finished = true;
    });
    EXPECT_TRUE(waits_for_lock(*world_, pid, [&] { return finished.load(); }));
    world_->a().commit();
  }
  EXPECT_EQ(sum(), done(5));
}

// Rule 14: who waits for the first of its rows holds none of the others, whatever the order that it was
// given.
TEST_P(ThroughputTest, Rule14_TwoInstancesNeverWaitForEachOther) {
  if (!postgres()) return;  // one writer at a time
  const Duration ago(now() - middle());
  const auto add = [ago](Connection& connection, std::int64_t worker, std::int64_t batch,
                         const std::vector<const char*>& queues) {
    std::vector<EndedAgo> ended;
    for (const auto* queue : queues) ended.push_back({queue, ago, done(1)});
    add_ended(connection, worker, batch, ended);
  };
  add(world_->a(), kWorker, 1, {"a", "b", "c"});
  const auto holder = world_->connect(), first = world_->connect(), second = world_->connect();
  holder->begin();
  world_->run(*holder, "SELECT 1 FROM fencepost_throughput WHERE queue = 'a' FOR UPDATE");
  const int first_pid = backend_pid(*first), second_pid = backend_pid(*second);
  std::atomic<bool> first_done = false, second_done = false;
  const std::jthread one([&] {
    add(*first, kWorker, 2, {"c", "a", "b"});
    first_done = true;
  });
  EXPECT_TRUE(waits_for_lock(*world_, first_pid, [&] { return first_done.load(); }));
  const std::jthread other([&] {
    add(*second, kWorker + 1, 1, {"c", "b"});
    second_done = true;
  });
  EXPECT_FALSE(waits_for_lock(*world_, second_pid, [&] { return second_done.load(); }));
  holder->rollback();
}

TEST_P(ThroughputTest, StepsAndQueues) {
  const auto hour = Duration(hours(1)).count();
  const Micros begin = now() / hour * hour - 2 * hour;
  const auto ago = [&](Micros at) { return Duration(now() - at); };
  const Micros second = 1'000'000;
  add_ended(world_->a(), kWorker, 1,
            {{"a", ago(begin + second), {1, 0, 0, 0}},
             {"a", ago(begin + hour - 30 * second), {2, 1, 0, 0}},
             {"a", ago(begin + hour + 30 * second), {4, 0, 0, 1}},
             {"b", ago(begin + second), {8, 0, 0, 0}}});
  const auto hourly = all("a", hours(1));
  ASSERT_EQ(hourly.size(), 2U);
  EXPECT_EQ(hourly[0].from, begin);
  EXPECT_EQ(hourly[0].ended, (Ended{3, 1, 0, 0}));
  EXPECT_EQ(hourly[1].from, begin + hour);
  EXPECT_EQ(hourly[1].ended, (Ended{4, 0, 0, 1}));
  EXPECT_EQ(all("a").size(), 3U);
  EXPECT_EQ(all("", hours(1)).size(), 3U);
  EXPECT_EQ(all("none").size(), 0U);
  EXPECT_EQ(throughput(world_->a(), "a", begin + hour, kEver, hours(1)).size(), 1U) << "from is inclusive";
  EXPECT_EQ(throughput(world_->a(), "a", begin, begin + hour, hours(1)).size(), 1U) << "until is not";
}

// The database's clock decides which minute it is; one that goes back adds to the minutes that it meets
// again.
TEST_P(ThroughputTest, AClockThatStepsLosesNothing) {
  add_ended(world_->a(), kWorker, 1, {{"q", {}, done(1)}});
  shift_clock(*world_, hours(2));
  add_ended(world_->a(), kWorker, 2, {{"q", {}, done(2)}});
  shift_clock(*world_, -hours(1));
  add_ended(world_->a(), kWorker, 3, {{"q", {}, done(4)}});
  shift_clock(*world_, Duration(0));
  add_ended(world_->a(), kWorker, 4, {{"q", {}, done(8)}});
  EXPECT_EQ(sum(), done(15));
  const auto found = all("", hours(1));
  EXPECT_GE(found.size(), 3U);
}

TEST_P(ThroughputTest, MinutesOfTwoDaysAreKept) {
  add_ended(world_->a(), kWorker, 1,
            {{"a", hours(60), done(1)},
             {"a", hours(49), done(2)},
             {"b", hours(49), done(4)},
             {"a", hours(47), done(8)}});
  Retention retention({&fence()}, {.step = 1});
  const auto deleted = retention.run(world_->a(), base::system_clock(), minutes(10));
  EXPECT_EQ(deleted.minutes, 3) << "also where the history is kept for ever";
  EXPECT_EQ(sum(), done(8));
}

// Its worker was late, and says of it what the rescuer has said.
TEST_P(ThroughputTest, WhatSomebodyElseHasRecordedIsNotCountedAgain) {
  world_->add();
  const auto late = claim();
  const auto seen = fence().held_by(world_->b(), kWorker);
  ASSERT_EQ(seen.size(), 1U);
  ASSERT_EQ(fence().rescue(world_->b(), seen[0], true, 0.5), core::State::queued);
  const auto retry = Settlement::retry(late, seconds(1), "later");
  const auto answer = fence().settle(world_->a(), {retry}).at(0);
  EXPECT_EQ(answer, SettleAnswer::already_recorded);
  EXPECT_FALSE(ending_of(retry, answer));
  EXPECT_EQ(ending_of(retry, answer, true), Ending::retried) << "it was its own commit, in doubt until now";
  EXPECT_EQ(ending_of(retry), Ending::retried);
}

TEST_P(ThroughputTest, AnOutcomeThatTwoHaveFoundIsCountedOnce) {
  for (const auto verdict : {Verdict::happened, Verdict::unknown}) {
    once().add();
    const EffectResult result{verdict, "r", "", "", {}};
    const auto effect = fence().begin_effect(world_->a(), claim(), kPost).value();
    const auto first = fence().settle_effect(world_->b(), effect, result, "rescuer");
    const auto second = fence().settle_effect(world_->a(), effect, result, "sender");
    EXPECT_TRUE(ending_of(result, first));
    EXPECT_EQ(second, EffectAnswer::already_recorded);
    EXPECT_FALSE(ending_of(result, second));
    EXPECT_EQ(ending_of(result, second, true), ending_of(result, first));
  }
}

ON_BOTH_DATABASES(ThroughputTest);

}  // namespace
}  // namespace fencepost::store::testing
