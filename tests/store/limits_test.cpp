// Limits over all instances: seats per queue and per key, token buckets, and what keeps or frees a seat.

#include <atomic>
#include <future>
#include <thread>

#include "rules.hpp"
#include "store/migrate.hpp"
#include "store/workers.hpp"

namespace fencepost::store::testing {
namespace {

using core::State;

class Limited : public Rules {
 protected:
  // The world's queue with limits by its column `title`.
  void limit(core::Kind kind, const core::Limits& limits) {
    if (!world_) world(kind);
    auto queue = world_->queue();
    queue.limits = limits;
    limited_ = std::make_unique<Fence>(queue, GetParam(), own_schema(world_->onlooker()));
    limited_->check(world_->onlooker());
  }
  static core::Limits per_key(int n) {
    core::Limits limits;
    limits.key = "title";
    limits.per_key = n;
    return limits;
  }
  static core::Limits queue_wide(int n) {
    core::Limits limits;
    limits.concurrency = n;
    return limits;
  }
  static core::Limits rate(int count, Duration per, int burst) {
    core::Limits limits;
    limits.key = "title";
    limits.rate = {count, per, burst};
    return limits;
  }
  // Its receiver drops a request with its connection.
  static core::Limits nothing_in_flight(core::Limits limits) {
    limits.in_flight = Duration(0);
    return limits;
  }
  void add(const std::string& item, const std::string& key, std::int64_t run_at = 0) {
    world_->run("INSERT INTO {table} ({key}, {status}, {payload}, {run_at}) VALUES (?1, ?2, ?3, ?4)",
                {item, world_->queue().words.queued, key, run_at});
  }
  std::vector<Claim> take(int n, std::int64_t worker = kWorker, Duration lease = hours(1)) {
    return limited_->claim(world_->a(), n, lease, worker);
  }
  std::vector<std::string> items(const std::vector<Claim>& claims) {
    std::vector<std::string> out;
    for (const auto& c : claims) out.push_back(c.item);
    return out;
  }
  std::int64_t seats() { return count("fencepost_seats"); }
  SettleAnswer done(const Claim& claim) {
    return limited_->settle(world_->a(), {Settlement::done(claim)}).at(0);
  }
  // As the sweeper does when a lease has lapsed.
  void lapse_and_rescue(const std::string& item, bool gone = false) {
    world_->run("UPDATE {table} SET {lease_until} = fencepost_now() - 1 WHERE {key} = ?1", {item});
    const auto seen = limited_->read(world_->b(), item).value();
    ASSERT_TRUE(
        limited_->rescue(world_->b(), {seen.item, seen.claim, seen.lease_until, seen.fence}, gone, 1));
    world_->run("UPDATE {table} SET {run_at} = 0, {fence} = {fence} + 1 WHERE {key} = ?1", {item});
  }

  std::unique_ptr<Fence> limited_;
};

TEST_P(Limited, AKeyHasItsSeatsAndTheOthersDoNotWait) {
  limit(core::Kind::repeatable, per_key(2));
  for (const auto* item : {"a1", "a2", "a3", "b1"}) add(item, std::string(1, *item));
  const auto claims = take(10);
  EXPECT_EQ(items(claims), (std::vector<std::string>{"a1", "a2", "b1"}));
  EXPECT_EQ(limited_->read(world_->a(), "a3")->fence, 0) << "what got no seat stays untouched";
  EXPECT_TRUE(take(10).empty());
  EXPECT_EQ(done(claims[0]), SettleAnswer::settled);
  EXPECT_EQ(seats(), 2);
  EXPECT_EQ(items(take(10)), (std::vector<std::string>{"a3"}));
}

TEST_P(Limited, TheWholeQueueHasItsSeats) {
  limit(core::Kind::repeatable, queue_wide(3));
  for (int i = 1; i <= 5; ++i) add(std::to_string(i), "k");
  const auto claims = take(10);
  EXPECT_EQ(claims.size(), 3U);
  EXPECT_TRUE(take(10).empty());
  EXPECT_EQ(limited_->next_due(world_->a()), std::nullopt) << "who waits for a seat is woken by who frees it";
  done(claims[1]);
  EXPECT_EQ(items(take(10)), (std::vector<std::string>{"4"}));
  EXPECT_EQ(seats(), 3);
}

TEST_P(Limited, ManyItemsOfAFullKeyStarveNobody) {
  limit(core::Kind::repeatable, per_key(1));
  world_->a().begin();
  for (int i = 0; i < 5000; ++i)
    world_->run(world_->a(), "INSERT INTO {table} ({key}, {status}, {payload}) VALUES (?1, ?2, 'full')",
                {"f" + std::to_string(i), world_->queue().words.queued});
  world_->a().commit();
  for (int i = 0; i < 3; ++i) add("z" + std::to_string(i), "other" + std::to_string(i), 5);
  // One call passes over what it has itself made full, the next over what is full.
  EXPECT_EQ(take(3).size(), 3U);
  EXPECT_EQ(items(take(3)), (std::vector<std::string>{"z2"}));
  add("later", "fresh", 6);
  EXPECT_EQ(items(take(3)), (std::vector<std::string>{"later"}));
}

// Counted where it matters: by those who are at work, between the claim and the settlement.
// More items of a full key than a look goes through, and behind them one that the table refuses.
TEST_P(Limited, ARefusedItemBehindAFullKeyIsPutOff) {
  limit(core::Kind::repeatable, per_key(1));
  for (int i = 0; i < 120; ++i) add("a" + std::to_string(1000 + i), "a", 1);
  ASSERT_EQ(take(1).size(), 1U);
  add("refused", "b", 2);
  add("good", "c", 3);
  world_->script(postgres()
                     ? "ALTER TABLE {table} ADD CHECK ({key} <> 'refused' OR {status} <> 'Processing')"
                     : "CREATE TRIGGER own_rule BEFORE UPDATE ON {table} WHEN NEW.{key} = 'refused' AND "
                       "NEW.{status} = 'Processing' BEGIN SELECT RAISE(ABORT, 'never'); END");
  EXPECT_THROW(take(3), base::InfraError);
  EXPECT_EQ(items(limited_->claim_each(world_->a(), 3, hours(1), kWorker)), std::vector<std::string>{"good"});
  EXPECT_GT(row("refused").run_at, row("refused").now);
}

TEST_P(Limited, ManyClaimersNeverExceedAKeysSeats) {
  limit(core::Kind::repeatable, per_key(2));
  constexpr int kItems = 240, kThreads = 8;
  for (int i = 0; i < kItems; ++i)
    add("i" + std::to_string(i), std::string(1, static_cast<char>('a' + i % 3)));
  std::atomic<int> finished{0}, exceeded{0};
  std::array<std::atomic<int>, 3> at_work{};
  const auto work = [&](int number) {
    const auto connection = world_->connect();
    std::vector<Claim> held;
    const auto insist = [&](auto&& act) {
      for (;;) try {
          return act();
        } catch (const base::InfraError& error) {
          if (!error.retryable()) throw;
        }
    };
    while (finished < kItems) {
      const auto claims = insist([&] { return limited_->claim(*connection, 3, hours(1), number + 1); });
      for (const auto& c : claims) {
        const auto key = static_cast<std::size_t>(std::stoi(c.item.substr(1)) % 3);
        if (++at_work[key] > 2) ++exceeded;
      }
      const auto rows = connection->run(
          Sql{"crowded", "SELECT count(*) FROM fencepost_seats GROUP BY key HAVING count(*) > 2"});
      if (!rows.empty()) ++exceeded;
      for (const auto& c : claims) {
        --at_work[static_cast<std::size_t>(std::stoi(c.item.substr(1)) % 3)];
        const auto answer =
            insist([&] { return limited_->settle(*connection, {Settlement::done(c)}).at(0); });
        if (answer == SettleAnswer::settled) ++finished;
      }
    }
  };
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) threads.emplace_back([&, i] { EXPECT_NO_THROW(work(i)); });
  }
  EXPECT_EQ(finished, kItems);
  EXPECT_EQ(exceeded, 0);
  EXPECT_EQ(seats(), 0);
  EXPECT_EQ(count("{table} WHERE {status} = 'Completed' AND {attempt} = 1"), kItems);
}

// Two choose the same seat at once: the second waits for the first, and has it only if that rolled back.
TEST_P(Limited, ASeatThatSomebodyElseTookIsNotHad) {
  limit(core::Kind::repeatable, per_key(1));
  add("1", "k");
  add("2", "k");
  if (!postgres()) {
    EXPECT_EQ(take(1).size(), 1U);
    EXPECT_TRUE(limited_->claim(world_->b(), 1, hours(1), kWorker).empty());
    return;
  }
  for (const bool commits : {false, true}) {
    const int pid = backend_pid(world_->b());
    world_->a().begin();
    ASSERT_EQ(items(take(1)), (std::vector<std::string>{"1"}));
    std::atomic<bool> finished{false};
    auto other = std::async(std::launch::async, [&] {
      auto claims = limited_->claim(world_->b(), 1, hours(1), kWorker + 1);
      finished = true;
      return claims;
    });
    EXPECT_TRUE(waits_for_lock(*world_, pid, [&] { return finished.load(); }));
    commits ? world_->a().commit() : world_->a().rollback();
    const auto claims = other.get();
    EXPECT_EQ(claims.size(), commits ? 0U : 1U);
    EXPECT_EQ(seats(), 1);
    EXPECT_EQ(count("{table} WHERE {status} = 'Processing'"), 1);
    for (const auto& c : claims) limited_->settle(world_->b(), {Settlement::hand_back(c)});
  }
}

TEST_P(Limited, AnItemIsClaimedOnceThoughTwoSawItQueued) {
  limit(core::Kind::repeatable, rate(1000, seconds(1), 100));
  add("1", "k");
  add("2", "l");
  if (!postgres()) {
    EXPECT_EQ(items(take(1)), (std::vector<std::string>{"1"}));
    EXPECT_EQ(items(limited_->claim(world_->b(), 1, hours(1), kWorker)), (std::vector<std::string>{"2"}));
    return;
  }
  const int pid = backend_pid(world_->b());
  world_->a().begin();
  ASSERT_EQ(items(take(1)), (std::vector<std::string>{"1"}));
  std::atomic<bool> finished{false};
  auto other = std::async(std::launch::async, [&] {
    auto claims = limited_->claim(world_->b(), 1, hours(1), kWorker + 1);
    finished = true;
    return claims;
  });
  EXPECT_FALSE(waits_for_lock(*world_, pid, [&] { return finished.load(); }));
  world_->a().commit();
  EXPECT_EQ(items(other.get()), (std::vector<std::string>{"2"}));
}

TEST_P(Limited, SeatsAboveALoweredLimitStillCount) {
  limit(core::Kind::repeatable, per_key(3));
  for (int i = 1; i <= 5; ++i) add(std::to_string(i), "k");
  const auto claims = take(3);
  limit(core::Kind::repeatable, per_key(2));
  done(claims[0]);
  EXPECT_TRUE(take(5).empty()) << "two are still at work";
  done(claims[1]);
  EXPECT_EQ(take(5).size(), 1U) << "the third seat is taken";
  done(claims[2]);
  EXPECT_EQ(take(5).size(), 1U);
}

TEST_P(Limited, WhoeverEndsAClaimFreesItsSeat) {
  limit(core::Kind::once, queue_wide(1));
  add("1", "k");
  const auto claim_it = [&] {
    auto claims = take(1);
    EXPECT_EQ(claims.size(), 1U);
    EXPECT_EQ(seats(), 1);
    return claims.at(0);
  };
  limited_->settle(world_->a(), {Settlement::snooze(claim_it(), Duration(0))});
  EXPECT_EQ(seats(), 0) << "settle";
  claim_it();
  in_transaction(world_->a(), [&](Connection& c) { return limited_->edit(c, "1", "ada"); });
  EXPECT_EQ(seats(), 0) << "an edit that revokes";
  claim_it();
  EXPECT_EQ(limited_->stop(world_->a(), "1", "ada"), core::StopAnswer::prevented);
  EXPECT_EQ(seats(), 0) << "stop";
  limited_->rearm(world_->a(), "1", "ada");
  claim_it();
  EXPECT_EQ(limited_->disown(world_->a(), kWorker, {}), 1);
  EXPECT_EQ(seats(), 0) << "disown";
  const auto effect = limited_->begin_effect(world_->a(), claim_it(), kPost).value();
  EXPECT_EQ(seats(), 1) << "the gate keeps it";
  limited_->settle_effect(world_->a(), effect, happened(), "worker");
  EXPECT_EQ(seats(), 0) << "settle_effect";
}

TEST_P(Limited, AnEditedHandlerFreesItsSeatWhenItIsOver) {
  limit(core::Kind::repeatable, queue_wide(1));
  add("1", "k");
  const auto c = take(1).at(0);
  in_transaction(world_->a(), [&](Connection& at) { return limited_->edit(at, "1", "ada"); });
  EXPECT_EQ(seats(), 1) << "its handler may be running";
  EXPECT_TRUE(limited_->acknowledge(world_->a(), c));
  EXPECT_EQ(seats(), 0);
}

TEST_P(Limited, AStalledProcessOfThisHostKeepsItsSeat) {
  limit(core::Kind::repeatable, nothing_in_flight(per_key(1)));
  const WorkerRegistration stalled(world_->database(), "/tmp/fencepost-limits-" + std::to_string(getpid()));
  add("1", "k");
  const auto zombie = take(1, stalled.number()).at(0);
  lapse_and_rescue("1");
  EXPECT_EQ(limited_->read(world_->a(), "1")->state, State::queued);
  EXPECT_TRUE(take(1).empty()) << "it may still be at work";
  EXPECT_EQ(done(zombie), SettleAnswer::stale);
  EXPECT_EQ(items(take(1)), (std::vector<std::string>{"1"})) << "it came back, too late, and is over";
}

TEST_P(Limited, WhatIsKnownToBeGoneFreesItsSeatsAtOnce) {
  limit(core::Kind::repeatable, nothing_in_flight(per_key(1)));
  const WorkerRegistration stalled(world_->database(), "/tmp/fencepost-limits-" + std::to_string(getpid()));
  add("1", "k");
  take(1, stalled.number());
  EXPECT_EQ(limited_->free_gone(world_->b(), stalled.number()), 0)
      << "its item is still claimed: rescue first";
  lapse_and_rescue("1", true);
  EXPECT_EQ(seats(), 0);
  // Rescued as a stalled one, then dead.
  take(1, stalled.number());
  lapse_and_rescue("1");
  EXPECT_TRUE(limited_->has_seats(world_->b(), stalled.number()));
  EXPECT_EQ(limited_->free_gone(world_->b(), stalled.number()), 1);
  EXPECT_FALSE(limited_->has_seats(world_->b(), stalled.number()));
  EXPECT_EQ(take(1).size(), 1U);
}

TEST_P(Limited, OfAnotherHostNothingIsKnownSoTheRescueFreesTheSeat) {
  limit(core::Kind::repeatable, nothing_in_flight(per_key(1)));
  add("1", "k");
  take(1, 77);
  lapse_and_rescue("1");
  EXPECT_EQ(take(1).size(), 1U);
}

// Rescued where the process is known to be gone, as the item of a stalled process that then dies, and as that
// of a process elsewhere.
TEST_P(Limited, WhatAKilledProcessHasSentKeepsItsSeat) {
  for (const bool stalled_first : {false, true})
    for (const bool elsewhere : {false, true}) {
      if (stalled_first && elsewhere) continue;
      world_.reset();
      limit(core::Kind::repeatable, per_key(1));
      const WorkerRegistration here(world_->database(), "/tmp/fencepost-limits-" + std::to_string(getpid()));
      const auto worker = elsewhere ? std::int64_t{77} : here.number();
      add("1", "k");
      take(1, worker);
      lapse_and_rescue("1", !stalled_first && !elsewhere);
      for (int sweep = 0; sweep < 2; ++sweep) EXPECT_EQ(limited_->free_gone(world_->b(), worker), 0);
      EXPECT_FALSE(limited_->has_seats(world_->b(), worker)) << "its number may be forgotten";
      EXPECT_EQ(limited_->read(world_->a(), "1")->state, State::queued) << "the item waits for nothing else";
      EXPECT_TRUE(take(1).empty()) << "its receiver may be at it";
      EXPECT_TRUE(limited_->expired_seats(world_->b(), 10).empty());
      shift_clock(*world_, seconds(31));
      const auto expired = limited_->expired_seats(world_->b(), 10);
      ASSERT_EQ(expired.size(), 1U);
      EXPECT_EQ(limited_->free_expired(world_->b(), expired[0]), 1);
      EXPECT_EQ(take(1).size(), 1U);
      shift_clock(*world_, Duration(0));
    }
}

TEST_P(Limited, ASeatEndsWithItsLongestTime) {
  limit(core::Kind::repeatable, per_key(1));
  add("1", "k");
  take(1, kWorker, minutes(1));
  EXPECT_TRUE(limited_->expired_seats(world_->b(), 10).empty());
  shift_clock(*world_, hours(1) + minutes(2));
  const auto expired = limited_->expired_seats(world_->b(), 10);
  ASSERT_EQ(expired.size(), 1U);
  auto other = expired[0];
  other.until += 1;
  EXPECT_EQ(limited_->free_expired(world_->b(), other), 0) << "not as it was seen";
  EXPECT_EQ(limited_->free_expired(world_->b(), expired[0]), 1);
}

TEST_P(Limited, AnUnknownEffectKeepsItsSeatUntilItsDeadline) {
  for (const bool crashed : {false, true}) {
    world_.reset();
    limit(core::Kind::once, per_key(1));
    add("1", "k");
    const auto effect = limited_->begin_effect(world_->a(), take(1).at(0), kPost).value();
    if (crashed)
      lapse_and_rescue("1", true);
    else
      limited_->settle_effect(world_->a(), effect, {Verdict::unknown, "", "", "cut", {}}, "worker");
    EXPECT_EQ(row().state, State::unknown);
    EXPECT_EQ(limited_->free_gone(world_->b(), kWorker), 0) << "its request may still be under way";
    EXPECT_TRUE(limited_->expired_seats(world_->b(), 10).empty());
    EXPECT_EQ(seats(), 1);
    shift_clock(*world_, minutes(2) + seconds(1));  // kPost's hard deadline
    const auto expired = limited_->expired_seats(world_->b(), 10);
    ASSERT_EQ(expired.size(), 1U);
    limited_->free_expired(world_->b(), expired[0]);
    EXPECT_EQ(seats(), 0);
    shift_clock(*world_, Duration(0));
  }
}

TEST_P(Limited, AResolvedEffectFreesItsSeat) {
  limit(core::Kind::once, per_key(1));
  add("1", "k");
  const auto effect = limited_->begin_effect(world_->a(), take(1).at(0), kPost).value();
  limited_->settle_effect(world_->a(), effect, {Verdict::unknown, "", "", "cut", {}}, "worker");
  shift_clock(*world_, hours(1));
  EXPECT_EQ(limited_->resolve(world_->a(), "1", true, "ada"), core::ResolveAnswer::resolved);
  EXPECT_EQ(seats(), 0);
}

TEST_P(Limited, RunNowExceedsNothing) {
  limit(core::Kind::repeatable, per_key(1));
  add("1", "k");
  add("2", "k");
  const auto first = take(1).at(0);
  const auto before = limited_->read(world_->a(), "2")->fence;
  const auto run = [&] { return limited_->run_now(world_->b(), "2", "ada", hours(1), kWorker); };
  EXPECT_EQ(run().answer, core::RunNowAnswer::limit_reached);
  EXPECT_EQ(limited_->read(world_->a(), "2")->fence, before) << "it stays as it was";
  EXPECT_EQ(seats(), 1);
  done(first);
  const auto now = run();
  EXPECT_EQ(now.answer, core::RunNowAnswer::started);
  EXPECT_EQ(seats(), 1);
  EXPECT_EQ(done(*now.claim), SettleAnswer::settled);
  EXPECT_EQ(seats(), 0);
}

TEST_P(Limited, ABucketGivesItsBurstAndThenItsRate) {
  limit(core::Kind::repeatable, rate(1, hours(1), 3));
  for (int i = 0; i < 9; ++i) add("a" + std::to_string(i), "a");
  add("z", "b", 1);
  EXPECT_EQ(take(9).size(), 4U) << "three of a's burst, and b";
  EXPECT_TRUE(take(9).empty());
  const auto due = limited_->next_due(world_->a());
  ASSERT_TRUE(due);
  EXPECT_GT(*due, minutes(55));
  EXPECT_LE(*due, hours(1));
  EXPECT_EQ(limited_->run_now(world_->b(), "a8", "ada", hours(1), kWorker).answer,
            core::RunNowAnswer::limit_reached);
  shift_clock(*world_, hours(1) + seconds(1));
  EXPECT_EQ(take(9).size(), 1U);
  EXPECT_TRUE(take(9).empty());
  shift_clock(*world_, hours(9));
  EXPECT_EQ(take(9).size(), 3U) << "it holds no more than its burst";
}

// GCRA: at most W / interval + burst in any window W, whatever the moments of the claims.
TEST_P(Limited, NoWindowHasMoreThanItsRateAndBurst) {
  limit(core::Kind::repeatable, rate(2, minutes(1), 3));
  for (int i = 0; i < 80; ++i) add("a" + std::to_string(i), "a");
  std::vector<int> starts;  // in s
  for (int at = 0; at < 600; at += 7 + at % 13) {
    shift_clock(*world_, seconds(at));
    for (const auto& c : take(4)) {
      starts.push_back(at);
      done(c);
    }
  }
  // A claim takes longer than no time: up to a minute passed beside the shifts.
  ASSERT_GT(starts.size(), 18U);
  for (std::size_t from = 0; from < starts.size(); ++from)
    for (std::size_t to = from; to < starts.size(); ++to)
      EXPECT_LE(static_cast<int>(to - from + 1), (starts[to] - starts[from] + 60) / 30 + 3);
}

TEST_P(Limited, AClockThatWentBackEmptiesNoBucketForLong) {
  limit(core::Kind::repeatable, rate(1, minutes(1), 2));
  for (int i = 0; i < 5; ++i) add("a" + std::to_string(i), "a");
  shift_clock(*world_, hours(48));
  EXPECT_EQ(take(5).size(), 2U);
  shift_clock(*world_, Duration(0));
  EXPECT_TRUE(take(5).empty());
  limited_->tidy_tokens(world_->a());
  shift_clock(*world_, minutes(2));
  EXPECT_EQ(take(5).size(), 2U);
  shift_clock(*world_, hours(1));
  limited_->tidy_tokens(world_->a());
  EXPECT_EQ(count("fencepost_token_buckets"), 0) << "full buckets are no rows";
}

TEST_P(Limited, AnotherInstanceHearsOfAFreeSeat) {
  limit(core::Kind::repeatable, per_key(1));
  add("1", "k");
  const auto c = take(1).at(0);
  if (!postgres()) return;  // processes of one file poll
  world_->b().listen("fencepost");
  done(c);
  const auto heard = world_->b().wait_notifications(base::system_clock().boot() + minutes(1));
  EXPECT_EQ(heard, (std::vector<std::string>{world_->queue().name}));
}

ON_BOTH_DATABASES(Limited);

}  // namespace
}  // namespace fencepost::store::testing
