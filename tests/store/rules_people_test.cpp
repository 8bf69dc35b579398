// Rules 7 and 10 of DESIGN.md section 2: what people are answered, and what absence means.

#include "rules.hpp"

namespace fencepost::store::testing {
namespace {

using core::EffectOutcome;
using core::State;
using core::StopAnswer;

class Rule07 : public Rules {};
class Rule10 : public Rules {
 protected:
  // An item whose outcome nobody knows, and whose request can still be travelling or not.
  Effect unknown(bool late) {
    auto& w = once();
    w.add();
    const auto effect = fence().begin_effect(w.a(), claim(), kPost).value();
    EXPECT_EQ(fence().settle_effect(w.a(), effect, {}, "test"), EffectAnswer::recorded);
    if (late) w.run("UPDATE fencepost_effects SET deadline = 1");
    return effect;
  }
  State reconciled(const EffectResult& result, bool refuses) {
    const auto asked = fence().begin_reconcile(world_->a(), "1", minutes(1), kWorker);
    EXPECT_TRUE(asked);
    return fence().settle_reconcile(world_->a(), *asked, result, refuses, minutes(5)).value();
  }
};

TEST_P(Rule07, PreventedAndAlreadyStopped) {
  auto& w = once();
  w.add();
  EXPECT_EQ(fence().stop(w.a(), "1", "host"), StopAnswer::prevented);
  EXPECT_EQ(fence().stop(w.b(), "1", "host"), StopAnswer::already_stopped);
  EXPECT_EQ(fence().stop(w.b(), "nothing", "host"), StopAnswer::not_found);
  EXPECT_TRUE(fence().claim(w.a(), 1, hours(1), kWorker).empty());
}

TEST_P(Rule07, AStopBetweenClaimAndGateClosesTheGate) {
  auto& w = once();
  w.add();
  const auto mine = claim();
  EXPECT_EQ(fence().stop(w.b(), "1", "host"), StopAnswer::prevented);
  EXPECT_FALSE(fence().begin_effect(w.a(), mine, kPost));
  EXPECT_EQ(count("fencepost_effects"), 0);
}

TEST_P(Rule07, AStopDuringTheSendIsInFlightAndForbidsTheRetry) {
  auto& w = once();
  w.add();
  const auto effect = fence().begin_effect(w.a(), claim(), kPost).value();
  const auto before = row().fence;
  EXPECT_EQ(fence().stop(w.b(), "1", "host"), StopAnswer::in_flight);
  EXPECT_EQ(row().fence, before) << "the settlement must still find its item";
  EXPECT_EQ(fence().settle_effect(w.a(), effect, did_not_happen(seconds(1)), "test"), EffectAnswer::stopped);
  EXPECT_EQ(row().state, State::stopped);
}

TEST_P(Rule07, AStopOfAnUnknownOrDoneItemSaysSo) {
  auto& w = once();
  w.add();
  const auto effect = fence().begin_effect(w.a(), claim(), kPost).value();
  ASSERT_EQ(fence().settle_effect(w.a(), effect, {}, "test"), EffectAnswer::recorded);
  EXPECT_EQ(fence().stop(w.b(), "1", "host"), StopAnswer::outcome_unknown);
  ASSERT_EQ(fence().settle_effect(w.a(), effect, happened(), "test"), EffectAnswer::recorded);
  EXPECT_EQ(fence().stop(w.b(), "1", "host"), StopAnswer::already_done);
}

TEST_P(Rule07, AClaimedRepeatableItemMayBeRunning) {
  auto& w = repeatable();
  w.add();
  const auto mine = claim();
  EXPECT_EQ(fence().stop(w.b(), "1", "host"), StopAnswer::in_flight);
  EXPECT_EQ(fence().settle(w.a(), {Settlement::retry(mine, seconds(1), "again")}).at(0),
            SettleAnswer::stopped);
  EXPECT_TRUE(fence().claim(w.a(), 1, hours(1), kWorker).empty());
}

TEST_P(Rule10, FoundIsDone) {
  unknown(false);
  EXPECT_EQ(reconciled(happened(), false), State::done);
  EXPECT_EQ(row().outcome, EffectOutcome::done);
}

TEST_P(Rule10, AbsentIsQueuedOnlyWhereThePlatformRefusesASecondArrival) {
  const auto effect = unknown(true);
  EXPECT_EQ(reconciled(did_not_happen(), true), State::queued);
  const auto again =
      fence().begin_effect(world_->a(), claim(), {"another key", "{}", "webhook:1", minutes(2), minutes(3)});
  ASSERT_TRUE(again);
  EXPECT_EQ(again->key, effect.key) << "or the platform could not refuse it";
}

// Rules 9 and 10: whoever records of an effect that it is unknown, it was one attempt.
TEST_P(Rule10, AnItemThatKillsEachOfItsWorkersComesToAnEnd) {
  auto& w = once();
  w.add();
  const int attempts = w.queue().backoff.retries + 1;
  for (int attempt = 1; attempt <= attempts; ++attempt) {
    const auto effect = fence().begin_effect(w.a(), claim(), kPost).value();
    EXPECT_EQ(fence().rescue(w.a(), fence().held_by(w.a(), kWorker).at(0), true, 0.5), State::unknown);
    EXPECT_EQ(row().attempt, attempt);
    EXPECT_EQ(fence().settle_effect(w.a(), effect, {}, "test"), EffectAnswer::already_recorded);
    w.run("UPDATE fencepost_effects SET deadline = 1");
    EXPECT_EQ(reconciled(did_not_happen(), true), attempt < attempts ? State::queued : State::failed);
    EXPECT_EQ(row().attempt, attempt);
  }
}

TEST_P(Rule10, ElsewhereAbsenceIsEvidenceForAPerson) {
  unknown(true);
  EXPECT_EQ(reconciled(did_not_happen(), false), State::unknown);
  EXPECT_EQ(row().outcome, EffectOutcome::unknown);
  EXPECT_EQ(fence().resolve(world_->a(), "1", false, "host"), core::ResolveAnswer::resolved);
  EXPECT_EQ(row().state, State::failed);
}

TEST_P(Rule10, WhatCanNeverArriveAnyMoreFailed) {
  auto over = did_not_happen();
  over.over = true;
  unknown(true);
  EXPECT_EQ(reconciled(over, false), State::failed);
  EXPECT_EQ(fence().rearm(world_->a(), "1", "host"), RearmAnswer::rearmed);
}

TEST_P(Rule10, WhatIsOverAndWasToStopIsStopped) {
  auto over = did_not_happen();
  over.over = true;
  unknown(true);
  EXPECT_EQ(fence().stop(world_->b(), "1", "host"), StopAnswer::outcome_unknown);
  EXPECT_EQ(reconciled(over, false), State::stopped);
}

TEST_P(Rule10, NotBeforeTheHardDeadline) {
  unknown(false);
  EXPECT_EQ(reconciled(did_not_happen(), true), State::unknown);
  EXPECT_EQ(fence().resolve(world_->a(), "1", false, "host"), core::ResolveAnswer::too_early);
}

TEST_P(Rule10, TheDeadlineMustHavePassedBeforeTheLook) {
  unknown(false);
  const auto asked = fence().begin_reconcile(world_->a(), "1", minutes(1), kWorker).value();
  world_->run("UPDATE fencepost_effects SET deadline = 1");  // it passes while the platform is being asked
  EXPECT_EQ(fence().settle_reconcile(world_->a(), asked, did_not_happen(), true, minutes(5)), State::unknown);
}

TEST_P(Rule10, OneAsksAtATime) {
  unknown(true);
  EXPECT_TRUE(fence().begin_reconcile(world_->a(), "1", minutes(1), kWorker));
  EXPECT_FALSE(fence().begin_reconcile(world_->b(), "1", minutes(1), kWorker + 1));
}

ON_BOTH_DATABASES(Rule07);
ON_BOTH_DATABASES(Rule10);

}  // namespace
}  // namespace fencepost::store::testing
