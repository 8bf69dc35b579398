// Two engines on one database: the limit of a key holds over both, and a seat that one frees is the other's.

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <filesystem>

#include "base/random.hpp"
#include "both_databases.hpp"
#include "engine/engine.hpp"
#include "engine/handler_work.hpp"
#include "store/migrate.hpp"

namespace fencepost::engine {
namespace {

using namespace std::chrono_literals;
using store::testing::BothDatabases;
using store::testing::World;

class LimitedEngines : public BothDatabases {
 public:
  static constexpr int kItems = 90;

  LimitedEngines() : world_(GetParam(), core::Kind::repeatable, store::testing::patient(40)) {
    auto queue = world_.queue();
    queue.limits.key = "title";
    queue.limits.per_key = 2;
    fence_ = std::make_unique<store::Fence>(queue, GetParam(), store::own_schema(world_.onlooker()));
    for (int i = 0; i < kItems; ++i)
      world_.run("INSERT INTO {table} ({key}, {payload}) VALUES (?1, ?2)",
                 {"i" + std::to_string(i), std::string(1, static_cast<char>('a' + i % 3))});
    std::filesystem::create_directories(folder_);
  }
  ~LimitedEngines() override { std::filesystem::remove_all(folder_); }

  // Holds its claim until another handler of the key is at work too, or none can come: so that both seats are
  // truly used, and a third would be seen.
  Outcome handle(const store::Claim& claim) {
    const auto key = static_cast<std::size_t>(std::stoi(claim.item.substr(1)) % 3);
    std::unique_lock lock(mutex_);
    most_ = std::max(most_, ++at_work_[key]);
    ++begun_[key];
    changed_.notify_all();
    const auto mine = begun_[key];
    changed_.wait_for(lock, 60s, [&] { return begun_[key] > mine || begun_[key] == kItems / 3; });
    --at_work_[key];
    return Outcome::done([this](store::Connection&) {
      const std::lock_guard done(mutex_);
      ++done_;
      changed_.notify_all();
    });
  }

  World world_;
  std::unique_ptr<store::Fence> fence_;
  const std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("fencepost-limits-" + base::random_hex(6));
  std::mutex mutex_;
  std::condition_variable changed_;
  std::array<int, 3> at_work_{}, begun_{};
  int most_ = 0, done_ = 0;
};

TEST_P(LimitedEngines, NeverMoreThanTwoOfAKeyOverBoth) {
  struct Instance {
    Instance(LimitedEngines& test, const std::string& folder)
        : engine(test.world_.database(), base::system_clock(), {.sweep = 50ms, .state_folder = folder}),
          work(engine.context(), *test.fence_,
               [&test](const Attempt& attempt) { return test.handle(attempt.claim()); }) {
      engine.add(work, {.concurrency = 8, .poll = 20ms});
      engine.start();
    }
    ~Instance() { engine.stop(base::BootClock::now() + 30s); }
    Engine engine;
    HandlerWork work;
  };
  {
    Instance one(*this, folder_ / "one"), two(*this, folder_ / "two");
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, 120s, [&] { return done_ == kItems; })) << done_;
  }
  EXPECT_EQ(most_, 2) << "both seats of a key were used, and no third";
  EXPECT_EQ(world_.run("SELECT count(*) FROM fencepost_seats")[0][0].integer(), 0);
  EXPECT_EQ(world_.run("SELECT count(*) FROM {table} WHERE {status} = 'Completed' AND {attempt} = 1")[0][0]
                .integer(),
            kItems);
}

ON_BOTH_DATABASES(LimitedEngines);

}  // namespace
}  // namespace fencepost::engine
