// What the writes of an uploader stand on: the claim that it holds (F6).

#include "apps/upload/uploader/sessions.hpp"

#include <gtest/gtest.h>

#include <future>
#include <iterator>

#include "accounts/connections.hpp"
#include "accounts/key_file.hpp"
#include "accounts/sql.hpp"
#include "accounts/testing/test_database.hpp"
#include "apps/upload/queue.hpp"
#include "apps/upload/service.hpp"
#include "base/error.hpp"
#include "media/sql.hpp"
#include "store/migrate.hpp"
#include "store/sql.hpp"
#include "upload/sql.hpp"
#include "uploader/sql.hpp"

namespace fencepost::uploader {
namespace {

using namespace std::chrono_literals;

std::vector<store::Migration> migrations() {
  std::vector<store::Migration> all(std::begin(store::sql::migrations), std::end(store::sql::migrations));
  const auto add = [&](const auto& more) { all.insert(all.end(), std::begin(more), std::end(more)); };
  add(accounts::sql::migrations);
  add(media::sql::migrations);
  add(upload::sql::migrations);
  add(sql::migrations);
  return all;
}

class SessionsTest : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    fence_.install(connection_);
    const auto account =
        accounts::create_connection(connection_, vault_, "talk", "youtube", "", base::Secret("token"));
    const auto channel = upload::add_channel(
        connection_, {.name = "talk", .connection_id = account.id, .lead_minutes = 20160});
    database_.run(
        "INSERT INTO fencepost_videos (folder, path, size, modified, inode, media_type, title) "
        "VALUES ('clips', 'clip.mp4', 1000, 1, 1, 'video/mp4', 'A clip')");
    upload::Service service(*database_, fence_, {});
    const auto scheduled = service.schedule(channel.id, {{.video_id = 1, .kind = "final"}},
                                            upload::Mode::all_or_nothing, std::nullopt, "ada");
    ASSERT_TRUE(scheduled.at(0).upload);
    id_ = scheduled[0].upload->id;
    claim_ = fence_.claim(connection_, 1, 1h, 1).at(0);
  }
  bool note(const store::Claim& claim, std::int64_t bytes) {
    return note_progress(connection_, claim, bytes, 1000, told_, base::system_clock()).has_value();
  }
  ToUpload upload() { return to_upload(connection_, id_).value(); }
  std::int64_t spent() {
    return database_.run("SELECT count(*) FROM fencepost_ledger WHERE spent")[0][0].integer();
  }

  accounts::testing::TestDatabase database_{GetParam(), migrations()};
  store::Database::Lease lease_ = database_->acquire();
  store::Connection& connection_ = *lease_;
  const store::Fence fence_{upload::upload_queue(), connection_.dialect(), store::own_schema(connection_)};
  const std::string key_ = database_.folder() + "/key";
  const accounts::Vault vault_ = accounts::Vault::open(key_, true);
  std::int64_t id_ = 0;
  store::Claim claim_;
  Progress told_;
};

TEST_P(SessionsTest, F6OnlyTheClaimThatIsHeldWritesProgress) {
  EXPECT_TRUE(note(claim_, 400));
  EXPECT_EQ(upload::get_upload(connection_, id_)->bytes_sent, 400);
  auto other = claim_;
  ++other.claim;
  EXPECT_FALSE(note(other, 500));
  const auto shown = upload::get_upload(connection_, id_).value();
  EXPECT_EQ(shown.bytes_sent, 400);
  EXPECT_EQ(shown.bytes_total, 1000);
  EXPECT_EQ(shown.percent(), 40);
}

TEST_P(SessionsTest, F6AnEditMeanwhileStopsTheNextPiece) {
  // Another program's plain UPDATE: the trigger moves the fence, and the claim stays where it is.
  database_.run("UPDATE fencepost_uploads SET title = 'Another title' WHERE id = $1", {id_});
  EXPECT_FALSE(note(claim_, 500));
  EXPECT_TRUE(begin_session(connection_, claim_, upload()).revoked);
  EXPECT_EQ(spent(), 0);
}

TEST_P(SessionsTest, AnEventTellsEachPercentOnceAndNotEachPiece) {
  for (const int bytes : {100, 101, 102, 103}) EXPECT_TRUE(note(claim_, bytes));
  EXPECT_EQ(database_.run("SELECT count(*) FROM fencepost_events WHERE kind = 'progress'")[0][0].integer(),
            1);
}

TEST_P(SessionsTest, ASessionCountsItsCallAndIsKeptSealed) {
  const auto begun = begin_session(connection_, claim_, upload());
  ASSERT_FALSE(begun.revoked);
  EXPECT_EQ(begun.number, 1);
  EXPECT_EQ(spent(), 1);
  EXPECT_FALSE(upload().session->sealed);
  const base::Secret address("https://www.googleapis.com/upload?upload_id=abc");
  ASSERT_TRUE(keep_session(connection_, vault_, claim_, begun.number, address));
  const auto session = upload().session.value();
  EXPECT_EQ(address_of(vault_, id_, session)->reveal(), address.reveal());
  EXPECT_EQ(session.draft, draft_of(upload()));
  // It is bound to its upload.
  EXPECT_FALSE(address_of(vault_, id_ + 1, session));
  // Another one is another call, and the first is forgotten.
  EXPECT_EQ(begin_session(connection_, claim_, upload()).number, 2);
  EXPECT_FALSE(upload().session->sealed);
  EXPECT_EQ(spent(), 2);
}

// An upload at 40 % has it for days.
TEST_P(SessionsTest, ARotationSealsAnOpenSessionAnew) {
  const auto number = begin_session(connection_, claim_, upload()).number;
  const base::Secret address("https://www.googleapis.com/upload?upload_id=abc");
  ASSERT_TRUE(keep_session(connection_, vault_, claim_, number, address));
  auto ring = accounts::read_keys(key_).value();
  ring.keys.insert(ring.keys.begin(), accounts::new_key());
  accounts::replace_keys(key_, ring);
  EXPECT_THROW(accounts::retire_keys(*database_, key_, {sealed_sessions()}), base::UserError);
  EXPECT_EQ(accounts::rotate_keys(*database_, key_, {sealed_sessions()}).resealed, 1);
  EXPECT_NE(accounts::retire_keys(*database_, key_, {sealed_sessions()}), "");
  const auto fresh = accounts::Vault::open(key_, false);
  const auto kept = address_of(fresh, id_, *upload().session);
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->reveal(), address.reveal());
}

TEST_P(SessionsTest, AnotherSessionIsLeftAsItIs) {
  const auto first = begin_session(connection_, claim_, upload()).number;
  ASSERT_TRUE(keep_session(connection_, vault_, claim_, first, base::Secret("one")));
  const std::vector<store::Params> changes{{id_, *upload().session->sealed, "v1:anew"}};
  const auto second = begin_session(connection_, claim_, upload()).number;
  ASSERT_TRUE(keep_session(connection_, vault_, claim_, second, base::Secret("two")));
  EXPECT_EQ(connection_.run_batch(sql::reseal_sessions, changes).changed, 0);
  EXPECT_EQ(address_of(vault_, id_, *upload().session)->reveal(), "two");
}

TEST_P(SessionsTest, ASessionWithoutItsKeyIsCountedWhileItsUploadMayGoOn) {
  const auto number = begin_session(connection_, claim_, upload()).number;
  const auto other = accounts::Vault::open(database_.folder() + "/other", true);
  ASSERT_TRUE(keep_session(connection_, other, claim_, number, base::Secret("address")));
  EXPECT_FALSE(address_of(vault_, id_, *upload().session));
  EXPECT_EQ(unreadable_sessions(connection_, &vault_), 1);
  EXPECT_EQ(unreadable_sessions(connection_, &other), 0);
  EXPECT_EQ(unreadable_sessions(connection_, nullptr), 1);
  EXPECT_EQ(accounts::rotate_keys(*database_, key_, {sealed_sessions()}).unreadable, 0);
  database_.run("UPDATE fencepost_uploads SET status = 'cancelled' WHERE id = $1", {id_});
  EXPECT_EQ(unreadable_sessions(connection_, &vault_), 0);
}

TEST_P(SessionsTest, F3BehindALastPieceThatMayHaveLeftNoOtherSessionBegins) {
  const auto first = begin_session(connection_, claim_, upload());
  EXPECT_FALSE(mark_last_piece(connection_, claim_, first.number + 1)) << "of another session";
  ASSERT_TRUE(mark_last_piece(connection_, claim_, first.number));
  EXPECT_TRUE(upload().session->last_piece);
  EXPECT_TRUE(begin_session(connection_, claim_, upload()).may_exist);
  EXPECT_EQ(upload().session->number, first.number);
  EXPECT_EQ(spent(), 1) << "no call is made, and none counts";
  // A person said that there is no video.
  resolved(connection_, id_, false);
  EXPECT_EQ(begin_session(connection_, claim_, upload()).number, first.number + 1);
  EXPECT_FALSE(upload().session->last_piece);
}

// A worker that was paused at its gate, beside one who writes the item and then its session: no deadlock.
TEST_P(SessionsTest, AGateThatWaitsForTheItemDoesNotHoldItsSession) {
  const auto session = begin_session(connection_, claim_, upload());
  store::Transaction writing(connection_);
  ASSERT_FALSE(connection_.run(sql::lock_claimed, {id_, claim_.claim, claim_.fence}).empty());
  auto gate = std::async(std::launch::async, [&] {
    return fence_.begin_effect(
        *database_->acquire(), claim_, {"key", "request", "youtube", 30s, 45s},
        [&](store::Connection& within) { return mark_last_piece(within, claim_, session.number); });
  });
  // SQLite lets nobody write beside another.
  while (GetParam() == std::string("postgres") && gate.wait_for(0s) != std::future_status::ready &&
         database_
             .run("SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = "
                  "'Lock'")
             .empty()) {
  }
  unmark_last_piece(connection_, id_);
  writing.commit();
  EXPECT_TRUE(gate.get());
  EXPECT_TRUE(upload().session->last_piece);
}

TEST_P(SessionsTest, ADayWithoutQuotaOpensNothing) {
  database_.run("UPDATE fencepost_quota_projects SET uploads = 1");
  EXPECT_FALSE(begin_session(connection_, claim_, upload()).fresh_at);
  database_.run("UPDATE fencepost_buckets SET quota = used WHERE scope = 'youtube.upload'");
  const auto second = begin_session(connection_, claim_, upload());
  ASSERT_TRUE(second.fresh_at);
  EXPECT_EQ(upload().session->number, 1);
  EXPECT_EQ(spent(), 1);
}

TEST_P(SessionsTest, AnotherWordOrAnotherFileIsAnotherDraft) {
  const auto one = upload();
  auto other = one;
  other.draft.title += "!";
  EXPECT_NE(draft_of(one), draft_of(other));
  other = one;
  other.draft.publish_at = *one.draft.publish_at + 1'000'000;
  EXPECT_NE(draft_of(one), draft_of(other));
  other = one;
  other.video.modified += 1;
  EXPECT_NE(draft_of(one), draft_of(other));
  EXPECT_EQ(draft_of(one), draft_of(upload()));
}

INSTANTIATE_TEST_SUITE_P(Databases, SessionsTest, ::testing::Values("sqlite", "postgres"),
                         [](const auto& each) { return std::string(each.param); });

}  // namespace
}  // namespace fencepost::uploader
