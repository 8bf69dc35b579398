// A stream and its episode, in the database: bound once, and ended with the last of its streams. Both
// databases; no network and no engine, so that the guards of it can be removed (mutants_test.cpp).

#include <gtest/gtest.h>

#include <future>

#include "accounts/shows.hpp"
#include "accounts/sql.hpp"
#include "accounts/testing/test_database.hpp"
#include "announce/sql.hpp"
#include "apps/announce/episodes.hpp"
#include "apps/announce/live/binding.hpp"
#include "apps/announce/queue.hpp"
#include "live/sql.hpp"
#include "store/fence.hpp"
#include "store/migrate.hpp"
#include "store/sql.hpp"

namespace fencepost::live {
namespace {

constexpr base::Micros kHour = 3'600'000'000;

std::vector<store::Migration> migrations() {
  std::vector<store::Migration> all(std::begin(store::sql::migrations), std::end(store::sql::migrations));
  all.insert(all.end(), std::begin(accounts::sql::migrations), std::end(accounts::sql::migrations));
  all.insert(all.end(), std::begin(announce::sql::migrations), std::end(announce::sql::migrations));
  all.insert(all.end(), std::begin(sql::migrations), std::end(sql::migrations));
  return all;
}

class BoundTest : public ::testing::TestWithParam<const char*> {
 protected:
  BoundTest() {
    const auto lease = database_->acquire();
    store::Fence(announce::announcement_queue(), lease->dialect(), store::own_schema(*lease)).install(*lease);
    show_ = accounts::create_show(*lease, "Night talk", "night-talk", {}).show.value().id;
    database_.run("UPDATE fencepost_shows SET channel_id = $2 WHERE id = $1", {show_, channel_});
  }

  std::int64_t episode(base::Micros after) {
    announce::EpisodeDraft draft;
    draft.show = show_;
    draft.title = "Tonight";
    draft.starts_at = now_ + kHour;
    const auto id = announce::create_episode(*database_->acquire(), draft).episode.value().id;
    database_.run("UPDATE fencepost_episodes SET starts_at = $2 WHERE id = $1", {id, now_ + after});
    return id;
  }
  std::string status(std::int64_t episode) {
    return announce::get_episode(*database_->acquire(), episode).value().status;
  }
  // A row as it is after its look's settlement; its id.
  std::int64_t stream(const std::string& video) {
    return database_
        .run(
            "INSERT INTO fencepost_live_streams (video_id, channel_id, found_by, found_at, claim_id) "
            "VALUES ($1, $2, 'feed', 1, 7) RETURNING id",
            {video, channel_})[0][0]
        .integer();
  }
  std::optional<std::int64_t> bind(store::Connection& connection, std::int64_t stream,
                                   const std::string& video) {
    store::Transaction transaction(connection);
    connection.run(write("live"), {stream});
    auto episode =
        bind_stream(connection, stream, 7, channel_,
                    {.id = video, .channel = {}, .title = "T", .stage = connect::youtube::Stage::live}, now_);
    transaction.commit();
    return episode;
  }
  void end(store::Connection& connection, std::int64_t stream, std::int64_t episode) {
    store::Transaction transaction(connection);
    connection.run(write("ended"), {stream});
    end_stream(connection, stream, episode, now_);
    transaction.commit();
  }

  // Runs `first` in a transaction, and `second` beside it; the commit comes when the second one waits for a
  // lock, or is over. SQLite has one writer: there it comes first.
  template <typename First, typename Second>
  void beside(First&& first, Second&& second) {
    auto a = database_->acquire(), b = database_->acquire();
    if (database_->dialect() == store::Dialect::sqlite) {
      first(*a);
      second(*b);
      return;
    }
    const auto pid = b->run(store::Sql{"", "SELECT pg_backend_pid()"})[0][0].integer();
    store::Transaction transaction(*a);
    first(*a);
    auto other = std::async(std::launch::async, [&] { second(*b); });
    while (other.wait_for(std::chrono::seconds(0)) != std::future_status::ready &&
           database_.run("SELECT 1 FROM pg_stat_activity WHERE pid = $1 AND wait_event_type = 'Lock'", {pid})
               .empty()) {
    }
    transaction.commit();
    other.get();
  }

  const accounts::testing::TestDatabase database_{GetParam(), migrations()};
  const std::string channel_ = "UC" + std::string(22, 'a');
  const base::Micros now_ = database_.run("SELECT fencepost_now()")[0][0].integer();
  std::int64_t show_ = 0;

 private:
  static store::Sql write(const std::string& stage) {
    const auto text = "UPDATE fencepost_live_streams SET stage = '" + stage + "' WHERE id = ";
    return {text + "?1", text + "$1"};
  }
};

TEST_P(BoundTest, AStreamIsBoundOnce) {
  const auto id = episode(0), row = stream("first");
  EXPECT_EQ(bind(*database_->acquire(), row, "first"), id);
  // Now another one is nearer.
  database_.run("UPDATE fencepost_episodes SET starts_at = $2 WHERE id = $1", {id, now_ - kHour});
  const auto other = episode(0);
  EXPECT_EQ(bind(*database_->acquire(), row, "first"), id);
  EXPECT_EQ(status(other), "scheduled");
}

TEST_P(BoundTest, OfTwoStreamsAtOnceOneAnnounces) {
  const auto id = episode(0), next = episode(kHour + kHour / 2), first = stream("first"),
             second = stream("second");
  beside([&](auto& connection) { EXPECT_EQ(bind(connection, first, "first"), id); },
         [&](auto& connection) { EXPECT_EQ(bind(connection, second, "second"), id); });
  EXPECT_EQ(announce::get_episode(*database_->acquire(), id)->video_id, "first");
  EXPECT_EQ(status(id), "live");
  EXPECT_EQ(status(next), "scheduled");
}

TEST_P(BoundTest, AnEpisodeEndsWithTheLastOfItsStreams) {
  const auto id = episode(0), first = stream("first"), second = stream("second");
  bind(*database_->acquire(), first, "first");
  bind(*database_->acquire(), second, "second");
  end(*database_->acquire(), first, id);
  EXPECT_EQ(status(id), "live");
  end(*database_->acquire(), second, id);
  EXPECT_EQ(status(id), "ended");
}

TEST_P(BoundTest, TwoStreamsThatEndAtOnceEndTheirEpisode) {
  const auto id = episode(0), first = stream("first"), second = stream("second");
  bind(*database_->acquire(), first, "first");
  bind(*database_->acquire(), second, "second");
  beside([&](auto& connection) { end(connection, first, id); },
         [&](auto& connection) { end(connection, second, id); });
  EXPECT_EQ(status(id), "ended");
}

TEST_P(BoundTest, ADeletedEpisodeSetsItsStreamNotFree) {
  const auto id = episode(0), row = stream("first");
  bind(*database_->acquire(), row, "first");
  database_.run("DELETE FROM fencepost_episodes WHERE id = $1", {id});
  const auto other = episode(0);
  EXPECT_EQ(bind(*database_->acquire(), row, "first"), id);
  EXPECT_EQ(status(other), "scheduled");
}

INSTANTIATE_TEST_SUITE_P(Databases, BoundTest, ::testing::Values("sqlite", "postgres"),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace fencepost::live
