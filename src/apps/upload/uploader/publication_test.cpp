// What follows an upload: its thumbnail, and the watch until it is public.

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "accounts/connections.hpp"
#include "apps/upload/uploader/testing/stage.hpp"

namespace fencepost::uploader {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::kUnit;
using testing::Stage;
using testing::World;

class PublicationTest : public ::testing::TestWithParam<const char*> {
 protected:
  std::int64_t uploaded(const upload::Metadata& metadata = {}) {
    Stage stage(world_, {.pause = 1ms});
    stage.start();
    const auto id = world_.schedule(channel_, world_.add_video("clip.mp4", 100), metadata);
    EXPECT_TRUE(stage.await_status(id, "uploaded")) << world_.error(id);
    return id;
  }
  // Its slot is over, for us and for YouTube.
  void let_pass(std::int64_t id, base::Duration ago) {
    const auto now = base::system_clock().wall();
    world_.database.run("UPDATE fencepost_uploads SET slot_at = $2 WHERE id = $1", {id, now - ago.count()});
    world_.database.run("UPDATE fencepost_publications SET run_at = 0");
    world_.youtube.set(
        {{"now",
          world_.youtube.videos()[0]["publishAt"].is_null()
              ? now / 1'000'000
              : base::parse_utc(world_.youtube.videos()[0]["publishAt"].get<std::string>()) / 1'000'000 +
                    1}});
  }
  void make_thumbnail() {
    std::ofstream(world_.path("still.png"), std::ios::binary)
        << std::string("\x89PNG\r\n\x1a\n", 8) + std::string(100, 'x');
  }
  void want_thumbnail(std::int64_t id) {
    world_.database.run(
        "UPDATE fencepost_uploads SET thumbnail_folder = 'clips', thumbnail_path = 'still.png' WHERE id = $1",
        {id});
  }
  std::int64_t notices() {
    return world_.number("SELECT count(*) FROM fencepost_notices WHERE queue = 'publications'");
  }
  std::int64_t published_events(std::int64_t id) {
    const auto events = world_.service().history(id, 0, 100);
    return std::count_if(events.begin(), events.end(),
                         [](const auto& one) { return one.kind == "published"; });
  }
  std::string word() { return world_.database.run("SELECT status FROM fencepost_publications")[0][0].text(); }
  static WatchOptions quick() { return {.first = 0s, .thumbnail = 1ms}; }
  upload::Metadata with_thumbnail() {
    upload::Metadata metadata;
    metadata.title = "A video";
    metadata.thumbnail_folder = "clips";
    metadata.thumbnail_path = "still.png";
    return metadata;
  }

  World world_{GetParam()};
  const std::int64_t channel_ = world_.add_channel("main", testing::channel_id('a'));
};

TEST_P(PublicationTest, AVideoIsPublishedWhenYouTubeSaysSo) {
  const auto id = uploaded();
  EXPECT_EQ(word(), "waiting");
  EXPECT_EQ(world_.service().get(id)->status, "uploaded");
  let_pass(id, 1min);
  Stage stage(world_, {}, quick());
  stage.start();
  ASSERT_TRUE(stage.await([&] { return word() == "done"; }));
  const auto upload = world_.service().get(id);
  EXPECT_EQ(upload->status, "published");
  EXPECT_EQ(upload->published_at, upload->slot_at);
  EXPECT_EQ(published_events(id), 1);
  EXPECT_EQ(notices(), 0);
}

TEST_P(PublicationTest, AnUnauditedProjectsVideoStaysPrivateAndPeopleAreToldOnce) {
  world_.youtube.set({{"audited", false}});
  const auto id = uploaded();
  let_pass(id, 1h);
  Stage stage(world_, {}, {.first = 0s, .again = 1ms});
  stage.start();
  ASSERT_TRUE(stage.await([&] { return notices() > 0; }));
  // It goes on looking, and does not tell again.
  EXPECT_EQ(world_.service().get(id)->status, "uploaded");
  EXPECT_EQ(word() == "done" || word() == "failed", false);
  EXPECT_EQ(notices(), 1);
  EXPECT_EQ(world_.number("SELECT count(*) FROM fencepost_publications WHERE told_at IS NOT NULL"), 1);
}

TEST_P(PublicationTest, AVideoThatIsGoneFromYouTubeIsSaidToBe) {
  const auto id = uploaded();
  world_.database.run("UPDATE fencepost_uploads SET post_id = 'another-one' WHERE id = $1", {id});
  let_pass(id, 1min);
  Stage stage(world_, {}, quick());
  stage.start();
  ASSERT_TRUE(stage.await([&] { return word() == "failed"; }));
  EXPECT_EQ(notices(), 1);
  EXPECT_EQ(world_.service().get(id)->status, "uploaded");
}

TEST_P(PublicationTest, OfAnAccountThatIsDisconnectedPeopleAreToldOnceAndTheWatchEnds) {
  const auto id = uploaded();
  const auto account = world_.number("SELECT connection_id FROM fencepost_upload_channels");
  ASSERT_TRUE(accounts::disconnect(*world_.database->acquire(), account));
  const auto to_slot = [&] {
    return world_.number(
        "SELECT p.run_at - u.slot_at FROM fencepost_publications AS p "
        "JOIN fencepost_uploads AS u ON u.id = p.upload_id WHERE p.run_at > 0 AND p.status = 'waiting'");
  };
  Stage stage(world_, {}, quick());
  let_pass(id, 1min);
  stage.start();
  // Looked at again when people are to be told, and not behind that.
  ASSERT_TRUE(stage.await([&] { return to_slot() > base::Duration(14min).count(); }));
  EXPECT_LT(to_slot(), base::Duration(15min + 45s).count());
  EXPECT_EQ(notices(), 0);
  let_pass(id, 16min);
  ASSERT_TRUE(stage.await([&] { return notices() == 1 && to_slot() > 0; }));
  EXPECT_EQ(word(), "waiting");
  let_pass(id, 24h * 8);
  ASSERT_TRUE(stage.await([&] { return word() == "failed"; }));
  EXPECT_EQ(notices(), 1);
  EXPECT_EQ(world_.service().get(id)->status, "uploaded");
}

TEST_P(PublicationTest, WhileYouTubeAnswersNothingPeopleAreToldOnceAndTheWatchEnds) {
  const auto id = uploaded();
  world_.youtube.fault({{"mode", "status"}, {"status", 500}, {"method", "GET"}, {"times", 1000}});
  let_pass(id, 16min);
  Stage stage(world_, {}, quick());
  stage.start();
  ASSERT_TRUE(stage.await([&] { return notices() == 1 && word() == "waiting"; }));
  let_pass(id, 24h * 8);
  ASSERT_TRUE(stage.await([&] { return word() == "failed"; }));
  EXPECT_EQ(notices(), 1);
}

TEST_P(PublicationTest, AThumbnailIsSetBehindTheUpload) {
  make_thumbnail();
  Stage stage(world_, {.pause = 1ms}, quick());
  stage.start();
  const auto id = world_.schedule(channel_, world_.add_video("clip.mp4", 100), with_thumbnail());
  ASSERT_TRUE(stage.await([&] {
    return world_.number(
               "SELECT count(*) FROM fencepost_publications WHERE thumbnail_at IS NOT NULL AND status = "
               "'waiting'") == 1;
  }));
  EXPECT_EQ(world_.youtube.accepted("thumbnail"), 1);
  EXPECT_EQ(world_.youtube.videos()[0]["thumbnail"], world_.sha256("still.png"));
  EXPECT_EQ(world_.spent(id), 2);
  // And nobody asks about the video before its slot.
  for (const auto& asked : world_.youtube.log()) EXPECT_NE(asked["method"], "GET") << asked;
}

TEST_P(PublicationTest, AThumbnailThatFailsRepeatsItselfAndNeverTheUpload) {
  make_thumbnail();
  world_.youtube.fault({{"mode", "status"}, {"status", 500}, {"path", ".*thumbnails.*"}, {"times", 2}});
  Stage stage(world_, {.pause = 1ms}, quick());
  stage.start();
  const auto id = world_.schedule(channel_, world_.add_video("clip.mp4", 100), with_thumbnail());
  ASSERT_TRUE(stage.await([&] {
    return world_.number("SELECT count(*) FROM fencepost_publications WHERE thumbnail_at IS NOT NULL") == 1;
  }));
  EXPECT_EQ(world_.youtube.accepted("session"), 1);
  EXPECT_EQ(world_.status(id), "uploaded");
  EXPECT_EQ(world_.number("SELECT thumbnail_tries FROM fencepost_publications"), 2);
}

TEST_P(PublicationTest, AThumbnailThatFailsBehindTheSlotIsTriedAgainThoughTheVideoIsPublic) {
  make_thumbnail();
  const auto id = uploaded();
  want_thumbnail(id);
  let_pass(id, 1min);
  world_.youtube.fault({{"mode", "status"}, {"status", 500}, {"path", ".*thumbnails.*"}, {"times", 2}});
  Stage stage(world_, {}, quick());
  stage.start();
  ASSERT_TRUE(stage.await([&] { return word() == "done"; }));
  EXPECT_EQ(world_.service().get(id)->status, "published");
  EXPECT_EQ(published_events(id), 1);
  EXPECT_EQ(world_.youtube.accepted("thumbnail"), 1);
  EXPECT_EQ(world_.number("SELECT thumbnail_tries FROM fencepost_publications"), 2);
  EXPECT_EQ(notices(), 0);
}

TEST_P(PublicationTest, AThumbnailWaitsForQuotaThoughTheVideoIsPublic) {
  make_thumbnail();
  const auto id = uploaded();
  want_thumbnail(id);
  let_pass(id, 1min);
  const auto units = [&](std::int64_t count) {
    const auto connection = world_.database->acquire();
    const auto project = world_.number("SELECT project_id FROM fencepost_upload_channels");
    const auto now = upload::get_project(*connection, project).value();
    ASSERT_TRUE(upload::edit_project(*connection, project, now.version, {.units = count}));
  };
  units(10);  // enough for a question, and not for a thumbnail
  Stage stage(world_, {}, quick());
  stage.start();
  ASSERT_TRUE(stage.await([&] {
    return word() == "waiting" && world_.service().get(id)->status == "published";
  })) << word();
  EXPECT_EQ(world_.youtube.accepted("thumbnail"), 0);
  units(10'000);
  world_.database.run("UPDATE fencepost_publications SET run_at = 0");
  ASSERT_TRUE(stage.await([&] { return word() == "done"; }));
  EXPECT_EQ(world_.youtube.accepted("thumbnail"), 1);
}

TEST_P(PublicationTest, AThumbnailThatNeverGetsItsQuotaIsToldOf) {
  const auto id = uploaded();
  make_thumbnail();
  want_thumbnail(id);
  world_.database.run("UPDATE fencepost_uploads SET published_at = 1 WHERE id = $1", {id});
  world_.database.run("UPDATE fencepost_quota_projects SET units = 0");
  let_pass(id, 24h * 8);
  Stage stage(world_, {}, quick());
  stage.start();
  ASSERT_TRUE(stage.await([&] { return word() == "done"; }));
  EXPECT_EQ(notices(), 1);
}

TEST_P(PublicationTest, AThumbnailThatIsNoneIsToldAndTheVideoIsPublished) {
  const auto id = uploaded(with_thumbnail());  // the file is not there
  let_pass(id, 1min);
  Stage stage(world_, {}, quick());
  stage.start();
  ASSERT_TRUE(stage.await([&] { return word() == "done"; }));
  EXPECT_EQ(world_.service().get(id)->status, "published");
  EXPECT_EQ(notices(), 1);
}

INSTANTIATE_TEST_SUITE_P(Databases, PublicationTest, ::testing::Values("sqlite", "postgres"),
                         [](const auto& each) { return std::string(each.param); });

}  // namespace
}  // namespace fencepost::uploader
