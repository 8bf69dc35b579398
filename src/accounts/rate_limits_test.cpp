#include "accounts/rate_limits.hpp"

#include <atomic>
#include <thread>

#include "accounts/testing/people_test_base.hpp"

namespace fencepost::accounts {
namespace {

using std::chrono::minutes;
using Answer = RateLimits::Answer;

class RateLimitsTest : public testing::PeopleTestBase {
 protected:
  static base::BootTime at(std::chrono::milliseconds after) {
    return base::BootTime(std::chrono::hours(1)) + after;
  }
  void pass(base::Duration by) {
    database_.run("UPDATE fencepost_rate_limits SET full_at = full_at - $1", {by.count()});
  }
  static Answer take(RateLimits& limits, int count, std::chrono::milliseconds after = {}) {
    return limits.take("key", count, minutes(1), at(after)).answer;
  }
};

TEST_P(RateLimitsTest, InstancesShareABucketOnPostgres) {
  const auto second = database_.another();
  RateLimits one(*database_), two(*second);
  if (!postgres()) {
    EXPECT_EQ(take(one, 3), Answer::unshared) << "one process serves the file";
    return;
  }
  EXPECT_EQ(take(one, 3), Answer::taken);
  EXPECT_EQ(take(two, 3), Answer::taken);
  EXPECT_EQ(take(one, 3), Answer::taken);
  const auto refused = two.take("key", 3, minutes(1), at({}));
  EXPECT_EQ(refused.answer, Answer::refused);
  EXPECT_GT(refused.wait, std::chrono::seconds(0));
  EXPECT_LE(refused.wait, std::chrono::seconds(20));
  EXPECT_EQ(two.take("other", 3, minutes(1), at({})).answer, Answer::taken);
  pass(std::chrono::seconds(20));
  EXPECT_EQ(take(two, 3), Answer::refused) << "remembered here until its end";
  EXPECT_EQ(take(one, 3), Answer::taken);
  EXPECT_EQ(take(one, 3), Answer::refused);
}

// The statements are the same on both, so both are tried; the class uses PostgreSQL's only.
TEST_P(RateLimitsTest, ABucketGivesWhatItHoldsAndThenItsRate) {
  auto connection = database_->acquire();
  constexpr std::int64_t kBack = 20'000'000, kFull = 60'000'000;
  const auto taken = [&] { return !connection->run(sql::take_rate, {"k", kBack, kFull}).empty(); };
  EXPECT_TRUE(taken() && taken() && taken());
  EXPECT_FALSE(taken());
  const auto wait = connection->run(sql::rate_wait, {"k", kBack, kFull})[0][0].integer();
  EXPECT_GT(wait, 0);
  EXPECT_LE(wait, kBack);
  pass(base::Duration(kBack));
  EXPECT_TRUE(taken());
  EXPECT_FALSE(taken());
  pass(base::Duration(10 * kFull));
  EXPECT_TRUE(taken() && taken() && taken()) << "it holds no more for having rested";
  EXPECT_FALSE(taken());
  pass(base::Duration(-10 * kFull));
  EXPECT_TRUE(taken() && taken() && taken()) << "the clock went back";
  EXPECT_FALSE(taken());
}

TEST_P(RateLimitsTest, OfTwoWhoWantTheLastTokenOneHasIt) {
  const auto take = [](store::Connection& c) {
    return !c.run(sql::take_rate, {"k", std::int64_t{60'000'000}, std::int64_t{60'000'000}}).empty();
  };
  const auto [one, other] = while_open(take, take);
  EXPECT_TRUE(one);
  EXPECT_FALSE(other);
  EXPECT_TRUE(waited_);
}

TEST_P(RateLimitsTest, EightInstancesGrantTheLimitTogether) {
  if (!postgres()) {
    RateLimits here(*database_);
    EXPECT_EQ(take(here, 1), Answer::unshared);
    return;
  }
  std::atomic<int> taken{0};
  std::vector<std::unique_ptr<store::Database>> pools;
  for (int i = 0; i < 8; ++i) pools.push_back(database_.another());
  {
    std::vector<std::jthread> threads;
    for (auto& pool : pools)
      threads.emplace_back([&] {
        RateLimits limits(*pool);
        for (int i = 0; i < 100; ++i)
          if (limits.take("key", 200, std::chrono::hours(24), at({})).answer == Answer::taken) ++taken;
      });
  }
  // Parts that were taken and not used are lost; none is granted twice. In a day none comes back meanwhile.
  EXPECT_LE(taken, 200);
  EXPECT_GE(taken, 200 - 8 * 200 / 64);
}

TEST_P(RateLimitsTest, ALargeBucketCostsFewStatements) {
  RateLimits limits(*database_);
  const auto rows = [&] { return database_.run("SELECT full_at FROM fencepost_rate_limits").rows; };
  if (!postgres()) {
    EXPECT_EQ(take(limits, 640), Answer::unshared);
    EXPECT_TRUE(rows().empty()) << "none";
    return;
  }
  EXPECT_EQ(take(limits, 640), Answer::taken);
  const auto first = rows();
  for (int i = 0; i < 9; ++i) EXPECT_EQ(take(limits, 640), Answer::taken);
  EXPECT_EQ(rows(), first) << "ten were taken at once";
  EXPECT_EQ(take(limits, 640), Answer::taken);
  EXPECT_NE(rows(), first);
  const auto second = rows();
  EXPECT_EQ(take(limits, 640, std::chrono::seconds(3)), Answer::taken);
  EXPECT_NE(rows(), second) << "what is not used soon is not used";
}

TEST_P(RateLimitsTest, WithoutADatabaseTheProcessDecides) {
  const auto away = store::Database::open(database_.url(),
                                          {.connections = 1, .lock_timeout = std::chrono::milliseconds(20)});
  RateLimits limits(*away);
  {
    const auto last = away->acquire();
    EXPECT_EQ(take(limits, 3), Answer::unshared);
  }
  EXPECT_EQ(take(limits, 3), Answer::unshared) << "not asked again at once";
  EXPECT_EQ(take(limits, 3, std::chrono::seconds(1)), postgres() ? Answer::taken : Answer::unshared);
}

ON_BOTH(RateLimitsTest);

}  // namespace
}  // namespace fencepost::accounts
