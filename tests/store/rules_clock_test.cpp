// Rules 9, 11, 13 and 17 of DESIGN.md section 2: clocks, leases, waits, and the settings of a session.

#include "rules.hpp"
#include "thread_of_b.hpp"

namespace fencepost::store::testing {
namespace {

using core::State;

class Rule09 : public Rules {};
class Rule11 : public Rules {};
class Rule13 : public Rules {};
class Rule17 : public Rules {};

TEST_P(Rule09, ACrashedWorkersItemComesBackAndAtLastFails) {
  auto& w = repeatable();
  w.add();
  const int tries = w.queue().backoff.retries + 1;
  for (int i = 1; i <= tries; ++i) {
    foreign("{run_at} = 0");
    ASSERT_EQ(fence().claim(w.a(), 1, hours(1), kWorker).size(), 1U);
    foreign("{lease_until} = 1");
    EXPECT_EQ(fence().rescue(w.a(), fence().lapsed(w.a(), 1).at(0), false, 0.5),
              i < tries ? State::queued : State::failed);
  }
  EXPECT_EQ(row().attempt, tries);
}

TEST_P(Rule09, AnOpenEffectBecomesUnknownWhateverItsWord) {
  for (const auto state : {State::queued, State::claimed, State::done, State::failed, State::stopped}) {
    auto& w = once();
    w.add();
    ASSERT_TRUE(fence().begin_effect(w.a(), claim(), kPost));
    foreign("{status} = " + word(state) + ", {lease_until} = 1");
    ASSERT_EQ(fence().lapsed(w.a(), 5).size(), 1U) << core::name(state);
    EXPECT_EQ(fence().rescue(w.a(), fence().lapsed(w.a(), 5).at(0), false, 0.5), State::unknown)
        << core::name(state);
  }
}

// One queued of each title, as the table's owner wants it; another has the place by now.
TEST_P(Rule09, WhatTheTableRefusesAsQueuedHasFailed) {
  auto& w = repeatable();
  w.add("1");
  ASSERT_EQ(fence().claim(w.a(), 1, hours(1), kWorker).size(), 1U);
  w.script("CREATE UNIQUE INDEX one_queued ON {table} ({payload}) WHERE {status} = " + word(State::queued));
  w.add("2");
  w.run("UPDATE {table} SET {payload} = 'same'");
  foreign("{lease_until} = 1");
  EXPECT_EQ(fence().rescue(w.a(), fence().lapsed(w.a(), 1).at(0), false, 0.5), State::failed);
  EXPECT_NE(row().last_error.value_or("").find("refuses it as"), std::string::npos);
}

TEST_P(Rule11, AJumpBackNeitherKillsLiveWorkNorSticks) {
  auto& w = repeatable();
  w.add();
  shift_clock(w, hours(10));
  const auto c = claim(minutes(1));
  shift_clock(w, Duration(0));
  EXPECT_GT(*row().lease_until, row().now + Duration(hours(9)).count()) << "stuck for hours";
  EXPECT_EQ(fence().clamp_leases(w.a(), minutes(1)), 1);
  EXPECT_LE(*row().lease_until, row().now + Duration(minutes(1)).count());
  EXPECT_EQ(fence().clamp_leases(w.a(), minutes(1)), 0);
  EXPECT_EQ(fence().settle(w.a(), {Settlement::done(c)}).at(0), SettleAnswer::settled)
      << "it was alive all the time";
}

TEST_P(Rule11, ARescuerActsOnlyOnWhatItHasSeen) {
  auto& w = repeatable();
  w.add();
  const auto c = claim(minutes(1));
  shift_clock(w, hours(10));  // the database's clock jumps ahead: every lease looks lapsed
  const auto seen = fence().lapsed(w.a(), 5).at(0);
  ASSERT_EQ(fence().renew(w.b(), {c}, minutes(1)).size(), 1U);
  EXPECT_EQ(fence().rescue(w.a(), seen, false, 0.5), std::nullopt) << "the worker lives, it has renewed";
  EXPECT_EQ(fence().rescue(w.a(), seen, true, 0.5), std::nullopt) << "not this process is gone";
  shift_clock(w, Duration(0));
  EXPECT_EQ(fence().settle(w.a(), {Settlement::done(c)}).at(0), SettleAnswer::settled);
}

TEST_P(Rule11, AProcessThatIsGoneIsNotWaitedFor) {
  auto& w = repeatable();
  w.add();
  const auto c = claim(hours(1));
  const auto held = fence().held_by(w.a(), kWorker);
  ASSERT_EQ(held.size(), 1U);
  EXPECT_EQ(held[0].claim, c.claim);
  EXPECT_EQ(fence().rescue(w.a(), held[0], false, 0.5), std::nullopt);
  EXPECT_EQ(fence().rescue(w.a(), held[0], true, 0.5), State::queued);
}

TEST_P(Rule13, ASessionIsDurableWhateverTheServersDefault) {
  auto& w = once();
  if (!postgres()) {
    EXPECT_EQ(w.database().connect()->run(Sql{"p", "PRAGMA synchronous"})[0][0].integer(), 2);  // FULL
    return;
  }
  const auto name = w.url().substr(w.url().rfind('/') + 1);
  for (const auto* setting : {"synchronous_commit = off", "default_transaction_isolation = 'serializable'",
                              "client_min_messages = error"})
    w.onlooker().script("ALTER DATABASE " + name + " SET " + setting);
  for (const bool poll_only : {false, true}) {
    DatabaseOptions options;
    options.poll_only = poll_only;
    const auto connection = Database::open(w.url(), options)->connect();
    connection->begin();
    const auto shown = [&](const char* what) {
      return connection->run(Sql{what, std::string("SHOW ") + what})[0][0].text();
    };
    EXPECT_EQ(shown("synchronous_commit"), "on");
    EXPECT_EQ(shown("transaction_isolation"), "read committed");
    EXPECT_EQ(shown("client_min_messages"), "warning")
        << "else a cancelled wait for a standby is not heard of (rule 4)";
    EXPECT_NE(shown("lock_timeout"), "0");
    EXPECT_NE(shown("idle_in_transaction_session_timeout"), "0");
    connection->rollback();
  }
}

TEST_P(Rule13, EveryGateMovesTheEpoch) {
  auto& w = once();
  w.add("1");
  w.add("2");
  const auto claims = fence().claim(w.a(), 2, hours(1), kWorker);
  const auto first = fence().begin_effect(w.a(), claims.at(0), kPost).value();
  const auto second = fence().begin_effect(w.a(), claims.at(1), kPost).value();
  EXPECT_GT(second.epoch, first.epoch);
}

// The holder changes nothing, so PostgreSQL does not check the statement's WHERE once more after the wait.
TEST_P(Rule17, ALeaseThatEndsDuringTheWaitEndsTheGate) {
  auto& w = once();
  w.add();
  const auto c = claim(std::chrono::milliseconds(400));
  const auto lapsed = [&] {
    return w.run("SELECT {lease_until} <= fencepost_now() FROM {table}")[0][0].boolean();
  };
  if (!postgres()) {
    while (!lapsed()) std::this_thread::yield();
    EXPECT_FALSE(fence().begin_effect(w.b(), c, kPost));
    return;
  }
  ThreadOfB thread(backend_pid(w.b()));
  w.a().begin();
  w.run(w.a(), "SELECT 1 FROM {table} FOR UPDATE");
  auto answer =
      thread.run([&] { return std::string(fence().begin_effect(w.b(), c, kPost) ? "passed" : "revoked"); });
  EXPECT_TRUE(waits_for_lock(w, thread.pid(), [&] { return ready(answer); }));
  while (!lapsed()) std::this_thread::yield();
  w.a().rollback();
  EXPECT_EQ(answer.get(), "revoked");
}

TEST_P(Rule17, ADelayCountsFromAfterTheWait) {
  auto& w = repeatable();
  w.add();
  const auto c = claim();
  if (!postgres()) {
    EXPECT_EQ(fence().settle(w.b(), {Settlement::snooze(c, seconds(1))}).at(0), SettleAnswer::settled);
    EXPECT_GT(row().run_at, row().now - Duration(seconds(10)).count());
    return;
  }
  ThreadOfB thread(backend_pid(w.b()));
  w.a().begin();
  w.run(w.a(), "SELECT 1 FROM {table} FOR UPDATE");
  const auto snooze = [&] {
    return std::string(
        fence().settle(w.b(), {Settlement::snooze(c, seconds(60))}).at(0) == SettleAnswer::settled ? "settled"
                                                                                                   : "");
  };
  auto answer = thread.run(snooze);
  EXPECT_TRUE(waits_for_lock(w, thread.pid(), [&] { return ready(answer); }));
  const auto now = [&] { return w.run("SELECT fencepost_now()")[0][0].integer(); };
  const auto waited_from = now();
  while (now() < waited_from + 200'000) std::this_thread::yield();
  const auto released = now();
  w.a().rollback();
  EXPECT_EQ(answer.get(), "settled");
  EXPECT_GE(row().run_at, released + Duration(seconds(60)).count());
}

ON_BOTH_DATABASES(Rule09);
ON_BOTH_DATABASES(Rule11);
ON_BOTH_DATABASES(Rule13);
ON_BOTH_DATABASES(Rule17);

}  // namespace
}  // namespace fencepost::store::testing
