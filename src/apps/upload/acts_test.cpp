// What people and other programs do to uploads that have begun, and to places that are taken elsewhere.
#include "apps/upload/item_acts.hpp"
#include "apps/upload/testing/scene.hpp"
#include "store/testing/doubtful.hpp"

namespace fencepost::upload {
namespace {

using namespace testing;

class ActsTest : public Scene {
 protected:
  // Another program's word, over whatever is.
  void cancel_behind(const Upload& made) {
    run("UPDATE fencepost_uploads SET status = 'cancelled' WHERE id = $1", {made.id});
    EXPECT_EQ(service_.get(made.id)->status, "cancelled");
  }
  store::Effect begun(const Upload& made) {
    due(made.id);
    return gate(claimed()).value();
  }
  Scheduled again(const Upload& made) {
    return service_.schedule(made.channel_id, {{made.video_id, "short"}}, Mode::all_or_nothing, {}, "bob")
        .at(0);
  }
  static std::string code(const std::optional<Refused>& refused) {
    return refused.value_or(Refused{"none", ""}).code;
  }
};

// Until the sweep puts the word right, and behind it.
TEST_P(ActsTest, F3WhatHasBegunKeepsItsVideoWhateverAnotherProgramWrites) {
  const auto on = channel();
  const auto made = scheduled(on, slot(on, 3));
  const auto effect = begun(made);
  cancel_behind(made);
  EXPECT_EQ(code(again(made).refused), "duplicate_upload") << "its last piece may be leaving";
  settle(effect, store::Verdict::happened);
  EXPECT_EQ(service_.get(made.id)->status, "uploaded");
  cancel_behind(made);
  EXPECT_EQ(code(again(made).refused), "duplicate_upload") << "YouTube has it";
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_uploads"), 1);
}

TEST_P(ActsTest, F3TheTableItselfRefusesTheSecondUploadOfAVideoThatHasBegun) {
  const auto on = channel();
  const auto made = scheduled(on, slot(on, 3));
  begun(made);
  cancel_behind(made);
  EXPECT_THROW(
      run("INSERT INTO fencepost_uploads (video_id, channel_id, kind, slot_at, publish_day, quota_day) "
          "SELECT video_id, channel_id, kind, slot_at, publish_day, quota_day FROM fencepost_uploads"),
      base::InfraError);
}

TEST_P(ActsTest, WhatCertainlyDidNotHappenKeepsNoVideo) {
  const auto on = channel();
  const auto made = scheduled(on, slot(on, 3));
  const auto effect = begun(made);
  cancel_behind(made);
  settle(effect, store::Verdict::did_not_happen);
  EXPECT_EQ(service_.get(made.id)->status, "cancelled");
  EXPECT_TRUE(again(made).upload);
  EXPECT_EQ(code(service_.retry(made.id, When{}, "ada").refused), "duplicate_upload");
  expect_sound();
}

TEST_P(ActsTest, AVideoIsNeededWhileItsEffectIsOpenWhateverAnotherProgramWrites) {
  const auto on = channel();
  const auto made = scheduled(on, slot(on, 3));
  const auto needed = [&] { return needs_video(*database_->acquire(), made.video_id); };
  EXPECT_TRUE(needed());
  const auto effect = begun(made);
  cancel_behind(made);
  EXPECT_TRUE(needed());
  settle(effect, store::Verdict::happened);
  EXPECT_FALSE(needed());
}

// Its channel counts in another project by now, whose day is full: what its call had taken of the old one is
// no room there.
TEST_P(ActsTest, ARescheduleToADayThatIsFullInTheChannelsNewProjectIsRefused) {
  const auto was = in_transaction([](auto& c) { return add_project(c, "was", {.uploads = 50}); });
  const auto is = in_transaction([](auto& c) { return add_project(c, "is", {.uploads = 1}); });
  auto on = channel({.project_id = was.id});
  const auto full = channel({.project_id = is.id});
  const auto made = scheduled(on, slot(on, 3)), other = scheduled(full, slot(full, 3));
  on = edited(on, {.project_id = is.id});
  const auto refused = service_.reschedule(made.id, {}, When{slot(on, 3, 1)}, "ada");
  EXPECT_EQ(refused.result, MoveResult::refused);
  EXPECT_EQ(code(refused.refused), "quota_full");
  EXPECT_EQ(service_.get(made.id)->slot_at, made.slot_at);
  const auto moved = service_.reschedule(made.id, {}, When{slot(on, 4)}, "ada");
  ASSERT_EQ(moved.result, MoveResult::moved);
  EXPECT_EQ(used({kUploadCalls, "was", made.quota_day}), 0);
  EXPECT_EQ(used({kUploadCalls, "is", other.quota_day}), 1);
  EXPECT_EQ(used({kUploadCalls, "is", moved.upload->quota_day}), 1);
  expect_sound();
}

// Another program moved it without taking anything: it may go back to the seat that it still has.
TEST_P(ActsTest, ARescheduleToTheSeatThatItStillHasIsGranted) {
  const auto on = channel();
  const auto made = scheduled(on, slot(on, 3));
  run("UPDATE fencepost_uploads SET slot_at = slot_at + 60000000 WHERE id = $1", {made.id});
  EXPECT_EQ(service_.reschedule(made.id, {}, When{made.slot_at}, "ada").result, MoveResult::moved);
  EXPECT_EQ(used(store::slot_key(seat_channel(on.id), made.slot_at)), 1);
  expect_sound();
}

// Of a database in which the word alone kept the video.
TEST_P(ActsTest, TheMigrationEndsASecondScheduleOfAVideoThatHasBegun) {
  auto before = migrations();
  std::erase_if(before, [](const auto& migration) { return migration.number >= 29; });
  const accounts::testing::TestDatabase old(GetParam(), before);
  installed(*old);
  old.run("INSERT INTO fencepost_connections (id, name, platform, target) VALUES (1, 'acme', 'youtube', '')");
  old.run(
      "INSERT INTO fencepost_upload_channels (id, name, connection_id, project_id) VALUES (1, 'a', 1, 1)");
  old.run(
      "INSERT INTO fencepost_videos (id, folder, path, size, modified, inode, media_type, title, created_at) "
      "VALUES (1, 'films', 'v', 1, 0, 1, 'video/mp4', 'F', 0), (2, 'films', 'w', 1, 0, 1, 'video/mp4', 'G', "
      "0)");
  const auto add = [&](int id, int video, const std::string& status, const store::Value& effect) {
    old.run(
        "INSERT INTO fencepost_uploads (id, video_id, channel_id, kind, slot_at, publish_day, quota_day, "
        "status, effect) VALUES ($1, $2, 1, 'short', 0, '', '', $3, $4)",
        {id, video, status, effect});
  };
  add(1, 1, "cancelled", 7);
  add(2, 1, "scheduled", {});
  add(3, 2, "cancelled", {});
  add(4, 2, "scheduled", {});
  store::migrate(*old->acquire(), migrations());
  std::string words;
  for (const auto& row : old.run("SELECT status FROM fencepost_uploads ORDER BY id"))
    words += row[0].text() + " ";
  EXPECT_EQ(words, "cancelled cancelled cancelled scheduled ");
  EXPECT_THROW(add(5, 1, "scheduled", {}), base::InfraError);
}

// An act on many whose commit is in doubt finds the item as it has left it, and not as it was asked for.
TEST_P(ActsTest, Rule04ARetryAmongManyFindsItsOwnAfterADoubt) {
  const auto on = channel();
  const auto made = scheduled(on, slot(on, 3));
  due(made.id);
  fail(claimed());
  ASSERT_EQ(service_.get(made.id)->status, "failed");
  store::testing::DoubtfulDatabase doubtful(database_.another());
  doubtful.doubt(store::testing::DoubtfulDatabase::Fate::kept);
  const auto result = store::act(doubtful, fence_, store::BulkAct::retry, {}, 10, "ada",
                                 [&](const store::Arming& one) { return rearm(doubtful, fence_, one); });
  EXPECT_EQ(result.answers, (std::map<std::string, std::int64_t>{{"rearmed", 1}}));
  EXPECT_EQ(doubtful.left(), 0);
  EXPECT_EQ(service_.get(made.id)->status, "scheduled");
  expect_sound();
}

ON_BOTH(ActsTest);

}  // namespace
}  // namespace fencepost::upload
