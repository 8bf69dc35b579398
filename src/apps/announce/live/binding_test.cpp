#include "apps/announce/live/binding.hpp"

#include <gtest/gtest.h>

namespace fencepost::live {
namespace {

using connect::youtube::Stage;
using connect::youtube::Video;

Micros at(const std::string& text) { return base::parse_utc(text); }

Video video(const std::string& title = "Night talk") {
  return {.id = "vid", .channel = "UC", .title = title, .stage = Stage::live};
}

Candidate candidate(std::int64_t id, const std::string& starts, const std::string& status = "scheduled",
                    std::optional<std::string> of = {}, const std::string& filter = {}) {
  return {id, at(starts),         status,      std::move(of), !filter.empty(), filter,
          1,  "America/New_York", "An episode"};
}

std::int64_t chosen(const std::string& from, const std::vector<Candidate>& all, const Video& of = video()) {
  const auto choice = choose(of, at(from), all);
  return choice ? choice->episode.episode : 0;
}

TEST(TitleFilter, IsAPartInAnyCase) {
  EXPECT_TRUE(title_matches("The NIGHT Talk, live", "night talk"));
  EXPECT_TRUE(title_matches("Ärger im BÜRO", "ärger im büro"));
  EXPECT_TRUE(title_matches("STRASSE", "straße"));
  EXPECT_TRUE(title_matches("ＬＩＶＥ now", "live"));
  EXPECT_FALSE(title_matches("Night show", "night talk"));
}

TEST(TitleFilter, AMissingTitleDoesNotMatch) {
  EXPECT_FALSE(title_matches("", "talk"));
  EXPECT_FALSE(title_matches("", ""));
  EXPECT_EQ(chosen("2026-11-22T20:00:00Z", {candidate(1, "2026-11-22T20:00:00Z", "scheduled", {}, "talk")},
                   video("")),
            0);
  // Where the show does not filter, a title is not needed.
  EXPECT_EQ(chosen("2026-11-22T20:00:00Z", {candidate(1, "2026-11-22T20:00:00Z")}, video("")), 1);
}

// The fault: at 20:05 in New York it is tomorrow in UTC, and yesterday's episode had that date.
TEST(Binding, UtcDateMatchingAnnouncesNoOtherDaysEpisode) {
  const std::vector<Candidate> all{candidate(1, "2026-11-22T01:00:00Z"),   // 21 November, 20:00 in New York
                                   candidate(2, "2026-11-23T01:00:00Z"),   // 22 November, 20:00
                                   candidate(3, "2026-11-24T01:00:00Z")};  // 23 November, 20:00
  EXPECT_EQ(chosen("2026-11-23T01:05:00Z", all), 2);
  EXPECT_EQ(chosen("2026-11-22T23:50:00Z", all), 2);  // early, and on another date of UTC
  EXPECT_EQ(chosen("2026-11-22T12:00:00Z", all), 0);  // the date alone means nothing
}

TEST(Binding, TheWindowIsTwoHoursBeforeToSixAfter) {
  const std::vector<Candidate> all{candidate(1, "2026-11-22T20:00:00Z")};
  EXPECT_EQ(chosen("2026-11-22T18:00:00Z", all), 1);
  EXPECT_EQ(chosen("2026-11-22T17:59:59Z", all), 0);
  EXPECT_EQ(chosen("2026-11-23T02:00:00Z", all), 1);
  EXPECT_EQ(chosen("2026-11-23T02:00:01Z", all), 0);
}

TEST(Binding, TheNearestStartThenTheLowestId) {
  EXPECT_EQ(chosen("2026-11-22T20:20:00Z",
                   {candidate(1, "2026-11-22T21:00:00Z"), candidate(2, "2026-11-22T20:00:00Z")}),
            2);
  EXPECT_EQ(chosen("2026-11-22T20:30:00Z",
                   {candidate(7, "2026-11-22T21:00:00Z"), candidate(4, "2026-11-22T20:00:00Z")}),
            4);
  EXPECT_EQ(chosen("2026-11-22T20:30:00Z",
                   {candidate(4, "2026-11-22T20:00:00Z"), candidate(7, "2026-11-22T21:00:00Z")}),
            4);
}

TEST(Binding, ARestartIsOfTheEpisodeThatWasAndNotOfTheNext) {
  const std::vector<Candidate> all{candidate(1, "2026-11-22T20:00:00Z", "ended", "first"),
                                   candidate(2, "2026-11-22T22:00:00Z")};
  const auto choice = choose(video(), at("2026-11-22T20:40:00Z"), all);
  ASSERT_TRUE(choice);
  EXPECT_EQ(choice->episode.episode, 1);
  EXPECT_FALSE(choice->announces);
}

TEST(Binding, AnEpisodeThatAPersonSetLiveTakesItsStream) {
  const auto choice =
      choose(video(), at("2026-11-22T20:00:00Z"), {candidate(1, "2026-11-22T20:00:00Z", "live")});
  ASSERT_TRUE(choice);
  EXPECT_TRUE(choice->announces);
}

TEST(Binding, AVideoThatAPersonNamedIsTakenAndNoOther) {
  const std::vector<Candidate> all{candidate(1, "2026-11-22T20:00:00Z", "scheduled", "other"),
                                   candidate(2, "2026-11-22T21:30:00Z")};
  EXPECT_EQ(chosen("2026-11-22T20:00:00Z", all), 2);
  const std::vector<Candidate> named{candidate(1, "2026-11-25T20:00:00Z", "scheduled", "vid"),
                                     candidate(2, "2026-11-22T20:00:00Z")};
  EXPECT_EQ(chosen("2026-11-22T20:00:00Z", named), 1);
}

TEST(Binding, CountsFromThePlannedStartUnlessThatIsFarOff) {
  auto late = video();
  late.live_at = at("2026-11-22T21:30:00Z");
  late.scheduled_at = at("2026-11-22T20:00:00Z");
  EXPECT_EQ(began(late, 0), *late.scheduled_at);
  late.scheduled_at = at("2030-01-01T00:00:00Z");  // a waiting room
  EXPECT_EQ(began(late, 0), *late.live_at);
  EXPECT_EQ(began(video(), 7), 7);
}

}  // namespace
}  // namespace fencepost::live
