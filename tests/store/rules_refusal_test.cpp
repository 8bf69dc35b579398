// What the table itself refuses (docs/fence.md): its owner's triggers say no to one row, loudly with a code
// of their own or by leaving it out, and that row alone pays for it.

#include <functional>

#include "base/testpoint.hpp"
#include "rules.hpp"

namespace fencepost::store::testing {
namespace {

using core::State;

class Refusals : public Rules {
 protected:
  // The owner's trigger: `act` where an UPDATE leaves a row as `condition` says.
  void own_rule(const std::string& condition, const std::string& act) {
    if (!postgres())
      return world_->script(
          "DROP TRIGGER IF EXISTS own_rule; CREATE TRIGGER own_rule BEFORE UPDATE ON {table} WHEN " +
          condition + " BEGIN SELECT " + act + "; END");
    world_->script(
        "CREATE OR REPLACE FUNCTION own_rule() RETURNS trigger LANGUAGE plpgsql AS $own$ BEGIN IF " +
        condition + " THEN " + act +
        "; END IF; RETURN NEW; END $own$;"
        "CREATE OR REPLACE TRIGGER own_rule BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION "
        "own_rule()");
  }
  void leave_out(const std::string& condition) {
    own_rule(condition, postgres() ? "RETURN NULL" : "RAISE(IGNORE)");
  }
  std::string becomes(const std::string& item, State state) {
    return "NEW.{key} = '" + item + "' AND NEW.{status} = " + word(state);
  }
  std::string claimed(const std::vector<Claim>& claims) {
    std::string items;
    for (const auto& c : claims) items += c.item;
    return items;
  }
};

// PostgreSQL: a trigger may raise any SQLSTATE, and languages beside PL/pgSQL have one of their own.
TEST_P(Refusals, AnyCodeOfTheOwnersCounts) {
  auto& w = repeatable();
  for (const auto* key : {"a", "b"}) w.add(key);
  for (const std::string code : {"AB001", "55000", "42501", "38000", "21000", "P0001"}) {
    own_rule(becomes("a", State::claimed), postgres()
                                               ? "RAISE EXCEPTION 'not so' USING ERRCODE = '" + code + "'"
                                               : "RAISE(ABORT, 'not so')");
    EXPECT_THROW(fence().claim(w.a(), 2, hours(1), kWorker), base::InfraError) << code;
    const auto claims = fence().claim_each(w.a(), 2, hours(1), kWorker);
    EXPECT_EQ(claimed(claims), "b") << code;
    EXPECT_GT(row("a").run_at, row("a").now) << code;
    if (!postgres()) return;
    w.run("UPDATE {table} SET {run_at} = 0");
    for (const auto& c : claims) fence().settle(w.a(), {Settlement::hand_back(c)});
  }
}

TEST_P(Refusals, AClaimThatIsLeftOutIsPutOff) {
  auto& w = repeatable();
  for (const auto* key : {"a", "b"}) w.add(key);
  leave_out(becomes("a", State::claimed));
  EXPECT_TRUE(fence().claim(w.a(), 1, hours(1), kWorker).empty()) << "without an error";
  EXPECT_EQ(claimed(fence().claim_each(w.a(), 1, hours(1), kWorker)), "b");
  EXPECT_GT(row("a").run_at, row("a").now);
}

TEST_P(Refusals, ARescueThatIsLeftOutHasFailed) {
  auto& w = repeatable();
  w.add();
  claim();
  leave_out(becomes("1", State::queued));
  foreign("{lease_until} = 1");
  const auto seen = fence().lapsed(w.a(), 1).at(0);
  EXPECT_EQ(fence().rescue(w.a(), seen, false, 0.5), State::failed);
}

TEST_P(Refusals, AYesThatIsLeftOutIsKept) {
  auto& w = once();
  w.add();
  const auto effect = fence().begin_effect(w.a(), claim(), kPost).value();
  leave_out(becomes("1", State::done));
  EXPECT_EQ(fence().settle_effect(w.a(), effect, happened(), "worker"), EffectAnswer::late_yes);
  EXPECT_EQ(row().outcome, core::EffectOutcome::done);
}

// Nobody is told `prevented`, and the program that embeds this lives on.
TEST_P(Refusals, AnActOfAPersonThatIsLeftOutSaysSo) {
  auto& w = once();
  w.add();
  leave_out(becomes("1", State::stopped));
  EXPECT_THROW(fence().stop(w.a(), "1", "person"), base::InfraError);
  EXPECT_EQ(row().state, State::queued);
  leave_out(becomes("1", State::claimed));
  EXPECT_THROW(fence().run_now(w.a(), "1", "person", hours(1), kWorker), base::InfraError);
  EXPECT_EQ(row().state, State::queued);
}

TEST_P(Refusals, ARefusedRenewalTakesNoOtherAlong) {
  auto& w = repeatable();
  for (const auto* key : {"a", "b", "c"}) w.add(key);
  const auto claims = fence().claim(w.a(), 3, minutes(1), kWorker);
  own_rule("NEW.{key} = 'b'", postgres() ? "RAISE EXCEPTION 'never'" : "RAISE(ABORT, 'never')");
  EXPECT_EQ(fence().renew(w.a(), claims, hours(1)).size(), 2U);
  EXPECT_GT(*row("c").lease_until, row("c").now + Duration(minutes(30)).count());
  EXPECT_LT(*row("b").lease_until, row("b").now + Duration(minutes(30)).count());
}

// Between the refusal and the putting off nothing is locked.
TEST_P(Refusals, WhoeverMovesARefusedItemMeanwhileIsHeard) {
  auto& w = repeatable();
  w.add();
  own_rule(becomes("1", State::claimed), postgres() ? "RAISE EXCEPTION 'not so'" : "RAISE(ABORT, 'not so')");
  base::on_testpoint([&](std::string_view point) {
    if (point == "put_off") foreign("{run_at} = fencepost_now() + 86400000000");
  });
  EXPECT_TRUE(fence().claim_each(w.a(), 1, hours(1), kWorker).empty());
  base::on_testpoint({});
  EXPECT_GT(row().run_at, row().now + Duration(hours(23)).count()) << "not before, as its owner said";
}

// What an application writes beside a yes is its own matter: nothing of the item was refused.
TEST_P(Refusals, WhatTheApplicationRefusesIsNotTheTables) {
  auto& w = once();
  w.add();
  const auto effect = fence().begin_effect(w.a(), claim(), kPost).value();
  const auto refuse = [&](Connection& connection) {
    w.run(connection,
          "INSERT INTO fencepost_queues (name, table_name) SELECT name, table_name FROM fencepost_queues");
  };
  EXPECT_THROW(fence().settle_effect(w.a(), effect, happened(), "worker", refuse), base::InfraError);
  EXPECT_EQ(row().outcome, core::EffectOutcome::none);
  EXPECT_EQ(count("fencepost_events WHERE kind = 'late_yes'"), 0);
  EXPECT_EQ(fence().settle_effect(w.a(), effect, happened(), "worker"), EffectAnswer::recorded);
}

// The look said no while the sender's yes came, which its row could not say.
TEST_P(Refusals, AYesThatWasKeptIsNotOverturnedByALook) {
  auto& w = once();
  w.add();
  const auto effect = fence().begin_effect(w.a(), claim(), kPost).value();
  fence().settle_effect(w.a(), effect, {Verdict::unknown, "", "", "cut", {}}, "worker");
  w.run("UPDATE fencepost_effects SET deadline = 1");
  const auto asked = fence().begin_reconcile(w.b(), "1", hours(1), kWorker).value();
  leave_out(becomes("1", State::done));
  EXPECT_EQ(fence().settle_effect(w.a(), effect, happened(), "worker"), EffectAnswer::late_yes);
  fence().settle_reconcile(w.b(), asked, did_not_happen(), true, hours(1));
  EXPECT_EQ(row().outcome, core::EffectOutcome::done);
  EXPECT_EQ(row().state, State::unknown) << "until its row may say so; it is never sent again";
}

ON_BOTH_DATABASES(Refusals);

}  // namespace
}  // namespace fencepost::store::testing
