// Rules 2, 3, 5, 6, 8, 9, 10 and 14 of DESIGN.md section 2, and promise F4, where a pair of operations is not
// enough.

#include <algorithm>
#include <barrier>
#include <set>
#include <thread>

#include "rules.hpp"
#include "store/sql.hpp"

namespace fencepost::store::testing {
namespace {

using core::State;

class Rule02 : public Rules {};
class Rule03 : public Rules {};
class Rule05 : public Rules {};
class Rule06 : public Rules {};
class Rule08 : public Rules {};
class Rule14 : public Rules {};
class PromiseF4 : public Rules {};

TEST_P(Rule02, ClaimsComeInTheOrderOfTheirTime) {
  auto& w = once();
  for (const auto* key : {"5", "3", "9", "1"}) w.add(key);
  w.run("UPDATE {table} SET {run_at} = 10 WHERE {key} IN ('9', '3')");
  std::vector<std::string> order;
  for (const auto& c : fence().claim(w.a(), 10, hours(1), kWorker)) order.push_back(c.item);
  EXPECT_EQ(order, (std::vector<std::string>{"1", "5", "3", "9"}));
}

TEST_P(Rule02, TwoClaimersShareWhatIsDue) {
  auto& w = repeatable();
  for (int i = 0; i < 20; ++i) w.add("item " + std::to_string(i));
  if (!postgres()) {
    EXPECT_EQ(fence().claim(w.a(), 8, hours(1), kWorker).size(), 8U);
    EXPECT_EQ(fence().claim(w.b(), 20, hours(1), kWorker + 1).size(), 12U);
    return;
  }
  // The first has not committed; the second passes over its rows without waiting for them.
  w.a().begin();
  EXPECT_EQ(fence().claim(w.a(), 8, hours(1), kWorker).size(), 8U);
  EXPECT_EQ(fence().claim(w.b(), 20, hours(1), kWorker + 1).size(), 12U);
  w.a().rollback();
  EXPECT_EQ(fence().claim(w.b(), 20, hours(1), kWorker + 1).size(), 8U);
}

TEST_P(Rule02, EveryClaimIsNewAndNamesItsWorker) {
  auto& w = repeatable();
  w.add();
  std::set<std::int64_t> seen;
  for (int i = 0; i < 50; ++i) {
    const auto c = claim();
    EXPECT_TRUE(seen.insert(c.claim).second);
    EXPECT_EQ(worker_of(c.claim), kWorker);
    EXPECT_EQ(fence().settle(w.a(), {Settlement::hand_back(c)}).at(0), SettleAnswer::settled);
  }
  EXPECT_EQ(row().attempt, 0) << "a hand-back is no attempt";
}

TEST_P(Rule02, APausedQueueGivesNothing) {
  auto& w = once();
  w.add();
  fence().pause(w.a(), true, "kill switch");
  EXPECT_TRUE(fence().claim(w.a(), 1, hours(1), kWorker).empty());
  EXPECT_EQ(fence().run_now(w.a(), "1", "person", hours(1), kWorker).answer, core::RunNowAnswer::paused);
  fence().pause(w.a(), false, "");
  EXPECT_EQ(fence().claim(w.a(), 1, hours(1), kWorker).size(), 1U);
}

TEST_P(Rule03, GateWritesDownWhatIsSent) {
  auto& w = once();
  w.add();
  const auto c = claim();
  const auto effect = fence().begin_effect(w.a(), c, kPost).value();
  EXPECT_EQ(effect.key, "nonce-1");
  const auto sent = row();
  EXPECT_EQ(sent.request, kPost.request);
  EXPECT_EQ(sent.destination, kPost.destination);
  EXPECT_EQ(sent.effect, c.claim);
  EXPECT_GT(*sent.lease_until, sent.deadline) << "the lease ends after the request's hard deadline";
  EXPECT_GT(sent.deadline, sent.begun);
}

TEST_P(Rule03, ALaterAttemptKeepsItsKey) {
  auto& w = once();
  w.add();
  auto effect = fence().begin_effect(w.a(), claim(), kPost).value();
  EXPECT_EQ(fence().settle_effect(w.a(), effect, did_not_happen(Duration(0)), "worker"),
            EffectAnswer::recorded);
  auto other = kPost;
  other.key = "nonce-2";
  effect = fence().begin_effect(w.a(), claim(), other).value();
  EXPECT_EQ(effect.key, "nonce-1");
}

TEST_P(Rule03, GateClosesBeforeRunAt) {
  auto& w = once();
  w.add();
  foreign("{run_at} = fencepost_now() - 60000000");
  const auto c = claim();
  shift_clock(w, -hours(1));  // the database's clock went back: it is not due any more
  EXPECT_FALSE(fence().begin_effect(w.a(), c, kPost));
  shift_clock(w, Duration(0));
  EXPECT_TRUE(fence().begin_effect(w.a(), c, kPost));
}

TEST_P(Rule03, GateClosesOnDisabledWithoutTheTrigger) {
  auto& w = once();
  w.add();
  const auto c = claim();
  const auto trigger = postgres() ? "zzz_fencepost_update ON posts" : "\"fencepost_posts_fn_update\"";
  w.script(std::string("DROP TRIGGER ") + trigger);
  foreign("{enabled} = FALSE");
  EXPECT_EQ(row().fence, c.fence);
  EXPECT_FALSE(fence().begin_effect(w.a(), c, kPost));
  foreign("{enabled} = TRUE, {stop_wanted} = TRUE");
  EXPECT_FALSE(fence().begin_effect(w.a(), c, kPost));
  foreign("{stop_wanted} = FALSE");
  EXPECT_TRUE(fence().begin_effect(w.a(), c, kPost));
}

TEST_P(Rule03, NoGateBesideAnOpenEffect) {
  auto& w = once();
  w.add();
  ASSERT_TRUE(fence().begin_effect(w.a(), claim(), kPost));
  foreign("{status} = " + word(State::queued));
  for (const auto& second : fence().claim(w.b(), 1, hours(1), kWorker + 1))
    EXPECT_FALSE(fence().begin_effect(w.b(), second, kPost));
  EXPECT_EQ(count("fencepost_effects"), 1);
}

TEST_P(Rule03, WhatStandsElsewhereForbidsTheSend) {
  auto& w = once();
  w.add();
  const auto c = claim();
  EXPECT_FALSE(fence().begin_effect(w.a(), c, kPost, [](Connection&) { return false; }));
  fence().pause(w.b(), true, "kill switch");
  EXPECT_FALSE(fence().begin_effect(w.a(), c, kPost));
  fence().pause(w.b(), false, "");
  EXPECT_TRUE(fence().begin_effect(w.a(), c, kPost, [](Connection&) { return true; }));
}

TEST_P(Rule05, TheCallersOwnWritesHappenExactlyOnce) {
  auto& w = repeatable();
  w.script("CREATE TABLE results (note TEXT NOT NULL)");
  w.add();
  const auto c = claim();
  // The commit was in doubt, so the caller does it all again, as rule 4 says.
  for (const auto expected : {SettleAnswer::settled, SettleAnswer::already_recorded}) {
    Transaction transaction(w.a());
    const auto answer = fence().settle(w.a(), {Settlement::done(c)}).at(0);
    EXPECT_EQ(answer, expected);
    if (answer != SettleAnswer::settled) continue;
    w.run(w.a(), "INSERT INTO results VALUES ('done')");
    transaction.commit();
  }
  EXPECT_EQ(count("results"), 1);
}

TEST_P(Rule05, AStaleWorkerRollsBack) {
  auto& w = repeatable();
  w.script("CREATE TABLE results (note TEXT NOT NULL)");
  w.add();
  const auto c = claim();
  foreign("{payload} = 'v2'");
  {
    Transaction transaction(w.a());
    EXPECT_EQ(fence().settle(w.a(), {Settlement::done(c)}).at(0), SettleAnswer::stale);
    w.run(w.a(), "INSERT INTO results VALUES ('done')");
  }
  EXPECT_EQ(count("results"), 0);
  EXPECT_TRUE(fence().acknowledge(w.a(), c));
  EXPECT_EQ(row().state, State::queued) << "again afterwards (rule 8)";
}

TEST_P(Rule06, AYesAfterRescueIsRecorded) {
  auto& w = once();
  w.add();
  const auto effect = fence().begin_effect(w.a(), claim(), kPost).value();
  foreign("{lease_until} = 1");
  EXPECT_EQ(fence().rescue(w.b(), fence().lapsed(w.b(), 1).at(0), false, 0.5), State::unknown);
  EXPECT_EQ(fence().settle_effect(w.a(), effect, happened(), "worker"), EffectAnswer::recorded);
  EXPECT_EQ(row().state, State::done);
}

TEST_P(Rule06, AYesOfADeletedOrResolvedItemIsAnEvent) {
  auto& w = once();
  w.add();
  const auto effect = fence().begin_effect(w.a(), claim(), kPost).value();
  w.run("UPDATE fencepost_effects SET deadline = 1");
  EXPECT_EQ(fence().settle_effect(w.a(), effect, {Verdict::unknown, "", "", "cut", {}}, "worker"),
            EffectAnswer::recorded);
  EXPECT_EQ(fence().resolve(w.b(), "1", false, "person"), core::ResolveAnswer::resolved);
  EXPECT_EQ(fence().settle_effect(w.a(), effect, happened(), "worker"), EffectAnswer::late_yes);
  EXPECT_EQ(fence().remove(w.b(), "1", "person"), core::StopAnswer::prevented);
  EXPECT_EQ(fence().settle_effect(w.a(), effect, happened(), "worker"), EffectAnswer::late_yes);
  EXPECT_EQ(
      count("fencepost_events WHERE kind = 'late_yes' AND item = '1' AND detail = 'https://example.org/1'"),
      2);
}

TEST_P(Rule06, TheReconcilersYesIsNotThrownAwayEither) {
  auto& w = once();
  w.add();
  const auto effect = fence().begin_effect(w.a(), claim(), kPost).value();
  fence().settle_effect(w.a(), effect, {Verdict::unknown, "", "", "cut", {}}, "worker");
  const auto taken = fence().begin_reconcile(w.a(), "1", hours(1), kWorker).value();
  foreign("{status} = " + word(State::queued));
  EXPECT_EQ(fence().settle_reconcile(w.a(), taken, happened(), false, hours(1)), State::done);
  EXPECT_EQ(row().state, State::done);
}

// Its owner's rule stands against the word, not against what has happened.
TEST_P(Rule06, AYesThatTheTableRefusesIsKeptWithoutItsRow) {
  auto& w = once();
  w.add();
  const auto c = claim();
  const auto effect = fence().begin_effect(w.a(), c, kPost).value();
  w.script(postgres() ? "ALTER TABLE {table} ADD CHECK ({status} <> " + word(State::done) + ")"
                      : "CREATE TRIGGER own_rule BEFORE UPDATE ON {table} WHEN NEW.{status} = " +
                            word(State::done) + " BEGIN SELECT RAISE(ABORT, 'never'); END");
  EXPECT_EQ(fence().settle_effect(w.a(), effect, happened(), "worker"), EffectAnswer::late_yes);
  EXPECT_EQ(row().outcome, core::EffectOutcome::done);
  EXPECT_EQ(count("fencepost_events WHERE kind = 'late_yes'"), 1);
  EXPECT_EQ(fence().settle_effect(w.a(), effect, happened(), "worker"), EffectAnswer::already_recorded);
}

TEST_P(Rule08, OfManyCallersOneIsStarted) {
  for (const auto kind : {core::Kind::once, core::Kind::repeatable}) {
    auto& w = world(kind);
    w.add();
    constexpr int kCallers = 32;
    std::barrier together(kCallers);
    std::atomic<int> started{0}, running{0};
    {
      std::vector<std::jthread> callers;
      for (int i = 0; i < kCallers; ++i)
        callers.emplace_back([&, i] {
          const auto connection = w.connect();
          together.arrive_and_wait();
          const auto answer = fence().run_now(*connection, "1", "person", hours(1), kWorker + i).answer;
          started += answer == core::RunNowAnswer::started;
          running += answer == core::RunNowAnswer::already_running;
        });
    }
    EXPECT_EQ(started, 1);
    EXPECT_EQ(running, kCallers - 1);
  }
}

TEST_P(Rule14, TwoBatchesInOppositeOrderNeverDeadlock) {
  auto& w = repeatable();
  for (int i = 0; i < 40; ++i) w.add(std::to_string(i));
  for (int round = 0; round < 25; ++round) {
    const auto claims = fence().claim(w.a(), 40, hours(1), kWorker);
    ASSERT_EQ(claims.size(), 40U);
    std::vector<Settlement> forth;
    for (const auto& c : claims) forth.push_back(Settlement::hand_back(c));
    auto back = forth;
    std::reverse(back.begin(), back.end());
    std::barrier together(2);
    std::vector<SettleAnswer> first, second;
    {
      const std::jthread other([&] {
        together.arrive_and_wait();
        EXPECT_NO_THROW(second = fence().settle(w.b(), back));
      });
      together.arrive_and_wait();
      EXPECT_NO_THROW(first = fence().settle(w.a(), forth));
    }
    // Whoever comes second finds its own outcome recorded already: the two are the same settlements.
    EXPECT_EQ(std::count(first.begin(), first.end(), SettleAnswer::settled) +
                  std::count(second.begin(), second.end(), SettleAnswer::settled),
              40);
  }
}

TEST_P(Rule14, ARefusedSettlementFallsBackOneByOne) {
  auto& w = repeatable();
  for (const auto* key : {"a", "b", "c"}) w.add(key);
  // The application's own rule: b must not be Completed.
  w.script(postgres()
               ? "ALTER TABLE {table} ADD CHECK ({key} <> 'b' OR {status} <> 'Completed')"
               : "CREATE TRIGGER own_rule BEFORE UPDATE ON {table} WHEN NEW.{status} = 'Completed' AND "
                 "NEW.{key} = 'b' BEGIN SELECT RAISE(ABORT, 'b is never completed'); END");
  std::vector<Settlement> batch;
  for (const auto& c : fence().claim(w.a(), 3, hours(1), kWorker)) batch.push_back(Settlement::done(c));
  EXPECT_THROW(fence().settle(w.a(), batch), base::InfraError);
  EXPECT_EQ(row("a").state, State::claimed) << "all or nothing";
  EXPECT_EQ(fence().settle_each(w.a(), batch),
            (std::vector<SettleAnswer>{SettleAnswer::settled, SettleAnswer::stale, SettleAnswer::settled}));
  EXPECT_EQ(row("b").state, State::claimed);
}

// One at work of each title, as the table's owner wants it.
TEST_P(Rule14, ARefusedClaimFallsBackOneByOne) {
  auto& w = repeatable();
  for (const auto* key : {"a", "b", "c"}) w.add(key);
  w.run("UPDATE {table} SET {payload} = CASE {key} WHEN 'c' THEN 'other' ELSE 'same' END");
  w.script("CREATE UNIQUE INDEX one_at_work ON {table} ({payload}) WHERE {status} = 'Processing'");
  EXPECT_THROW(fence().claim(w.a(), 3, hours(1), kWorker), base::InfraError);
  const auto claims = fence().claim_each(w.a(), 3, hours(1), kWorker);
  ASSERT_EQ(claims.size(), 2U);
  EXPECT_EQ(claims[0].item + claims[1].item, "ac");
  EXPECT_EQ(row("b").state, State::queued);
  EXPECT_GT(row("b").run_at, row("b").now) << "another look is worth it later";
  EXPECT_NE(row("b").last_error.value_or("").find("refuses it as 'Processing'"), std::string::npos);
  EXPECT_EQ(row("b").attempt, 0);
  EXPECT_EQ(fence().settle(w.a(), {Settlement::done(claims[0])}).at(0), SettleAnswer::settled);
  w.run("UPDATE {table} SET {run_at} = 0 WHERE {key} = 'b'");
  EXPECT_EQ(fence().claim(w.a(), 3, hours(1), kWorker).size(), 1U);
}

TEST_P(Rule14, ABatchNamesPairsNeverTwoLists) {
  auto& w = repeatable();
  w.add("a");
  w.add("b");
  auto claims = fence().claim(w.a(), 2, hours(1), kWorker);
  std::swap(claims[0].claim, claims[1].claim);
  EXPECT_EQ(fence().settle(w.a(), {Settlement::done(claims[0]), Settlement::done(claims[1])}),
            (std::vector<SettleAnswer>{SettleAnswer::stale, SettleAnswer::stale}));
}

TEST_P(PromiseF4, NoBucketIsOverdrawn) {
  auto& w = once();
  w.run(
      "INSERT INTO fencepost_buckets (scope, name, time_window, quota, used) VALUES ('calls', 'x', 'today', "
      "3, 2)");
  const Params one{"calls", "x", "today", 1};
  EXPECT_EQ(w.a().run_batch(sql::take, {one}).size(), 1U);
  EXPECT_NO_THROW(EXPECT_TRUE(w.a().run_batch(sql::take, {one}).empty()));
  // And where a bug leaves the condition out, the table itself refuses.
  EXPECT_THROW(w.run("UPDATE fencepost_buckets SET used = used + 1"), base::InfraError);
}

ON_BOTH_DATABASES(Rule02);
ON_BOTH_DATABASES(Rule03);
ON_BOTH_DATABASES(Rule05);
ON_BOTH_DATABASES(Rule06);
ON_BOTH_DATABASES(Rule08);
ON_BOTH_DATABASES(Rule14);
ON_BOTH_DATABASES(PromiseF4);

}  // namespace
}  // namespace fencepost::store::testing
