// Threads: every part goes out once, behind the one before, and never after somebody said no.

#include "apps/announce/threads.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "announce/sql.hpp"
#include "apps/announce/item_acts.hpp"
#include "apps/announce/testing/episode_test_base.hpp"

namespace fencepost::announce {
namespace {

using core::State;
using core::StopAnswer;

// A platform whose posts can answer one another: what it would send says what.
class Answering final : public connect::Connector {
 public:
  std::string_view platform() const override { return "webhook"; }
  bool threads() const override { return true; }
  base::Duration refuses_second_arrival() const override { return base::Duration(0); }
  void check(const std::string&, const connect::Credentials&) const override {}
  connect::Rendered render(const connect::Post& post, const connect::Account& account,
                           const std::string&) const override {
    nlohmann::json body{{"text", post.text}};
    if (post.reply_to) body.update({{"root", post.reply_to->root.id}, {"parent", post.reply_to->parent.id}});
    return {account.target, body.dump()};
  }
  connect::Outcome send(const connect::Rendered&, const connect::Credentials&, const std::string&,
                        base::BootTime, std::stop_token) override {
    return {};  // the tests say what came of it
  }
  connect::Look look(const connect::Rendered&, const connect::Credentials&, const std::string&,
                     base::BootTime, std::stop_token) override {
    return {};
  }
};

class ThreadsTest : public testing::EpisodeTestBase {
 protected:
  // An announcement of the episode with two parts behind it.
  std::int64_t thread() {
    const auto id = announce(episode_, connection_);
    auto lease = database_->acquire();
    store::Transaction transaction(*lease);
    add_parts(*lease, id, {"two", "three"}, true, "test");
    transaction.commit();
    return id;
  }
  std::string status(std::size_t part) {
    const auto now = get(first_);
    return part == 1 ? now.status : now.parts.at(part - 2).status;
  }
  std::int64_t id_of(std::size_t part) { return part == 1 ? first_ : get(first_).parts.at(part - 2).id; }
  std::vector<std::string> statuses() { return {status(1), status(2), status(3)}; }
  using Words = std::vector<std::string>;

  // The one item that is due, up to behind its gate.
  struct Begun {
    std::int64_t item = 0;
    store::Effect effect;
    nlohmann::json request;
  };
  std::optional<Begun> begin() {
    const auto claims = claim();
    if (claims.empty()) return std::nullopt;
    EXPECT_EQ(claims.size(), 1U);
    const auto rendered = publisher_.render(*database_->acquire(), claims[0], "key");
    if (!std::holds_alternative<engine::Rendered>(rendered)) {
      refused_ = std::get<engine::NotNow>(rendered).error;
      return std::nullopt;
    }
    const auto effect = gate(*database_->acquire(), claims[0], rendered);
    if (!effect) return std::nullopt;
    return Begun{std::stoll(claims[0].item), *effect, nlohmann::json::parse(effect->request)};
  }
  store::EffectAnswer settle_of(store::Connection& connection, const Begun& begun,
                                const store::EffectResult& result) {
    return fence_.settle_effect(connection, begun.effect, result, "test",
                                [&](store::Connection& c) { publisher_.settled(c, begun.effect, result); });
  }
  void settle_of(const Begun& begun, const store::EffectResult& result) {
    settle_of(*database_->acquire(), begun, result);
  }
  store::EffectAnswer yes(store::Connection& connection, const Begun& begun) {
    const auto number = std::to_string(begun.item);
    return settle_of(connection, begun,
                     {store::Verdict::happened, "post-" + number, "https://example.com/" + number, "", {}});
  }
  void yes(const Begun& begun) { yes(*database_->acquire(), begun); }
  // Posts what is due; its item.
  std::int64_t post_next() {
    const auto begun = begin();
    if (!begun) return 0;
    yes(*begun);
    return begun->item;
  }
  std::vector<StopAnswer> stop(std::int64_t id) {
    auto lease = database_->acquire();
    store::Transaction transaction(*lease);
    auto answers = fence_.stop(*lease, hold_items(*lease, fence_, id), "bob");
    transaction.commit();
    return answers;
  }
  void rearm(std::int64_t id) {
    auto lease = database_->acquire();
    store::Transaction transaction(*lease);
    fence_.rearm(*lease, hold_items(*lease, fence_, id), "bob");
    release_thread(*lease, id);
    transaction.commit();
  }

  Answering platform_;
  Publisher publisher_{*database_, credentials_, {&platform_}, ImageLinks(vault_, ""), base::system_clock()};
  const Episode episode_ = make_episode();
  const std::int64_t first_ = thread();
  std::string refused_;
};

TEST_P(ThreadsTest, PartsGoOutOneBehindTheOther) {
  EXPECT_EQ(statuses(), (Words{"pending", "pending", "pending"}));
  go_live(episode_);
  EXPECT_EQ(statuses(), (Words{"queued", "pending", "pending"}));
  const auto one = begin();
  ASSERT_TRUE(one);
  EXPECT_FALSE(one->request.contains("parent"));
  EXPECT_TRUE(claim().empty()) << "part 2 must wait for the answer to part 1";
  yes(*one);
  EXPECT_EQ(statuses(), (Words{"posted", "queued", "pending"}));
  const auto two = begin();
  ASSERT_TRUE(two);
  EXPECT_EQ(two->request["text"], "two");
  EXPECT_EQ(two->request["parent"], "post-" + std::to_string(first_));
  yes(*two);
  const auto three = begin();
  ASSERT_TRUE(three);
  EXPECT_EQ(three->request["root"], "post-" + std::to_string(first_));
  EXPECT_EQ(three->request["parent"], "post-" + std::to_string(two->item));
  yes(*three);
  EXPECT_EQ(statuses(), (Words{"posted", "posted", "posted"}));
  EXPECT_TRUE(claim().empty());
}

TEST_P(ThreadsTest, AStopBetweenPartsPreventsTheRest) {
  go_live(episode_);
  post_next();
  EXPECT_EQ(gravest(stop(first_)), StopAnswer::prevented);
  EXPECT_EQ(statuses(), (Words{"posted", "disabled", "disabled"}));
  EXPECT_EQ(post_next(), 0);
  rearm(first_);
  EXPECT_EQ(statuses(), (Words{"posted", "queued", "pending"}));
}

TEST_P(ThreadsTest, AStopInFlightSaysSoAndPreventsWhatFollows) {
  go_live(episode_);
  const auto one = begin();
  ASSERT_TRUE(one);
  EXPECT_EQ(gravest(stop(first_)), StopAnswer::in_flight);
  yes(*one);
  EXPECT_EQ(statuses(), (Words{"posted", "disabled", "disabled"}));
  EXPECT_EQ(post_next(), 0);
}

TEST_P(ThreadsTest, AnUnknownPartHoldsTheRestUntilAPersonSays) {
  go_live(episode_);
  post_next();
  const auto two = begin();
  ASSERT_TRUE(two);
  settle_of(*two, {store::Verdict::unknown, "", "", "cut", {}});
  EXPECT_EQ(statuses(), (Words{"posted", "unknown", "pending"}));
  EXPECT_TRUE(claim().empty());
  database_.run("UPDATE fencepost_effects SET deadline = 0");
  auto lease = database_->acquire();
  EXPECT_EQ(fence_.resolve(*lease, std::to_string(two->item), true, "bob", "https://example.com/seen",
                           [&](store::Connection& c) {
                             set_posted(c, two->item, "", "https://example.com/seen");
                             release_thread(c, two->item);
                           }),
            core::ResolveAnswer::resolved);
  EXPECT_EQ(status(3), "queued");
  // Nobody knows its id, so nothing can answer it.
  EXPECT_FALSE(begin());
  EXPECT_NE(refused_.find("cannot answer"), std::string::npos) << refused_;
}

TEST_P(ThreadsTest, APartThatFailedHoldsTheRestAndARetryGoesOn) {
  go_live(episode_);
  post_next();
  const auto two = begin();
  ASSERT_TRUE(two);
  settle_of(*two, {store::Verdict::did_not_happen, "", "", "rejected", {}});
  EXPECT_EQ(statuses(), (Words{"posted", "failed", "pending"}));
  EXPECT_TRUE(claim().empty());
  rearm(first_);
  EXPECT_EQ(statuses(), (Words{"posted", "queued", "pending"}));
  EXPECT_EQ(post_next(), id_of(2));
  EXPECT_EQ(post_next(), id_of(3));
}

// An ORM that saves a whole old row over one that was posted sends nothing again; what follows waits until
// somebody has put the word right.
TEST_P(ThreadsTest, Rule12ARewoundPartIsNotSentAgain) {
  go_live(episode_);
  post_next();
  const auto two = post_next();
  database_.run(
      "UPDATE fencepost_announcements SET status = 'queued', run_at = 0, effect = NULL, attempt = 0 "
      "WHERE id = " +
      std::to_string(two));
  EXPECT_EQ(post_next(), 0);
  EXPECT_NE(status(3), "posted");
}

TEST_P(ThreadsTest, TheKillSwitchBetweenPartsHoldsForAll) {
  go_live(episode_);
  post_next();
  ShowChange off;
  off.enabled = false;
  edit_show_now(off);
  EXPECT_FALSE(begin());
  EXPECT_EQ(statuses(), (Words{"posted", "failed", "pending"}));
}

// Parts have no host of their own: what their first part's host says counts.
TEST_P(ThreadsTest, OptingOutBetweenPartsPreventsTheRest) {
  go_live(episode_);
  EXPECT_EQ(post_next(), id_of(1));
  opt(*database_->acquire(), fence_, show_, bob_.id, true, "bob");
  EXPECT_EQ(opt(*database_->acquire(), fence_, show_, bob_.id, false, "bob")->prevented, 2);
  EXPECT_EQ(statuses(), (Words{"posted", "disabled", "disabled"}));
  EXPECT_EQ(post_next(), 0);
}

TEST_P(ThreadsTest, WhoLeavesTheShowBetweenPartsIsToldWhatWasPrevented) {
  go_live(episode_);
  EXPECT_EQ(post_next(), id_of(1));
  const auto begun = begin();
  ASSERT_TRUE(begun);
  const auto said = remove_member(*database_->acquire(), fence_, show_, bob_.id, "ann").second;
  EXPECT_EQ(said.in_flight, 1) << "part 2 is on its way";
  EXPECT_EQ(said.prevented, 1);
  yes(*begun);
  EXPECT_EQ(statuses(), (Words{"posted", "posted", "disabled"}));
}

// What was announced is said to its end, though the stream is over.
TEST_P(ThreadsTest, AThreadThatHasBegunOutlivesItsStream) {
  go_live(episode_);
  post_next();
  end(episode_);
  EXPECT_EQ(post_next(), id_of(2));
  EXPECT_EQ(post_next(), id_of(3));
}

TEST_P(ThreadsTest, AThreadThatHasNotBegunEndsWithItsStream) {
  go_live(episode_);
  end(episode_);
  EXPECT_EQ(status(1), "failed");
  EXPECT_EQ(post_next(), 0);
}

// A part that is armed and the one before it that is being posted: whoever comes second sees the first.
TEST_P(ThreadsTest, APartArmedWhileTheOneBeforeIsPostedGoesOut) {
  go_live(episode_);
  stop(id_of(2));
  const auto one = begin();
  ASSERT_TRUE(one);
  while_open([&](store::Connection& c) { return yes(c, *one); },
             [&](store::Connection& c) {
               store::Transaction transaction(c);
               fence_.rearm(c, hold_items(c, fence_, first_), "bob");
               release_thread(c, first_);
               transaction.commit();
               return 1;
             });
  EXPECT_EQ(statuses(), (Words{"posted", "queued", "pending"}));
}

// The same where the part is armed by itself: the settlement has passed it by, as one that is disabled.
TEST_P(ThreadsTest, APartArmedByItselfWhileTheOneBeforeIsPostedGoesOut) {
  go_live(episode_);
  const auto two = id_of(2);
  stop(two);
  const auto one = begin();
  ASSERT_TRUE(one);
  const auto answers =
      while_open([&](store::Connection& c) { return yes(c, *one); },
                 [&](store::Connection& c) { return announce::enable(c, fence_, two, "bob", false); });
  EXPECT_EQ(answers.second, EnableResult::enabled);
  EXPECT_TRUE(waited_);
  EXPECT_EQ(statuses(), (Words{"posted", "queued", "pending"}));
}

TEST_P(ThreadsTest, APartArmedAmongManyWhileTheOneBeforeIsPostedGoesOut) {
  go_live(episode_);
  const store::Arming two{.item = std::to_string(id_of(2)), .meant = {}, .actor = "bob"};
  stop(id_of(2));
  const auto one = begin();
  ASSERT_TRUE(one);
  const auto answers = while_open([&](store::Connection& c) { return yes(c, *one); },
                                  [&](store::Connection& c) { return rearm_item(c, fence_, two, false); });
  EXPECT_EQ(answers.second, "rearmed");
  EXPECT_TRUE(waited_);
  EXPECT_EQ(statuses(), (Words{"posted", "queued", "pending"}));
}

// The settlement would let out the part that is being deleted, and judge what follows by that one.
TEST_P(ThreadsTest, WhatFollowsAPartThatIsDeletedWhileTheOneBeforeIsPostedGoesOut) {
  const auto four =
      database_->acquire()->run(sql::add_part, {first_, 4, "four", kNever, "queued"}).rows.at(0)[0].integer();
  go_live(episode_);
  EXPECT_EQ(post_next(), id_of(1));
  const auto two = begin();
  ASSERT_TRUE(two);
  const auto three = id_of(3);
  const auto answers =
      while_open([&](store::Connection& c) { return announce::remove(c, fence_, three, "bob", false); },
                 [&](store::Connection& c) { return yes(c, *two); });
  EXPECT_EQ(answers.first, StopAnswer::prevented);
  EXPECT_TRUE(waited_);
  EXPECT_EQ(id_of(3), four);
  EXPECT_EQ(statuses(), (Words{"posted", "posted", "queued"}));
}

// An act on many names parts by themselves: their thread is held, and only they are armed.
TEST_P(ThreadsTest, OfAThreadOnlyTheNamedPartIsArmedAmongMany) {
  stop(first_);
  auto lease = database_->acquire();
  for (const std::size_t part : {2, 1}) {
    const store::Arming one{.item = std::to_string(id_of(part)), .meant = {}, .actor = "bob"};
    EXPECT_EQ(rearm_item(*lease, fence_, one, false), "rearmed");
    EXPECT_EQ(rearm_item(*lease, fence_, one, false), "already_armed");
    EXPECT_EQ(statuses(), (Words{part == 1 ? "pending" : "disabled", "pending", "disabled"}));
  }
}

// Whatever has left it so.
TEST_P(ThreadsTest, ArmingLetsOutWhatWasLeftWaiting) {
  go_live(episode_);
  EXPECT_EQ(post_next(), id_of(1));
  database_.run("UPDATE fencepost_announcements SET run_at = $1 WHERE id = $2", {kNever, id_of(2)});
  EXPECT_EQ(statuses(), (Words{"posted", "pending", "pending"}));
  EXPECT_EQ(announce::enable(*database_->acquire(), fence_, first_, "bob", false),
            EnableResult::already_enabled);
  EXPECT_EQ(statuses(), (Words{"posted", "queued", "pending"}));
  EXPECT_EQ(post_next(), id_of(2));
}

// Other parts are put there while somebody enables the thread: what was answered is true of them.
TEST_P(ThreadsTest, PartsThatComeWhileTheThreadIsArmedAreArmedToo) {
  stop(first_);
  while_open(
      [&](store::Connection& c) {
        for (const auto& part : hold_items(c, fence_, first_))
          if (part.item != std::to_string(first_)) fence_.remove(c, part.item, "bob");
        add_parts(c, first_, {"other two", "other three"}, false, "bob");
        return true;
      },
      [&](store::Connection& c) {
        store::Transaction transaction(c);
        fence_.rearm(c, hold_items(c, fence_, first_), "ann");
        transaction.commit();
        return true;
      });
  EXPECT_EQ(statuses(), (Words{"pending", "pending", "pending"}));
}

ON_BOTH(ThreadsTest);

}  // namespace
}  // namespace fencepost::announce
