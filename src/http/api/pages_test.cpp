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
  for (const auto* path : {"/", "/signin", "/welcome", "/shows", "/shows/7", "/episodes/7", "/connections",
                           "/pipelines", "/uploads", "/?connected=7", "/uploads?channel=1&view=month",
                           "/pipelines/places", "/queues/announcements", "/activity", "/settings"}) {
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
    EXPECT_THAT(policy, Not(HasSubstr("data:")));
    EXPECT_THAT(page.body, HasSubstr("<html lang=\"en\">"));
    EXPECT_THAT(page.body, Not(HasSubstr("style=")));
    EXPECT_THAT(page.body, Not(HasSubstr("<style")));
    EXPECT_THAT(page.body, Not(HasSubstr(" onclick")));
    const std::regex script("<script([^>]*)>([^<]*)<");
    int scripts = 0;
    for (std::sregex_iterator at(page.body.begin(), page.body.end(), script), end; at != end;
         ++at, ++scripts) {
      EXPECT_THAT((*at)[1].str(), HasSubstr("src=\"/assets/")) << path;
      EXPECT_EQ((*at)[2].str(), "") << path << " has a script inside";
    }
    EXPECT_EQ(scripts, 1);
  }
}

TEST_F(Pages, NameAssetsByTheirHashAndThoseMayBeKept) {
  const auto page = get("/").body;
  const std::regex asset("\"(/assets/[^\"]+)\"");
  int found = 0;
  for (std::sregex_iterator at(page.begin(), page.end(), asset), end; at != end; ++at, ++found) {
    const auto path = (*at)[1].str();
    EXPECT_TRUE(std::regex_match(path, std::regex("/assets/[\\w-]+-[\\w-]{8}\\.(css|js|svg)"))) << path;
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
  EXPECT_GE(found, 3);
}

TEST_F(Pages, ArePackedForWhoTakesThat) {
  const auto plain = get("/");
  EXPECT_EQ(plain.headers.find("Content-Encoding"), nullptr);
  EXPECT_EQ(*plain.headers.find("Vary"), "Accept-Encoding");
  for (const auto* takes : {"gzip", "br, gzip", "gzip;q=0.5, deflate", "deflate,gzip;q=1.0"}) {
    const auto packed = get("/", {{"Accept-Encoding", takes}});
    ASSERT_NE(packed.headers.find("Content-Encoding"), nullptr) << takes;
    EXPECT_EQ(*packed.headers.find("Content-Encoding"), "gzip");
    EXPECT_EQ(packed.body.substr(0, 2), "\x1f\x8b");
    // What a cache has of one form is not what the other one is.
    EXPECT_NE(*packed.headers.find("ETag"), *plain.headers.find("ETag"));
    EXPECT_EQ(get("/", {{"Accept-Encoding", takes}, {"If-None-Match", *plain.headers.find("ETag")}}).status,
              200);
  }
  for (const auto* takes : {"", "br", "identity", "gzip;q=0", "gzip; q=0.000, br"})
    EXPECT_EQ(get("/", {{"Accept-Encoding", takes}}).headers.find("Content-Encoding"), nullptr) << takes;
}

TEST_F(Pages, ServeNothingElse) {
  for (const auto* path : {"/assets/app.css", "/assets/index.html", "/assets/none", "/assets/", "/assets",
                           "/index.html", "/signin/", "/assets/app.js/x", "/shows/7/x", "/nowhere"})
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
