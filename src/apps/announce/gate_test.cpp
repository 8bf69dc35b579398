// The gate asks for everything that can forbid a post, under locks (rule 3): nothing goes out after somebody
// said no, whoever said it and however.

#include <gtest/gtest.h>

#include "apps/announce/testing/episode_test_base.hpp"

namespace fencepost::announce {
namespace {

class GateTest : public testing::EpisodeTestBase {
 protected:
  // A claim that has been rendered, and stands before its gate.
  void before_the_gate() {
    go_live(episode_);
    claim_ = claim().at(0);
    rendered_ = render(claim_);
    ASSERT_TRUE(std::holds_alternative<engine::Rendered>(rendered_)) << text_of(rendered_);
  }
  bool passes() { return gate(*database_->acquire(), claim_, rendered_).has_value(); }
  // What another program does then, in one statement, is seen by the gate.
  void expect_refused_after(const std::string& statement, const std::string& why) {
    before_the_gate();
    database_.run(statement);
    EXPECT_FALSE(passes()) << statement;
    EXPECT_EQ(text_of(render(claim_)), why);
  }
  // A gate that has looked keeps the statement waiting until it has committed.
  void expect_kept_waiting(const std::string& statement) {
    before_the_gate();
    const auto item = to_publish(*database_->acquire(), id_).value();
    const auto [allowed, written] = while_open([&](store::Connection& c) { return gate_allows(c, item); },
                                               [&](store::Connection& c) {
                                                 return c.run(store::Sql{"own", statement}).changed;
                                               });
    EXPECT_TRUE(allowed);
    EXPECT_EQ(written, 1);
    EXPECT_TRUE(waited_) << statement;
  }

  const Episode episode_ = make_episode();
  const std::int64_t id_ = announce(episode_, connection_);
  store::Claim claim_;
  std::variant<engine::Rendered, engine::NotNow> rendered_;
};

TEST_P(GateTest, PassesWhereNothingForbidsIt) {
  before_the_gate();
  EXPECT_TRUE(passes());
}

TEST_P(GateTest, Rule3TheKillSwitchOfAnotherProgramIsSeen) {
  expect_refused_after("UPDATE fencepost_shows SET enabled = FALSE", "the show is switched off");
}

TEST_P(GateTest, Rule3AFormerMemberIsNeverPostedFor) {
  expect_refused_after("DELETE FROM fencepost_show_members WHERE role = 'host'",
                       "its host is not in the show any more");
}

TEST_P(GateTest, Rule3ADisabledPersonIsNotPostedFor) {
  expect_refused_after("UPDATE fencepost_people SET disabled_at = 1 WHERE email = 'bob@example.com'",
                       "its host is not in the show any more");
}

TEST_P(GateTest, Rule3TheEndOfTheStreamIsSeen) {
  expect_refused_after("UPDATE fencepost_episodes SET status = 'ended', ended_at = 1, ended_known_at = 1",
                       "the stream ended before this was posted");
}

TEST_P(GateTest, Rule3ApprovalThatIsAskedForIsSeen) {
  expect_refused_after("UPDATE fencepost_shows SET needs_approval = TRUE",
                       "an admin of the show has to approve it first");
}

TEST_P(GateTest, Rule3ADisconnectedAccountIsSeen) {
  before_the_gate();
  accounts::disconnect(*database_->acquire(), connection_);
  EXPECT_FALSE(passes());
  EXPECT_EQ(text_of(render(claim_)), "the connection is disconnected");
}

TEST_P(GateTest, Rule3TheDeadlineIsJudgedByTheDatabasesClockBehindTheLocks) {
  before_the_gate();
  auto lease = database_->acquire();
  store::Transaction transaction(*lease);
  auto item = to_publish(*lease, id_).value();
  item.deadline = now() + testing::kHour;
  EXPECT_TRUE(gate_allows(*lease, item));
  EXPECT_FALSE(obstacle(item));
  item.deadline = item.now;
  EXPECT_FALSE(gate_allows(*lease, item));
  EXPECT_STREQ(obstacle(item)->code, "deadline_passed");
}

TEST_P(GateTest, WhatWentIntoTheTextIsWhatIsTrueAtTheGate) {
  before_the_gate();
  edit(episode_, {.title = "Second title"});
  EXPECT_FALSE(passes());
  rendered_ = render(claim_);
  EXPECT_NE(text_of(rendered_).find("Second title"), std::string::npos);
  EXPECT_TRUE(passes());
}

TEST_P(GateTest, ANewNameOfTheShowIsInTheText) {
  before_the_gate();
  edit_show_now({.name = "Late Talk"});
  EXPECT_FALSE(passes());
  rendered_ = render(claim_);
  EXPECT_NE(text_of(rendered_).find("Late Talk"), std::string::npos);
  EXPECT_TRUE(passes());
}

TEST_P(GateTest, AGateThatHasLookedKeepsTheKillSwitchWaiting) {
  expect_kept_waiting("UPDATE fencepost_shows SET enabled = FALSE");
}

TEST_P(GateTest, AGateThatHasLookedKeepsWhoRemovesTheMemberWaiting) {
  expect_kept_waiting("DELETE FROM fencepost_show_members WHERE role = 'host'");
}

TEST_P(GateTest, AGateThatHasLookedKeepsWhoDisablesThePersonWaiting) {
  expect_kept_waiting("UPDATE fencepost_people SET disabled_at = 1 WHERE email = 'bob@example.com'");
}

TEST_P(GateTest, AGateThatHasLookedKeepsTheEndOfTheStreamWaiting) {
  expect_kept_waiting("UPDATE fencepost_episodes SET status = 'ended', ended_at = 1, ended_known_at = 1");
}

TEST_P(GateTest, OfAGateAndAKillSwitchThatCrossTheSwitchSaysInFlight) {
  before_the_gate();
  const auto [effect, off] = while_open(
      [&](store::Connection& c) { return gate(c, claim_, rendered_).has_value(); },
      [&](store::Connection& c) {
        return edit_show(c, fence_, show_, std::nullopt, {.enabled = false}, "ann").prevented.value();
      });
  EXPECT_TRUE(effect);
  EXPECT_EQ(off.in_flight, 1);
  EXPECT_EQ(off.prevented, 0);
  edit_show_now({.enabled = true});
  EXPECT_TRUE(get(id_).stop_wanted) << "it is not tried again, though the show is on when it fails";
}

TEST_P(GateTest, OfAKillSwitchAndAGateThatCrossTheGateIsRefused) {
  before_the_gate();
  const auto [off, effect] = while_open(
      [&](store::Connection& c) {
        return edit_show(c, fence_, show_, std::nullopt, {.enabled = false}, "ann").prevented.value();
      },
      [&](store::Connection& c) { return gate(c, claim_, rendered_).has_value(); });
  EXPECT_EQ(off.prevented, 1);
  EXPECT_FALSE(effect);
  EXPECT_EQ(get(id_).status, "failed");
}

TEST_P(GateTest, OfARemovedMemberAndAGateThatCrossOneAnswerIsTrue) {
  before_the_gate();
  const auto [effect, removed] = while_open(
      [&](store::Connection& c) { return gate(c, claim_, rendered_).has_value(); },
      [&](store::Connection& c) { return remove_member(c, fence_, show_, bob_.id, "ann").second; });
  EXPECT_TRUE(effect);
  EXPECT_EQ(removed.in_flight, 1);
  EXPECT_EQ(removed.prevented, 0);
  EXPECT_TRUE(get(id_).stop_wanted) << "it is not tried again";
}

ON_BOTH(GateTest);

}  // namespace
}  // namespace fencepost::announce
