// `fencepost verify`: finds what is wrong, and nothing where nothing is.
#include "store/verify.hpp"

#include <algorithm>

#include "both_databases.hpp"
#include "store/budget.hpp"

namespace fencepost::store::testing {
namespace {

using std::chrono::seconds;

constexpr Duration kLease = seconds(60);

class VerifyTest : public BothDatabases {
 protected:
  VerifyTest() : world_(GetParam(), core::Kind::once) {}

  const Fence& fence() { return world_.fence(); }
  Connection& a() { return world_.a(); }
  std::vector<Violation> found() { return verify(world_.onlooker(), {&world_.fence(), 1}); }

  std::string describe(const std::vector<Violation>& all) {
    std::string text = "found:\n";
    for (const auto& v : all) text += v.promise + " " + v.queue + " " + v.item + ": " + v.what + "\n";
    return text;
  }
  void expect_clean(const std::string& when) {
    const auto all = found();
    EXPECT_TRUE(all.empty()) << when << " " << describe(all);
  }
  void expect_violation(const std::string& promise, const std::string& item, const std::string& part) {
    const auto all = found();
    EXPECT_TRUE(std::any_of(all.begin(), all.end(),
                            [&](const Violation& v) {
                              return v.promise == promise && v.item == item &&
                                     v.what.find(part) != std::string::npos;
                            }))
        << promise << " " << item << ": " << part << "\n"
        << describe(all);
  }

  // From here on raw statements write what they say.
  void without_guards() {
    if (postgres()) return world_.script("ALTER TABLE {table} DISABLE TRIGGER ALL");
    for (const auto& row :
         world_.run("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'posts'"))
      world_.script("DROP TRIGGER \"" + row[0].text() + "\"");
  }
  void without_checks() {
    if (postgres())
      return world_.script("ALTER TABLE fencepost_buckets DROP CONSTRAINT fencepost_buckets_check");
    world_.onlooker().script("PRAGMA ignore_check_constraints = ON");
  }

  Claim claim_of(const std::string& item) {
    for (auto& c : fence().claim(a(), 10, kLease, 1))
      if (c.item == item) return c;
    throw std::runtime_error("item " + item + " cannot be claimed");
  }
  Effect begin(const std::string& item) {
    const EffectRequest request{"key-" + item, "{}", "there", Duration(1), kLease};
    return fence().begin_effect(a(), claim_of(item), request).value();
  }
  void settle(const Effect& effect, Verdict verdict, std::optional<Duration> retry = {}) {
    EXPECT_EQ(fence().settle_effect(a(), effect, {verdict, "", "", "", retry}, "worker"),
              EffectAnswer::recorded);
  }
  // An effects row behind the gate's back, with the event of its beginning.
  void plant_effect(const std::string& item, std::int64_t claim, const Value& outcome,
                    bool with_event = true) {
    world_.run(
        "INSERT INTO fencepost_effects (queue, item, claim, effect_key, request, destination, deadline, "
        "begun, outcome, "
        "outcome_at) VALUES ({q}, ?1, ?2, 'k', '{}', '', 0, fencepost_now(), ?3, fencepost_now())",
        {item, claim, outcome});
    if (with_event)
      world_.run(
          "INSERT INTO fencepost_events (at, queue, item, kind, from_state, to_state, claim) "
          "VALUES (fencepost_now(), {q}, ?1, 'begun', 'claimed', 'sending', ?2)",
          {item, claim});
  }

  World world_;
};

TEST_P(VerifyTest, ADatabaseThatOnlyTheProtocolHasWrittenIsClean) {
  expect_clean("empty");
  for (int n = 1; n <= 8; ++n) {
    world_.add(std::to_string(n));
    const auto effect = begin(std::to_string(n));
    expect_clean("sending");
    if (n == 1) settle(effect, Verdict::happened);
    if (n == 2) settle(effect, Verdict::did_not_happen);
    if (n == 3) settle(effect, Verdict::unknown);
    if (n == 4) {
      settle(effect, Verdict::did_not_happen, Duration(0));
      settle(begin("4"), Verdict::happened);
    }
    if (n == 5) {
      settle(effect, Verdict::unknown);
      EXPECT_EQ(fence().resolve(a(), "5", false, "ann"), core::ResolveAnswer::resolved);
      EXPECT_EQ(fence().rearm(a(), "5", "ann"), RearmAnswer::rearmed);
      settle(begin("5"), Verdict::happened);
    }
    if (n == 6) {
      EXPECT_EQ(fence().stop(a(), "6", "ann"), core::StopAnswer::in_flight);
      EXPECT_EQ(fence().settle_effect(a(), effect, {Verdict::did_not_happen, "", "", "", Duration(0)}, "w"),
                EffectAnswer::stopped);
      EXPECT_EQ(fence().rearm(a(), "6", "ann"), RearmAnswer::rearmed);
      settle(begin("6"), Verdict::happened);
    }
    if (n == 7) {
      world_.run("UPDATE {table} SET {status} = 'queued' WHERE {key} = 7");
      EXPECT_EQ(fence().rescue(a(), fence().held_by(a(), 1).at(0), true, 0.5), core::State::unknown);
      const auto asked = fence().begin_reconcile(a(), "7", kLease, 1);
      EXPECT_EQ(
          fence().settle_reconcile(a(), *asked, {Verdict::did_not_happen, "", "", "", {}}, true, seconds(1)),
          core::State::queued);
      settle(begin("7"), Verdict::happened);
    }
    expect_clean("item " + std::to_string(n));
  }
  world_.add("9");
  EXPECT_EQ(fence().stop(a(), "9", "ann"), core::StopAnswer::prevented);
  expect_clean("stopped");
  EXPECT_EQ(fence().rearm(a(), "9", "ann"), RearmAnswer::rearmed);
  settle(begin("9"), Verdict::happened);
  expect_clean("re-armed");
  world_.add("10");
  EXPECT_EQ(fence().due_to_unknown(a(), "restored"), 1);
  expect_clean("due items became unknown");
  in_transaction(a(), [](auto& c) { return take(c, {"s", "n", "w"}, 3, 3, "posts", "1", "p", 0).used; });
  in_transaction(a(), [](auto& c) { return set_quota(c, {"s", "n", "w"}, 1).used; });
  in_transaction(a(), [](auto& c) {
    return take_all(c, {}, {{"channel", 0, 2, "posts", "1"}}).seats[0].seat;
  });
  expect_clean("budgets");
}

TEST_P(VerifyTest, RepeatableQueuesAreCheckedToo) {
  World repeatable(GetParam(), core::Kind::repeatable);
  repeatable.add("it's");
  EXPECT_EQ(repeatable.fence().claim(repeatable.a(), 1, kLease, 1).size(), 1U);
  const std::span<const Fence> all(&repeatable.fence(), 1);
  EXPECT_TRUE(verify(repeatable.onlooker(), all).empty());
  repeatable.script(
      postgres() ? "ALTER TABLE {table} DISABLE TRIGGER ALL"
                 : "DROP TRIGGER fencepost_places_fn_update; DROP TRIGGER fencepost_places_fn_update_lease");
  repeatable.run("UPDATE {table} SET {lease_until} = NULL");
  const auto violations = verify(repeatable.onlooker(), all);
  ASSERT_EQ(violations.size(), 1U);
  EXPECT_EQ(violations[0].promise, "F5");
  EXPECT_EQ(violations[0].item, "it's");
  EXPECT_EQ(violations[0].what, "it is Processing and has no lease");
}

TEST_P(VerifyTest, F1_TwoOpenEffects) {
  world_.add("1");
  begin("1");
  plant_effect("1", 77, "unknown");
  expect_violation("F1", "1", "2 effects are open at once");
  expect_violation("F1", "1", "the effect of claim 77 is open, and its item holds that of claim");
}

TEST_P(VerifyTest, F1_AnOpenEffectThatItsItemDoesNotHold) {
  world_.add("1");
  begin("1");
  without_guards();
  world_.run("UPDATE {table} SET {effect} = NULL");
  expect_violation("F1", "1", "is open, and its item holds none");
  expect_violation("F1", "1", "it has the word for sending and holds no effect");
  world_.run("DELETE FROM {table}");
  expect_violation("F1", "1", "is open, and its item is gone");
}

TEST_P(VerifyTest, F1_WhatAnItemHoldsIsAnEffectOfItsOwn) {
  for (const auto* item : {"1", "2", "3"}) world_.add(item);
  without_guards();
  world_.run("UPDATE {table} SET {effect} = 71 WHERE {key} = 1");
  expect_violation("F1", "1", "claim 71, which never began");
  plant_effect("2", 72, "failed");
  world_.run("UPDATE {table} SET {effect} = 72 WHERE {key} = 2");
  expect_violation("F1", "2", "claim 72, which failed");
  plant_effect("2", 73, "done");
  world_.run("UPDATE {table} SET {effect} = 73 WHERE {key} = 3");
  expect_violation("F1", "3", "claim 73, which belongs to posts 2");
}

TEST_P(VerifyTest, F1_AnEffectThatDidNotComeThroughTheGate) {
  world_.add("1");
  settle(begin("1"), Verdict::happened);
  plant_effect("2", 70, "failed", false);
  expect_violation("F1", "2", "claim 70 has no event of its beginning");
  world_.run("DELETE FROM fencepost_events");
  expect_clean("history that was pruned proves nothing");
}

TEST_P(VerifyTest, F2_AnEffectAfterAStop) {
  world_.add("1");
  EXPECT_EQ(fence().stop(a(), "1", "ann"), core::StopAnswer::prevented);
  plant_effect("1", 70, "failed");
  expect_violation("F2", "1", "after the item was stopped");
  EXPECT_EQ(found().size(), 1U) << describe(found());
}

TEST_P(VerifyTest, F2_AForeignProgramsUpdateReArmsNothing) {
  world_.add("1");
  EXPECT_EQ(fence().stop(a(), "1", "ann"), core::StopAnswer::prevented);
  world_.run("UPDATE {table} SET {status} = 'queued'");
  plant_effect("1", 70, "failed");
  expect_violation("F2", "1", "after the item was stopped");
}

TEST_P(VerifyTest, F2_AnEffectAfterAForeignStop) {
  world_.add("1");
  world_.run("UPDATE {table} SET {status} = 'stopped'");
  plant_effect("1", 70, "failed");
  expect_violation("F2", "1", "after the item was stopped");
}

TEST_P(VerifyTest, F3_ASecondEffect) {
  world_.add("1");
  settle(begin("1"), Verdict::happened);
  plant_effect("1", 70, "failed");
  expect_violation("F3", "1", "which is done");
  EXPECT_EQ(found().size(), 1U) << describe(found());
}

TEST_P(VerifyTest, F3_ASecondEffectBeforeTheFirstWasKnownToHaveFailed) {
  world_.add("1");
  settle(begin("1"), Verdict::unknown);
  plant_effect("1", 70, "failed");
  expect_violation("F3", "1", "which is unknown");
  EXPECT_EQ(fence().resolve(a(), "1", false, "ann"), core::ResolveAnswer::resolved);
  expect_violation("F3", "1", "which was not yet known to have failed");
}

TEST_P(VerifyTest, F3_TheClockGoingBackBetweenTwoAttemptsIsNoViolation) {
  world_.add("1");
  settle(begin("1"), Verdict::did_not_happen, Duration(0));
  world_.run("UPDATE {table} SET {run_at} = 0");
  shift_clock(world_, -seconds(3600));
  settle(begin("1"), Verdict::happened);
  shift_clock(world_, Duration(0));
  expect_clean("the events' order decides");
}

TEST_P(VerifyTest, F4_BucketsAndTheirLedger) {
  in_transaction(a(), [](auto& c) {
    return take(c, {"units", "p", "2026-03-08"}, 10, 3, "posts", "1", "p", 0).used;
  });
  world_.run("UPDATE fencepost_buckets SET used = 5");
  expect_violation("F4", "units/p/2026-03-08", "5 are used, and the ledger has 3");
  world_.run("UPDATE fencepost_buckets SET used = 3, overhang = 4");
  expect_violation("F4", "units/p/2026-03-08", "overhang is 4, with 3 used of 10");
  without_checks();
  world_.run("UPDATE fencepost_buckets SET used = 3, overhang = 0, quota = 2");
  expect_violation("F4", "units/p/2026-03-08", "3 are used of 2");
}

TEST_P(VerifyTest, F4_SeatsAndTheirLedger) {
  in_transaction(a(), [](auto& c) {
    return take_all(c, {}, {{"channel", 0, 2, "posts", "1"}}).seats[0].seat;
  });
  world_.run(
      "INSERT INTO fencepost_slots (channel, slot_at, seat, queue, item) VALUES ('channel', 0, 2, 'posts', "
      "'2')");
  expect_violation("F4", "2", "seat 2 of channel at 0 is not in the ledger");
  world_.run("DELETE FROM fencepost_slots");
  expect_violation("F4", "1", "the slot has none");
  EXPECT_EQ(found().size(), 1U) << describe(found());
}

TEST_P(VerifyTest, F5_ItemsThatNothingLeadsOutOfWhereTheyAre) {
  for (const auto* item : {"1", "2", "3", "4", "5"}) world_.add(item);
  without_guards();
  world_.run("UPDATE {table} SET {status} = 'claimed' WHERE {key} = 1");
  world_.run("UPDATE {table} SET {status} = 'unknown' WHERE {key} = 2");
  world_.run("UPDATE {table} SET {stop_wanted} = TRUE WHERE {key} = 3");
  plant_effect("4", 70, "done");
  world_.run("UPDATE {table} SET {status} = 'unknown', {effect} = 70 WHERE {key} = 4");
  plant_effect("5", 71, nullptr);
  world_.run("UPDATE {table} SET {status} = 'done', {effect} = 71 WHERE {key} = 5");
  expect_violation("F5", "1", "it is claimed and has no lease");
  expect_violation("F5", "2", "its outcome is unknown, of no effect");
  expect_violation("F5", "3", "it can never pass the gate");
  expect_violation("F5", "4", "its outcome is unknown, and its effect is done");
  expect_violation("F5", "5", "its effect is open, its word is done, and it has no lease");
  EXPECT_EQ(found().size(), 5U) << describe(found());
}

ON_BOTH_DATABASES(VerifyTest);

}  // namespace
}  // namespace fencepost::store::testing
