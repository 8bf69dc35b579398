// An evening, from a channel's feed to its episode, against the emulated YouTube. Both databases.

#include <gtest/gtest.h>

#include "apps/announce/live/binding.hpp"
#include "apps/announce/live/testing/fixture.hpp"
#include "base/error.hpp"

namespace fencepost::live {
namespace {

using testing::kHour;
using testing::kMinute;

class LiveEveningTest : public testing::LiveTest {};

TEST_P(LiveEveningTest, AStreamBringsItsEpisodeToLifeAndToItsEnd) {
  const auto id = episode(show(channel_), 10 * kMinute);
  const auto video = emulator_.stream(channel_, {{"title", "Tonight"}, {"scheduled", now() / 1e6 + 600}});
  tick(watcher_);
  EXPECT_EQ(stream_of(video).stage, "upcoming");
  EXPECT_EQ(channel_of(channel_).answer, Answer::not_live);
  EXPECT_EQ(episode_of(id).status, "scheduled");

  emulator_.state(video, "live");
  tick(watcher_);
  EXPECT_EQ(channel_of(channel_).answer, Answer::live);
  EXPECT_EQ(stream_of(video).episode, id);
  const auto live = episode_of(id);
  EXPECT_EQ(live.status, "live");
  EXPECT_EQ(live.url, "https://www.youtube.com/watch?v=" + video);
  EXPECT_EQ(live.video_id, video);

  emulator_.state(video, "ended");
  tick(watcher_);
  EXPECT_EQ(episode_of(id).status, "ended");
  EXPECT_EQ(stream_of(video).stage, "ended");
  EXPECT_FALSE(stream_of(video).next_look);
  tick(watcher_);
  EXPECT_EQ(channel_of(channel_).answer, Answer::not_live);
}

// Without a key: the page finds, the video's own page judges.
TEST_P(LiveEveningTest, TheSameByPagesAlone) {
  auto& watcher = watch_with({}, false);
  const auto id = episode(show(channel_), kMinute);
  const auto video = emulator_.stream(channel_, {{"title", "Tonight"}, {"state", "live"}});
  tick(watcher);
  EXPECT_EQ(episode_of(id).status, "live");
  emulator_.state(video, "ended");
  tick(watcher);
  EXPECT_EQ(episode_of(id).status, "ended");
  EXPECT_EQ(emulator_.asked("/youtube/v3/"), 0);
  EXPECT_EQ(units_used(), 0);
}

// The fault: what has ended has a beginning too, and a page of it speaks of a broadcast.
TEST_P(LiveEveningTest, EndedStreamsAreNotTakenForLive) {
  for (const bool with_key : {true, false}) {
    const auto channel = emulator_.channel();
    const auto id = episode(show(channel), 0);
    const auto video = emulator_.stream(channel, {{"state", "ended"}});
    tick(watch_with({}, with_key));
    if (with_key) {
      EXPECT_EQ(stream_of(video).stage, "ended");
    }
    EXPECT_EQ(episode_of(id).status, "scheduled");
    EXPECT_EQ(channel_of(channel).answer, Answer::not_live);
  }
}

TEST_P(LiveEveningTest, ARestartAndASecondStreamAnnounceNothingTwice) {
  const auto team = show(channel_);
  const auto id = episode(team, 0), next = episode(team, 2 * kHour, "Later tonight");
  const auto first = emulator_.stream(channel_, {{"state", "live"}});
  tick(watcher_);
  const auto before = episode_of(id);
  const auto second = emulator_.stream(channel_, {{"state", "live"}});
  const auto third = emulator_.state(first, "restarted");
  tick(watcher_);
  tick(watcher_);
  EXPECT_EQ(stream_of(second).episode, id);
  EXPECT_EQ(stream_of(third).episode, id);
  const auto after = episode_of(id);
  EXPECT_EQ(after.version, before.version);
  EXPECT_EQ(after.video_id, first);
  EXPECT_EQ(after.status, "live");  // the first one's end is not the show's
  EXPECT_EQ(episode_of(next).status, "scheduled");
  emulator_.state(second, "ended");
  emulator_.state(third, "ended");
  tick(watcher_);
  EXPECT_EQ(episode_of(id).status, "ended");
}

TEST_P(LiveEveningTest, AStreamIsBoundOnce) {
  const auto team = show(channel_);
  const auto id = episode(team, 0);
  const auto video = emulator_.stream(channel_, {{"state", "live"}});
  tick(watcher_);
  ASSERT_EQ(stream_of(video).episode, id);
  // Now another one would be nearer.
  database_.run("UPDATE fencepost_episodes SET starts_at = starts_at - 3600000000 WHERE id = $1", {id});
  const auto other = episode(team, 0, "Another");
  tick(watcher_);
  EXPECT_EQ(stream_of(video).episode, id);
  EXPECT_EQ(episode_of(other).status, "scheduled");
}

// 20:00 in New York, when it is tomorrow in UTC; and the show of the day before.
TEST_P(LiveEveningTest, UtcDateMatchingAnnouncesNoOtherDaysEpisode) {
  const auto team = show(channel_, "", "America/New_York");
  const auto yesterday = episode(team, -24 * kHour), today = episode(team, -5 * kMinute),
             tomorrow = episode(team, 24 * kHour);
  emulator_.stream(channel_, {{"state", "live"}});
  tick(watcher_);
  EXPECT_EQ(episode_of(yesterday).status, "scheduled");
  EXPECT_EQ(episode_of(today).status, "live");
  EXPECT_EQ(episode_of(tomorrow).status, "scheduled");
}

TEST_P(LiveEveningTest, TheTitleFilterChoosesBetweenShowsOfOneChannel) {
  const auto talk = episode(show(channel_, "night TALK"), 0), music = episode(show(channel_, "Music"), 0);
  const auto video = emulator_.stream(channel_, {{"state", "live"}, {"title", "Friday Night Music"}});
  const auto other = emulator_.stream(channel_, {{"state", "live"}, {"title", "Something else"}});
  tick(watcher_);
  EXPECT_EQ(stream_of(video).episode, music);
  EXPECT_EQ(episode_of(talk).status, "scheduled");
  EXPECT_FALSE(stream_of(other).episode);
  EXPECT_EQ(stream_of(other).answer, Answer::live);
}

// The fault: a feed that answered 404 was taken for a channel that is offline.
TEST_P(LiveEveningTest, AMissingFeedIsUnknownAndNeverOffline) {
  const auto id = episode(show(channel_), 0);
  const auto video = emulator_.stream(channel_, {{"state", "live"}});
  tick(watcher_);
  ASSERT_EQ(episode_of(id).status, "live");
  for (const std::string mode : {"404", "500", "consent"}) {
    const auto quiet = emulator_.channel();
    episode(show(quiet), 12 * kHour);
    emulator_.sick({channel_, quiet}, mode);
    tick(watcher_);
    // Consent is asked for by pages: the feed has told, then.
    EXPECT_EQ(channel_of(quiet).answer, mode == "consent" ? Answer::not_live : Answer::unknown) << mode;
    EXPECT_EQ(channel_of(channel_).answer, Answer::live) << mode;
    EXPECT_EQ(episode_of(id).status, "live") << mode;
  }
  auto& pages = watch_with({}, false);
  tick(pages);
  EXPECT_EQ(channel_of(channel_).answer, Answer::unknown);
  EXPECT_EQ(stream_of(video).trouble, "page: YouTube asks for consent");
  EXPECT_EQ(stream_of(video).stage, "live");
  EXPECT_EQ(episode_of(id).status, "live");
}

TEST_P(LiveEveningTest, AnAnswerThatMissesAVideoIsBelievedTheThirdTime) {
  const auto id = episode(show(channel_), 0);
  const auto video = emulator_.stream(channel_, {{"state", "live"}});
  tick(watcher_);
  emulator_.state(video, "gone");
  for (int i = 0; i < 2; ++i) {
    tick(watcher_);
    EXPECT_EQ(episode_of(id).status, "live");
    EXPECT_EQ(stream_of(video).answer, Answer::unknown);
  }
  emulator_.state(video, "live");
  tick(watcher_);  // it was there: counted anew
  emulator_.state(video, "gone");
  for (int i = 0; i < 3; ++i) tick(watcher_);
  EXPECT_EQ(stream_of(video).stage, "gone");
  EXPECT_EQ(episode_of(id).status, "ended");
}

TEST_P(LiveEveningTest, OnlyChannelsWithAnEpisodeToWatchForAreWatched) {
  const auto team = show(channel_);
  const auto id = episode(team, 48 * kHour);
  watcher_.watch();
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_live_channels"), 0);
  database_.run("UPDATE fencepost_episodes SET starts_at = $2 WHERE id = $1", {id, now() + kHour});
  EXPECT_TRUE(watcher_.watch());
  EXPECT_FALSE(watcher_.watch());  // nothing new
  EXPECT_EQ(look_at_channels(watcher_), 1);
  EXPECT_EQ(look_at_channels(watcher_), 0);  // not before its time
  database_.run("UPDATE fencepost_episodes SET starts_at = $2 WHERE id = $1", {id, now() + 30 * kHour});
  watcher_.watch();
  EXPECT_FALSE(channel_of(channel_).watched);
  EXPECT_EQ(look_at_channels(watcher_), 0);
  // A second show of the same channel makes no second row.
  episode(show(channel_), kHour);
  EXPECT_TRUE(watcher_.watch());
  EXPECT_TRUE(channel_of(channel_).watched);
  EXPECT_EQ(look_at_channels(watcher_), 1);
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_live_channels"), 1);
}

TEST_P(LiveEveningTest, AStartThatComesNearIsNotWaitedFor) {
  const auto id = episode(show(channel_), 5 * kHour);
  tick(watcher_);
  const auto usual = channel_of(channel_).next_look.value() - now();
  EXPECT_GT(usual, 2 * kMinute);
  database_.run("UPDATE fencepost_episodes SET starts_at = $2 WHERE id = $1", {id, now() + kMinute});
  EXPECT_TRUE(watcher_.watch());
  EXPECT_EQ(look_at_channels(watcher_), 1);
  EXPECT_LT(channel_of(channel_).next_look.value() - now(), kMinute);
  EXPECT_FALSE(watcher_.watch());
}

// The fault: a stream that was found last week had its next look in six hours, and the page that would have
// told earlier failed.
TEST_P(LiveEveningTest, AKnownStreamIsBroughtForwardAsAStartComesNear) {
  const auto team = show(channel_);
  episode(team, 20 * kHour);
  const auto video = emulator_.stream(channel_, {{"scheduled", now() / 1e6 + 5 * 86400}});
  auto& watcher = watch_with({.every = std::chrono::minutes(1)});
  tick(watcher);
  // As if the step's end were not by chance at hand.
  database_.run("UPDATE fencepost_live_streams SET run_at = $1", {now() + 2 * kHour});
  watcher.watch();
  EXPECT_GT(stream_of(video).next_look.value(), now() + kHour);
  const auto id = episode(team, 10 * kMinute);
  watcher.watch();
  EXPECT_LE(stream_of(video).next_look.value(), now() + kMinute);
  EXPECT_EQ(stream_of(video).next_look.value() % kMinute, 0);
  // And it stays with the others, though it is planned for another day.
  look_at_streams(watcher);
  EXPECT_LE(stream_of(video).next_look.value(), now() + kMinute);
  const auto next = stream_of(video).next_look;
  watcher.watch();
  EXPECT_EQ(stream_of(video).next_look, next);
  emulator_.state(video, "live");
  look_at_streams(watcher);
  EXPECT_EQ(episode_of(id).status, "live");
}

TEST_P(LiveEveningTest, FailuresAreAskedAboutMoreSeldom) {
  episode(show(channel_), 5 * kHour);
  emulator_.sick({channel_}, "500");
  Micros before = 0;
  for (int i = 1; i <= 3; ++i) {
    tick(watcher_);
    const auto seen = channel_of(channel_);
    EXPECT_EQ(seen.failures, i);
    EXPECT_EQ(seen.trouble, "feed: YouTube answered 500; page: YouTube answered 500");
    EXPECT_GT(seen.next_look.value() - now(), before);
    before = seen.next_look.value() - now();
  }
  emulator_.sick({channel_}, "none");
  tick(watcher_);
  EXPECT_EQ(channel_of(channel_).failures, 0);
  EXPECT_FALSE(channel_of(channel_).trouble);
}

// Near a start a channel whose feed and page fail is asked about by its list of uploads, for one unit.
TEST_P(LiveEveningTest, TheLastResortCostsAUnitAndOnlyNearAStart) {
  const auto far = emulator_.channel();
  episode(show(far), 5 * kHour);
  const auto id = episode(show(channel_), 0);
  emulator_.stream(channel_, {{"state", "live"}});
  emulator_.sick({channel_, far}, "500");
  tick(watcher_);
  EXPECT_EQ(channel_of(channel_).way, "uploads");
  EXPECT_EQ(episode_of(id).status, "live");
  EXPECT_EQ(channel_of(far).answer, Answer::unknown);
  EXPECT_EQ(units_used(), 2);  // the list, and the look at the stream
}

TEST_P(LiveEveningTest, ATestDetectionExplainsAndBindsNothing) {
  const auto team = show(channel_, "talk");
  const auto id = episode(team, kMinute);
  const auto deadline = base::system_clock().boot() + std::chrono::minutes(1);
  EXPECT_FALSE(test_detection(watcher_, 999'999, deadline));
  auto report = test_detection(watcher_, team, deadline).value();
  EXPECT_EQ(report.answer, Answer::not_live);
  emulator_.stream(channel_, {{"state", "live"}, {"title", "Music"}});
  emulator_.stream(channel_, {{"state", "live"}, {"title", "Night Talk"}});  // the newest comes first
  report = test_detection(watcher_, team, deadline).value();
  EXPECT_EQ(report.answer, Answer::live);
  ASSERT_EQ(report.ways.size(), 3u);
  EXPECT_EQ(report.ways[0].way, "feed");
  EXPECT_EQ(report.ways[0].answer, Answer::unknown);
  EXPECT_EQ(report.ways[1].way, "page");
  EXPECT_EQ(report.ways[1].answer, Answer::live);
  EXPECT_EQ(report.ways[2].way, "api");
  EXPECT_EQ(report.ways[2].units, 1);
  ASSERT_EQ(report.streams.size(), 2u);
  EXPECT_EQ(report.streams[0].episode, id);
  EXPECT_TRUE(report.streams[0].announces);
  EXPECT_NE(report.streams[0].why.find("the nearest start is that of \"Tonight\""), std::string::npos);
  EXPECT_FALSE(report.streams[1].episode);
  EXPECT_NE(report.streams[1].why.find("does not contain the show's filter \"talk\""), std::string::npos);
  EXPECT_EQ(episode_of(id).status, "scheduled");
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_live_streams"), 0);
  EXPECT_EQ(units_used(), 1);

  emulator_.sick({channel_}, "consent");
  report = test_detection(watch_with({}, false), team, deadline).value();
  EXPECT_EQ(report.answer, Answer::unknown);
  EXPECT_EQ(report.ways[1].why, "YouTube asks for consent");
  EXPECT_THROW(
      {
        database_.run("UPDATE fencepost_shows SET channel_id = NULL WHERE id = $1", {team});
        test_detection(watcher_, team, deadline);
      },
      base::UserError);
}

INSTANTIATE_TEST_SUITE_P(Databases, LiveEveningTest, ::testing::Values("sqlite", "postgres"),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace fencepost::live
