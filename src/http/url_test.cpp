#include "http/url.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace fencepost::http {
namespace {

using Segments = std::vector<std::string>;
using Query = std::map<std::string, std::string>;

TEST(Target, SplitsAndDecodes) {
  const auto target = parse_target("/a/b%20c/%C3%A9+?x=1+2&y=%26&z&empty=");
  EXPECT_EQ(target.path, "/a/b%20c/%C3%A9+");
  EXPECT_EQ(target.segments, (Segments{"a", "b c", "é+"}));
  EXPECT_EQ(target.query, (Query{{"x", "1 2"}, {"y", "&"}, {"z", ""}, {"empty", ""}}));
}

TEST(Target, KeepsEmptySegmentsApart) {
  EXPECT_EQ(parse_target("/").segments, Segments{""});
  EXPECT_EQ(parse_target("/a/").segments, (Segments{"a", ""}));
  EXPECT_EQ(parse_target("//a").segments, (Segments{"", "a"}));
  EXPECT_TRUE(parse_target("/a?").query.empty());
  EXPECT_TRUE(parse_target("/a?&&").query.empty());
}

TEST(Target, AcceptsTheAbsoluteForm) {
  EXPECT_EQ(parse_target("http://host:80/a/b?x=1").segments, (Segments{"a", "b"}));
  EXPECT_EQ(parse_target("HTTPS://host").segments, Segments{""});
  EXPECT_EQ(parse_target("http://host?x=1").path, "/");
  EXPECT_EQ(path_of("http://host/a?b=/c"), "/a");
}

TEST(Target, RefusesWhatTwoReadersCouldReadInTwoWays) {
  const std::string nul("/a\0b", 4);
  const std::string bad[] = {"",         "*",          "a/b",      "/a%2fb",     "/a%2Fb",    "/a%5cb",
                             "/a\\b",    "/..",        "/a/../b",  "/a/./b",     "/%2e%2E/a", "/a%00b",
                             nul,        "/a%0ab",     "/a%7f",    "/%",         "/%4",       "/%zz",
                             "/%ff",     "/\xff",      "/%c0%af",  "/%ed%a0%80", "/a?x=%zz",  "/a?x=%00",
                             "/a?x=%ff", "/a?x=1&x=2", "/a?%0a=1", "/a#b",       "host:443"};
  for (const auto& target : bad) {
    try {
      parse_target(target);
      ADD_FAILURE() << target;
    } catch (const base::UserError& error) {
      EXPECT_EQ(error.code(), "bad_target") << target;
    }
  }
}

TEST(Utf8, FollowsRfc3629) {
  for (const char* good : {"", "a", "é", "€", "😀", "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf", "\xee\x80\x80"})
    EXPECT_TRUE(valid_utf8(good)) << good;
  for (const char* bad :
       {"\x80", "\xc0\x80", "\xc1\xbf", "\xc3", "\xe0\x80\x80", "\xe2\x82", "\xed\xa0\x80",
        "\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "a\xc3(", "é\x80"})
    EXPECT_FALSE(valid_utf8(bad)) << bad;
}

TEST(Utf8, CountsAndClipsByCodePoint) {
  EXPECT_EQ(code_points("aé€😀"), 4U);
  EXPECT_EQ(clip("aé€😀", 4), "aé€😀");
  EXPECT_EQ(clip("aé€😀", 2), "aé…");
  EXPECT_EQ(clip("", 0), "");
}

}  // namespace
}  // namespace fencepost::http
