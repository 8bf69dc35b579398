// What is said of a scheduled video; imports; whose videos.
#include "apps/upload/import.hpp"
#include "apps/upload/media/templates.hpp"
#include "apps/upload/testing/scene.hpp"

namespace fencepost::upload {
namespace {

using namespace testing;

class DescribeTest : public Scene {
 protected:
  void has_template(const Channel& on, const media::Metadata& metadata) {
    in_transaction([&](auto& c) { return media::add_template(c, on.id, metadata).id; });
  }
};

TEST_P(DescribeTest, ATemplateFillsWhatNobodySaid) {
  const auto on = channel();
  has_template(on, {.title = "{title} on {channel}",
                    .description = "Of {date}",
                    .tags = {"a", "{channel}"},
                    .category = "10"});
  const auto made = scheduled(on, slot(on, 3));
  EXPECT_EQ(made.metadata.title, "Film v1.mp4 on " + on.name);
  EXPECT_EQ(made.metadata.description, "Of " + made.publish_day);
  EXPECT_EQ(made.metadata.tags, R"(["a",")" + on.name + R"("])");
  EXPECT_EQ(made.metadata.category, "10");
  Metadata own;
  own.title = "Mine";
  const auto other = service_.schedule(on.id, {{video(), "short", {}, own}}, Mode::all_or_nothing, {}, "ada");
  EXPECT_EQ(other.at(0).upload->metadata.title, "Mine");
}

TEST_P(DescribeTest, ANumberIsFilledInAndAskedForWhereATemplateHasIt) {
  const auto on = channel();
  has_template(on,
               {.title = "{title} · #{number}", .description = "Part {number}", .tags = {"part{number}"}});
  const auto with = [&](std::optional<std::int64_t> number, const Metadata& own = {}) {
    return service_.schedule(on.id, {{video(), "short", {}, own, number}}, Mode::all_or_nothing, {}, "ada")
        .at(0)
        .upload.value();
  };
  const auto made = with(12);
  EXPECT_EQ(made.metadata.title, "Film v1.mp4 · #12");
  EXPECT_EQ(made.metadata.description, "Part 12");
  EXPECT_EQ(made.metadata.tags, R"(["part12"])");
  try {
    with({});
    FAIL() << "its title would have no number";
  } catch (const base::UserError& error) {
    EXPECT_EQ(error.code(), "number_missing");
  }
  Metadata own;
  own.title = "Mine";
  own.description = "Mine";
  own.tags = R"(["mine"])";
  EXPECT_EQ(with({}, own).metadata.title, "Mine") << "words of its own need none";
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_slots"), 2);
}

TEST_P(DescribeTest, AVideoOfAnotherPersonIsNone) {
  const auto on = channel();
  run("INSERT INTO fencepost_people (email, name) VALUES ('ada@example.org', 'Ada')");
  const auto ada = count("SELECT id FROM fencepost_people");
  const auto film = video();
  run("UPDATE fencepost_videos SET person_id = $1 WHERE id = $2", {ada, film});
  const auto by = [&](std::optional<std::int64_t> who) {
    return service_.schedule(on.id, {{film, "short"}}, Mode::dry_run, {}, "x", {}, 1, who).at(0);
  };
  EXPECT_EQ(by(ada + 1).refused.value_or(Refused{}).code, "unknown_video");
  EXPECT_TRUE(by(ada).place);
  EXPECT_TRUE(by(std::nullopt).place);
}

TEST_P(DescribeTest, AnImportTakesTimesAsTheyAreAndReportsConflictsFirst) {
  const auto on = channel();
  const auto taken = scheduled(on, slot(on, 3));
  video("a.mp4");
  video("b.mp4");
  const auto odd = slot(on, 4) + 7 * kMinute;
  const std::vector<Imported> rows{{.folder = "films", .path = "a.mp4", .kind = "short", .at = odd},
                                   {.folder = "films", .path = "b.mp4", .kind = "short", .at = taken.slot_at},
                                   {.folder = "films", .path = "none.mp4", .kind = "short", .at = odd}};
  const auto wishes = wishes_of(*database_->acquire(), rows);
  const auto import = [&](Mode mode) {
    return service_.schedule(on.id, wishes, mode, {}, "ada", {}, kMostImported);
  };
  const auto dry = import(Mode::dry_run);
  EXPECT_EQ(dry[0].place->slot_at, odd);
  EXPECT_EQ(dry[1].refused->code, "slot_taken");
  EXPECT_EQ(dry[2].refused->code, "unknown_video");
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_uploads"), 1);
  EXPECT_FALSE(import(Mode::all_or_nothing)[0].upload);
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_uploads"), 1);
  EXPECT_EQ(import(Mode::best_effort)[0].upload->slot_at, odd);
  EXPECT_EQ(held(taken.id + 1).size(), 4U);
  expect_sound();
}

TEST_P(DescribeTest, AVideoIsNeededUntilItsUploadEnds) {
  const auto on = channel();
  const auto made = scheduled(on, slot(on, 3));
  const auto needed = [&] { return needs_video(*database_->acquire(), made.video_id); };
  EXPECT_TRUE(needed());
  service_.cancel(made.id, "ada");
  EXPECT_FALSE(needed());
}

ON_BOTH(DescribeTest);

}  // namespace
}  // namespace fencepost::upload
