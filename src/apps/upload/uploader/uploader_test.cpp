// From a schedule to a video: once, or known not to have been, or `unknown` (F2, F3, F5).

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>

#include "apps/upload/uploader/testing/stage.hpp"

namespace fencepost::uploader {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::kUnit;
using testing::Stage;
using testing::World;

class UploaderTest : public ::testing::TestWithParam<const char*> {
 protected:
  std::int64_t schedule(std::int64_t size, const upload::Metadata& metadata = {}) {
    return world_.schedule(channel_, world_.add_video(name_, size), metadata);
  }
  // The one video that there is, and that it is the file.
  void expect_whole(std::int64_t id) {
    const auto videos = world_.youtube.videos();
    ASSERT_EQ(videos.size(), 1u);
    EXPECT_EQ(videos[0]["sha256"], world_.sha256(name_));
    const auto upload = world_.service().get(id);
    EXPECT_EQ(upload->post_id, videos[0]["id"].get<std::string>());
    EXPECT_EQ(upload->post_url, connect::youtube::watch_url(*upload->post_id));
    EXPECT_TRUE(upload->uploaded_at);
  }
  static upload::Metadata titled(const std::string& title, const std::string& description = {},
                                 const std::string& tags = "[]") {
    upload::Metadata metadata;
    metadata.title = title;
    metadata.description = description;
    metadata.tags = tags;
    return metadata;
  }
  static Options small() { return {.piece = kUnit, .pause = 1ms}; }

  World world_{GetParam()};
  const std::int64_t channel_ = world_.add_channel("main", testing::channel_id('a'));
  const std::string name_ = "clip.mp4";
};

TEST_P(UploaderTest, AVideoGoesUpPrivateWithItsTime) {
  Stage stage(world_, small());
  stage.start();
  const auto id = schedule(5 * kUnit + 7, titled("The title", "About it", R"(["a","b c"])"));
  ASSERT_TRUE(stage.await_status(id, "uploaded")) << world_.error(id);
  expect_whole(id);
  const auto video = world_.youtube.videos()[0];
  EXPECT_EQ(video["privacy"], "private");
  EXPECT_EQ(video["title"], "The title");
  EXPECT_EQ(video["snippet"]["tags"], (json{"a", "b c"}));
  EXPECT_EQ(base::parse_utc(video["publishAt"].get<std::string>()), world_.service().get(id)->slot_at);
  // Its call is spent; its seat and its place in the day's caps are kept.
  EXPECT_EQ(world_.spent(id), 1);
  EXPECT_GT(world_.held(id), 0);
  // The last piece is a small one: what is before it can be cancelled.
  const auto accepted = world_.youtube.accepted();
  for (const auto& one : accepted)
    EXPECT_TRUE(one["what"] != "piece" || !one["last"] || one["length"] <= kUnit);
}

TEST_P(UploaderTest, AVideoOfOnePieceGoesUpToo) {
  Stage stage(world_);
  stage.start();
  const auto id = schedule(100);
  ASSERT_TRUE(stage.await_status(id, "uploaded")) << world_.error(id);
  expect_whole(id);
}

TEST_P(UploaderTest, UploadingIsWrittenAndShownWithItsProgress) {
  Stage stage(world_, small());
  std::atomic<std::int64_t> id{0}, sent{0};
  std::string shown;
  stage.at = [&](std::string_view point) {
    if (point != "upload.piece.sent" || ++sent != 3) return;
    shown = world_.service().get(id)->status;
    EXPECT_EQ(world_.service().get(id)->bytes_sent, 2 * kUnit);
  };
  id = schedule(6 * kUnit);
  stage.start();
  ASSERT_TRUE(stage.await_status(id, "uploaded"));
  EXPECT_EQ(shown, "uploading");
  const auto there = world_.service().get(id).value();
  EXPECT_EQ(there.bytes_sent, 6 * kUnit);
  EXPECT_EQ(there.bytes_total, 6 * kUnit);
  EXPECT_EQ(there.percent(), 100);
  EXPECT_GE(
      world_.number("SELECT count(*) FROM fencepost_events WHERE queue = 'uploads' AND kind = 'progress'"),
      1);
}

TEST_P(UploaderTest, CancelAtFortyPercentPreventsItAndGivesBackWhatIsNotSpent) {
  Stage stage(world_, small());
  std::atomic<std::int64_t> id{0};
  std::atomic<int> sent{0};
  std::atomic<bool> prevented{false};
  stage.at = [&](std::string_view point) {
    if (point != "upload.piece.sent" || ++sent != 4) return;
    prevented = world_.service().cancel(id, "ada") == core::StopAnswer::prevented;
  };
  id = schedule(10 * kUnit);
  stage.start();
  ASSERT_TRUE(stage.await([&] { return world_.status(id) == "cancelled" && sent >= 4; }));
  EXPECT_TRUE(prevented);
  EXPECT_EQ(world_.held(id), 0);
  EXPECT_EQ(world_.spent(id), 1);
  // Another one goes up behind it; of this one nothing more has left.
  const auto next = world_.schedule(channel_, world_.add_video("next.mp4", 2 * kUnit));
  ASSERT_TRUE(stage.await_status(next, "uploaded")) << world_.error(next);
  ASSERT_EQ(world_.youtube.videos().size(), 1u);
  EXPECT_EQ(world_.youtube.videos()[0]["session"], 1);
  EXPECT_EQ(world_.youtube.have(0), 4 * kUnit);
  EXPECT_EQ(world_.status(id), "cancelled");
}

TEST_P(UploaderTest, CancelBetweenTheLastPieceButOneAndTheGatePreventsIt) {
  Stage stage(world_, small());
  std::atomic<std::int64_t> id{0};
  std::atomic<bool> prevented{false};
  stage.at = [&](std::string_view point) {
    if (point == "upload.prepared")
      prevented = world_.service().cancel(id, "ada") == core::StopAnswer::prevented;
  };
  id = schedule(2 * kUnit);
  stage.start();
  ASSERT_TRUE(stage.await_status(id, "cancelled"));
  EXPECT_TRUE(prevented);
  EXPECT_EQ(world_.youtube.videos().size(), 0u);
  EXPECT_EQ(world_.youtube.have(0), kUnit);
}

TEST_P(UploaderTest, AnEditMeanwhileBeginsAnotherSession) {
  Stage stage(world_, small());
  std::atomic<std::int64_t> id{0};
  std::atomic<int> sent{0};
  stage.at = [&](std::string_view point) {
    if (point != "upload.piece.sent" || ++sent != 2) return;
    const auto now = world_.service().get(id);
    auto metadata = now->metadata;
    metadata.title = "Another title";
    world_.service().edit(id, now->version, metadata, "ada");
  };
  id = schedule(5 * kUnit, titled("The title"));
  stage.start();
  ASSERT_TRUE(stage.await_status(id, "uploaded")) << world_.error(id);
  expect_whole(id);
  EXPECT_EQ(world_.youtube.videos()[0]["title"], "Another title");
  EXPECT_EQ(world_.youtube.videos()[0]["session"], 1);
  EXPECT_EQ(world_.spent(id), 2);  // two calls left
}

TEST_P(UploaderTest, AMovedSlotIsWhatYouTubeIsTold) {
  Stage stage(world_, small());
  std::atomic<std::int64_t> id{0};
  std::atomic<int> sent{0};
  stage.at = [&](std::string_view point) {
    if (point != "upload.piece.sent" || ++sent != 2) return;
    const auto next = world_.service().next_slot(channel_, "final", world_.service().get(id)->slot_at + 1);
    world_.service().reschedule(id, std::nullopt, {.at = next->slot_at}, "ada");
  };
  id = schedule(5 * kUnit);
  const auto before = world_.service().get(id)->slot_at;
  stage.start();
  ASSERT_TRUE(stage.await_status(id, "uploaded")) << world_.error(id);
  const auto slot = world_.service().get(id)->slot_at;
  EXPECT_GT(slot, before);
  EXPECT_EQ(base::parse_utc(world_.youtube.videos()[0]["publishAt"].get<std::string>()), slot);
}

TEST_P(UploaderTest, EachChannelUsesItsOwnAccount) {
  const auto other = world_.add_channel("other", testing::channel_id('b'));
  Stage stage(world_, small());
  stage.start();
  const auto first = schedule(100);
  const auto second = world_.schedule(other, world_.add_video("b.mp4", 2 * kUnit));
  ASSERT_TRUE(stage.await_status(first, "uploaded"));
  ASSERT_TRUE(stage.await_status(second, "uploaded"));
  for (const auto& video : world_.youtube.videos()) {
    const bool is_first = video["id"] == *world_.service().get(first)->post_id;
    EXPECT_EQ(video["channel"], testing::channel_id(is_first ? 'a' : 'b'));
  }
}

TEST_P(UploaderTest, ASwitchOfAccountIsNotIgnored) {
  const auto other = world_.add_channel("other", testing::channel_id('b'));
  Stage stage(world_, small());
  std::atomic<int> sent{0};
  stage.at = [&](std::string_view point) {
    if (point == "upload.piece.sent" && ++sent == 2)
      world_.database.run(
          "UPDATE fencepost_upload_channels SET connection_id = (SELECT c.connection_id "
          "FROM fencepost_upload_channels AS c WHERE c.id = $1) WHERE id = $2",
          {other, channel_});
  };
  const auto id = schedule(5 * kUnit);
  stage.start();
  ASSERT_TRUE(stage.await_status(id, "uploaded")) << world_.error(id);
  ASSERT_EQ(world_.youtube.videos().size(), 1u);
  EXPECT_EQ(world_.youtube.videos()[0]["channel"], testing::channel_id('b'));
}

TEST_P(UploaderTest, ASlotThatHasPassedIsNeverPublishedAtOnce) {
  const auto id = schedule(3 * kUnit);
  Stage stage(world_, small());
  stage.at = [&](std::string_view point) {
    // Behind the pieces, before the gate; another program, so that no claim is taken back.
    if (point == "upload.prepared")
      world_.database.run("UPDATE fencepost_uploads SET slot_at = 1000000 WHERE id = $1", {id});
  };
  stage.start();
  ASSERT_TRUE(stage.await_status(id, "failed"));
  EXPECT_NE(world_.error(id).find("slot_passed"), std::string::npos) << world_.error(id);
  EXPECT_EQ(world_.youtube.videos().size(), 0u);
  EXPECT_EQ(world_.held(id), 0);
}

TEST_P(UploaderTest, AFileThatWasChangedFailsClearly) {
  const auto id = schedule(3 * kUnit);
  ASSERT_EQ(::truncate(world_.path(name_).c_str(), 2 * kUnit), 0);
  Stage stage(world_, small());
  stage.start();
  ASSERT_TRUE(stage.await_status(id, "failed"));
  EXPECT_FALSE(world_.error(id).empty());
  EXPECT_EQ(world_.error(id).find(world_.path("")), std::string::npos) << world_.error(id);
  EXPECT_EQ(world_.youtube.accepted("session"), 0);
  EXPECT_EQ(world_.held(id), 0);
}

TEST_P(UploaderTest, TheAddressOfASessionIsNowhereInTheClear) {
  Stage stage(world_, small());
  std::atomic<std::int64_t> id{0};
  std::string stored;
  stage.at = [&](std::string_view point) {
    if (point == "upload.session.kept")
      stored = world_.database.run("SELECT session FROM fencepost_upload_sessions")[0][0].text();
  };
  id = schedule(2 * kUnit);
  stage.start();
  ASSERT_TRUE(stage.await_status(id, "uploaded"));
  EXPECT_TRUE(stored.starts_with("v1:")) << stored;
  EXPECT_EQ(world_.number("SELECT count(*) FROM fencepost_effects WHERE request LIKE '%upload_id%'"), 0);
  EXPECT_EQ(world_.number("SELECT count(*) FROM fencepost_events WHERE detail LIKE '%upload_id%'"), 0);
  EXPECT_EQ(world_.number("SELECT count(*) FROM fencepost_upload_sessions WHERE session IS NOT NULL"), 0);
}

INSTANTIATE_TEST_SUITE_P(Databases, UploaderTest, ::testing::Values("sqlite", "postgres"),
                         [](const auto& each) { return std::string(each.param); });

}  // namespace
}  // namespace fencepost::uploader
