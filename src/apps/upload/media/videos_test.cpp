// Videos mean certain bytes; templates; what a look at a file finds.

#include "apps/upload/media/videos.hpp"

#include <cstdlib>
#include <future>

#include "apps/upload/media/templates.hpp"
#include "apps/upload/media/testing/media_test_base.hpp"
#include "apps/upload/media/upkeep.hpp"
#include "base/sha256.hpp"

namespace fencepost::media {
namespace {

using testing::kMp4;
using testing::refusal;

class VideosTest : public testing::MediaTestBase {
 protected:
  Video get(std::int64_t id) { return get_video(*database_->acquire(), id).value(); }
  int measured(const std::string& program, const ProbeLimits& limits = {}) {
    return measure(*database_, *folders_, program, limits, {});
  }
};

TEST_P(VideosTest, AFileIsAddedOnce) {
  write("a.mp4", kMp4);
  const auto first = add("a.mp4");
  EXPECT_TRUE(first.made);
  EXPECT_EQ(first.video.title, "a");
  EXPECT_EQ(first.video.media_type, "video/mp4");
  EXPECT_FALSE(first.video.person.has_value());
  const auto again = add("a.mp4");
  EXPECT_FALSE(again.made);
  EXPECT_EQ(again.video.id, first.video.id);
  write("empty.mp4", "");
  EXPECT_EQ(refusal([&] { add("empty.mp4"); }), "empty_file");
  EXPECT_EQ(refusal([&] { add("a.mp4", "a < b"); }), "invalid_title");
}

TEST_P(VideosTest, OfManyWhoAddAFileAtOnceOneMakesIt) {
  write("a.mp4", kMp4);
  std::vector<std::future<Added>> asked;
  for (int i = 0; i < 6; ++i)
    asked.push_back(std::async(std::launch::async, [&] {
      const auto facts = facts_of(*folders_, "shows", "a.mp4");
      return database_->retrying([&](store::Connection& connection) {
        return add_video(connection, {.folder = "shows", .path = "a.mp4"}, facts);
      });
    }));
  int made = 0;
  for (auto& one : asked) made += one.get().made ? 1 : 0;
  EXPECT_EQ(made, 1);
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_videos"), 1);
}

TEST_P(VideosTest, AFileThatChangesIsAnotherVideo) {
  write("a.mp4", kMp4);
  const auto first = add("a.mp4").video;
  EXPECT_EQ(refusal([&] { open(*folders_, first); }), "");
  write("b.mp4", kMp4);
  std::filesystem::rename(in_ + "/b.mp4", in_ + "/a.mp4");  // the same bytes and size: another file
  EXPECT_EQ(refusal([&] { open(*folders_, first); }), "video_changed");
  const auto second = add("a.mp4");
  EXPECT_TRUE(second.made);
  EXPECT_NE(second.video.id, first.id);
  EXPECT_TRUE(get(first.id).removed_at.has_value());
  std::filesystem::remove(in_ + "/a.mp4");
  EXPECT_EQ(refusal([&] { open(*folders_, second.video); }), "video_changed");
}

TEST_P(VideosTest, AnEditNamesTheVersionThatItSaw) {
  write("a.mp4", kMp4);
  const auto id = add("a.mp4").video.id;
  EXPECT_TRUE(edit_video(*database_->acquire(), id, 1, "Better"));
  EXPECT_FALSE(edit_video(*database_->acquire(), id, 1, "Lost"));
  EXPECT_EQ(get(id).title, "Better");
  EXPECT_EQ(refusal([&] { edit_video(*database_->acquire(), id, 2, ""); }), "invalid_title");
}

// Whoever schedules holds the video: nobody removes it before he is through.
TEST_P(VideosTest, WhoHoldsAVideoKeepsItFromBeingRemoved) {
  write("a.mp4", kMp4);
  const auto id = add("a.mp4").video.id;
  bool wanted = false;
  const auto [held, removed] = while_open(
      [&](store::Connection& connection) {
        wanted = true;
        return hold_videos(connection, {id}).size() == 1;
      },
      [&](store::Connection& connection) {
        return remove_video(connection, id, [&](auto&, auto) { return wanted; });
      });
  EXPECT_TRUE(held);
  EXPECT_TRUE(waited_);
  EXPECT_EQ(removed, Removed::in_use);
}

TEST_P(VideosTest, WithoutFfprobeNothingIsMeasuredAndItSaysSo) {
  write("a.mp4", kMp4);
  const auto id = add("a.mp4").video.id;
  EXPECT_EQ(measured(""), 1);
  EXPECT_EQ(measured(""), 0);
  const auto video = get(id);
  EXPECT_EQ(video.probe_error, kNoProbe);
  EXPECT_EQ(video.sha256, base::sha256_hex(kMp4));
  EXPECT_TRUE(video.probed_at.has_value());
}

TEST_P(VideosTest, FfprobeMeasuresAVideo) {
  const auto program = find_program("ffprobe");
  ASSERT_FALSE(program.empty()) << "install ffmpeg (scripts/lib/install.sh test)";
  const auto made = "ffmpeg -v error -f lavfi -i color=c=red:s=320x240:r=5 -t 12.4 -y '" + in_ + "/a.mp4'";
  ASSERT_EQ(std::system(made.c_str()), 0);
  const auto id = add("a.mp4").video.id;
  EXPECT_EQ(measured(program), 1);
  const auto video = get(id);
  EXPECT_EQ(video.duration_ms, 12'400);
  EXPECT_EQ(video.width, 320);
  EXPECT_EQ(video.height, 240);
  EXPECT_FALSE(video.probe_error.has_value());
}

// A list of addresses and paths that calls itself a video would have ffprobe open them.
TEST_P(VideosTest, FfprobeOpensNothingButTheFile) {
  const auto program = find_program("ffprobe");
  ASSERT_FALSE(program.empty());
  write("list.mp4", "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n");
  write("concat.mp4", "ffconcat version 1.0\nfile '/etc/passwd'\n");
  write("rubbish.mp4", kMp4 + std::string(1000, '\xff'));
  add("list.mp4");
  add("concat.mp4");
  add("rubbish.mp4");
  EXPECT_EQ(measured(program), 3);
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_videos WHERE probe_error LIKE '%could not be measured%'"),
            3);
}

TEST_P(VideosTest, AProgramThatHangsOrTalksTooMuchIsEnded) {
  const auto script = [&](const std::string& name, const std::string& what) {
    write(name, "#!/bin/sh\n" + what + "\n");
    std::filesystem::permissions(in_ + '/' + name, std::filesystem::perms::owner_all);
    return in_ + '/' + name;
  };
  write("a.mp4", kMp4);
  const base::FileDescriptor file = folders_->open("shows", "a.mp4").file;
  const auto hangs =
      probe(script("hangs", "/bin/sleep 1000 & wait"), file, {.time = std::chrono::milliseconds(300)});
  EXPECT_EQ(hangs.error, "it could not be measured in time");
  EXPECT_FALSE(probe(script("talks", "while :; do echo xxxxxxxxxxxxxxxx; done"), file, {}).error.empty());
  EXPECT_FALSE(probe(script("fails", "exit 1"), file, {}).error.empty());
  EXPECT_FALSE(probe(in_ + "/none", file, {}).error.empty());
}

// It killed whoever looked at it, three times.
TEST_P(VideosTest, AVideoThatNobodySurvivesIsLetBe) {
  write("a.mp4", kMp4);
  const auto id = add("a.mp4").video.id;
  database_.run("UPDATE fencepost_videos SET probes = 3");
  EXPECT_EQ(measured("/bin/false"), 1);
  EXPECT_EQ(get(id).probe_error, "it could not be measured: three tries did not end");
}

TEST_P(VideosTest, TemplatesAreOneALanguage) {
  auto lease = database_->acquire();
  const Metadata german{.title = "{title} · Folge {number}",
                        .description = "Vom {date}",
                        .tags = {"pod cast"},
                        .language = "de"};
  const auto made = add_template(*lease, 7, german);
  EXPECT_EQ(made.metadata.tags, german.tags);
  EXPECT_EQ(refusal([&] { add_template(*lease, 7, german); }), "duplicate_template");
  add_template(*lease, 8, german);
  const auto any = add_template(
      *lease, 7,
      {.title = "{title}", .description = "", .category = "22", .thumbnail = Thumbnail{"shows", "c.png"}});
  EXPECT_EQ(template_for(*lease, 7, "de-AT")->id, made.id);
  EXPECT_EQ(template_for(*lease, 7, "fr")->id, any.id);
  EXPECT_FALSE(template_for(*lease, 9, "de").has_value());
  EXPECT_EQ(page_of_templates(*lease, 7, 0, 10).size(), 2U);
  EXPECT_EQ(page_of_templates(*lease, std::nullopt, 0, 10).size(), 3U);
  EXPECT_TRUE(edit_template(*lease, any.id, 1, {.title = "Neu", .description = ""}));
  EXPECT_FALSE(edit_template(*lease, any.id, 1, german));
  EXPECT_FALSE(get_template(*lease, any.id)->metadata.thumbnail.has_value());
  EXPECT_TRUE(delete_template(*lease, any.id));
  EXPECT_FALSE(delete_template(*lease, any.id));
  for (const auto* bad : {"d", "deutschland-x", "de_AT", "de-", "-"})
    EXPECT_EQ(refusal([&] { add_template(*lease, 9, {.title = "x", .description = "", .language = bad}); }),
              "invalid_language")
        << bad;
}

TEST_P(VideosTest, ATemplateThatDoesNotFitSaysSo) {
  const Metadata metadata{.title = "{title} #{number}", .description = "{title}", .tags = {"{title}"}};
  const auto done = filled(metadata, {{"title", "Pilot"}, {"number", "1"}});
  EXPECT_EQ(done.title, "Pilot #1");
  EXPECT_EQ(done.tags, std::vector<std::string>{"Pilot"});
  EXPECT_EQ(refusal([&] {
              filled(metadata, {{"title", std::string(98, 'x')}, {"number", "1"}});
            }),
            "invalid_title");
  EXPECT_EQ(refusal([&] { filled(metadata, {{"title", "a<b"}}); }), "invalid_title");
}

ON_BOTH(VideosTest);

}  // namespace
}  // namespace fencepost::media
