#pragma once
// What the tests of budgets and seats share.

#include <atomic>
#include <latch>
#include <thread>
#include <vector>

#include "both_databases.hpp"
#include "store/budget.hpp"

namespace fencepost::store::testing {

using Outcome = Take::Outcome;
using Seat = SeatTake::Outcome;

inline const BucketKey kDay{"videos", "channel-1", "2026-03-08"};
inline const BucketKey kNextDay{"videos", "channel-1", "2026-03-09"};
inline constexpr base::Micros kSlot = 1'773'000'000'000'000;

class BudgetTest : public BothDatabases {
 protected:
  static DatabaseOptions impatient() {
    DatabaseOptions options;
    options.lock_timeout = std::chrono::milliseconds(50);
    return options;
  }
  Take take_in(World& world, const BucketKey& key, std::int64_t quota, std::int64_t amount,
               const std::string& item, int attempt = 0) {
    return in_transaction(
        world.a(), [&](auto& c) { return take(c, key, quota, amount, "posts", item, "upload", attempt); });
  }
  static void expect_bucket(World& world, const BucketKey& key, std::int64_t quota, std::int64_t used) {
    const auto now = bucket(world.onlooker(), key);
    ASSERT_TRUE(now.has_value());
    EXPECT_EQ(now->quota, quota);
    EXPECT_EQ(now->used, used);
    EXPECT_EQ(now->overhang, std::max<std::int64_t>(0, used - quota));
    EXPECT_TRUE(differences(world.onlooker()).empty());
  }
};

inline SeatTake sit(Connection& connection, const std::string& channel, base::Micros slot_at, int capacity,
                    const std::string& queue, const std::string& item) {
  return take_all(connection, {}, {{channel, slot_at, capacity, queue, item}}).seats[0];
}

// `work` on 64 threads at once, each with its own connection and number; answers how many said true.
template <typename Work>
int on_64_threads(World& world, Work&& work) {
  std::latch start(64);
  std::atomic<int> yes = 0;
  {
    std::vector<std::jthread> threads;
    for (int n = 0; n < 64; ++n)
      threads.emplace_back([&, n] {
        auto connection = world.database().acquire();
        start.arrive_and_wait();
        yes += in_transaction(*connection, [&](auto& c) { return work(c, std::to_string(n)); });
      });
  }
  return yes;
}

}  // namespace fencepost::store::testing
