// What bytes are an image, and which images a platform takes.

#include "connect/images.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "connect/testing/images.hpp"

namespace fencepost::connect {
namespace {

using namespace std::string_literals;

TEST(Probe, FindsTypeAndSizeOfEachFormat) {
  struct Case {
    std::string bytes, type;
    int width, height;
  };
  for (const auto& [bytes, type, width, height] :
       std::vector<Case>{{testing::png(1600, 900), "image/png", 1600, 900},
                         {testing::gif(320, 200), "image/gif", 320, 200},
                         {testing::jpeg(640, 480), "image/jpeg", 640, 480},
                         {testing::webp_lossy(400, 301), "image/webp", 400, 301},
                         {testing::webp_lossless(16383, 1), "image/webp", 16383, 1},
                         {testing::webp_extended(1, 16384), "image/webp", 1, 16384}}) {
    const auto found = probe_image(bytes);
    ASSERT_TRUE(found) << type;
    EXPECT_EQ(found->media_type, type);
    EXPECT_EQ(found->width, width);
    EXPECT_EQ(found->height, height);
    EXPECT_EQ(found->size, static_cast<std::int64_t>(bytes.size()));
  }
}

TEST(Probe, TakesNothingElse) {
  for (const auto& bytes :
       {""s, "x"s, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"1\" height=\"1\"/>"s,
        "<!DOCTYPE html><script>alert(1)</script>"s, "%PDF-1.7"s, "BM\x46\0\0\0"s, "II*\0"s,
        "RIFF\x24\0\0\0WAVEfmt ................"s,
        "\0\0\0\x1c"
        "ftypavif........................"s,
        "\xff\xd8\xff\xd9"s, "\x89PNG\r\n\x1a\n"s, testing::png(0, 9), testing::gif(9, 0),
        testing::png(1 << 21, 9)})
    EXPECT_FALSE(probe_image(bytes)) << bytes.substr(0, 12);
}

TEST(Probe, EveryBeginningOfAnImageIsReadWithoutItsRest) {
  for (const auto& whole :
       {testing::png(16, 9), testing::gif(16, 9), testing::jpeg(16, 9), testing::webp_lossy(16, 9),
        testing::webp_lossless(16, 9), testing::webp_extended(16, 9)})
    for (std::size_t length = 0; length < whole.size(); ++length)
      if (const auto found = probe_image(std::string_view(whole).substr(0, length))) {
        EXPECT_EQ(found->width, 16);
        EXPECT_EQ(found->height, 9);
      }
}

TEST(Probe, AJpegOfMarkersWithoutEndOrFrameEnds) {
  EXPECT_FALSE(probe_image("\xff\xd8" + std::string(100'000, '\xff')));
  std::string segments = "\xff\xd8";
  for (int i = 0; i < 1000; ++i) segments += "\xff\xe0\0\0"s;  // a length that is too small to be one
  EXPECT_FALSE(probe_image(segments));
}

std::string refused(const std::vector<ImageFacts>& images, const ImageRules& rules) {
  try {
    check_images(images, rules);
    return "";
  } catch (const base::UserError& error) {
    EXPECT_EQ(error.code(), "invalid_image");
    return error.what();
  }
}

class Rules : public ::testing::Test {
 protected:
  Limits limits_;
  const ImageFacts png_{"image/png", 1000, 16, 9, ""}, gif_{"image/gif", 1000, 16, 9, ""};
};

TEST_F(Rules, OfEachPlatformAreThoseOfItsFile) {
  const auto of = [&](const char* platform) { return image_rules(platform, limits_.of(platform)); };
  EXPECT_EQ(refused({png_, png_, png_, png_}, of("x")), "");
  EXPECT_EQ(refused({5, png_}, of("x")), "x takes at most 4 images");
  EXPECT_EQ(refused({gif_, png_}, of("x")), "x takes a GIF only by itself");
  auto large = gif_;
  large.size = 15'000'000;
  EXPECT_EQ(refused({large}, of("x")), "") << "more than of others";
  large.media_type = "image/png";
  EXPECT_EQ(refused({large}, of("x")), "an image for x has 1 to 5242880 bytes");
  EXPECT_EQ(refused({large}, of("linkedin")), "") << "it limits pixels, not bytes";
  large.width = large.height = 10'000;
  EXPECT_EQ(refused({large}, of("linkedin")), "an image for linkedin has less than 36152320 pixels");
  large = png_;
  large.size = 6'000'000;
  EXPECT_EQ(refused({large}, of("discord")), "");
  EXPECT_EQ(refused({large, large}, of("discord")),
            "the images of a post on discord have at most 10485760 bytes together");
  auto wordy = png_;
  wordy.alt = std::string(1001, 'x');
  EXPECT_EQ(refused({wordy}, of("x")), "an image's description for x has at most 1000 characters");
  wordy.alt = "\xff";
  EXPECT_EQ(refused({wordy}, of("bluesky")), "an image's description is not valid UTF-8");
  auto other = png_;
  other.media_type = "image/webp";
  EXPECT_EQ(refused({other}, of("linkedin")), "linkedin takes no image/webp");
}

TEST_F(Rules, APlatformWithoutImagesSaysWhatToDo) {
  EXPECT_EQ(refused({}, {.who = "webhook"}), "");
  EXPECT_EQ(refused({png_}, {.who = "webhook"}), "webhook takes no images");
  EXPECT_EQ(refused({png_}, {.who = "Threads", .why_none = "post without images"}), "post without images");
}

}  // namespace
}  // namespace fencepost::connect
