// Processes that are killed while they upload: the next one goes on at the byte that YouTube has.

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <random>

#include "apps/upload/uploader/testing/stage.hpp"

namespace fencepost::uploader {
namespace {

using namespace std::chrono_literals;
using testing::kUnit;
using testing::Stage;
using testing::World;

class KillTest : public ::testing::TestWithParam<const char*> {
 protected:
  // A process that works until `point` has been passed so often, and is killed there; or until the upload is
  // where `until` says. Answers whether it was killed. Its peak of memory, in KiB, goes to peak_.
  bool work(std::int64_t id, const std::string& point, int times, const std::string& until = "uploaded") {
    world_.database.close();
    const auto child = fork();
    EXPECT_GE(child, 0);
    if (child == 0) {
      world_.database.open();
      Stage stage(world_, options_);
      std::atomic<int> passed{0};
      stage.at = [&](std::string_view name) {
        if (name == point && ++passed == times) ::kill(::getpid(), SIGKILL);
      };
      stage.start();
      const bool there = stage.await_status(id, until);
      ::_exit(there ? 0 : 1);
    }
    int status = 0;
    rusage used{};
    EXPECT_EQ(::wait4(child, &status, 0, &used), child);
    peak_ = std::max<long>(peak_, used.ru_maxrss);
    world_.database.open();
    EXPECT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) == 0) << "upload: " << world_.error(id);
    return WIFSIGNALED(status);
  }
  void expect_one_whole_video(std::int64_t id) {
    EXPECT_EQ(world_.status(id), "uploaded") << world_.error(id);
    const auto videos = world_.youtube.videos();
    ASSERT_EQ(videos.size(), 1u);
    EXPECT_EQ(videos[0]["sha256"], world_.sha256("clip.mp4"));
    EXPECT_EQ(world_.youtube.accepted("video"), 1);
  }

  Options options_{.timeout = 5s, .piece = kUnit, .pause = 1ms};
  long peak_ = 0;
  World world_{GetParam()};
  const std::int64_t channel_ = world_.add_channel("main", testing::channel_id('a'));
};

TEST_P(KillTest, AProcessThatDiesIsFollowedAtTheServersByte) {
  const auto id = world_.schedule(channel_, world_.add_video("clip.mp4", 12 * kUnit + 1));
  ASSERT_TRUE(work(id, "upload.session.kept", 1));
  ASSERT_TRUE(work(id, "upload.piece.sent", 3));
  EXPECT_EQ(world_.youtube.have(0), 3 * kUnit);
  ASSERT_TRUE(work(id, "upload.piece.sent", 2));
  EXPECT_EQ(world_.youtube.have(0), 5 * kUnit);
  ASSERT_TRUE(work(id, "upload.prepared", 1));
  EXPECT_EQ(work(id, "", 0), false);
  expect_one_whole_video(id);
  EXPECT_EQ(world_.youtube.accepted("session"), 1);
  // No byte twice: each piece began where the server was.
  for (const auto& one : world_.youtube.accepted())
    EXPECT_TRUE(one["what"] != "piece" || one["begin"] == one["have"]) << one;
}

TEST_P(KillTest, F3AProcessThatDiesBehindTheLastByteIsReconciledToTheSameVideo) {
  const auto id = world_.schedule(channel_, world_.add_video("clip.mp4", 3 * kUnit));
  ASSERT_TRUE(work(id, "upload.last.sent", 1));
  EXPECT_EQ(world_.youtube.accepted("video"), 1);
  EXPECT_EQ(work(id, "", 0), false);
  expect_one_whole_video(id);
  EXPECT_EQ(world_.service().get(id)->post_id, world_.youtube.videos()[0]["id"].get<std::string>());
}

TEST_P(KillTest, AProcessThatDiesBetweenGateAndLastPieceIsFollowedWhenItsDeadlineIsOver) {
  options_.timeout = 2s;
  const auto id = world_.schedule(channel_, world_.add_video("clip.mp4", 3 * kUnit));
  ASSERT_TRUE(work(id, "gate.passed", 1));
  EXPECT_EQ(world_.youtube.accepted("video"), 0);
  // The look that comes before the deadline sees that it is missing, and waits: the next one is 15 s away.
  EXPECT_EQ(work(id, "", 0), false);
  expect_one_whole_video(id);
  EXPECT_EQ(world_.youtube.accepted("session"), 1);
}

TEST_P(KillTest, AProcessThatDiesBetweenTheCallAndItsAnswerCountsTheCallAndBeginsAnew) {
  const auto id = world_.schedule(channel_, world_.add_video("clip.mp4", 3 * kUnit));
  ASSERT_TRUE(work(id, "upload.session.begun", 1));
  EXPECT_EQ(world_.spent(id), 1);
  EXPECT_EQ(work(id, "", 0), false);
  expect_one_whole_video(id);
  EXPECT_EQ(world_.spent(id), 2);
}

// 2 GB with FENCEPOST_LONG=1, else 96 MB; killed at 20 places that a seed names.
TEST_P(KillTest, ALargeSparseFileSurvivesTwentyKillsWithFlatMemory) {
  const char* wanted = std::getenv("FENCEPOST_LONG");
  const bool is_long = wanted != nullptr && std::string(wanted) == "1";
  const std::int64_t size = is_long ? std::int64_t{2} << 30 : std::int64_t{96} << 20;
  options_.piece = is_long ? std::int64_t{8} << 20 : std::int64_t{1} << 20;
  const int pieces = static_cast<int>(size / options_.piece);
  const char* given = std::getenv("FENCEPOST_SEED");
  const auto seed = given != nullptr ? std::stoul(given) : std::random_device()();
  std::cout << "FENCEPOST_SEED=" << seed << " replays it\n";
  std::mt19937 random(static_cast<std::mt19937::result_type>(seed));
  const auto id = world_.schedule(channel_, world_.add_video("clip.mp4", size));
  constexpr int kKills = 20;
  int killed = 0;
  std::int64_t before = 0;
  for (int n = 0; n < kKills; ++n) {
    // Never so many that it would be whole before the last kill.
    std::uniform_int_distribution<int> some(1, std::max(1, pieces / kKills - 1));
    if (!work(id, "upload.piece.sent", some(random))) break;
    ++killed;
    const auto have = world_.youtube.have(0);
    EXPECT_GT(have, before);
    before = have;
  }
  EXPECT_EQ(killed, kKills);
  EXPECT_EQ(work(id, "", 0), false);
  expect_one_whole_video(id);
  EXPECT_EQ(world_.youtube.accepted("session"), 1);
  // What a process without the file needs, and pieces of 8 MB would not fit into the rest.
  std::cout << "peak of memory: " << peak_ << " KiB\n";
  EXPECT_LT(peak_, 120 << 10);
}

INSTANTIATE_TEST_SUITE_P(Databases, KillTest, ::testing::Values("sqlite", "postgres"),
                         [](const auto& each) { return std::string(each.param); });

}  // namespace
}  // namespace fencepost::uploader
