// What is made ready before the gate: images, mentions, replies.

#include "connect/bluesky/testing/fixture.hpp"

namespace fencepost::connect {
namespace {

using nlohmann::json;

json record_of(const Rendered& rendered) { return json::parse(rendered.request)["record"]; }

const Image kImage{"\x89PNG some bytes", "image/png", "A cat on air", 1600, 900};

TEST_F(BlueskyTest, ImagesAreUploadedBeforeThePostNamesThem) {
  const auto credentials = session();
  const Post post{"Look", "https://example.com/", {kImage, {"GIF", "image/gif", "", 0, 0}}, "A title", "", "",
                  {}};
  const auto rendered = ready(post, credentials, key());
  EXPECT_EQ(emulator_->accepted("blob"), 2);
  EXPECT_EQ(emulator_->accepted("post"), 0);
  const auto embed = record_of(rendered)["embed"];
  EXPECT_EQ(embed["$type"], "app.bsky.embed.images") << "instead of the link card: a post has one of them";
  EXPECT_EQ(embed["images"][0]["alt"], "A cat on air");
  EXPECT_EQ(embed["images"][0]["aspectRatio"], (json{{"width", 1600}, {"height", 900}}));
  EXPECT_EQ(embed["images"][0]["image"]["mimeType"], "image/png");
  EXPECT_FALSE(embed["images"][1].contains("aspectRatio"));
  EXPECT_EQ(send(rendered, credentials).verdict, Verdict::accepted);
}

TEST_F(BlueskyTest, ImagesThatThePlatformWouldRefuseAreNamedAtOnce) {
  auto large = kImage, odd = kImage;
  large.bytes.assign(1'000'001, 'x');
  odd.media_type = "image/tiff";
  auto broken = kImage;
  broken.alt = "\xff";
  EXPECT_THROW((void)bluesky_.render({"x", "", {broken}}, account_, kKey), base::UserError);
  EXPECT_THROW((void)bluesky_.render({"x", "", {large}}, account_, kKey), base::UserError);
  EXPECT_THROW((void)bluesky_.render({"x", "", {odd}}, account_, kKey), base::UserError);
  EXPECT_THROW((void)bluesky_.render({"x", "", std::vector<Image>(5, kImage)}, account_, kKey),
               base::UserError);
  large.bytes.assign(1'000'000, 'x');
  EXPECT_NO_THROW((void)bluesky_.render({"x", "", std::vector<Image>(4, large)}, account_, kKey));
}

TEST_F(BlueskyTest, AnUploadThatFailsIsACertainFailureOfAPostThatWasNotSent) {
  const auto credentials = session();
  const Post post{"Look", "", {kImage}};
  const auto refused = [](int status, const char* name) {
    return json{{"mode", "status"}, {"status", status}, {"body", {{"error", name}}}};
  };
  const std::vector<std::pair<json, Reason>> faults = {
      {{{"mode", "accept_then_cut"}}, Reason::temporary},
      {{{"mode", "cut_before"}}, Reason::temporary},
      {{{"mode", "status"}}, Reason::temporary},
      {{{"mode", "malformed"}}, Reason::temporary},
      {refused(400, "ExpiredToken"), Reason::credentials},
      {refused(413, "PayloadTooLarge"), Reason::rejected},
      {refused(429, "RateLimitExceeded"), Reason::rate_limited}};
  for (const auto& [fault, reason] : faults) {
    emulator_->fault(fault);
    auto answer = bluesky_.prepare(bluesky_.render(post, account_, kKey), post, account_, credentials, kKey,
                                   soon(), {});
    ASSERT_TRUE(std::holds_alternative<Outcome>(answer)) << fault;
    EXPECT_EQ(std::get<Outcome>(answer).verdict, Verdict::certain_failure) << fault;
    EXPECT_EQ(std::get<Outcome>(answer).reason, reason) << fault;
  }
  EXPECT_EQ(emulator_->accepted("post"), 0);
}

TEST_F(BlueskyTest, WithoutASessionNothingIsPrepared) {
  auto answer = bluesky_.prepare(bluesky_.render({"x", ""}, account_, kKey), {"x", ""}, account_, typed_in(),
                                 kKey, soon(), {});
  ASSERT_TRUE(std::holds_alternative<Outcome>(answer));
  EXPECT_EQ(std::get<Outcome>(answer).reason, Reason::credentials);
}

TEST_F(BlueskyTest, MentionsOfSomebodyBecomeFacetsAndOthersStayText) {
  const auto credentials = session();
  const auto record = record_of(ready({"Grüße @Bob.test, @nobody.test #live", ""}, credentials, key()));
  ASSERT_EQ(record["facets"].size(), 2u) << record.dump();
  EXPECT_EQ(record["facets"][0]["index"], (json{{"byteStart", 8}, {"byteEnd", 17}}));
  EXPECT_TRUE(record["facets"][0]["features"][0]["did"].get<std::string>().starts_with("did:plc:"));
  EXPECT_EQ(record["facets"][1]["features"][0]["tag"], "live");
  // Whose a handle is does not decide whether a post goes out.
  emulator_->fault({{"mode", "status"}});
  EXPECT_EQ(record_of(ready({"Hi @bob.test", ""}, credentials, key())).count("facets"), 0u);
}

TEST_F(BlueskyTest, AReplyNamesTheFirstPostAndTheOneBefore) {
  const auto credentials = session();
  const auto first = send(ready({"1/3", ""}, credentials, key()), credentials);
  const Remote root{first.remote_id, first.remote_url};
  const auto second =
      send(ready({"2/3", "", {}, "", "", "", Thread{root, root}}, credentials, key()), credentials);
  // The cid of the second was lost: its answer came cut.
  const Remote without{second.remote_id.substr(0, second.remote_id.find('#')), ""};
  const auto third = ready({"3/3", "", {}, "", "", "", Thread{root, without}}, credentials, key());
  const auto reply = record_of(third)["reply"];
  EXPECT_EQ(reply["root"]["uri"].get<std::string>() + "#" + reply["root"]["cid"].get<std::string>(),
            first.remote_id);
  EXPECT_EQ(reply["parent"]["uri"].get<std::string>() + "#" + reply["parent"]["cid"].get<std::string>(),
            second.remote_id);
  EXPECT_EQ(send(third, credentials).verdict, Verdict::accepted);
  for (const auto* gone :
       {"at://did:plc:x/app.bsky.feed.post/3aaaaaaaaaaaa", "https://example.com/1", "at://x"}) {
    const Post post{"4", "", {}, "", "", "", Thread{root, Remote{gone, ""}}};
    auto answer = bluesky_.prepare(bluesky_.render(post, account_, kKey), post, account_, credentials, kKey,
                                   soon(), {});
    ASSERT_TRUE(std::holds_alternative<Outcome>(answer)) << gone;
    EXPECT_EQ(std::get<Outcome>(answer).reason, Reason::rejected) << gone;
  }
}

}  // namespace
}  // namespace fencepost::connect
