// 8 processes of 4 threads drain 20,000 items on PostgreSQL: each is settled once, and nobody deadlocks.

#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <thread>

#include "fixture.hpp"
#include "store/migrate.hpp"

namespace fencepost::store::testing {
namespace {

constexpr int kProcesses = 8, kThreads = 4, kItems = 20'000, kBatch = 50;

pid_t start_child(const std::string& url, int number) {
  const std::string self = std::filesystem::read_symlink("/proc/self/exe");
  std::vector<std::string> own{"FENCEPOST_BULK_URL=" + url,
                               "FENCEPOST_BULK_NUMBER=" + std::to_string(number)};
  std::vector<char*> environment{own[0].data(), own[1].data()};
  for (char** entry = environ; *entry != nullptr; ++entry) environment.push_back(*entry);
  environment.push_back(nullptr);
  std::string name = self, filter = "--gtest_filter=Bulk.DISABLED_Drain",
              also = "--gtest_also_run_disabled_tests", brief = "--gtest_brief=1";
  char* arguments[] = {name.data(), filter.data(), also.data(), brief.data(), nullptr};
  pid_t child = 0;
  if (posix_spawn(&child, self.c_str(), nullptr, nullptr, arguments, environment.data()) != 0)
    throw std::runtime_error("cannot run " + self);
  return child;
}

// Settles what it claimed together with a row of its own for each, in one transaction, and claims the next.
void drain(Database& database, const Fence& fence, std::int64_t worker) {
  const auto connection = database.connect();
  auto claims = fence.claim(*connection, kBatch, std::chrono::minutes(5), worker);
  while (!claims.empty()) {
    std::vector<Settlement> settlements;
    for (const auto& c : claims) settlements.push_back(Settlement::done(c));
    Transaction transaction(*connection);
    const auto answers = fence.settle(*connection, settlements);
    auto next = fence.claim(*connection, kBatch, std::chrono::minutes(5), worker);
    for (std::size_t i = 0; i < claims.size(); ++i) {
      ASSERT_EQ(answers.at(i), SettleAnswer::settled);
      connection->run(Sql{"result", "INSERT INTO results VALUES ($1)"}, {claims[i].item});
    }
    transaction.commit();
    claims = std::move(next);
  }
}

// The child's part.
TEST(Bulk, DISABLED_Drain) {
  const char* url = std::getenv("FENCEPOST_BULK_URL");
  ASSERT_NE(url, nullptr) << "run Bulk.EightProcessesDrainTwentyThousandItems";
  const auto first = 1 + kThreads * std::stoll(std::getenv("FENCEPOST_BULK_NUMBER"));
  const auto database = Database::open(url);
  const Fence fence(queue_of(core::Kind::repeatable), Dialect::postgres, own_schema(*database->acquire()));
  std::vector<std::jthread> threads;
  for (int i = 0; i < kThreads; ++i)
    threads.emplace_back([&, i] { EXPECT_NO_THROW(drain(*database, fence, first + i)); });
}

TEST(Bulk, EightProcessesDrainTwentyThousandItems) {
  World world(Dialect::postgres, core::Kind::repeatable);
  world.script("CREATE TABLE results (item TEXT NOT NULL)");
  world.run("INSERT INTO {table} ({key}) SELECT 'item ' || n FROM generate_series(1, ?1::int) AS n",
            {kItems});
  std::vector<pid_t> children;
  for (int i = 0; i < kProcesses; ++i) children.push_back(start_child(world.url(), i));
  for (const auto child : children) {
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  const auto counted = world.run("SELECT count(*), count(DISTINCT item) FROM results");
  EXPECT_EQ(counted[0][0].integer(), kItems);
  EXPECT_EQ(counted[0][1].integer(), kItems);
  EXPECT_EQ(
      world
          .run("SELECT count(*) FROM {table} WHERE {status} = 'Completed' AND {fence} = 2 AND {attempt} = 1")
              [0][0]
          .integer(),
      kItems);
  EXPECT_EQ(
      world.run("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")[0][0].integer(),
      0);
}

}  // namespace
}  // namespace fencepost::store::testing
