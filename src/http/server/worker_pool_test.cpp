#include "http/server/worker_pool.hpp"

#include <gtest/gtest.h>
#include <atomic>
#include <latch>
#include <memory>
#include <thread>

namespace fencepost::http {
namespace {

TEST(WorkerPool, RunsWhatItTookAndRefusesWhatItCannotQueue) {
  std::latch started(1), release(1), done(2);
  WorkerPool pool(1, 1);
  ASSERT_TRUE(pool.submit([&] {
    started.count_down();
    release.wait();
    done.count_down();
  }));
  started.wait();
  EXPECT_TRUE(pool.submit([&] { done.count_down(); }));
  EXPECT_FALSE(pool.submit([] { ADD_FAILURE() << "was refused"; }));
  release.count_down();
  done.wait();
}

TEST(WorkerPool, StopWaitsForWhatRunsAndDropsWhatWaits) {
  std::latch started(1), release(1);
  std::atomic<bool> finished = false;
  WorkerPool pool(1, 10);
  pool.submit([&] {
    started.count_down();
    release.wait();
    finished = true;
  });
  started.wait();
  // What waits tells of its end by the destruction of what it holds.
  auto token = std::make_shared<int>(0);
  const std::weak_ptr<int> watch = token;
  pool.submit([token = std::move(token)] { ADD_FAILURE() << "was dropped"; });
  std::jthread stopper([&] { pool.stop(); });
  while (!watch.expired()) std::this_thread::yield();
  EXPECT_FALSE(finished);
  release.count_down();
  stopper.join();
  EXPECT_TRUE(finished);
  EXPECT_FALSE(pool.submit([] {}));
  pool.stop();
}

}  // namespace
}  // namespace fencepost::http
