#include "http/rate_limit.hpp"

#include <gtest/gtest.h>

namespace fencepost::http {
namespace {

using namespace std::chrono_literals;

constexpr base::BootTime kStart{1h};

TEST(RateLimiter, GivesABurstThenOneAtATime) {
  RateLimiter limiter;
  const RateLimit limit{3, 30s};
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(limiter.take("a", limit, kStart));
  EXPECT_EQ(limiter.take("a", limit, kStart), 10s);
  EXPECT_EQ(limiter.take("a", limit, kStart + 4s), 6s);
  EXPECT_FALSE(limiter.take("a", limit, kStart + 10s));
  EXPECT_EQ(limiter.take("a", limit, kStart + 10s), 10s);
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(limiter.take("a", limit, kStart + 1h));
  EXPECT_TRUE(limiter.take("a", limit, kStart + 1h));
}

TEST(RateLimiter, KeepsKeysApart) {
  RateLimiter limiter;
  const RateLimit limit{1, 1s};
  EXPECT_FALSE(limiter.take("a", limit, kStart));
  EXPECT_FALSE(limiter.take("b", limit, kStart));
  EXPECT_TRUE(limiter.take("a", limit, kStart));
}

TEST(RateLimiter, GrantsABurstAndThenTheRate) {
  RateLimiter limiter;
  const RateLimit limit{5, 5s};
  int granted = 0;
  for (auto at = 0ms; at < 50s; at += 100ms) granted += limiter.take("a", limit, kStart + at) ? 0 : 1;
  EXPECT_GE(granted, 50);
  EXPECT_LE(granted, 55);
}

TEST(RateLimiter, ACrowdSharesOneBucketAndFullOnesAreForgotten) {
  RateLimiter limiter(2);
  const RateLimit limit{1, 10s};
  EXPECT_FALSE(limiter.take("a", limit, kStart));
  EXPECT_FALSE(limiter.take("b", limit, kStart));
  EXPECT_FALSE(limiter.take("c", limit, kStart));
  EXPECT_TRUE(limiter.take("d", limit, kStart));
  EXPECT_TRUE(limiter.take("a", limit, kStart + 1s));
  EXPECT_FALSE(limiter.take("d", limit, kStart + 11s));
  EXPECT_FALSE(limiter.take("e", limit, kStart + 11s));
}

TEST(ClientKey, IsWhatOneClientCanHold) {
  EXPECT_EQ(client_key("192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(client_key("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
  EXPECT_EQ(client_key("2001:db8:1:2::9"), "2001:db8:1:2::/64");
  EXPECT_EQ(client_key("::ffff:192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(client_key("test"), "test");
}

}  // namespace
}  // namespace fencepost::http
