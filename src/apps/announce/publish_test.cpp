// From a due announcement to a receiver: once, or known not to have been, or `unknown` (F2, F3, F5).

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>

#include "accounts/connections.hpp"
#include "accounts/fresh_credentials.hpp"
#include "apps/announce/testing/stage.hpp"

namespace fencepost::announce {
namespace {

using namespace std::chrono_literals;
using testing::kHour;
using testing::Receiver;
using testing::Stage;
using Mode = Receiver::Mode;

class PublishTest : public ::testing::TestWithParam<const char*> {
 protected:
  std::int64_t create(const std::string& text = "Live now") {
    return stage_.service().create({connection_, text, "https://example.com/show", {}}, "ada").id;
  }
  std::vector<std::string> texts() const {
    std::vector<std::string> all;
    for (const auto& arrival : receiver_.arrivals()) all.push_back(arrival.text);
    return all;
  }
  Announcement get(std::int64_t id) { return stage_.service().get(id).value(); }
  std::optional<std::string> connection_error() {
    auto connection = database_->acquire();
    return accounts::get_connection(*connection, connection_)->last_error;
  }
  // How often the platform was asked, or the announcement was worked, after its outcome became unknown: never
  // sent.
  void expect_unknown_and_not_sent_again(std::int64_t id, std::size_t arrivals, const std::string& why) {
    EXPECT_TRUE(stage_.await_status(id, "unknown"));
    EXPECT_NE(get(id).last_error.value_or("").find(why), std::string::npos)
        << get(id).last_error.value_or("");
    EXPECT_FALSE(get(id).posted_at);
    EXPECT_EQ(stage_.service().post_now(id, "ada", 10s).answer, core::RunNowAnswer::outcome_unknown);
    EXPECT_EQ(stage_.service().enable(id, "ada"), EnableResult::outcome_unknown);
    EXPECT_EQ(stage_.service().edit(id, 1, {"Again", {}, {}}, "ada").first, EditResult::outcome_unknown);
    // Another one goes out behind it: had this one been queued again, it would have been taken first.
    const auto next = create("next");
    EXPECT_TRUE(stage_.await_status(next, "posted"));
    EXPECT_EQ(receiver_.arrivals().size(), arrivals + 1);
    EXPECT_EQ(get(id).status, "unknown");
  }

  accounts::testing::TestDatabase database_{GetParam(), testing::migrations()};
  Receiver receiver_;
  const std::int64_t connection_ = testing::connect_to(database_, receiver_.url());
  Stage stage_{database_};
};

TEST_P(PublishTest, ADueAnnouncementArrivesOnceSigned) {
  stage_.start();
  const auto id = create();
  EXPECT_TRUE(stage_.await_status(id, "posted"));
  EXPECT_EQ(texts(), std::vector<std::string>{"Live now"});
  EXPECT_EQ(receiver_.refused(), 0);
  const auto posted = get(id);
  EXPECT_EQ(posted.post_id, "post-1");
  EXPECT_EQ(posted.post_url, "https://example.com/1");
  EXPECT_TRUE(posted.posted_at);
  EXPECT_EQ(posted.attempts, 1);
  EXPECT_FALSE(posted.last_error);
  const auto again = stage_.service().post_now(id, "ada", 10s);
  EXPECT_EQ(again.answer, core::RunNowAnswer::already_done);
  EXPECT_EQ(again.announcement->post_url, "https://example.com/1");
  EXPECT_EQ(stage_.service().disable(id, "ada"), core::StopAnswer::already_done);
  EXPECT_EQ(stage_.service().edit(id, 1, {"x", {}, {}}, "ada").first, EditResult::already_posted);
  EXPECT_EQ(receiver_.arrivals().size(), 1u);
}

TEST_P(PublishTest, WhatIsNotDueWaits) {
  stage_.start();
  const auto later =
      stage_.service().create({connection_, "later", "", base::system_clock().wall() + kHour}, "ada").id;
  EXPECT_TRUE(stage_.await_status(create("now"), "posted"));
  EXPECT_EQ(texts(), std::vector<std::string>{"now"});
  EXPECT_EQ(get(later).status, "queued");
}

TEST_P(PublishTest, WhatWaitsForItsAccountIsLookedAtAgainSoon) {
  accounts::rest_connection(*database_->acquire(), connection_, 24h);
  stage_.start();
  const auto id = create();
  const auto begun = get(id).run_at;
  EXPECT_TRUE(stage_.await([&] { return get(id).run_at > begun + 60'000'000; }));
  EXPECT_LT(get(id).run_at, begun + kHour);
  EXPECT_EQ(get(id).status, "queued");
  EXPECT_TRUE(texts().empty());
}

TEST_P(PublishTest, F2DisabledAfterItWasRenderedItNeverArrives) {
  std::atomic<int> answers{0};
  stage_.publisher().after_render = [&](const store::Claim& claim) {
    if (stage_.service().disable(std::stoll(claim.item), "eve") == core::StopAnswer::prevented) ++answers;
  };
  stage_.start();
  const auto id = create();
  EXPECT_TRUE(stage_.await_status(id, "disabled"));
  EXPECT_EQ(answers, 1);
  stage_.engine().stop(base::system_clock().boot() + 10s);
  EXPECT_TRUE(texts().empty());
  EXPECT_EQ(get(id).status, "disabled");
}

TEST_P(PublishTest, Rule8EditedWhileClaimedOnlyTheNewTextArrives) {
  std::atomic<int> edits{0};
  stage_.publisher().after_render = [&](const store::Claim& claim) {
    if (edits++ > 0) return;
    EXPECT_EQ(stage_.service().edit(std::stoll(claim.item), 1, {"New text", {}, {}}, "eve").first,
              EditResult::changed);
  };
  stage_.start();
  const auto id = create("Old text");
  EXPECT_TRUE(stage_.await_status(id, "posted"));
  EXPECT_EQ(texts(), std::vector<std::string>{"New text"});
}

TEST_P(PublishTest, Rule12AForeignUpdateBeforeTheGatePreventsIt) {
  stage_.publisher().after_render = [&](const store::Claim&) {
    database_.run("UPDATE fencepost_announcements SET status = 'disabled' WHERE status = 'claimed'");
  };
  stage_.start();
  const auto id = create();
  EXPECT_TRUE(stage_.await_status(id, "disabled"));
  stage_.engine().stop(base::system_clock().boot() + 10s);
  EXPECT_TRUE(texts().empty());
}

TEST_P(PublishTest, Rule3DisconnectedBeforeTheGateNothingArrives) {
  stage_.publisher().after_render = [&](const store::Claim&) {
    auto connection = database_->acquire();
    accounts::disconnect(*connection, connection_);
  };
  stage_.start();
  const auto id = create();
  EXPECT_TRUE(stage_.await_status(id, "failed"));
  EXPECT_TRUE(texts().empty());
  EXPECT_EQ(get(id).last_error, "the connection is disconnected");
}

TEST_P(PublishTest, AServerErrorIsUnknownAndNotSentAgain) {
  receiver_.next({Mode::error_500});
  stage_.start();
  const auto id = create();
  expect_unknown_and_not_sent_again(id, 1, "the receiver answered 500");
}

TEST_P(PublishTest, ACutAfterAcceptanceIsUnknownAndNotSentAgain) {
  receiver_.next({Mode::accept_then_cut});
  stage_.start();
  const auto id = create();
  expect_unknown_and_not_sent_again(id, 1, "");
  EXPECT_TRUE(get(id).last_error.has_value());
}

TEST_P(PublishTest, AnErrorWhileSendingIsUnknownAndNotSentAgain) {
  std::atomic<int> sends{0};
  stage_.publisher().before_send = [&](const store::Effect&) {
    if (sends++ == 0) throw std::runtime_error("a bug");
  };
  stage_.start();
  const auto id = create();
  expect_unknown_and_not_sent_again(id, 0, "internal error while sending");
}

TEST_P(PublishTest, TooManyRequestsIsTriedAgainAndArrivesOnce) {
  receiver_.next({Mode::too_many, Mode::too_many});
  stage_.start();
  const auto id = create();
  EXPECT_TRUE(stage_.await_status(id, "posted"));
  EXPECT_EQ(texts(), std::vector<std::string>{"Live now"});
  EXPECT_EQ(get(id).attempts, 3);
  EXPECT_FALSE(connection_error()) << "it works again";
}

TEST_P(PublishTest, ARejectionFailsForGoodUntilAPersonTriesAgain) {
  receiver_.next({Mode::rejected});
  stage_.start();
  const auto id = create();
  EXPECT_TRUE(stage_.await_status(id, "failed"));
  EXPECT_EQ(get(id).last_error, "the receiver answered 422");
  EXPECT_EQ(connection_error(), "the receiver answered 422");
  EXPECT_EQ(stage_.service().post_now(id, "ada", 30s).announcement->status, "posted");
  EXPECT_EQ(texts(), std::vector<std::string>{"Live now"});
}

TEST_P(PublishTest, ARetryHasTheKeyOfTheFirstAttempt) {
  std::vector<std::string> keys;
  stage_.publisher().before_send = [&](const store::Effect& effect) { keys.push_back(effect.key); };
  receiver_.next({Mode::too_many});
  stage_.start();
  EXPECT_TRUE(stage_.await_status(create(), "posted"));
  ASSERT_EQ(keys.size(), 2u);
  EXPECT_EQ(keys[0], keys[1]);
  EXPECT_EQ(receiver_.arrivals().at(0).key, keys[0]);
}

TEST_P(PublishTest, ASecretThatCannotBeReadFailsAndSaysSo) {
  database_.run("UPDATE fencepost_connections SET secret = 'v1:damaged'");
  stage_.start();
  const auto id = create();
  EXPECT_TRUE(stage_.await_status(id, "failed"));
  EXPECT_NE(get(id).last_error->find("key file"), std::string::npos);
}

TEST_P(PublishTest, TheSecretIsInNothingThatIsKept) {
  stage_.start();
  EXPECT_TRUE(stage_.await_status(create(), "posted"));
  for (const auto* table : {"fencepost_effects", "fencepost_events", "fencepost_announcements"})
    for (const auto& row : database_.run(std::string("SELECT * FROM ") + table))
      for (const auto& field : row)
        if (const auto* text = std::get_if<std::string>(&field.variant())) {
          EXPECT_EQ(text->find("whsec_"), std::string::npos);
        }
}

INSTANTIATE_TEST_SUITE_P(Databases, PublishTest, ::testing::Values("sqlite", "postgres"),
                         [](const auto& each) { return std::string(each.param); });

// A real crash: a process that ends between its gate and its request (F3, F5). Its lock is gone with it, so
// the next engine knows at once. No thread may run at the fork, hence no receiver: nothing is ever sent to
// it.
class CrashTest : public ::testing::TestWithParam<const char*> {
 protected:
  void die_after_the_gate(std::int64_t id) {
    database_.close();
    const auto child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      database_.open();
      Stage dying(database_);
      dying.publisher().before_send = [](const store::Effect&) { _exit(42); };
      dying.start();
      dying.await_status(id, "posted");
      _exit(1);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_EQ(WEXITSTATUS(status), 42);
    database_.open();
  }

  accounts::testing::TestDatabase database_{GetParam(), testing::migrations()};
};

TEST_P(CrashTest, F3AProcessThatDiesAfterItsGateLeavesItUnknown) {
  const auto connection = testing::connect_to(database_, "http://127.0.0.1:1/hook");
  std::int64_t id = 0;
  {
    Stage before(database_);
    id = before.service().create({connection, "Live now", "", {}}, "ada").id;
  }
  die_after_the_gate(id);
  Stage after(database_);
  after.start();
  EXPECT_TRUE(after.await_status(id, "unknown"));
  EXPECT_EQ(after.service().post_now(id, "ada", 60s).answer, core::RunNowAnswer::outcome_unknown);
  EXPECT_EQ(after.service().disable(id, "ada"), core::StopAnswer::outcome_unknown);
  EXPECT_EQ(after.service().remove(id, "ada"), core::StopAnswer::outcome_unknown) << "it is evidence";
  after.engine().stop(base::system_clock().boot() + 10s);
  EXPECT_EQ(database_.run("SELECT count(*) FROM fencepost_effects")[0][0].integer(), 1);
}

INSTANTIATE_TEST_SUITE_P(Databases, CrashTest, ::testing::Values("sqlite", "postgres"),
                         [](const auto& each) { return std::string(each.param); });

}  // namespace
}  // namespace fencepost::announce
