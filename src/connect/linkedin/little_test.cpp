#include "connect/linkedin/little.hpp"

#include <gtest/gtest.h>

#include "base/random.hpp"

namespace fencepost::connect::linkedin {
namespace {

TEST(Little, EscapesEveryReservedCharacter) {
  EXPECT_EQ(to_little("plain, text: 1 + 1 = 2!"), "plain, text: 1 + 1 = 2!");
  EXPECT_EQ(to_little(R"(\|{}@[]()<>#*_~)"), R"(\\\|\{\}\@\[\]\(\)\<\>\#\*\_\~)");
  EXPECT_EQ(to_little("https://example.com/a_b#c"), R"(https://example.com/a\_b\#c)");
}

TEST(Little, MakesHashtagsOfWhatPeopleTakeForThem) {
  EXPECT_EQ(to_little("#live now #Grüße"), R"({hashtag|\#|live} now {hashtag|\#|Grüße})");
  EXPECT_EQ(to_little("#a_b"), R"({hashtag|\#|a\_b})");
  for (const auto* none : {"C# and F#", "#1", "a#b", "# x", "##"})
    EXPECT_EQ(to_little(none).find("{hashtag"), std::string::npos) << none;
}

TEST(Little, ComesBackAsItWas) {
  for (int n = 0; n < 2000; ++n) {
    std::string text;
    for (auto length = base::random_below(40); length > 0; --length)
      text += " #a1_{}|\\()\n~*"[base::random_below(15)];
    EXPECT_EQ(from_little(to_little(text)), text);
  }
}

}  // namespace
}  // namespace fencepost::connect::linkedin
