// Where the API tells nothing, pages do, and what a server's refusals put off. Both databases.

#include <gtest/gtest.h>

#include "apps/announce/live/testing/fixture.hpp"
#include "core/window.hpp"
#include "store/budget.hpp"

namespace fencepost::live {
namespace {

using testing::kHour;
using testing::kMinute;

class PagesTest : public testing::LiveTest {};

TEST_P(PagesTest, AnEmptyBudgetMakesUnknownUntilThePacificMidnight) {
  episode(show(channel_), 20 * kHour);
  const auto video = emulator_.stream(channel_, {{"scheduled", now() / 1e6 + 72000}});
  auto& watcher = watch_with({.quota = {.units = 1}});
  tick(watcher);
  EXPECT_EQ(stream_of(video).stage, "upcoming");
  emulator_.state(video, "live");
  // The channel of nobody's show: what does not matter waits, without another call.
  const auto idle = emulator_.channel();
  const auto nobody = episode(show(idle), kHour);
  const auto unwatched = emulator_.stream(idle);
  tick(watcher);
  database_.run("DELETE FROM fencepost_episodes WHERE id = $1", {nobody});
  tick(watcher);
  EXPECT_EQ(stream_of(unwatched).trouble, "the API's quota of today is used up");
  EXPECT_EQ(stream_of(unwatched).next_look, core::next_day_start(now(), connect::youtube::kQuotaZone));
  EXPECT_EQ(stream_of(video).answer, Answer::live);  // by its page
  EXPECT_EQ(emulator_.asked("/youtube/v3/"), 1);
  EXPECT_EQ(units_used(), 1);
}

// Another program uses the same project: YouTube knows better than our own count. An evening that is on the
// air goes on by pages, and the API is not asked again that day.
TEST_P(PagesTest, ADayThatYouTubeCallsUsedUpIsClosed) {
  const auto id = episode(show(channel_), 0);
  const auto video = emulator_.stream(channel_, {{"state", "live"}});
  tick(watcher_);
  ASSERT_EQ(stream_of(video).episode, id);
  const auto idle = emulator_.channel();
  const auto nobody = episode(show(idle), kHour);
  const auto unwatched = emulator_.stream(idle);
  emulator_.post("/_set", {{"limits", {{"units", 0}, {"search", 0}, {"uploads", 0}}}});
  watcher_.watch();
  look_at_channels(watcher_);
  database_.run("DELETE FROM fencepost_episodes WHERE id = $1", {nobody});
  tick(watcher_);
  EXPECT_EQ(stream_of(video).answer, Answer::live);
  const auto next = core::next_day_start(now(), connect::youtube::kQuotaZone);
  EXPECT_LE(stream_of(video).next_look.value(), std::min(next, now() + 3 * kMinute));
  EXPECT_NE(stream_of(unwatched).trouble.value().find("quota"), std::string::npos);
  EXPECT_EQ(stream_of(unwatched).next_look, next);
  const auto bucket = store::bucket(*database_->acquire(), today()).value();
  EXPECT_EQ(bucket.quota, bucket.used);
  emulator_.state(video, "ended");
  tick(watcher_);
  EXPECT_EQ(episode_of(id).status, "ended");
  EXPECT_EQ(emulator_.asked("/youtube/v3/"), 2);
}

// What is an episode's is looked at even where nobody watches its channel any more.
TEST_P(PagesTest, ABoundStreamOfAnUnwatchedChannelEndsWithoutTheApi) {
  const auto id = episode(show(channel_), 0);
  const auto video = emulator_.stream(channel_, {{"state", "live"}});
  tick(watcher_);
  ASSERT_EQ(stream_of(video).episode, id);
  database_.run("UPDATE fencepost_live_channels SET enabled = FALSE");
  emulator_.state(video, "ended");
  look_at_streams(watch_with({.quota = {.units = 0}}));
  EXPECT_EQ(episode_of(id).status, "ended");
}

// More than one look can carry: those that waited come first in the next one.
TEST_P(PagesTest, WithoutUnitsAllThatAreWatchedHaveTheirTurn) {
  std::vector<std::string> videos;
  for (int i = 0; i < 12; ++i) {
    const auto channel = emulator_.channel();
    episode(show(channel), 0);
    videos.push_back(emulator_.stream(channel, {{"state", "live"}}));
  }
  auto& watcher = watch_with({.quota = {.units = 0}});
  const auto live = "SELECT count(*) FROM fencepost_live_streams WHERE stage = 'live'";
  tick(watcher);
  EXPECT_EQ(count(live), 10);
  // Those that had no turn are due within a step too.
  const auto latest = "SELECT CAST(max(run_at) - fencepost_now() AS BIGINT) FROM fencepost_live_streams";
  EXPECT_LE(count(latest), 3 * kMinute);
  tick(watcher);
  EXPECT_EQ(count(live), 12);
  for (const auto& video : videos) EXPECT_EQ(stream_of(video).answer, Answer::live);
  // And so on: nobody is always the last.
  const auto before = now();
  for (int i = 0; i < 2; ++i) tick(watcher);
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_live_streams WHERE looked_at >= " + std::to_string(before)),
            12);
  EXPECT_EQ(emulator_.asked("/youtube/v3/"), 0);
}

TEST_P(PagesTest, WhatNeverLeftCostsNothing) {
  connect::youtube::YouTube nowhere(
      http_, {"http://127.0.0.1:1", emulator_.url(), emulator_.url(), base::Secret("key")});
  Watcher watcher(*database_, nowhere);
  episode(show(channel_), 20 * kHour);
  const auto video = emulator_.stream(channel_);
  tick(watcher);
  EXPECT_EQ(stream_of(video).stage, "upcoming");  // by its page
  EXPECT_EQ(units_used(), 0);
}

TEST_P(PagesTest, AnAnswerThatFailsCostsAndLeavesThePages) {
  const auto id = episode(show(channel_), 0);
  const auto video = emulator_.stream(channel_, {{"state", "live"}});
  const auto idle = emulator_.channel();
  const auto nobody = episode(show(idle), kHour);
  const auto unwatched = emulator_.stream(idle);
  watcher_.watch();
  look_at_channels(watcher_);
  database_.run("DELETE FROM fencepost_episodes WHERE id = $1", {nobody});
  for (const std::string mode : {"status", "status_after", "malformed", "accept_then_cut"}) {
    const auto before = units_used();
    emulator_.post("/_fault", {{"mode", mode}, {"path", "/youtube/v3/.*"}});
    tick(watcher_);
    EXPECT_EQ(stream_of(video).answer, Answer::live) << mode;
    EXPECT_EQ(stream_of(unwatched).answer, Answer::unknown) << mode;
    EXPECT_EQ(units_used(), before + 1) << mode;
  }
  EXPECT_EQ(stream_of(video).episode, id);
  tick(watcher_);
  EXPECT_EQ(stream_of(unwatched).stage, "upcoming");
}

// The fault: a key that was revoked ended all announcing, which works without any key.
TEST_P(PagesTest, ARefusedKeyLeavesThePagesAndIsToldOnce) {
  connect::youtube::YouTube refused(
      http_, {emulator_.url(), emulator_.url(), emulator_.url(), base::Secret("revoked")});
  Watcher watcher(*database_, refused);
  const auto id = episode(show(channel_), 0);
  const auto video = emulator_.stream(channel_, {{"state", "live"}});
  for (int i = 0; i < 2; ++i) tick(watcher);
  EXPECT_EQ(stream_of(video).answer, Answer::live);
  EXPECT_EQ(episode_of(id).status, "live");
  EXPECT_EQ(emulator_.asked("/youtube/v3/"), 2);  // it may have been mended
  const auto told = database_.run("SELECT kind, queue, item, detail, person_id FROM fencepost_notices");
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0][0].text() + " " + told[0][1].text() + " " + told[0][2].text(),
            "credentials_refused live-streams default");
  EXPECT_NE(told[0][3].text().find("refuses the API key"), std::string::npos);
  EXPECT_FALSE(told[0][4].maybe_integer());
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_ledger WHERE NOT spent"), 0);
}

TEST_P(PagesTest, AnApiThatAsksToWaitIsLeftAlone) {
  episode(show(channel_), 0);
  const auto video = emulator_.stream(channel_, {{"state", "live"}});
  emulator_.post("/_fault", {{"mode", "status"},
                             {"path", "/youtube/v3/.*"},
                             {"status", 429},
                             {"headers", {{"Retry-After", "86400"}}}});
  for (int i = 0; i < 2; ++i) tick(watcher_);
  EXPECT_EQ(stream_of(video).answer, Answer::live);
  EXPECT_EQ(emulator_.asked("/youtube/v3/"), 1);
  emulator_.state(video, "ended");
  tick(watcher_);
  EXPECT_EQ(stream_of(video).stage, "ended");
}

// The fault: one 429 near the start, and nobody looked before it was over.
TEST_P(PagesTest, AWaitThatAServerAsksForIsShortNearAStart) {
  const auto wait = [&](const char* path) {
    emulator_.post("/_fault", {{"mode", "status"},
                               {"path", path},
                               {"times", 100},
                               {"status", 429},
                               {"headers", {{"Retry-After", "86400"}}}});
  };
  const auto id = episode(show(channel_), kMinute);
  const auto video = emulator_.stream(channel_);
  auto& pages = watch_with({}, false);
  tick(pages);
  wait("/feeds/.*|/channel/.*|/watch");
  tick(pages);
  EXPECT_EQ(channel_of(channel_).answer, Answer::unknown);
  EXPECT_LE(channel_of(channel_).next_look.value(), now() + 200'000'000);
  EXPECT_LE(stream_of(video).next_look.value(), now() + 3 * kMinute);
  // Nor is a wait from before that time kept to.
  database_.run("UPDATE fencepost_episodes SET starts_at = $2 WHERE id = $1", {id, now() + 5 * kHour});
  for (int i = 0; i < 4; ++i) tick(pages);
  EXPECT_GT(channel_of(channel_).next_look.value(), now() + 20 * kMinute);
  EXPECT_FALSE(pages.watch());
  database_.run("UPDATE fencepost_episodes SET starts_at = $2 WHERE id = $1", {id, now() + kMinute});
  EXPECT_TRUE(pages.watch());
  EXPECT_EQ(look_at_channels(pages), 1);
  EXPECT_FALSE(pages.watch());
}

INSTANTIATE_TEST_SUITE_P(Databases, PagesTest, ::testing::Values("sqlite", "postgres"),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace fencepost::live
