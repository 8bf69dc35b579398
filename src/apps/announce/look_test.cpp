// What a look finds by its text alone may be another announcement's post.

#include <gtest/gtest.h>

#include "apps/announce/testing/episode_test_base.hpp"
#include "base/random.hpp"

namespace fencepost::announce {
namespace {

using store::Verdict;

// A platform whose list of posts says what the test wants.
class Listing final : public connect::Connector {
 public:
  std::string_view platform() const override { return "webhook"; }
  base::Duration refuses_second_arrival() const override { return base::Duration(0); }
  void check(const std::string&, const connect::Credentials&) const override {}
  connect::Rendered render(const connect::Post& post, const connect::Account& account,
                           const std::string&) const override {
    return {account.target, post.text};
  }
  connect::Outcome send(const connect::Rendered&, const connect::Credentials&, const std::string&,
                        base::BootTime, std::stop_token) override {
    return {};
  }
  connect::Look look(const connect::Rendered&, const connect::Credentials&, const std::string&,
                     base::BootTime, std::stop_token) override {
    if (expired) return {connect::Presence::absent, "", "", "expired", true};
    return {connect::Presence::present, found, "https://example.com/" + found, "listed"};
  }
  std::string told_by(const connect::Rendered& rendered) const override {
    return exact ? "" : rendered.request;
  }
  std::string found = "post-1";
  bool exact = false, expired = false;
};

class LookTest : public testing::EpisodeTestBase {
 protected:
  // Past its gate, with the text that all have unless it is said.
  store::Effect sent(const std::string& text = "Live now!", std::optional<std::int64_t> to = std::nullopt) {
    const auto episode = make_episode();
    announce(episode, to.value_or(connection_), {.text = text});
    go_live(episode, "video-" + std::to_string(episode.id));
    const auto claimed = claim().at(0);
    return gate(*database_->acquire(), claimed, publisher_.render(*database_->acquire(), claimed, "key"))
        .value();
  }
  void posted(const store::Effect& effect, const std::string& id) {
    settle(effect, {Verdict::happened, id, "https://example.com/" + id, "", {}});
  }
  void removed(const store::Effect& effect) {
    ASSERT_EQ(fence_.remove(*database_->acquire(), effect.item, "ann"), core::StopAnswer::already_done);
  }
  void unknown(const store::Effect& effect) { settle(effect, {Verdict::unknown, "", "", "cut", {}}); }
  store::EffectResult look(const store::Effect& effect) {
    return publisher_.look({.item = effect.item, .effect = effect}, {});
  }

  Listing platform_;
  Publisher publisher_{*database_, credentials_, {&platform_}, ImageLinks(vault_, ""), base::system_clock()};
};

TEST_P(LookTest, APostThatAnotherAnnouncementHasIsNotFound) {
  const auto other = sent();
  posted(other, "post-1");
  const auto mine = sent();
  unknown(mine);
  const auto found = look(mine);
  EXPECT_EQ(found.verdict, Verdict::unknown);
  EXPECT_NE(found.detail.find("announcement " + other.item + "'s"), std::string::npos) << found.detail;
  EXPECT_TRUE(found.remote_id.empty());
  platform_.found = "post-2";
  EXPECT_EQ(look(mine).verdict, Verdict::happened) << "this one is nobody's";
  EXPECT_EQ(look(mine).remote_id, "post-2");
}

TEST_P(LookTest, OfTwoThatSayTheSameNeitherTakesTheOnePost) {
  const auto one = sent(), other = sent(), another = sent("Something else");
  unknown(one);  // the others are under way
  EXPECT_EQ(look(one).verdict, Verdict::unknown);
  unknown(other);
  unknown(another);
  EXPECT_EQ(look(one).verdict, Verdict::unknown);
  EXPECT_EQ(look(other).verdict, Verdict::unknown);
  EXPECT_EQ(look(another).verdict, Verdict::happened);
  posted(other, "post-2");
  EXPECT_EQ(look(one).verdict, Verdict::happened) << "only one is left that it can be of";
}

// The platform's yes came without a body, or it was a person who said yes.
TEST_P(LookTest, APostThatMayBeOneWithoutANameIsNotFound) {
  const auto other = sent();
  posted(other, "");
  const auto mine = sent(), another = sent("Something else");
  unknown(mine);
  unknown(another);
  const auto found = look(mine);
  EXPECT_EQ(found.verdict, Verdict::unknown);
  EXPECT_NE(found.detail.find("announcement " + other.item + "'s"), std::string::npos) << found.detail;
  EXPECT_EQ(look(another).verdict, Verdict::happened) << "it says something else";
  auto later = mine;
  later.key = base::time_ordered_hex(base::system_clock().wall() + 3 * testing::kHour);
  EXPECT_EQ(look(later).verdict, Verdict::happened) << "it was posted long before";
}

TEST_P(LookTest, APostOfWhatWasDeletedIsNotFound) {
  const auto named = sent();
  posted(named, "post-1");
  removed(named);
  const auto mine = sent();
  unknown(mine);
  EXPECT_EQ(look(mine).verdict, Verdict::unknown);
  platform_.found = "post-2";
  EXPECT_EQ(look(mine).remote_id, "post-2");
  const auto nameless = sent();
  posted(nameless, "");
  removed(nameless);
  EXPECT_EQ(look(mine).verdict, Verdict::unknown);
}

TEST_P(LookTest, AnotherAccountsPostsAreItsOwn) {
  const auto other = sent("Live now!", connect("ann's", ann_.id));
  posted(other, "post-1");
  const auto mine = sent();
  unknown(mine);
  EXPECT_EQ(look(mine).verdict, Verdict::happened);
}

// Threads knows of its container that it was published, and guesses only which post that is.
TEST_P(LookTest, WhatIsKnownOtherwiseStaysKnownAndLosesTheNameThatIsAnothers) {
  platform_.exact = true;
  posted(sent(), "post-1");
  const auto mine = sent();
  unknown(mine);
  EXPECT_EQ(look(mine).verdict, Verdict::happened);
  EXPECT_EQ(look(mine).remote_id + look(mine).remote_url, "");
  platform_.found = "post-2";
  EXPECT_EQ(look(mine).remote_id, "post-2");
}

TEST_P(LookTest, WhatCanNeverArriveAnyMoreIsACertainNo) {
  platform_.expired = true;
  const auto mine = sent();
  unknown(mine);
  database_.run("UPDATE fencepost_effects SET deadline = 1");
  database_.run("UPDATE fencepost_announcements SET run_at = 1");
  auto lease = database_->acquire();
  const auto asked = fence_.begin_reconcile(*lease, mine.item, std::chrono::minutes(1), kWorker).value();
  EXPECT_EQ(fence_.settle_reconcile(*lease, asked, publisher_.look(asked, {}), false, std::chrono::hours(1)),
            core::State::failed);
  EXPECT_EQ(get(std::stoll(mine.item)).status, "failed");
}

ON_BOTH(LookTest);

}  // namespace
}  // namespace fencepost::announce
