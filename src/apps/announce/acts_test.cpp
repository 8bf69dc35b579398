// People's acts while an announcement is at work: post now, disable in flight, resolve.

#include <gtest/gtest.h>

#include <latch>
#include <map>
#include <thread>

#include "apps/announce/testing/stage.hpp"

namespace fencepost::announce {
namespace {

using namespace std::chrono_literals;
using core::RunNowAnswer;
using core::StopAnswer;
using testing::kHour;
using testing::Receiver;
using Mode = Receiver::Mode;

class ActsTest : public ::testing::TestWithParam<const char*> {
 protected:
  std::int64_t create() {
    return service_.create({connection_, "Live now", "", base::system_clock().wall() + kHour}, "ada").id;
  }
  // Runs `act` while the request of announcement `id` is at the receiver.
  void in_flight(std::int64_t id, const std::function<void()>& act) {
    connect::testing::Signal arrived, go_on;
    receiver_.before_answer([&] {
      arrived.set();
      go_on.wait();
    });
    std::jthread posting([&] { service_.post_now(id, "ada", 60s); });
    arrived.wait();
    act();
    go_on.set();
    posting.join();
    receiver_.before_answer({});
  }
  std::string status(std::int64_t id) { return service_.get(id)->status; }
  // The hard deadline of what was sent lies behind us.
  void pass_deadline() { database_.run("UPDATE fencepost_effects SET deadline = 0"); }

  accounts::testing::TestDatabase database_{GetParam(), testing::migrations()};
  Receiver receiver_;
  const std::int64_t connection_ = testing::connect_to(database_, receiver_.url());
  testing::Stage stage_{database_};
  Service& service_ = stage_.service();
};

TEST_P(ActsTest, PostNowAnswersWithItsOutcome) {
  stage_.start();
  const auto id = create();
  const auto posted = service_.post_now(id, "ada", 60s);
  EXPECT_EQ(posted.answer, RunNowAnswer::started);
  ASSERT_TRUE(posted.announcement);
  EXPECT_EQ(posted.announcement->status, "posted");
  EXPECT_EQ(posted.announcement->post_id, "post-1");
  EXPECT_EQ(receiver_.arrivals().size(), 1u);
}

TEST_P(ActsTest, Rule8OfThirtyWhoPostNowOneIsStarted) {
  stage_.start();
  const auto id = create();
  std::latch together(30);
  std::mutex mutex;
  std::map<RunNowAnswer, int> answers;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 30; ++i) {
      threads.emplace_back([&] {
        together.arrive_and_wait();
        const auto answer = service_.post_now(id, "ada", 60s).answer;
        const std::lock_guard lock(mutex);
        ++answers[answer];
      });
    }
  }
  EXPECT_EQ(answers[RunNowAnswer::started], 1);
  EXPECT_EQ(answers[RunNowAnswer::already_running] + answers[RunNowAnswer::already_done], 29);
  EXPECT_EQ(receiver_.arrivals().size(), 1u);
  EXPECT_EQ(status(id), "posted");
}

TEST_P(ActsTest, Rule7AStopInFlightSaysSoAndTheOutcomeCanBeWaitedFor) {
  stage_.start();
  const auto id = create();
  in_flight(id, [&] {
    EXPECT_EQ(service_.disable(id, "eve"), StopAnswer::in_flight);
    EXPECT_EQ(service_.remove(id, "eve"), StopAnswer::in_flight);
    EXPECT_EQ(service_.post_now(id, "eve", {}).answer, RunNowAnswer::already_running);
    EXPECT_EQ(service_.edit(id, 1, {"x", {}, {}}, "eve").first, EditResult::in_flight);
    EXPECT_EQ(service_.resolve(id, false, "eve", ""), core::ResolveAnswer::in_flight);
    EXPECT_EQ(status(id), "sending");
    EXPECT_EQ(service_.wait_settled(id, {})->status, "sending") << "no longer than it may";
  });
  EXPECT_EQ(service_.wait_settled(id, 60s)->status, "posted");
  EXPECT_FALSE(service_.wait_settled(999, 60s));
}

TEST_P(ActsTest, WaitingEndsWithTheOutcome) {
  stage_.start();
  const auto id = create();
  std::optional<Announcement> seen;
  std::jthread waiting;
  in_flight(id, [&] { waiting = std::jthread([&] { seen = service_.wait_settled(id, 60s); }); });
  waiting.join();
  EXPECT_EQ(seen->status, "posted");
}

TEST_P(ActsTest, AStopInFlightOfWhatThenFailsForCertainTakesEffect) {
  stage_.start();
  receiver_.next({Mode::too_many});
  const auto id = create();
  in_flight(id, [&] { EXPECT_EQ(service_.disable(id, "eve"), StopAnswer::in_flight); });
  EXPECT_EQ(service_.wait_settled(id, 60s)->status, "disabled");
  EXPECT_EQ(service_.disable(id, "eve"), StopAnswer::already_stopped);
  EXPECT_TRUE(receiver_.arrivals().empty());
}

TEST_P(ActsTest, EnablingInFlightTakesTheStopBack) {
  stage_.start();
  receiver_.next({Mode::too_many});
  const auto id = create();
  in_flight(id, [&] {
    EXPECT_EQ(service_.disable(id, "eve"), StopAnswer::in_flight);
    EXPECT_EQ(service_.enable(id, "ada"), EnableResult::in_flight);
  });
  EXPECT_TRUE(stage_.await_status(id, "posted"));
  EXPECT_EQ(receiver_.arrivals().size(), 1u);
}

TEST_P(ActsTest, Rule8APersonResolvesAnUnknownOutcomeAfterItsDeadline) {
  stage_.start();
  receiver_.next({Mode::error_500, Mode::error_500});
  const auto yes = create(), no = create();
  EXPECT_EQ(service_.resolve(yes, true, "ada", ""), core::ResolveAnswer::not_unknown);
  EXPECT_EQ(service_.post_now(yes, "ada", 60s).announcement->status, "unknown");
  EXPECT_EQ(service_.post_now(no, "ada", 60s).announcement->status, "unknown");
  EXPECT_EQ(service_.resolve(yes, true, "ada", ""), core::ResolveAnswer::too_early);
  pass_deadline();
  EXPECT_THROW(service_.resolve(yes, true, "ada", "javascript:alert(1)"), base::UserError);
  EXPECT_EQ(service_.resolve(yes, true, "ada", "https://example.com/1"), core::ResolveAnswer::resolved);
  EXPECT_EQ(service_.resolve(no, false, "ada", ""), core::ResolveAnswer::resolved);
  const auto posted = service_.get(yes);
  EXPECT_EQ(posted->status, "posted");
  EXPECT_EQ(posted->post_url, "https://example.com/1");
  EXPECT_TRUE(posted->posted_at);
  EXPECT_EQ(service_.post_now(yes, "ada", 60s).answer, RunNowAnswer::already_done);
  EXPECT_EQ(status(no), "failed");
  EXPECT_EQ(service_.post_now(no, "ada", 60s).announcement->status, "posted");
  EXPECT_EQ(receiver_.arrivals().size(), 3u);
  EXPECT_EQ(service_.resolve(999, true, "ada", ""), core::ResolveAnswer::not_found);
}

TEST_P(ActsTest, TheReasonStaysWhenNobodyCanBeAsked) {
  stage_.start();
  receiver_.next({Mode::error_500});
  const auto id = create();
  service_.post_now(id, "ada", 60s);
  const std::string why = "the receiver answered 500; a webhook's receiver cannot be asked";
  // The first look comes by itself; the second one says nothing new, and leaves no event.
  EXPECT_TRUE(stage_.await([&] { return service_.get(id)->last_error == why; }));
  database_.run("UPDATE fencepost_announcements SET run_at = 0 WHERE status = 'unknown'");
  EXPECT_TRUE(stage_.await([&] { return service_.get(id)->run_at > 0; }));
  EXPECT_EQ(service_.get(id)->last_error, why);
  int reconciled = 0;
  for (const auto& entry : service_.history(id, 0, 100)) reconciled += entry.kind == "reconciled";
  EXPECT_EQ(reconciled, 1);
}

INSTANTIATE_TEST_SUITE_P(Databases, ActsTest, ::testing::Values("sqlite", "postgres"),
                         [](const auto& each) { return std::string(each.param); });

}  // namespace
}  // namespace fencepost::announce
