// Rule 4 of DESIGN.md section 2: commits whose answer is lost, and commits that answer with a warning. Runs
// beside a PostgreSQL of its own (scripts/lib/with-postgres), because a missing standby stops every commit of
// a server.

#include "commit_cutter.hpp"
#include "rules.hpp"
#include "thread_of_b.hpp"

namespace fencepost::store::testing {
namespace {

using core::State;
using Cut = CommitCutter::Cut;

class Rule04 : public ::testing::Test {
 protected:
  explicit Rule04(core::Kind kind = core::Kind::once) : world(Dialect::postgres, kind), cutter(world.url()) {
    world.add();
  }

  // Runs `act` on a connection that loses its COMMIT; it must say that it is in doubt.
  template <typename Act>
  void in_doubt(Cut cut, Act&& act) {
    const auto connection = Database::open(cutter.url())->connect();
    world.fence().check(*connection);  // prepared before, so that the next thing sent is the act
    cutter.arm(cut);
    try {
      act(*connection);
      ADD_FAILURE() << "nobody noticed";
    } catch (const base::InfraError& error) {
      EXPECT_TRUE(error.in_doubt()) << error.what();
      EXPECT_TRUE(error.poisoned());
      EXPECT_FALSE(connection->usable());
    }
  }
  Claim claim() { return world.fence().claim(world.a(), 1, hours(1), kWorker).at(0); }
  Snapshot row() { return world.fence().read(world.onlooker(), "1").value(); }
  std::int64_t effects() { return world.run("SELECT count(*) FROM fencepost_effects")[0][0].integer(); }
  const Fence& fence() { return world.fence(); }

  World world;
  CommitCutter cutter;
};

class Rule04Repeatable : public Rule04 {
 protected:
  Rule04Repeatable() : Rule04(core::Kind::repeatable) {}
};

TEST_F(Rule04, GateThatWasNotCommitted) {
  const auto c = claim();
  in_doubt(Cut::before, [&](Connection& connection) { fence().begin_effect(connection, c, kPost); });
  EXPECT_EQ(fence().gate_outcome(world.a(), c).first, Fence::GateOutcome::not_passed);
  EXPECT_TRUE(fence().begin_effect(world.a(), c, kPost)) << "gate again";
  EXPECT_EQ(effects(), 1);
}

TEST_F(Rule04, GateThatWasCommitted) {
  const auto c = claim();
  in_doubt(Cut::after, [&](Connection& connection) { fence().begin_effect(connection, c, kPost); });
  const auto [outcome, effect] = fence().gate_outcome(world.a(), c);
  ASSERT_EQ(outcome, Fence::GateOutcome::passed);
  EXPECT_EQ(effect->key, kPost.key);
  EXPECT_EQ(effect->request, kPost.request);
  EXPECT_FALSE(fence().begin_effect(world.a(), c, kPost)) << "never twice";
  EXPECT_EQ(fence().settle_effect(world.a(), *effect, happened(), "worker"), EffectAnswer::recorded);
}

TEST_F(Rule04, GateThatWasRevokedMeanwhile) {
  const auto c = claim();
  in_doubt(Cut::before, [&](Connection& connection) { fence().begin_effect(connection, c, kPost); });
  EXPECT_EQ(fence().stop(world.b(), "1", "person"), core::StopAnswer::prevented);
  EXPECT_EQ(fence().gate_outcome(world.a(), c).first, Fence::GateOutcome::revoked);
}

TEST_F(Rule04, StopIsNeverPreventedOnADoubtfulCommit) {
  in_doubt(Cut::before, [&](Connection& connection) { fence().stop(connection, "1", "person"); });
  EXPECT_EQ(row().state, State::queued);
  in_doubt(Cut::after, [&](Connection& connection) { fence().stop(connection, "1", "person"); });
  EXPECT_EQ(fence().stop(world.a(), "1", "person"), core::StopAnswer::already_stopped);
}

TEST_F(Rule04, EffectsOwnOutcomeIsSuccess) {
  const auto effect = fence().begin_effect(world.a(), claim(), kPost).value();
  in_doubt(Cut::before, [&](Connection& c) { fence().settle_effect(c, effect, happened(), "worker"); });
  in_doubt(Cut::after, [&](Connection& c) { fence().settle_effect(c, effect, happened(), "worker"); });
  EXPECT_EQ(fence().settle_effect(world.a(), effect, happened(), "worker"), EffectAnswer::already_recorded);
  EXPECT_EQ(row().attempt, 1);
}

TEST_F(Rule04, RunNowFindsItsOwnClaim) {
  const auto mine = new_claim(kWorker);
  const auto act = [&](Connection& c) { return fence().run_now(c, "1", "person", hours(1), kWorker, mine); };
  in_doubt(Cut::after, act);
  EXPECT_EQ(fence().run_now(world.b(), "1", "another", hours(1), kWorker + 1).answer,
            core::RunNowAnswer::already_running);
  const auto again = act(world.a());
  EXPECT_EQ(again.answer, core::RunNowAnswer::started);
  EXPECT_TRUE(fence().begin_effect(world.a(), *again.claim, kPost));
}

TEST_F(Rule04, AClaimInDoubtIsHandedBack) {
  in_doubt(Cut::after, [&](Connection& c) {
    // As it is with settlements before it.
    Transaction transaction(c);
    fence().claim(c, 1, hours(1), kWorker);
    transaction.commit();
  });
  EXPECT_EQ(row().state, State::claimed);
  EXPECT_EQ(fence().disown(world.a(), kWorker, {}), 1);
  EXPECT_EQ(row().state, State::queued);
  EXPECT_EQ(row().attempt, 0);
}

TEST_F(Rule04Repeatable, SettlementsOwnOutcomeIsSuccess) {
  const auto c = claim();
  const auto settle = [&](Connection& connection) {
    Transaction transaction(connection);
    const auto answer = fence().settle(connection, {Settlement::done(c)}).at(0);
    transaction.commit();
    return answer;
  };
  in_doubt(Cut::before, settle);
  in_doubt(Cut::after, settle);
  EXPECT_EQ(settle(world.a()), SettleAnswer::already_recorded);
  EXPECT_EQ(row().attempt, 1);
}

// A standby that never answers. Whoever waits for it can only be cancelled, and PostgreSQL then says COMMIT,
// with a warning.
class Rule04Standby : public Rule04 {
 protected:
  Rule04Standby() { standby("missing"); }
  ~Rule04Standby() override { standby(""); }

  void standby(const std::string& names) {
    world.onlooker().script("ALTER SYSTEM SET synchronous_standby_names = '" + names + "'");
    world.onlooker().script("SELECT pg_reload_conf()");
    const auto waits = [&] {
      return world.run("SELECT current_setting('synchronous_standby_names')")[0][0].text() != names;
    };
    while (waits()) std::this_thread::yield();
  }
  // Runs `act`, cancels it when it waits for the standby, and answers what came of it.
  std::string cancelled(std::function<std::string()> act) {
    ThreadOfB thread(backend_pid(world.b()));
    auto answer = thread.run([&]() -> std::string {
      try {
        return act();
      } catch (const base::InfraError& error) {
        return error.in_doubt() ? "in doubt" : error.what();
      }
    });
    const auto waits = [&] {
      const auto rows = world.run("SELECT wait_event = 'SyncRep' FROM pg_stat_activity WHERE pid = ?1::int",
                                  {thread.pid()});
      return !rows[0][0].is_null() && rows[0][0].boolean();
    };
    while (!ready(answer)) {
      if (waits()) world.run("SELECT pg_cancel_backend(?1::int)", {thread.pid()});
    }
    return answer.get();
  }
};

TEST_F(Rule04Standby, AWarningFromTheGatesCommitIsADoubt) {
  standby("");
  const auto c = claim();
  standby("missing");
  EXPECT_EQ(cancelled([&] { return fence().begin_effect(world.b(), c, kPost) ? "passed" : "revoked"; }),
            "in doubt");
  // The look is as doubtful as the gate while the standby is away: what it sees may be lost with this server.
  EXPECT_EQ(cancelled([&]() -> std::string {
              fence().gate_outcome(world.b(), c);
              return "passed";
            }),
            "in doubt");
  standby("");
  EXPECT_EQ(fence().gate_outcome(world.b(), c).first, Fence::GateOutcome::passed);
}

TEST_F(Rule04Standby, AWarningFromAStopsCommitIsADoubt) {
  const auto stop = [&] { return std::string(core::name(fence().stop(world.b(), "1", "person"))); };
  EXPECT_EQ(cancelled(stop), "in doubt");
  EXPECT_EQ(cancelled(stop), "in doubt") << "it sees the row stopped; the standby does not";
  standby("");
  EXPECT_EQ(stop(), "already_stopped");
}

TEST_F(Rule04Standby, AnEffectsOwnOutcomeIsNoSuccessBeforeTheStandbyHasIt) {
  standby("");
  const auto effect = fence().begin_effect(world.a(), claim(), kPost).value();
  standby("missing");
  const auto settle = [&]() -> std::string {
    return fence().settle_effect(world.b(), effect, happened(), "worker") == EffectAnswer::recorded
               ? "recorded"
               : "already";
  };
  EXPECT_EQ(cancelled(settle), "in doubt");
  EXPECT_EQ(cancelled(settle), "in doubt");
  standby("");
  EXPECT_EQ(settle(), "already");
}

TEST_F(Rule04Standby, AStatementThatIsItsOwnTransactionToo) {
  const auto note = [&]() -> std::string {
    world.run(world.b(), "UPDATE {table} SET {last_error} = 'x'");
    return "written";
  };
  EXPECT_EQ(cancelled(note), "in doubt");
}

}  // namespace
}  // namespace fencepost::store::testing
