#pragma once
// A database with a channel and videos, and what tests ask of the budgets afterwards. Tests only.

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "accounts/sql.hpp"
#include "accounts/testing/test_database.hpp"
#include "apps/upload/service.hpp"
#include "apps/upload/slots.hpp"
#include "core/local_time.hpp"
#include "core/window.hpp"
#include "media/sql.hpp"
#include "store/migrate.hpp"
#include "store/sql.hpp"
#include "upload/sql.hpp"
#include "uploader/sql.hpp"

namespace fencepost::upload::testing {

constexpr base::Micros kHour = 60 * kMinute, kDayLong = 24 * kHour;

inline std::vector<store::Migration> migrations() {
  std::vector<store::Migration> all(std::begin(store::sql::migrations), std::end(store::sql::migrations));
  all.insert(all.end(), std::begin(accounts::sql::migrations), std::end(accounts::sql::migrations));
  all.insert(all.end(), std::begin(media::sql::migrations), std::end(media::sql::migrations));
  all.insert(all.end(), std::begin(sql::migrations), std::end(sql::migrations));
  // Columns of theirs are shown with an upload.
  all.insert(all.end(), std::begin(uploader::sql::migrations), std::end(uploader::sql::migrations));
  return all;
}

inline store::Fence installed(store::Database& database) {
  auto lease = database.acquire();
  store::Fence fence(upload_queue(), lease->dialect(), store::own_schema(*lease));
  fence.install(*lease);
  fence.check(*lease);
  return fence;
}

class Scene : public ::testing::TestWithParam<const char*> {
 protected:
  bool postgres() const { return std::string(GetParam()) == "postgres"; }
  store::Rows run(const std::string& statement, const store::Params& params = {}) {
    return database_.run(statement, params);
  }
  std::int64_t count(const std::string& statement, const store::Params& params = {}) {
    return run(statement, params)[0][0].integer();
  }
  std::string word(const std::string& statement, const store::Params& params = {}) {
    const auto rows = run(statement, params);
    return rows.empty() ? "none" : rows[0][0].maybe_text().value_or("null");
  }
  // The database's time when the test began: all its days and slots are counted from one moment.
  base::Micros now() const { return now_; }
  template <typename Act>
  auto in_transaction(Act&& act) {
    auto lease = database_->acquire();
    store::Transaction transaction(*lease);
    auto answer = act(*lease);
    transaction.commit();
    return answer;
  }

  std::int64_t account(const std::string& name) {
    return run("INSERT INTO fencepost_connections (name, platform, target) VALUES ($1, 'youtube', '') "
               "RETURNING id",
               {name})[0][0]
        .integer();
  }
  std::int64_t video(const std::string& path = "") {
    const auto name = path.empty() ? "v" + std::to_string(++videos_) + ".mp4" : path;
    return run("INSERT INTO fencepost_videos (folder, path, size, modified, inode, media_type, title, "
               "created_at) VALUES ('films', $1, 1, 0, 1, 'video/mp4', 'Film ' || $1, 0) RETURNING id",
               {name})[0][0]
        .integer();
  }
  Channel channel(ChannelChange wanted = {}) {
    if (!wanted.name) wanted.name = "Channel " + std::to_string(++channels_);
    if (!wanted.connection_id) wanted.connection_id = account(*wanted.name);
    return in_transaction([&](auto& c) { return add_channel(c, wanted); });
  }
  Channel edited(const Channel& from, const ChannelChange& change) {
    return in_transaction([&](auto& c) { return edit_channel(c, from.id, from.version, change); }).value();
  }
  // One video there, at a time or in the next free slot.
  Scheduled schedule(const Channel& on, std::optional<base::Micros> at = {},
                     const std::string& kind = "short") {
    return service_.schedule(on.id, {{video(), kind, at}}, Mode::all_or_nothing, {}, "ada").at(0);
  }
  Upload scheduled(const Channel& on, std::optional<base::Micros> at = {},
                   const std::string& kind = "short") {
    const auto answer = schedule(on, at, kind);
    EXPECT_TRUE(answer.upload) << (answer.refused ? answer.refused->code + ": " + answer.refused->text : "");
    return answer.upload.value_or(Upload{});
  }
  // The channel's first slot of the day so many days from now.
  base::Micros slot(const Channel& of, int days, std::size_t n = 0) {
    return slots_of_day(of, core::day_window(now() + days * kDayLong, of.zone)).at(n);
  }
  std::int64_t used(const store::BucketKey& key) {
    const auto now = store::bucket(*database_->acquire(), key);
    return now ? now->used : 0;
  }
  std::vector<store::LedgerEntry> held(std::int64_t id) {
    return store::ledger_of(*database_->acquire(), kQueue, std::to_string(id));
  }
  // Everything that stands in the tables agrees, and no limit is exceeded.
  void expect_sound() {
    EXPECT_TRUE(store::differences(*database_->acquire()).empty()) << "counters are not what the ledger says";
    EXPECT_EQ(count("SELECT count(*) FROM fencepost_buckets WHERE used > quota + overhang"), 0);
    // Who waits or is up there has one seat, at its own slot, one place in each cap, of its own day; nobody
    // else has any.
    EXPECT_EQ(
        count("SELECT count(*) FROM fencepost_uploads AS u WHERE u.status NOT IN ('failed', 'cancelled') "
              "AND NOT EXISTS (SELECT 1 FROM fencepost_slots AS s WHERE s.queue = 'uploads' "
              "AND s.item = CAST(u.id AS TEXT) AND s.slot_at = u.slot_at "
              "AND s.channel = 'upload:' || CAST(u.channel_id AS TEXT))"),
        0);
    EXPECT_EQ(
        count("SELECT count(*) FROM fencepost_uploads AS u WHERE u.status NOT IN ('failed', 'cancelled') "
              "AND 2 <> (SELECT count(*) FROM fencepost_ledger AS l WHERE l.queue = 'uploads' "
              "AND l.item = CAST(u.id AS TEXT) AND l.purpose = 'publish' "
              "AND l.time_window = u.publish_day AND l.name = CAST(u.channel_id AS TEXT))"),
        0);
    EXPECT_EQ(count("SELECT count(*) FROM fencepost_uploads AS u WHERE u.status IN ('failed', 'cancelled') "
                    "AND u.effect IS NULL AND (EXISTS (SELECT 1 FROM fencepost_slots AS s "
                    "WHERE s.queue = 'uploads' AND s.item = CAST(u.id AS TEXT)) OR EXISTS (SELECT 1 "
                    "FROM fencepost_ledger AS l WHERE l.queue = 'uploads' AND l.item = CAST(u.id AS TEXT) "
                    "AND NOT l.spent))"),
              0);
    // Seats and their takes are one.
    EXPECT_EQ(count("SELECT count(*) FROM fencepost_slots"),
              count("SELECT count(*) FROM fencepost_ledger WHERE purpose = 'seat'"));
  }
  // What the store does for a worker up to the gate, through it, and to an end.
  store::Claim claimed() {
    auto claims = fence_.claim(*database_->acquire(), 1, std::chrono::seconds(60), 7);
    EXPECT_EQ(claims.size(), 1U);
    return claims.empty() ? store::Claim{} : claims[0];
  }
  std::optional<store::Effect> gate(const store::Claim& claim, const store::Fence::Allowed& allowed = {}) {
    return fence_.begin_effect(
        *database_->acquire(), claim,
        {"key", "request", "youtube", std::chrono::seconds(30), std::chrono::seconds(45)}, allowed);
  }
  void settle(const store::Effect& effect, store::Verdict verdict) {
    store::EffectResult result;
    result.verdict = verdict;
    fence_.settle_effect(*database_->acquire(), effect, result, "worker 7", [&](store::Connection& within) {
      if (verdict == store::Verdict::happened) set_uploaded(within, std::stoll(effect.item), "yt1", "");
    });
  }
  void fail(const store::Claim& claim) {
    fence_.settle(*database_->acquire(), {store::Settlement::failed(claim, "it broke")});
  }
  void due(std::int64_t id) {
    run("UPDATE fencepost_uploads SET run_at = 0 WHERE id = $1 AND status = 'scheduled'", {id});
  }

  // Runs `first` in a transaction, and `second` on another connection while that is open: on PostgreSQL the
  // commit comes when the database says that the second one waits for a lock. SQLite lets nobody write beside
  // another, so there it comes at any time.
  template <typename First, typename Second>
  auto while_open(First&& first, Second&& second) {
    auto lease = database_->acquire();
    store::Transaction transaction(*lease);
    first(*lease);
    auto other = std::async(std::launch::async, std::forward<Second>(second));
    while (
        postgres() && other.wait_for(std::chrono::seconds(0)) != std::future_status::ready &&
        run("SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
            .empty()) {
    }
    waited_ = !postgres() || other.wait_for(std::chrono::seconds(0)) != std::future_status::ready;
    transaction.commit();
    return other.get();
  }
  bool waited_ = false;

  accounts::testing::TestDatabase database_{GetParam(), migrations()};
  const base::Micros now_ = database_->acquire()->run(store::sql::now)[0][0].integer();
  const store::Fence fence_ = installed(*database_);
  Service service_{*database_, fence_, {}};

 private:
  std::atomic<int> videos_ = 0, channels_ = 0;
};

}  // namespace fencepost::upload::testing

#define ON_BOTH(suite)                                                                \
  INSTANTIATE_TEST_SUITE_P(Databases, suite, ::testing::Values("sqlite", "postgres"), \
                           [](const auto& each) { return std::string(each.param); })
