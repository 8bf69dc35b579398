// The pages for people: what they may load, and that nothing else is served.

#include <gmock/gmock.h>

#include <regex>

#include "http/api/testing/fixture.hpp"

namespace fencepost::http {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Pages : public testing::ApiTest {
 protected:
  Response get(const std::string& target, Headers headers = {}) {
    return raw("GET", target, "", headers, "");
  }
};

TEST_F(Pages, LoadOnlyTheirOwnScriptAndStyle) {
  for (const auto* path : {"/", "/signin", "/welcome"}) {
    const auto page = get(path);
    ASSERT_EQ(page.status, 200) << path;
    EXPECT_EQ(*page.headers.find("Content-Type"), "text/html; charset=utf-8");
    EXPECT_EQ(*page.headers.find("X-Content-Type-Options"), "nosniff");
    EXPECT_EQ(*page.headers.find("Cache-Control"), "no-cache");
    EXPECT_EQ(*page.headers.find("Referrer-Policy"), "no-referrer");
    const auto& policy = *page.headers.find("Content-Security-Policy");
    EXPECT_THAT(policy, HasSubstr("default-src 'none'"));
    EXPECT_THAT(policy, HasSubstr("frame-ancestors 'none'"));
    EXPECT_THAT(policy, Not(HasSubstr("unsafe")));
    EXPECT_THAT(page.body, HasSubstr("<html lang=\"en\">"));
    EXPECT_THAT(page.body, Not(HasSubstr("style=")));
    EXPECT_THAT(page.body, Not(HasSubstr(" onclick")));
    const std::regex script("<script([^>]*)>([^<]*)<");
    for (std::sregex_iterator at(page.body.begin(), page.body.end(), script), end; at != end; ++at) {
      EXPECT_THAT((*at)[1].str(), HasSubstr("src=\"/assets/")) << path;
      EXPECT_EQ((*at)[2].str(), "") << path << " has a script inside";
    }
    // Every input has a label.
    const std::regex input("<input id=\"(\\w+)\"");
    for (std::sregex_iterator at(page.body.begin(), page.body.end(), input), end; at != end; ++at)
      EXPECT_THAT(page.body, HasSubstr("<label for=\"" + (*at)[1].str() + "\">"));
  }
}

TEST_F(Pages, NameAssetsByTheirHashAndThoseMayBeKept) {
  const auto page = get("/").body;
  const std::regex asset("\"(/assets/[^\"]+)\"");
  int found = 0;
  for (std::sregex_iterator at(page.begin(), page.end(), asset), end; at != end; ++at, ++found) {
    const auto path = (*at)[1].str();
    EXPECT_TRUE(std::regex_match(path, std::regex("/assets/app\\.[0-9a-f]{16}\\.(css|js)"))) << path;
    const auto answer = get(path);
    EXPECT_EQ(answer.status, 200);
    EXPECT_THAT(*answer.headers.find("Cache-Control"), HasSubstr("immutable"));
    EXPECT_FALSE(answer.body.empty());
    const auto& etag = *answer.headers.find("ETag");
    const auto again = get(path, {{"If-None-Match", etag}});
    EXPECT_EQ(again.status, 304);
    EXPECT_TRUE(again.body.empty());
    EXPECT_EQ(*again.headers.find("ETag"), etag);
    EXPECT_EQ(get(path, {{"If-None-Match", "\"other\""}}).status, 200);
  }
  EXPECT_EQ(found, 2);
}

TEST_F(Pages, ServeNothingElse) {
  for (const auto* path : {"/assets/app.css", "/assets/index.html", "/assets/none", "/assets/", "/assets",
                           "/index.html", "/signin/", "/assets/app.js/x"})
    EXPECT_EQ(get(path).status, 404) << path;
  for (const auto* path :
       {"/assets/..", "/assets/../etc/passwd", "/assets/%2e%2e/passwd", "/assets/..%2fpasswd",
        "/assets/%2e%2e%5cx", "/assets/a%00.css", "/assets/a\\b", "/%2e%2e/", "/assets/%c0%ae%c0%ae/x",
        "/assets/%ff", "/assets/%", "/assets/a%0d%0ab", "/./signin"})
    EXPECT_EQ(get(path).status, 400) << path;
  EXPECT_EQ(raw("POST", "/signin", "", {}, "").status, 405);
}

}  // namespace
}  // namespace fencepost::http
