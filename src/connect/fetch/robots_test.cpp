#include "connect/fetch/robots.hpp"

#include <gtest/gtest.h>

#include "connect/testing/fetcher_fixture.hpp"

namespace fencepost::connect {
namespace {

using namespace std::chrono_literals;

TEST(Robots, OurOwnGroupsCountTogetherAndElseThoseOfAnyone) {
  const auto robots = Robots::parse(
      "User-agent: *\nDisallow: /all\n\nuser-agent: FencePost/1.0\r\nUSER-AGENT: other\nDisallow: /ours\n"
      "User-agent: other\nDisallow: /other\nUser-Agent: fencepost\nDisallow: /more # a comment\n");
  EXPECT_TRUE(robots.allows("/all"));
  EXPECT_FALSE(robots.allows("/ours/x"));
  EXPECT_FALSE(robots.allows("/more"));
  EXPECT_TRUE(robots.allows("/other"));
  const auto anyone = Robots::parse("User-agent: fencepostbot\nDisallow: /\nUser-agent: *\nDisallow: /all");
  EXPECT_FALSE(anyone.allows("/all"));
  EXPECT_TRUE(anyone.allows("/"));
}

TEST(Robots, AGroupWithoutRulesStillIsOurs) {
  const auto robots = Robots::parse("User-agent: *\nDisallow: /\nUser-agent: fencepost\nDisallow:\n");
  EXPECT_TRUE(robots.allows("/x"));
}

TEST(Robots, BlankAndUnknownLinesDoNotEndAGroup) {
  const auto robots = Robots::parse(
      "User-agent: fencepost\n\nSitemap: https://example.com/s.xml\nnonsense\nHost: x\nUser-agent: "
      "b\n\nDisallow: /x");
  EXPECT_FALSE(robots.allows("/x"));
}

TEST(Robots, RulesOutsideOfAGroupAreNothing) {
  EXPECT_TRUE(Robots::parse("Disallow: /\n").allows("/"));
  EXPECT_TRUE(Robots::parse("").allows("/"));
  EXPECT_TRUE(Robots::parse("<html><p>Not found: try user-agent</html>").allows("/"));
}

// The examples of RFC 9309, section 2.2.2 and 2.2.3, and those that search engines publish.
TEST(Robots, TheLongestRuleDecidesAndAllowWinsATie) {
  const auto allows = [](const std::string& rules, std::string_view target) {
    return Robots::parse("User-agent: *\n" + rules).allows(target);
  };
  EXPECT_TRUE(allows("Allow: /p\nDisallow: /", "/page"));
  EXPECT_TRUE(allows("Allow: /folder\nDisallow: /folder", "/folder/page"));
  EXPECT_FALSE(allows("Allow: /page\nDisallow: /*.htm", "/page.htm"));
  EXPECT_TRUE(allows("Allow: /$\nDisallow: /", "/"));
  EXPECT_FALSE(allows("Allow: /$\nDisallow: /", "/page.htm"));
  EXPECT_FALSE(allows("Disallow: /*.gif$", "/a/b.gif"));
  EXPECT_TRUE(allows("Disallow: /*.gif$", "/a/b.gif?x"));
  EXPECT_FALSE(allows("Disallow: /example/page/disallow*.gif", "/example/page/disallowed/x.gif"));
  EXPECT_FALSE(allows("Disallow: /*private*/", "/a/private-x/y"));
  EXPECT_TRUE(allows("Disallow: /*private*/", "/a/private-x"));
  EXPECT_FALSE(allows("Disallow: /a*b$", "/axbxb"));
  EXPECT_TRUE(allows("Disallow: /a*b$", "/axbxc"));
  EXPECT_TRUE(allows("Disallow: /ab*b$", "/ab"));  // the pieces do not overlap
  EXPECT_FALSE(allows("Disallow: *", "/anything"));
  EXPECT_FALSE(allows("Disallow: /fish", "/fish.html"));
  EXPECT_TRUE(allows("Disallow: /fish", "/Fish.asp"));
  EXPECT_TRUE(allows("Disallow: /", "/robots.txt"));
}

TEST(Robots, EscapesAreComparedInOneForm) {
  const auto allows = [](const std::string& rule, std::string_view target) {
    return Robots::parse("User-agent: *\nDisallow: " + rule).allows(target);
  };
  EXPECT_FALSE(allows("/foo/bar/ツ", "/foo/bar/%E3%83%84"));
  EXPECT_FALSE(allows("/foo/bar/%e3%83%84", "/foo/bar/%E3%83%84"));
  EXPECT_FALSE(allows("/foo/bar/%62%61%7A", "/foo/bar/baz"));
  EXPECT_FALSE(allows("/a%3cd.html", "/a%3Cd.html"));
  EXPECT_TRUE(allows("/a%2fb", "/a/b"));
  EXPECT_FALSE(allows("/x%2A", "/x*y"));
  EXPECT_TRUE(allows("/x%2A", "/xy"));
  EXPECT_FALSE(allows("/x%24", "/x$"));
}

TEST(Robots, SitemapsOfAllGroupsAndTheDelayOfOurs) {
  const auto robots = Robots::parse(
      "\xEF\xBB\xBFSITEMAP: https://example.com/a.xml \nUser-agent: x\nCrawl-delay: 99\nsitemap:/b.xml\n"
      "User-agent: *\nCrawl-delay: 2.5\nSitemap:\n");
  EXPECT_EQ(robots.sitemaps(), (std::vector<std::string>{"https://example.com/a.xml", "/b.xml"}));
  EXPECT_EQ(robots.crawl_delay(), 2'500ms);
  const auto delay = [](const std::string& value) {
    return Robots::parse("User-agent: *\nCrawl-delay: " + value).crawl_delay();
  };
  EXPECT_EQ(delay("1e9"), 1h);
  EXPECT_EQ(delay("-1"), std::nullopt);
  EXPECT_EQ(delay("nan"), std::nullopt);
  EXPECT_EQ(delay("x"), std::nullopt);
}

TEST(Robots, AHostileFileCostsLittle) {
  std::string many = "User-agent: *\n";
  while (many.size() < 10'000'000) many += "Disallow: /*a*a*a*a*a*a*a*a*b\nSitemap: x\n";
  const auto robots = Robots::parse(many);
  EXPECT_TRUE(robots.allows("/" + std::string(2'000, 'a')));
  EXPECT_EQ(robots.sitemaps().size(), 1'000U);
  EXPECT_TRUE(Robots::parse(std::string(10'000'000, 'x')).allows("/"));
  EXPECT_TRUE(Robots::parse("User-agent: *\nDisallow: /" + std::string(10'000, '*')).allows("/"));
}

TEST_F(FetcherTest, RobotsOfAnOrigin) {
  std::string status = "200 OK";
  std::string asked;
  RawServer server([&](Connection& c) {
    for (auto request = c.read_request(); !request.empty(); request = c.read_request()) {
      asked = request.substr(0, request.find('\r'));
      c.write(answer(status, "User-agent: *\nDisallow: /x",
                     "Content-Type: text/plain\r\nLocation: /robots.txt\r\n"));
    }
  });
  const auto robots = [&] { return robots_of(fetcher_, server.url("/x/y?z"), clock_.boot() + 1h); };
  const auto allows_x = [&] {
    const auto result = robots();
    return std::holds_alternative<Robots>(result) ? (std::get<Robots>(result).allows("/x") ? "yes" : "no")
                                                  : "error";
  };
  EXPECT_STREQ(allows_x(), "no");
  EXPECT_EQ(asked, "GET /robots.txt HTTP/1.1");
  for (const auto* missing : {"404 Not Found", "403 Forbidden", "410 Gone", "302 Found"}) {
    status = missing;
    EXPECT_STREQ(allows_x(), "yes") << missing;
  }
  for (const auto* down : {"500 Internal Server Error", "503 Service Unavailable", "429 Too Many Requests"}) {
    status = down;
    EXPECT_STREQ(allows_x(), "error") << down;
    EXPECT_TRUE(std::get<FetchError>(robots()).temporary);
  }
}

TEST_F(FetcherTest, TheHeadOfALongRobotsFileCounts) {
  RawServer server([](Connection& c) {
    c.read_request();
    std::string text = "User-agent: *\nDisallow: /x\n";
    text.resize(2'000'000, '#');
    c.write(answer("200 OK", text, "Content-Type: text/plain\r\n"));
    c.drain();
  });
  const auto result = robots_of(fetcher_, server.url(), clock_.boot() + 1h);
  ASSERT_TRUE(std::holds_alternative<Robots>(result));
  EXPECT_FALSE(std::get<Robots>(result).allows("/x"));
}

}  // namespace
}  // namespace fencepost::connect
