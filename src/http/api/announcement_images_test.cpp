// Images of announcements through the API: what is taken, what is told at once, and how they are served.

#include <gmock/gmock.h>

#include "accounts/connections.hpp"
#include "apps/announce/image_links.hpp"
#include "connect/testing/images.hpp"
#include "http/api/testing/fixture.hpp"

namespace fencepost::http {
namespace {

using connect::testing::gif;
using connect::testing::png;
using nlohmann::json;
using ::testing::HasSubstr;

class AnnouncementImagesApi : public testing::ApiTest, public ::testing::WithParamInterface<std::string> {
 protected:
  AnnouncementImagesApi() : ApiTest(GetParam()) {}

  std::string announcement(std::int64_t to) {
    const auto made = send("POST", "/api/v1/announcements",
                           {{"connection_id", to}, {"text", "Later"}, {"run_at", "2037-01-01T00:00:00Z"}});
    return "/api/v1/announcements/" + std::to_string(json_of(made)["id"].get<std::int64_t>());
  }
  Response add(const std::string& path, const std::string& bytes, int version, const std::string& query = "",
               const std::string& type = "image/png", const std::string& key = "") {
    Headers headers{{"Authorization", "Bearer " + admin},
                    {"Content-Type", type},
                    {"If-Match", '"' + std::to_string(version) + '"'}};
    if (!key.empty()) headers.set("Idempotency-Key", key);
    return dispatcher->handle({.method = "POST",
                               .target = path + "/images" + query,
                               .headers = headers,
                               .body = bytes,
                               .peer = "127.0.0.1"});
  }
  static Headers at(int version) { return {{"If-Match", '"' + std::to_string(version) + '"'}}; }
  std::string image(const Response& response, std::size_t place) {
    return "/images/" + std::to_string(json_of(response)["images"].at(place)["id"].get<std::int64_t>());
  }
  std::string detail(const Response& response) { return json_of(response)["detail"]; }

  const std::int64_t discord_ =
      accounts::create_connection(*database->acquire(), vault, "d", "discord", "",
                                  base::Secret("https://discord.com/api/webhooks/1180000000000000001/x"))
          .id;
  const std::string path_ = announcement(discord_);
};

// What the query says is no beginning of the body: each is what was asked for by itself.
TEST_P(AnnouncementImagesApi, AKeyTellsTheQueryFromTheBody) {
  ASSERT_EQ(code(add(path_, png(16, 9), 1, "?alt=cat", "image/png", "k1")), "201");
  EXPECT_EQ(code(add(path_, png(16, 9), 1, "?alt=cat", "image/png", "k1")), "201");
  EXPECT_EQ(code(add(path_, R"({"alt":"cat"})" + png(16, 9), 1, "", "image/png", "k1")),
            "422 idempotency_key_reused");
}

TEST_P(AnnouncementImagesApi, AreAddedShownChangedAndTakenAway) {
  const auto first = add(path_, png(16, 9), 1, "?alt=A%20c%C3%A4t");
  ASSERT_EQ(code(first), "201") << first.body;
  EXPECT_EQ(*first.headers.find("ETag"), "\"2\"");
  const auto shown = json_of(first)["images"][0];
  EXPECT_EQ(shown["alt"], "A cät");
  EXPECT_EQ(shown["width"], 16);
  EXPECT_EQ(shown["position"], 1);
  const auto second = add(path_, gif(32, 32), 2, "?position=1", "image/png");
  ASSERT_EQ(code(second), "201");
  EXPECT_EQ(json_of(second)["images"][0]["media_type"], "image/gif") << "as its bytes are";
  EXPECT_EQ(json_of(send("GET", path_ + "/images"))["images"], json_of(second)["images"]);
  EXPECT_EQ(json_of(send("GET", path_))["images"], json_of(second)["images"]);
  EXPECT_EQ(json_of(send("GET", "/api/v1/announcements"))["items"][0]["images"], json_of(second)["images"]);
  const auto changed =
      send("PATCH", path_ + image(second, 1), {{"alt", "A tom cat"}, {"position", 1}}, at(3));
  ASSERT_EQ(code(changed), "200") << changed.body;
  EXPECT_EQ(json_of(changed)["images"][0]["alt"], "A tom cat");
  const auto left = send("DELETE", path_ + image(changed, 0), nullptr, at(4));
  ASSERT_EQ(code(left), "200");
  EXPECT_EQ(json_of(left)["images"].size(), 1U);
  EXPECT_EQ(*left.headers.find("ETag"), "\"5\"");
  EXPECT_EQ(code(send("DELETE", path_ + image(changed, 0), nullptr, at(5))), "404 not_found");
  EXPECT_EQ(code(send("PATCH", path_ + image(changed, 0), {{"alt", "x"}}, at(5))), "404 not_found");
}

// A platform fetches it while its claim is at work: no sign-in, no name that could be guessed, nothing kept.
TEST_P(AnnouncementImagesApi, AreFetchedByWhoKnowsTheLinkForAsLongAsTheirClaimLasts) {
  const auto made =
      json_of(send("POST", "/api/v1/announcements", {{"connection_id", discord_}, {"text", "x"}}));
  const auto id = made["id"].get<std::int64_t>();
  const auto bytes = png(16, 9, "<script>alert(1)</script>");
  const auto path = "/api/v1/announcements/" + std::to_string(id);
  const auto image = json_of(add(path, bytes, 1))["images"][0]["id"].get<std::int64_t>();
  const auto claim = stage.fence().claim(*database->acquire(), 1, std::chrono::hours(1), 7).at(0).claim;
  const announce::ImageLinks links(vault, "https://here.example");
  const auto link = [&](std::int64_t of, std::int64_t claimed) {
    return links.url(id, of, claimed).substr(std::string("https://here.example").size());
  };
  const auto fetched = [&](const std::string& target) { return raw("GET", target, "", {}, ""); };
  const auto good = link(image, claim);
  const auto served = fetched(good);
  ASSERT_EQ(served.status, 200);
  EXPECT_EQ(served.body, bytes);
  EXPECT_EQ(*served.headers.find("Content-Type"), "image/png");
  EXPECT_EQ(*served.headers.find("Cache-Control"), "no-store");
  EXPECT_THAT(*served.headers.find("Content-Security-Policy"), HasSubstr("sandbox"));
  EXPECT_EQ(raw("HEAD", good, "", {}, "").status, 200);
  EXPECT_NE(good, link(image, claim)) << "two links to one image are not alike";
  EXPECT_EQ(code(fetched(link(image, claim + 1))), "404 not_found");
  EXPECT_EQ(code(fetched(link(image + 1, claim))), "404 not_found");
  for (const auto at : {good.size() - 2, good.size() / 2, good.rfind('/') + 5}) {
    auto forged = good;
    forged[at] = forged[at] == 'A' ? 'B' : 'A';
    EXPECT_EQ(code(fetched(forged)), "404 not_found") << at;
  }
  EXPECT_EQ(code(fetched("/api/v1/image-links/" + std::to_string(image))), "404 not_found");
  EXPECT_EQ(code(fetched("/api/v1/image-links/" + std::string(1000, 'A'))), "404 not_found");
  EXPECT_EQ(answer(send("POST", path + "/disable")), "200 prevented");
  EXPECT_EQ(code(fetched(good)), "404 not_found") << "nobody wants it posted any more";
}

// What is asked for stands in the query, too.
TEST_P(AnnouncementImagesApi, AnotherDescriptionUnderTheSameKeyIsAnotherRequest) {
  const auto first = add(path_, png(16, 9), 1, "?alt=A%20cat", "image/png", "k1");
  ASSERT_EQ(code(first), "201");
  EXPECT_EQ(add(path_, png(16, 9), 1, "?alt=A%20cat", "image/png", "k1").body, first.body);
  EXPECT_EQ(code(add(path_, png(16, 9), 1, "?alt=A%20dog", "image/png", "k1")), "422 idempotency_key_reused");
  EXPECT_EQ(code(add(path_, png(16, 9), 1, "", "image/png", "k1")), "422 idempotency_key_reused");
}

TEST_P(AnnouncementImagesApi, AreServedAsWhatTheyAreAndNeverRun) {
  const auto bytes = png(16, 9, "<script>alert(1)</script>");
  const auto served = raw("GET", path_ + image(add(path_, bytes, 1, "", "image/svg+xml"), 0), "", {}, admin);
  ASSERT_EQ(served.status, 200);
  EXPECT_EQ(served.body, bytes);
  EXPECT_EQ(*served.headers.find("Content-Type"), "image/png");
  EXPECT_EQ(*served.headers.find("X-Content-Type-Options"), "nosniff");
  EXPECT_THAT(*served.headers.find("Content-Disposition"), HasSubstr("attachment; filename=\"image-"));
  EXPECT_THAT(*served.headers.find("Content-Security-Policy"), HasSubstr("default-src 'none'"));
}

TEST_P(AnnouncementImagesApi, WhatIsNoImageIsRefused) {
  for (const auto& bytes : {std::string("<svg xmlns=\"http://www.w3.org/2000/svg\"/>"), std::string(),
                            std::string("<html>"), png(16, 9).substr(0, 10)})
    EXPECT_EQ(code(add(path_, bytes, 1)), "422 invalid_image") << bytes;
  EXPECT_EQ(code(add(path_, png(16, 9), 1, "", "text/html")), "415 unsupported_media_type");
  EXPECT_EQ(code(add(path_, png(16, 9), 1, "", "image/")), "415 unsupported_media_type");
  EXPECT_EQ(dispatcher->body_limit("POST", path_ + "/images"), std::uint64_t{16} << 20);
  EXPECT_EQ(json_of(send("GET", path_))["version"], 1);
}

TEST_P(AnnouncementImagesApi, WhatThePlatformDoesNotTakeIsToldAtOnce) {
  EXPECT_EQ(detail(add(path_, png(16, 9, std::string(11'000'000, 'x')), 1)),
            "an image for Discord has 1 to 10485760 bytes");
  const auto half = png(16, 9, std::string(6'000'000, 'x'));
  EXPECT_EQ(code(add(path_, half, 1)), "201");
  EXPECT_EQ(detail(add(path_, half, 2)),
            "the images of a post on Discord have at most 10485760 bytes together");
  EXPECT_EQ(
      detail(send("PATCH", path_ + image(send("GET", path_), 0), {{"alt", std::string(1025, 'x')}}, at(2))),
      "an image's description for Discord has at most 1024 characters");
  const auto preview = json_of(send("GET", path_ + "/preview"));
  EXPECT_EQ(preview["images"], 1);
  EXPECT_EQ(preview["most_images"], 10);
  // What the pages say before anything is sent is the connector's own rule.
  const auto rules = discord.image_rules({});
  EXPECT_EQ(preview["image_rules"]["types"], rules.types);
  EXPECT_EQ(preview["image_rules"]["bytes"], rules.bytes);
  EXPECT_EQ(preview["image_rules"]["alt_length"], rules.alt_length);
  EXPECT_TRUE(preview["image_rules"]["why_none"].is_null());
  EXPECT_TRUE(preview["images_problem"].is_null());
  EXPECT_EQ(detail(add(announcement(connection), png(16, 9), 1)), "webhook takes no images");
}

TEST_P(AnnouncementImagesApi, WhatAnotherProgramPutThereIsToldInThePreview) {
  const auto path = announcement(connection);
  add(path_, png(16, 9), 1);
  database.run("UPDATE fencepost_announcement_images SET announcement_id = $1",
               {std::stoll(path.substr(path.rfind('/') + 1))});
  const auto preview = json_of(send("GET", path + "/preview"));
  EXPECT_EQ(preview["most_images"], 0);
  EXPECT_TRUE(preview["image_rules"]["bytes"].is_null());
  EXPECT_EQ(preview["images_problem"], "webhook takes no images");
}

TEST_P(AnnouncementImagesApi, AreEditsOfTheVersionThatWasSeen) {
  ASSERT_EQ(code(add(path_, png(16, 9), 1)), "201");
  EXPECT_EQ(code(add(path_, png(16, 9), 1)), "412 version_conflict");
  const auto one = path_ + image(send("GET", path_), 0);
  EXPECT_EQ(code(send("PATCH", one, {{"alt", "x"}}, at(1))), "412 version_conflict");
  EXPECT_EQ(code(send("DELETE", one, nullptr, at(1))), "412 version_conflict");
  EXPECT_EQ(code(send("DELETE", one)), "428 precondition_required");
  EXPECT_EQ(code(send("PATCH", path_, {{"text", "Other"}}, at(1))), "412 version_conflict");
}

TEST_P(AnnouncementImagesApi, ARepetitionUnderItsKeyAddsNothing) {
  const auto made = add(path_, png(16, 9), 1, "", "image/png", "k1");
  const auto again = add(path_, png(16, 9), 1, "", "image/png", "k1");
  EXPECT_EQ(code(again), "201");
  EXPECT_EQ(again.body, made.body);
  EXPECT_EQ(*again.headers.find("Idempotent-Replayed"), "true");
  EXPECT_EQ(code(add(path_, png(17, 9), 2, "", "image/png", "k1")), "422 idempotency_key_reused");
  EXPECT_EQ(json_of(send("GET", path_))["images"].size(), 1U);
}

TEST_P(AnnouncementImagesApi, OfAStrangerAreNotThere) {
  const auto one = path_ + image(add(path_, png(16, 9), 1), 0);
  const auto stranger = signed_in(person("stranger"));
  EXPECT_EQ(code(as(stranger, "GET", one)), "404 not_found");
  EXPECT_EQ(code(as(stranger, "GET", path_ + "/images")), "404 not_found");
  // Nor of another announcement.
  EXPECT_EQ(code(send("GET", announcement(discord_) + one.substr(one.rfind("/images")))), "404 not_found");
}

INSTANTIATE_TEST_SUITE_P(Databases, AnnouncementImagesApi, ::testing::Values("sqlite", "postgres"),
                         [](const auto& database) { return database.param; });

}  // namespace
}  // namespace fencepost::http
