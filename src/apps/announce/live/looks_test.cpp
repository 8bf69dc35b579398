// Who looks, how often, and what it costs; crashes and company. Both databases.

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>

#include "apps/announce/live/testing/fixture.hpp"
#include "base/testpoint.hpp"
#include "store/verify.hpp"

namespace fencepost::live {
namespace {

using namespace std::chrono_literals;
using testing::kHour;
using testing::kMinute;

// Tells when work of an engine is over; no clock.
class Ended {
 public:
  Ended() {
    base::on_testpoint([this](std::string_view name) {
      if (name != "ended") return;
      const std::lock_guard lock(mutex_);
      ++times_;
      changed_.notify_all();
    });
  }
  ~Ended() { base::on_testpoint({}); }
  // Until it holds, asked again after each piece of work; false after a time that only a broken build needs.
  bool wait(const std::function<bool()>& holds) {
    for (;;) {
      std::unique_lock lock(mutex_);
      const int seen = times_;
      lock.unlock();
      if (holds()) return true;
      lock.lock();
      if (!changed_.wait_for(lock, 60s, [&] { return times_ != seen; })) return false;
    }
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int times_ = 0;
};

class LooksTest : public testing::LiveTest {
 protected:
  // The two queues at work, as one process has them.
  struct Process {
    Process(store::Database& database, connect::youtube::YouTube& youtube, Options options,
            const store::Fence& channel_fence, const store::Fence& stream_fence, const std::string& folder,
            int concurrency)
        : watcher(database, youtube, std::move(options)),
          engine(std::make_unique<engine::Engine>(
              database, base::system_clock(), engine::EngineOptions{.sweep = 20ms, .state_folder = folder})),
          channels(engine->context(), channel_fence,
                   [this](const engine::Attempt& attempt) { return watcher.look(attempt); }),
          streams(
              engine->context(), stream_fence,
              [this](const std::vector<engine::Attempt>& attempts) { return watcher.judge(attempts); },
              watcher.batch()) {
      engine->add(channels, {.concurrency = concurrency, .poll = 20ms});
      engine->add(streams, {.concurrency = 1, .poll = 20ms});
    }
    // The works outlive the engine, which was made before them: its threads call them to its end.
    ~Process() {
      engine->stop(base::system_clock().boot() + 10s);
      engine.reset();
    }
    Watcher watcher;
    std::unique_ptr<engine::Engine> engine;
    engine::HandlerWork channels, streams;
  };
  std::unique_ptr<Process> process(store::Database& database, Options options, int concurrency = 4) {
    return std::make_unique<Process>(database, youtube_, std::move(options), channels_, streams_,
                                     database_.folder(), concurrency);
  }
  std::vector<std::string> channels_of_shows(int n, Micros start) {
    std::vector<std::string> channels;
    for (int i = 0; i < n; ++i) {
      channels.push_back(emulator_.channel());
      episode(show(channels.back()), start);
    }
    return channels;
  }
  std::string channels_as_they_are() {
    std::string text;
    for (const auto& row :
         database_.run("SELECT id, status, looks, failures, last_error, run_at - fencepost_now() "
                       "FROM fencepost_live_channels ORDER BY id"))
      text += std::to_string(row[0].integer()) + " " + row[1].text() + ", looks " +
              std::to_string(row[2].integer()) + ", failures " + std::to_string(row[3].integer()) + ", " +
              row[4].maybe_text().value_or("no error") + ", due in " + std::to_string(row[5].integer()) +
              " us\n";
    return text;
  }
  std::vector<store::Violation> violations() {
    const std::vector<store::Fence> fences{channels_, streams_};
    return store::verify(*database_->acquire(), fences);
  }
};

TEST_P(LooksTest, OneCallCarriesFifty) {
  const auto charged = [&] { return emulator_.get("/_units")["used"].value("units", 0); };
  const auto before = charged();
  episode(show(channel_), 0);
  for (int i = 0; i < 3; ++i) {
    nlohmann::json streams = nlohmann::json::array();
    const auto channel = i == 0 ? channel_ : emulator_.channel();
    if (i > 0) episode(show(channel), 0);
    for (int k = 0; k < 15; ++k) streams.push_back({{"channel", channel}});
    emulator_.post("/_streams", {{"streams", streams}});
  }
  // 45 of feeds, and 7 more: two calls.
  const auto more = emulator_.channel();
  episode(show(more), 0);
  for (int k = 0; k < 7; ++k) emulator_.stream(more);
  tick(watcher_);
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_live_streams WHERE stage = 'upcoming'"), 52);
  EXPECT_EQ(emulator_.asked("/youtube/v3/videos"), 2);
  EXPECT_EQ(emulator_.asked("/youtube/v3/"), 2);
  EXPECT_EQ(units_used(), 2);
  EXPECT_EQ(charged(), before + 2);
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_ledger WHERE NOT spent"), 0);
  EXPECT_TRUE(violations().empty());
}

// What is found within the same ten seconds is looked at together, and not one by one as it comes.
TEST_P(LooksTest, WhatIsFoundWaitsForCompany) {
  for (const auto& channel : channels_of_shows(3, 0)) emulator_.stream(channel);
  watcher_.watch();
  look_at_channels(watcher_);
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_live_streams WHERE run_at > 0 AND run_at % 10000000 = 0"),
            3);
}

// A process that dies between its look and its settlement has seen nothing.
TEST_P(LooksTest, ACrashBetweenLookAndSettlementBindsOnce) {
  const auto id = episode(show(channel_), 0);
  const auto video = emulator_.stream(channel_, {{"state", "live"}});
  watcher_.watch();
  look_at_channels(watcher_);
  database_.run("UPDATE fencepost_live_streams SET run_at = 0");
  struct Killed {};
  base::on_testpoint([](std::string_view name) {
    if (name == "judged") throw Killed{};
  });
  EXPECT_THROW(look_at_streams(watcher_, true), Killed);
  base::on_testpoint({});
  EXPECT_EQ(episode_of(id).status, "scheduled");
  EXPECT_EQ(units_used(), 1);  // it left
  // Its process is known to be gone: the next one looks again.
  const auto held = streams_.held_by(*database_->acquire(), 1);
  ASSERT_EQ(held.size(), 1u);
  EXPECT_EQ(streams_.rescue(*database_->acquire(), held[0], true, 0), core::State::queued);
  look_at_streams(watcher_);
  EXPECT_EQ(episode_of(id).status, "live");
  EXPECT_EQ(stream_of(video).episode, id);
  EXPECT_TRUE(violations().empty());
}

// A worker that was paused for an hour writes nothing: not the stream, not the episode.
TEST_P(LooksTest, AStaleLookChangesNothing) {
  const auto id = episode(show(channel_), 0);
  const auto video = emulator_.stream(channel_, {{"state", "live"}});
  watcher_.watch();
  look_at_channels(watcher_);
  database_.run("UPDATE fencepost_live_streams SET run_at = 0");
  bool paused = false;
  base::on_testpoint([&](std::string_view name) {
    if (name != "judged" || std::exchange(paused, true)) return;
    const auto held = streams_.held_by(*database_->acquire(), 1);
    streams_.rescue(*database_->acquire(), held.at(0), true, 0);
    emulator_.state(video, "ended");
    look_at_streams(watcher_);
  });
  look_at_streams(watcher_, true);
  base::on_testpoint({});
  EXPECT_TRUE(paused);
  EXPECT_EQ(stream_of(video).stage, "ended");
  EXPECT_EQ(episode_of(id).status, "scheduled");
}

// The fault: a tick was a loop over channels, and one that hung held up all the others.
TEST_P(LooksTest, TheWholeTickIsNotLostToOneSlowChannel) {
  const auto channels = channels_of_shows(12, 5 * kHour);
  emulator_.sick({channels[0], channels[1]}, "slow", 3600);
  Ended ended;
  auto one = process(*database_, {.timeout = 1h}, 4);
  one->watcher.watch();
  one->engine->start();
  const std::string looked = "SELECT count(*) FROM fencepost_live_channels WHERE looks > 0";
  ASSERT_TRUE(ended.wait([&] { return count(looked) == 10; })) << channels_as_they_are();
  EXPECT_FALSE(channel_of(channels[0]).looked_at);
  EXPECT_FALSE(channel_of(channels[1]).looked_at);
  one.reset();  // asks those that hang to stop
  // They were handed back: nothing was learnt about them.
  EXPECT_EQ(count(looked), 10);
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_live_channels WHERE status = 'queued' AND failures = 0"),
            12);
}

// Channels that are known to be slow never take all workers of all processes.
TEST_P(LooksTest, SlowChannelsHaveALaneOfTheirOwn) {
  channels_of_shows(30, 5 * kHour);
  watcher_.watch();
  database_.run("UPDATE fencepost_live_channels SET lane = 'slow' WHERE id % 3 <> 0");
  const auto claims = channels_.claim(*database_->acquire(), 30, 1min, 1);
  int slow = 0;
  for (const auto& claim : claims) slow += std::stoll(claim.item) % 3 != 0 ? 1 : 0;
  EXPECT_EQ(slow, 8);
  EXPECT_EQ(claims.size(), 18u);
}

TEST_P(LooksTest, ALookThatTakesLongLeadsToTheLane) {
  const auto channels = channels_of_shows(2, 5 * kHour);
  // At that one alone.
  const auto look = [&](const std::string& channel, const Options& options) {
    auto& watcher = watch_with(options);
    watcher.watch();
    database_.run(
        "UPDATE fencepost_live_channels SET run_at = CASE WHEN channel_id = $1 THEN 0 "
        "ELSE CAST($2 AS BIGINT) END",
        {channel, now() + kHour});
    EXPECT_EQ(look_at_channels(watcher), 1);
  };
  // What answers is not slow, however long a busy machine takes.
  const Options patient{.timeout = 1min, .slow = 1min};
  emulator_.sick({channels[0]}, "slow", 3600);
  look(channels[0], {.timeout = 1200ms});
  EXPECT_TRUE(channel_of(channels[0]).slow);
  EXPECT_EQ(channel_of(channels[0]).answer, Answer::unknown);
  look(channels[1], patient);
  EXPECT_FALSE(channel_of(channels[1]).slow);
  EXPECT_TRUE(channel_of(channels[0]).slow);
  emulator_.sick({channels[0]}, "none");
  look(channels[0], patient);
  EXPECT_FALSE(channel_of(channels[0]).slow);
}

// The fault: two server processes, each with its own scheduler, looked and announced twice.
TEST_P(LooksTest, OfTwoServerProcessesEachLookHappensOnce) {
  const auto channels = channels_of_shows(40, 5 * kHour);
  for (const auto& channel : channels) emulator_.stream(channel);
  Ended ended;
  // What is found waits for the next ten seconds together; until all are found, however long that takes.
  streams_.pause(*database_->acquire(), true, "not all are found");
  const auto second = database_.another();
  auto one = process(*database_, {.every = 1h});
  auto two = process(*second, {.every = 1h});
  one->watcher.watch();
  two->watcher.watch();
  one->engine->start();
  two->engine->start();
  ASSERT_TRUE(ended.wait(
      [&] { return count("SELECT count(*) FROM fencepost_live_channels WHERE looks > 0") == 40; }));
  one->watcher.watch();
  two->watcher.watch();
  streams_.pause(*database_->acquire(), false, "");
  ASSERT_TRUE(ended.wait(
      [&] { return count("SELECT count(*) FROM fencepost_live_streams WHERE stage = 'upcoming'") == 40; }));
  one.reset();
  two.reset();
  std::map<std::string, int> asked;
  for (const auto& entry : emulator_.get("/_log"))
    if (entry["path"] == "/feeds/videos.xml") ++asked[entry["query"]["channel_id"]];
  for (const auto& channel : channels) EXPECT_EQ(asked[channel], 1) << channel;
  EXPECT_EQ(emulator_.asked("/youtube/v3/videos"), units_used());
  EXPECT_LE(units_used(), 4);  // 40 streams: not one call each
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_live_streams"), 40);
}

INSTANTIATE_TEST_SUITE_P(Databases, LooksTest, ::testing::Values("sqlite", "postgres"),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace fencepost::live
