// The writers of one SQLite file in one process.
#include "store/sqlite/turns.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <semaphore>
#include <thread>
#include <vector>

namespace fencepost::store::sqlite {
namespace {

using std::chrono::hours;

TEST(Turns, WhoWritesWithoutAPauseKeepsNobodyOut) {
  Turns turns(base::Duration(0));
  std::counting_semaphore waits(0);
  base::on_testpoint([&waits, here = std::this_thread::get_id()](std::string_view) {
    if (std::this_thread::get_id() != here) waits.release();
  });
  for (int round = 0; round < 1000; ++round) {
    ASSERT_TRUE(turns.wait_for(hours(1)));
    std::atomic<bool> had = false;
    std::jthread other([&] {
      ASSERT_TRUE(turns.wait_for(hours(1)));
      had = true;
      turns.end();
    });
    waits.acquire();
    turns.end();
    ASSERT_TRUE(turns.wait_for(hours(1)));
    EXPECT_TRUE(had);
    turns.end();
  }
  base::on_testpoint({});
}

TEST(Turns, OneAtATimeAndAllOfThem) {
  constexpr int kThreads = 8, kTimes = 2000;
  Turns turns(std::chrono::microseconds(50));
  int count = 0;  // by whose turn it is
  {
    std::vector<std::jthread> threads;
    for (int n = 0; n < kThreads; ++n)
      threads.emplace_back([&] {
        for (int i = 0; i < kTimes; ++i) {
          ASSERT_TRUE(turns.wait_for(hours(1)));
          ++count;
          turns.end();
        }
      });
  }
  EXPECT_EQ(count, kThreads * kTimes);
}

TEST(Turns, WhoGivesUpIsPassedOver) {
  Turns turns(base::Duration(0));
  ASSERT_TRUE(turns.wait_for(hours(1)));
  EXPECT_FALSE(turns.wait_for(base::Duration(0)));
  EXPECT_FALSE(turns.wait_for(std::chrono::milliseconds(1)));
  turns.end();
  EXPECT_TRUE(turns.wait_for(base::Duration(0)));
}

}  // namespace
}  // namespace fencepost::store::sqlite
