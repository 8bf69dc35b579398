// Whatever is due is worked as soon as somebody is free: nobody waits for what runs for hours, nor for a
// poll.

#include <gtest/gtest.h>

#include "base/testpoint.hpp"
#include "said.hpp"
#include "store/migrate.hpp"

namespace fencepost::engine {
namespace {

class Waiting : public Said {
 protected:
  using One = std::function<void(const std::string& item)>;
  static BatchHandler done_after(One one) {
    return [one = std::move(one)](const std::vector<Attempt>& attempts) {
      std::vector<Outcome> outcomes;
      for (const auto& attempt : attempts) {
        one(attempt.claim().item);
        outcomes.push_back(Outcome::done());
      }
      return outcomes;
    };
  }
  const store::Fence& fence() override { return fence_ ? *fence_ : Said::fence(); }

  std::unique_ptr<store::Fence> fence_;
};

// Its workers are slow to begin: the two feeders rest by the time that the only claim is taken.
TEST_P(Waiting, WhoRunsForLongKeepsNobodyElseWaiting) {
  world_.add("long");
  base::on_testpoint([&](std::string_view point) {
    if (point == "claimed") say("claimed");
    if (point == "feeder.rests" && heard("claimed", 1, 0s)) say("rests");
    if (point == "worker.begins") heard("rests", postgres() ? 2 : 1);
  });
  start(
      [&](const std::vector<Attempt>& attempts) {
        say(attempts[0].claim().item);
        if (attempts[0].claim().item == "long") heard("enough", 1, 10min);
        return std::vector<Outcome>{Outcome::done()};
      },
      1, {.concurrency = 2});
  ASSERT_TRUE(heard("long"));
  world_.add("next");
  EXPECT_TRUE(heard("next"));
  say("enough");
  engine_->stop(base::system_clock().boot() + 10s);
  base::on_testpoint({});
}

// They come due by time alone, and a look that found as much as it wanted looks again.
TEST_P(Waiting, WhatComesDueTogetherDoesNotWaitForAPollEach) {
  for (int i = 0; i < 10; ++i) world_.add("i" + std::to_string(i));
  world_.run("UPDATE {table} SET {run_at} = fencepost_now() + 1000000");
  start(done_after([&](const std::string&) { say("worked"); }), 1, {.concurrency = 1, .poll = 1h});
  EXPECT_TRUE(heard("worked", 10));
}

// Its seat has no time at which it is free, and SQLite tells nobody.
TEST_P(Waiting, WhatWaitsForASeatIsWorkedWhenThatIsFree) {
  auto queue = world_.queue();
  queue.limits.key = "title";
  queue.limits.per_key = 1;
  fence_ = std::make_unique<store::Fence>(queue, GetParam(), store::own_schema(world_.onlooker()));
  for (int i = 0; i < 5; ++i)
    world_.run("INSERT INTO {table} ({key}, {payload}) VALUES (?1, 'same')", {"i" + std::to_string(i)});
  start(done_after([&](const std::string&) { say("worked"); }), 1, {.concurrency = 2, .poll = 1h});
  EXPECT_TRUE(heard("worked", 5));
  engine_.reset();  // before its fence
}

// Edited while it was worked: its group leaves it out, and it is settled by itself.
TEST_P(Waiting, AResultThatGoesAloneDoesNotWaitForAWorker) {
  world_.add("a");
  start(done_after([&](const std::string& item) {
          say(item);
          if (item == "a") heard("edited");
          if (item == "b") heard("enough", 1, 10min);
        }),
        1, {.concurrency = 1});
  ASSERT_TRUE(heard("a"));
  const auto first = world_.fence().read(world_.onlooker(), "a")->claim;
  world_.run("UPDATE {table} SET {payload} = 'another' WHERE {key} = 'a'");
  world_.add("b");
  say("edited");
  ASSERT_TRUE(heard("b"));
  // It is queued again, or even claimed again.
  const auto until = base::system_clock().boot() + 60s;
  for (auto now = world_.fence().read(world_.onlooker(), "a");
       now->state == core::State::claimed && now->claim == first;
       now = world_.fence().read(world_.onlooker(), "a"))
    ASSERT_LT(base::system_clock().boot(), until);
}

// Nothing of a work throws; of what does, nothing is kept.
class Throwing final : public Work {
 public:
  explicit Throwing(const store::Fence& fence) : fence_(fence) {}
  const store::Fence& fence() const override { return fence_; }
  void run(const std::vector<store::Claim>&, Desk&) override { throw std::runtime_error("no"); }
  void reconcile(const std::string&, std::stop_token) override {}

 private:
  const store::Fence& fence_;
};

TEST_P(Waiting, AWorkThatThrowsLetsItsLeaseEnd) {
  world_.add("a");
  work_ = std::make_unique<Throwing>(world_.fence());
  auto& runner = engine().add(*work_, {.concurrency = 1, .lease = 1s, .poll = 20ms});
  engine_->start();
  ASSERT_TRUE(becomes("a", core::State::claimed));
  // Its rescue is an attempt that failed.
  const auto until = base::system_clock().boot() + 60s;
  while (world_.fence().read(world_.onlooker(), "a")->attempt == 0)
    ASSERT_LT(base::system_clock().boot(), until) << "held: " << runner.held();
}

ON_BOTH_DATABASES(Waiting);

// A platform that answers nobody, and asks nobody twice.
class Asked final : public Work {
 public:
  Asked(const store::Fence& fence, std::function<void(const std::string&)> looks,
        std::function<void(const std::string&)> runs)
      : fence_(fence), looks_(std::move(looks)), runs_(std::move(runs)) {}
  const store::Fence& fence() const override { return fence_; }
  void run(const std::vector<store::Claim>& claims, Desk& desk) override {
    for (const auto& claim : claims) {
      runs_(claim.item);
      desk.settle(store::Settlement::failed(claim, "no"));
    }
  }
  void reconcile(const std::string& item, std::stop_token) override { looks_(item); }

 private:
  const store::Fence& fence_;
  const std::function<void(const std::string&)> looks_, runs_;
};

class WaitingOnce : public Said {
 protected:
  WaitingOnce() : Said(core::Kind::once) {}
};

TEST_P(WaitingOnce, LooksThatHangKeepNobodyElseWaiting) {
  work_ = std::make_unique<Asked>(
      world_.fence(), [&](const std::string&) { heard("enough", 1, 10min); },
      [&](const std::string& item) { say("sent " + item); });
  auto& runner = engine().add(*work_, {.concurrency = 2, .poll = 20ms});
  engine_->start();
  for (int i = 0; i < 50; ++i) runner.submit_reconcile("unknown " + std::to_string(i));
  world_.add("1");
  EXPECT_TRUE(heard("sent 1"));
}

TEST_P(WaitingOnce, ALookThatThrowsIsTakenAgain) {
  work_ = std::make_unique<Asked>(
      world_.fence(),
      [&](const std::string& item) {
        say(item);
        throw std::runtime_error("no");
      },
      [](const std::string&) {});
  auto& runner = engine().add(*work_, {.concurrency = 1, .poll = 20ms});
  engine_->start();
  // As each sweep does.
  const auto until = base::system_clock().boot() + 60s;
  do {
    ASSERT_LT(base::system_clock().boot(), until);
    runner.submit_reconcile("x");
  } while (!heard("x", 2, 10ms));
}

ON_BOTH_DATABASES(WaitingOnce);

}  // namespace
}  // namespace fencepost::engine
