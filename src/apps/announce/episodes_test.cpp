// When an announcement of an episode goes out: its triggers, what moves them, what ends them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "apps/announce/testing/episode_test_base.hpp"

namespace fencepost::announce {
namespace {

using testing::kHour;
using testing::kMinute;
using namespace std::chrono_literals;

class EpisodesTest : public testing::EpisodeTestBase {
 protected:
  std::vector<std::string> kinds(std::int64_t id) {
    std::vector<std::string> all;
    for (const auto& row :
         database_.run("SELECT kind FROM fencepost_events WHERE item = $1 ORDER BY id", {std::to_string(id)}))
      all.push_back(row[0].text());
    return all;
  }
};

TEST_P(EpisodesTest, ALiveOneIsPendingUntilTheStreamIsOnAndHasItsUrl) {
  const auto episode = make_episode();
  const auto id = announce(episode, connection_);
  EXPECT_EQ(get(id).status, "pending");
  EXPECT_TRUE(claim().empty());
  EXPECT_TRUE(go_live(episode));
  EXPECT_EQ(get(id).status, "queued");
  const auto now = get_episode_now(episode.id);
  EXPECT_EQ(now.status, "live");
  EXPECT_EQ(now.url, "https://youtu.be/video-1");
  EXPECT_EQ(now.video_id, "video-1");
  const auto claims = claim();
  ASSERT_EQ(claims.size(), 1u);
  const auto request = text_of(render(claims[0]));
  EXPECT_NE(request.find("Night Talk: Pilot"), std::string::npos) << request;
  EXPECT_NE(request.find("https://youtu.be/video-1"), std::string::npos) << request;
  EXPECT_THAT(kinds(id), ::testing::Contains("released"));
}

TEST_P(EpisodesTest, ARestartOrASecondStreamChangesNothing) {
  const auto episode = make_episode();
  const auto id = announce(episode, connection_);
  EXPECT_TRUE(go_live(episode));
  post(id);
  const auto before = get_episode_now(episode.id);
  EXPECT_FALSE(go_live(episode));
  EXPECT_FALSE(go_live(episode, "video-2"));
  EXPECT_EQ(get_episode_now(episode.id).version, before.version);
  EXPECT_EQ(get(id).status, "posted");
  EXPECT_TRUE(claim().empty());
  EXPECT_TRUE(end(episode));
  EXPECT_FALSE(end(episode));
  EXPECT_FALSE(go_live(episode, "video-3")) << "an ended stream is never taken for live";
}

TEST_P(EpisodesTest, WhatAPersonSetLiveGetsItsStreamWithoutASecondPost) {
  const auto episode = make_episode();
  const auto id = announce(episode, connection_);
  EXPECT_EQ(edit(episode, {.status = "live"}).episode->status, "live");
  post(id);
  EXPECT_TRUE(go_live(episode));
  EXPECT_EQ(get_episode_now(episode.id).url, "https://youtu.be/video-1");
  EXPECT_TRUE(claim().empty());
}

TEST_P(EpisodesTest, EachTriggerHasItsTime) {
  const auto start = now() + 10 * kHour;
  const auto episode = make_episode(start);
  const auto before = announce(episode, connection_, {.trigger = "before", .minutes = 30});
  const auto at = announce(episode, connect("at", bob_.id), {.trigger = "at", .at = start + kHour});
  const auto live = announce(episode, connect("live", bob_.id), {.trigger = "live", .stagger = 120});
  const auto ended = announce(episode, connect("ended", bob_.id), {.trigger = "ended", .stagger = 60});
  EXPECT_EQ(get(before).run_at, start - 30 * kMinute);
  EXPECT_EQ(get(at).run_at, start + kHour);
  EXPECT_EQ(get(live).status, "pending");
  EXPECT_EQ(get(ended).status, "pending");
  edit(episode, {.starts_at = start + 2 * kHour});
  EXPECT_EQ(get(before).run_at, start + 2 * kHour - 30 * kMinute) << "it moves with the episode";
  EXPECT_EQ(get(at).run_at, start + kHour) << "it does not";
  const auto on = now();
  go_live(episode);
  EXPECT_GE(get(live).run_at, on + 2 * kMinute);
  EXPECT_EQ(get(ended).status, "pending");
}

TEST_P(EpisodesTest, ADraftReleasesNothing) {
  const auto episode = make_episode();
  const auto id = announce(episode, connection_, {.trigger = "before", .minutes = 90});
  EXPECT_EQ(get(id).status, "queued") << "90 minutes before what starts in an hour";
  EXPECT_EQ(edit(episode, {.status = "draft"}).answer, EpisodeAnswer::done);
  EXPECT_EQ(get(id).status, "pending");
  EXPECT_TRUE(claim().empty());
}

TEST_P(EpisodesTest, WhatIsAtWorkWaitsAgainWhenTheEpisodeIsMoved) {
  const auto episode = make_episode();
  const auto id = announce(episode, connection_, {.trigger = "before", .minutes = 90});
  const auto claims = claim();
  ASSERT_EQ(claims.size(), 1u);
  const auto rendered = render(claims[0]);
  const auto start = now() + 48 * kHour;
  edit(episode, {.starts_at = start});
  EXPECT_FALSE(gate(*database_->acquire(), claims[0], rendered)) << "it belongs to a start that is off";
  fence_.settle(*database_->acquire(), {store::Settlement::snooze(claims[0], 1s)});
  EXPECT_EQ(get(id).status, "queued");
  EXPECT_EQ(get(id).run_at, start - 90 * kMinute);
}

TEST_P(EpisodesTest, TheEndOfTheStreamEndsWhatWaitedForIt) {
  const auto episode = make_episode(now() + 3 * kHour);
  const auto live = announce(episode, connection_, {.trigger = "live", .stagger = 3600});
  const auto before = announce(episode, connect("before", bob_.id), {.trigger = "before", .minutes = 5});
  const auto at = announce(episode, connect("at", bob_.id), {.trigger = "at", .at = now() + kHour});
  const auto ended = announce(episode, connect("ended", bob_.id), {.trigger = "ended"});
  const auto disabled = announce(episode, connect("disabled", bob_.id), {.enabled = false});
  EXPECT_FALSE(end(episode)) << "it was never live";
  go_live(episode);
  EXPECT_TRUE(end(episode));
  for (const auto id : {live, before}) {
    EXPECT_EQ(get(id).status, "failed");
    EXPECT_EQ(get(id).last_error, "the stream ended before this was posted");
  }
  EXPECT_EQ(get(at).status, "queued");
  EXPECT_EQ(get(disabled).status, "disabled");
  post(ended);
  EXPECT_EQ(get(ended).status, "posted");
}

TEST_P(EpisodesTest, ARetryEndsWithTheStream) {
  const auto episode = make_episode();
  const auto id = announce(episode, connection_);
  go_live(episode);
  const auto claims = claim();
  const auto effect = gate(*database_->acquire(), claims.at(0), render(claims.at(0)));
  end(episode);
  EXPECT_EQ(get(id).status, "sending") << "it is out, and nobody knows yet";
  settle(*effect, {store::Verdict::did_not_happen, "", "", "429", 0s});
  const auto again = claim();
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(text_of(render(again[0])), "the stream ended before this was posted");
}

TEST_P(EpisodesTest, ARetryWaitsAsLongAsItsPlatformWantsWhateverIsEdited) {
  const auto episode = make_episode();
  const auto id = announce(episode, connection_);
  go_live(episode);
  const auto claims = claim();
  const auto effect = gate(*database_->acquire(), claims.at(0), render(claims.at(0)));
  settle(*effect, {store::Verdict::did_not_happen, "", "", "429", 1h});
  const auto wanted = get(id).run_at;
  EXPECT_GT(wanted, now() + 50 * kMinute);
  edit(episode, {.title = "Another title"});
  EXPECT_EQ(get(id).run_at, wanted);
}

TEST_P(EpisodesTest, ARetryUnderWhichTheEpisodeWasMovedWaitsForItsNewStart) {
  const auto episode = make_episode();
  const auto id = announce(episode, connection_, {.trigger = "before", .minutes = 90});
  const auto claims = claim();
  const auto effect = gate(*database_->acquire(), claims.at(0), render(claims.at(0)));
  const auto start = now() + 48 * kHour;
  edit(episode, {.starts_at = start});
  settle(*effect, {store::Verdict::did_not_happen, "", "", "429", 0s});
  const auto again = claim();
  ASSERT_EQ(again.size(), 1u);
  const auto rendered = render(again[0]);
  EXPECT_FALSE(gate(*database_->acquire(), again[0], rendered));
  EXPECT_EQ(get(id).status, "queued");
  EXPECT_EQ(get(id).run_at, start - 90 * kMinute);
}

TEST_P(EpisodesTest, Rule14WhatComesBackWhileOthersAreLockedIsNotReleasedBetweenThem) {
  const auto episode = make_episode();
  const auto one = announce(episode, connection_, {.trigger = "before", .minutes = 90});
  const auto two = announce(episode, connect("two", bob_.id));
  const auto claims = claim();
  const auto effect = gate(*database_->acquire(), claims.at(0), render(claims.at(0)));
  const auto fails = [&] { settle(*effect, {store::Verdict::did_not_happen, "", "", "429", 0s}); };
  const auto start = now() + 48 * kHour;
  const auto move = [&] { return edit(episode, {.starts_at = start}).answer; };
  if (postgres()) {
    const auto lease = database_->acquire();
    store::Transaction holding(*lease);
    fence_.hold(*lease, {std::to_string(two)});
    auto moved = std::async(std::launch::async, move);
    while (moved.wait_for(0s) != std::future_status::ready &&
           database_
               .run("SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND "
                    "wait_event_type = 'Lock'")
               .empty()) {
    }
    fails();
    holding.commit();
    EXPECT_EQ(moved.get(), EpisodeAnswer::done);
  } else {
    EXPECT_EQ(move(), EpisodeAnswer::done);
    fails();
  }
  EXPECT_LT(get(one).run_at, now() + kMinute) << "written out of the order of keys";
  const auto again = claim();
  ASSERT_EQ(again.size(), 1u);
  EXPECT_FALSE(gate(*database_->acquire(), again[0], render(again[0])));
  EXPECT_EQ(get(one).run_at, start - 90 * kMinute) << "it looks itself";
}

TEST_P(EpisodesTest, WhatFailedIsNotReleasedByAnEdit) {
  const auto episode = make_episode();
  const auto id = announce(episode, connection_, {.trigger = "before", .minutes = 90});
  fence_.settle(*database_->acquire(), {store::Settlement::failed(claim().at(0), "no")});
  edit(episode, {.starts_at = now() + 80 * kMinute});
  EXPECT_EQ(get(id).status, "failed");
  EXPECT_TRUE(claim().empty());
}

TEST_P(EpisodesTest, AStopAndAReleaseThatCrossLeaveItStopped) {
  const auto episode = make_episode();
  const auto one = announce(episode, connection_), two = announce(episode, connect("two", bob_.id));
  const auto stop = [&](std::int64_t id) {
    return [this, id](store::Connection& c) { return fence_.stop(c, std::to_string(id), "bob"); };
  };
  const auto live = [&](store::Connection& c) {
    return episode_live(c, episode.id, "v", "https://x.test", 1);
  };
  const auto [stopped, released] = while_open(stop(one), live);
  EXPECT_EQ(stopped, core::StopAnswer::prevented);
  EXPECT_TRUE(released);
  EXPECT_TRUE(waited_);
  EXPECT_EQ(get(one).status, "disabled");
  EXPECT_EQ(get(two).status, "queued");
  const auto other = make_episode();
  const auto three = announce(other, connection_);
  const auto [first, second] = while_open(
      [&](store::Connection& c) { return episode_live(c, other.id, "w", "https://x.test", 1); }, stop(three));
  EXPECT_TRUE(first);
  EXPECT_EQ(second, core::StopAnswer::prevented);
  EXPECT_TRUE(waited_);
  EXPECT_EQ(get(three).status, "disabled");
  const auto claims = claim();
  ASSERT_EQ(claims.size(), 1u);
  EXPECT_EQ(claims[0].item, std::to_string(two));
}

TEST_P(EpisodesTest, OfTwoWhoEditAtOnceTheSecondIsTold) {
  const auto episode = make_episode();
  const auto [one, other] = while_open(
      [&](store::Connection& c) { return edit_episode(c, episode.id, 1, {.title = "A"}, "ann").answer; },
      [&](store::Connection& c) { return edit_episode(c, episode.id, 1, {.title = "B"}, "bob").answer; });
  EXPECT_EQ(one, EpisodeAnswer::done);
  EXPECT_EQ(other, EpisodeAnswer::stale);
  EXPECT_EQ(get_episode_now(episode.id).title, "A");
}

TEST_P(EpisodesTest, ApprovalHoldsWhatAShowAsksItForAndAnEditTakesItBack) {
  const auto episode = make_episode();
  const auto id = announce(episode, connection_);
  edit_show_now({.needs_approval = true});
  go_live(episode);
  EXPECT_EQ(get(id).status, "pending");
  EXPECT_TRUE(claim().empty());
  edit_show_now({.needs_approval = false});
  EXPECT_EQ(get(id).status, "queued");
  const auto claims = claim();
  const auto rendered = render(claims.at(0));
  edit_show_now({.needs_approval = true});
  EXPECT_FALSE(gate(*database_->acquire(), claims[0], rendered)) << "it was taken back from its worker";
  EXPECT_EQ(get(id).status, "pending");
}

TEST_P(EpisodesTest, TheKillSwitchPreventsWhatIsDueAndKeepsWhatIsNot) {
  const auto episode = make_episode();
  const auto due = announce(episode, connection_, {.trigger = "before", .minutes = 90});
  const auto later = announce(episode, connect("later", bob_.id), {.trigger = "before", .minutes = 30});
  const auto pending = announce(episode, connect("pending", bob_.id));
  const auto sending = announce(episode, connect("sending", bob_.id), {.trigger = "at", .at = now()});
  for (const auto& claimed : claim())
    if (claimed.item == std::to_string(sending)) {
      ASSERT_TRUE(gate(*database_->acquire(), claimed, render(claimed)));
    }
  const auto off = edit_show_now({.enabled = false});
  ASSERT_TRUE(off.prevented);
  EXPECT_EQ(off.prevented->prevented, 1);
  EXPECT_EQ(off.prevented->in_flight, 1);
  EXPECT_EQ(off.prevented->waiting, 2);
  EXPECT_EQ(get(due).status, "failed");
  EXPECT_EQ(get(due).last_error, "the show is switched off");
  EXPECT_EQ(get(sending).status, "sending");
  EXPECT_EQ(get(later).status, "queued");
  EXPECT_EQ(get(pending).status, "pending");
  go_live(episode);
  const auto claims = claim();
  ASSERT_EQ(claims.size(), 1u);
  EXPECT_EQ(text_of(render(claims[0])), "the show is switched off");
  edit_show_now({.enabled = true});
  EXPECT_EQ(get(pending).status, "failed") << "it came due while the show was off, and is not posted late";
  EXPECT_EQ(get(later).status, "queued");
  EXPECT_EQ(get(due).status, "failed");
}

TEST_P(EpisodesTest, DeletingAnEpisodeKeepsWhatWasPostedAndItsHistory) {
  const auto episode = make_episode();
  const auto posted = announce(episode, connection_);
  const auto disabled = announce(episode, connect("disabled", bob_.id), {.enabled = false});
  const auto waiting = announce(episode, connect("waiting", bob_.id), {.trigger = "ended"});
  go_live(episode);
  const auto claims = claim();
  const auto effect = gate(*database_->acquire(), claims.at(0), render(claims.at(0)));
  EXPECT_EQ(remove_episode(*database_->acquire(), fence_, episode.id, "ann").answer,
            EpisodeAnswer::in_flight);
  EXPECT_EQ(get(waiting).status, "pending") << "nothing of it was done";
  settle(*effect, {store::Verdict::happened, "post-1", "https://example.com/1", "", {}});
  EXPECT_EQ(remove_episode(*database_->acquire(), fence_, episode.id, "ann").answer, EpisodeAnswer::done);
  EXPECT_EQ(remove_episode(*database_->acquire(), fence_, episode.id, "ann").answer,
            EpisodeAnswer::not_found);
  EXPECT_EQ(get(posted).status, "posted");
  EXPECT_EQ(get(posted).post_url, "https://example.com/1");
  EXPECT_FALSE(get(posted).episode);
  for (const auto id : {disabled, waiting}) {
    EXPECT_FALSE(load(*database_->acquire(), id));
    EXPECT_EQ(kinds(id).back(), "deleted");
  }
}

TEST_P(EpisodesTest, AShowIsRemovedWithItsEpisodes) {
  const auto episode = make_episode();
  const auto id = announce(episode, connection_);
  EXPECT_EQ(remove_show(*database_->acquire(), fence_, show_, "ann"), RemoveShow::done);
  EXPECT_FALSE(load(*database_->acquire(), id));
  EXPECT_FALSE(get_episode(*database_->acquire(), episode.id));
  EXPECT_EQ(remove_show(*database_->acquire(), fence_, show_, "ann"), RemoveShow::not_found);
}

TEST_P(EpisodesTest, AMalformedChannelIdIsRefused) {
  for (const std::string wrong :
       {"", "UC", "@name", "UCabcdefghijklmnopqrst", "UCabcdefghijklmnopqrstuvw", "XXabcdefghijklmnopqrstuv",
        "UCabcdefghijklmnopqrstu/", "ucabcdefghijklmnopqrstuv"})
    EXPECT_THROW(edit_show_now({.channel_id = wrong}), base::UserError) << wrong;
  const auto edit = edit_show_now({.channel_id = "UC_abcdefghijklmnopqrst-"});
  EXPECT_EQ(edit.settings.channel_id, "UC_abcdefghijklmnopqrst-");
  EXPECT_THROW(database_.run("UPDATE fencepost_shows SET channel_id = 'UCx'"), base::InfraError);
  EXPECT_EQ(edit_show_now({.channel_id = std::optional<std::string>()}).settings.channel_id, std::nullopt);
}

TEST_P(EpisodesTest, AnEpisodeGoesForwardOnly) {
  const auto episode = make_episode();
  EXPECT_EQ(edit(episode, {.starts_at = std::optional<base::Micros>()}).answer, EpisodeAnswer::no_start);
  EXPECT_THROW(edit(episode, {.starts_at = now() - kHour}), base::UserError) << "it would be posted at once";
  EXPECT_EQ(edit(episode, {.status = "ended"}).answer, EpisodeAnswer::done);
  for (const auto* status : {"draft", "scheduled", "live"})
    EXPECT_EQ(edit(episode, {.status = status}).answer, EpisodeAnswer::wrong_status);
}

TEST_P(EpisodesTest, WhoLeavesTheShowIsNeverPostedForAndIsToldWhatWasPrevented) {
  const auto episode = make_episode();
  const auto id = announce(episode, connection_);
  const auto [answer, counts] = remove_member(*database_->acquire(), fence_, show_, bob_.id, "ann");
  EXPECT_EQ(answer, accounts::MemberAnswer::done);
  EXPECT_EQ(counts.prevented, 1);
  EXPECT_EQ(get(id).status, "disabled");
  accounts::set_member(*database_->acquire(), show_, bob_.id, accounts::ShowRole::host);
  go_live(episode);
  EXPECT_TRUE(claim().empty()) << "a host who comes back enables his own anew";
}

TEST_P(EpisodesTest, OptingOutAndDisconnectingStopWhatHasNotBegun) {
  const auto episode = make_episode();
  const auto one = announce(episode, connection_), other = announce(episode, connect("other", bob_.id));
  {
    auto connection = database_->acquire();
    store::Transaction transaction(*connection);
    EXPECT_EQ(stop_over(*connection, fence_, connection_, "bob").prevented, 1);
    transaction.commit();
  }
  EXPECT_EQ(get(one).status, "disabled");
  EXPECT_EQ(get(other).status, "pending");
  EXPECT_EQ(opt(*database_->acquire(), fence_, show_, bob_.id, true, "bob")->prevented, 0);
  EXPECT_EQ(opted_in(*database_->acquire(), show_, bob_.id), true);
  EXPECT_EQ(opt(*database_->acquire(), fence_, show_, bob_.id, false, "bob")->prevented, 1);
  EXPECT_EQ(get(other).status, "disabled");
  EXPECT_FALSE(opt(*database_->acquire(), fence_, show_, 999, true, "bob"));
}

ON_BOTH(EpisodesTest);

}  // namespace
}  // namespace fencepost::announce
