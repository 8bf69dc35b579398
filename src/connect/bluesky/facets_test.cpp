#include "connect/bluesky/facets.hpp"

#include <gtest/gtest.h>

namespace fencepost::connect::bluesky {
namespace {

// "link 0-19 https://…": readable where one differs.
std::vector<std::string> found(std::string_view text) {
  static const Limits limits;
  constexpr const char* kKinds[] = {"link", "tag", "mention"};
  std::vector<std::string> out;
  for (const auto& facet : facets_in(text, limits.of("bluesky")))
    out.push_back(std::string(kKinds[static_cast<int>(facet.kind)]) + " " + std::to_string(facet.at.begin) +
                  "-" + std::to_string(facet.at.end) + " " + facet.value);
  return out;
}
using Found = std::vector<std::string>;

TEST(BlueskyFacets, StandAtBytesOfUtf8) {
  EXPECT_EQ(found("Grüße 👋 https://example.com/ü #café"),
            (Found{"link 13-35 https://example.com/ü", "tag 36-42 café"}));
  EXPECT_EQ(found("＃日本語 x"), (Found{"tag 0-12 日本語"}));
}

TEST(BlueskyFacets, Tags) {
  EXPECT_EQ(found("#one #two."), (Found{"tag 0-4 one", "tag 5-9 two"}));
  EXPECT_EQ(found("(#live)"), (Found{"tag 1-6 live"}));
  EXPECT_EQ(found("#co-op's! #a.b"), (Found{"tag 0-8 co-op's", "tag 10-14 a.b"}));
  for (const auto* none : {"#", "# x", "#1", "#1.2!", "a#b", "#\xEF\xB8\x8F", "##",
                           "#\xE2\x80\x8B"
                           "x"})
    EXPECT_EQ(found(none), Found{}) << none;
  EXPECT_EQ(found("#" + std::string(64, 'x')).size(), 1u);
  EXPECT_EQ(found("#" + std::string(65, 'x')).size(), 0u);
}

TEST(BlueskyFacets, Mentions) {
  EXPECT_EQ(found("@alice.test: hi"), (Found{"mention 0-11 alice.test"}));
  EXPECT_EQ(found("with (@Bob.Example.COM)."), (Found{"mention 6-22 bob.example.com"}));
  for (const auto* none :
       {"@alice", "me@alice.test", "@.test", "@a..test", "@-a.test", "@a-.test", "@a.1", "@"})
    EXPECT_EQ(found(none), Found{}) << none;
}

TEST(BlueskyFacets, NoneStandsOverAnother) {
  EXPECT_EQ(found("https://example.com/#tag"), (Found{"link 0-24 https://example.com/#tag"}));
  EXPECT_EQ(found("https://example.com/@alice.test"), (Found{"link 0-31 https://example.com/@alice.test"}));
}

}  // namespace
}  // namespace fencepost::connect::bluesky
