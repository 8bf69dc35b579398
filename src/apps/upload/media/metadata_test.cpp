// What is said of a video, readiness, and what first bytes say.

#include "apps/upload/media/metadata.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "apps/upload/media/probe.hpp"
#include "apps/upload/media/readiness.hpp"
#include "apps/upload/media/sniff.hpp"
#include "base/error.hpp"

namespace fencepost::media {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

template <typename F>
std::string refusal(F&& check) try {
  check();
  return "";
} catch (const base::UserError& error) {
  return error.code();
}

TEST(Metadata, TitlesHaveAtMost100Characters) {
  std::string umlauts, emoji;
  for (int i = 0; i < 100; ++i) umlauts += "ü";
  for (int i = 0; i < 50; ++i) emoji += "🎬";
  EXPECT_EQ(refusal([&] { check_title(umlauts); }), "");
  EXPECT_EQ(refusal([&] { check_title(emoji); }), "");
  for (const auto& bad : {umlauts + "x", emoji + "x", std::string(), std::string("  "), std::string("a<b"),
                          std::string("a>b"), std::string("a\nb"), std::string("\xff")})
    EXPECT_EQ(refusal([&] { check_title(bad); }), "invalid_title") << bad;
}

TEST(Metadata, DescriptionsHaveAtMost5000Bytes) {
  EXPECT_EQ(refusal([] { check_description(std::string(5000, 'x')); }), "");
  EXPECT_EQ(refusal([] { check_description("two\nlines\tand a tab"); }), "");
  std::string umlauts;
  for (int i = 0; i < 2501; ++i) umlauts += "ü";
  for (const auto& bad : {std::string(5001, 'x'), umlauts, std::string("<b>"), std::string("\x01")})
    EXPECT_EQ(refusal([&] { check_description(bad); }), "invalid_description");
}

// https://developers.google.com/youtube/v3/docs/videos#snippet.tags[]: Foo-Baz counts seven, Foo Baz nine.
TEST(Metadata, TagsCountAsYouTubeCounts) {
  EXPECT_EQ(tags_length({}), 0U);
  EXPECT_EQ(tags_length({"Foo-Baz"}), 7U);
  EXPECT_EQ(tags_length({"Foo Baz"}), 9U);
  EXPECT_EQ(tags_length({"Foo-Baz", "Foo Baz"}), 17U);
  EXPECT_EQ(refusal([] { check_tags({std::string(500, 'x')}); }), "");
  EXPECT_EQ(refusal([] { check_tags({std::string(249, 'x'), std::string(250, 'y')}); }), "");
  EXPECT_EQ(refusal([] { check_tags({std::string(498, 'x') + " "}); }), "invalid_tags");
  EXPECT_EQ(refusal([] { check_tags({std::string(250, 'x'), std::string(250, 'y')}); }), "invalid_tags");
  for (const auto* bad : {"", " ", "a,b", "a<b", "a\"b", "a\nb"})
    EXPECT_EQ(refusal([&] { check_tags({bad}); }), "invalid_tags") << bad;
}

TEST(Metadata, FillsOnce) {
  EXPECT_EQ(fill("{title} · #{number}", {{"title", "{number}"}, {"number", "12"}}), "{number} · #12");
  EXPECT_EQ(fill("{other} {{title}} {", {{"title", "x"}}), "{other} {x} {");
  EXPECT_EQ(fill("{", {}), "{");
}

TEST(Readiness, SaysWhatAVideoIsFitFor) {
  const Rules rules;
  Video video;
  video.media_type = "video/mp4";
  const auto of = [&](const char* kind) { return readiness(video, kind, rules).ready; };
  EXPECT_EQ(of("short"), Ready::waiting);
  video.probed_at = 1;
  video.probe_error = kNoProbe;
  EXPECT_EQ(of("final"), Ready::not_measured);
  EXPECT_THAT(readiness(video, "final", rules).reasons, ::testing::ElementsAre(kNoProbe));
  video.probe_error = "it is broken";
  EXPECT_EQ(of("final"), Ready::not_ready);
  video.probe_error.reset();
  video.width = 1920;
  const std::tuple<std::int64_t, Ready, Ready> cases[] = {{9'999, Ready::not_ready, Ready::not_ready},
                                                          {10'000, Ready::ready, Ready::ready},
                                                          {60'000, Ready::ready, Ready::ready},
                                                          {60'001, Ready::not_ready, Ready::ready}};
  for (const auto& [ms, as_short, as_final] : cases) {
    video.duration_ms = ms;
    EXPECT_EQ(of("short"), as_short) << ms;
    EXPECT_EQ(of("final"), as_final) << ms;
  }
  video.width.reset();
  EXPECT_THAT(readiness(video, "short", rules).reasons, SizeIs(2));
  video.media_type = "image/png";
  EXPECT_EQ(of("final"), Ready::not_ready);
}

TEST(Sniff, KnowsFilesByTheirFirstBytes) {
  using namespace std::string_literals;
  EXPECT_EQ(media_type_of("\0\0\0\x18"s + "ftypisom"), "video/mp4");
  EXPECT_EQ(media_type_of("\0\0\0\x18"s + "ftypqt  "), "video/quicktime");
  EXPECT_EQ(media_type_of("\x1a\x45\xdf\xa3"s + "....webm"), "video/webm");
  EXPECT_EQ(media_type_of("\x1a\x45\xdf\xa3"s + "....matroska"), "video/x-matroska");
  EXPECT_EQ(media_type_of("\xff\xd8\xff\xe0"), "image/jpeg");
  EXPECT_EQ(media_type_of("#!/bin/sh"), "application/octet-stream");
  EXPECT_EQ(media_type_of(""), "application/octet-stream");
}

TEST(Probe, AnswersThatMakeNoSenseAreErrors) {
  for (const auto* text :
       {"", "null", "[]", "{}", "{\"format\":{\"duration\":\"N/A\"}}", "{\"format\":{\"duration\":\"-1\"}}",
        "{\"format\":{\"duration\":\"1e300\"}}", "{\"format\":[],\"streams\":{}}", "{\"streams\":[7]}"})
    EXPECT_FALSE(read_answer(text).error.empty()) << text;
  const auto facts =
      read_answer(R"({"streams":[{"width":1080,"height":1920}],"format":{"duration":"58.500000"}})");
  EXPECT_THAT(facts.error, IsEmpty());
  EXPECT_EQ(facts.duration_ms, 58'500);
  EXPECT_EQ(facts.width, 1080);
  // The cover of an album is no video.
  EXPECT_FALSE(read_answer(R"({"streams":[{"width":500,"height":500,"disposition":{"attached_pic":1}}],
                               "format":{"duration":"3"}})")
                   .width.has_value());
}

}  // namespace
}  // namespace fencepost::media
