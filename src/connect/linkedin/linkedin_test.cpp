#include "connect/linkedin/linkedin.hpp"

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "connect/testing/platform_fixture.hpp"

namespace fencepost::connect {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::answer;
using testing::body_of;
using testing::json_answer;

const std::string kUrn = "urn:li:share:7141138937766391808";
// github.com/Arisamiga/Linkedin-RSS, issue 5, has this answer of the real one.
const std::string kDuplicate =
    R"({"errorDetailType":"com.linkedin.common.error.BadRequest","message":"com.linkedin.content.common.)"
    R"(exception.BadRequestResponseException: Content is a duplicate of )" +
    kUrn +
    R"(","errorDetails":{"inputErrors":[{"description":"Duplicate post is detected","input":{},)"
    R"("code":"DUPLICATE_POST"}]},"status":422})";

class LinkedInTest : public testing::PlatformTest {
 protected:
  LinkedIn linkedin() {
    return LinkedIn(http_, limits_.of("linkedin"), {.url = url(), .site = "https://in.test"});
  }
  const Account account_{.target = "", .id = "urn:li:person:Demo_1", .name = "Demo"};

  Rendered rendered(const Post& post = {"Live now (really)", ""}) {
    return linkedin().render(post, account_, key());
  }
  Outcome sent(const std::string& bytes) {
    always(bytes);
    return linkedin().send(rendered(), credentials_, key(), deadline(), {});
  }
  Look looked(const std::string& bytes) {
    always(bytes);
    return linkedin().look(rendered(), credentials_, key(), deadline(), {});
  }
};

TEST_F(LinkedInTest, RendersTheSameBytesEachTime) {
  always("");
  EXPECT_EQ(rendered().request, rendered().request);
  const auto body = json::parse(rendered().request);
  EXPECT_EQ(body["author"], "urn:li:person:Demo_1");
  EXPECT_EQ(body["commentary"], R"(Live now \(really\))");
  EXPECT_EQ(linkedin().text_of(rendered()), "Live now (really)");
  EXPECT_EQ(body["lifecycleState"], "PUBLISHED");
  EXPECT_FALSE(body.contains("content"));
  EXPECT_EQ(rendered().destination, url() + "/rest/posts");
}

TEST_F(LinkedInTest, ALinkWithATitleIsACard) {
  always("");
  const Post post{
      .text = "Live", .url = "https://example.com/a_b", .title = "The show", .description = "about"};
  const auto body = json::parse(rendered(post).request);
  EXPECT_EQ(body["content"]["article"]["source"], "https://example.com/a_b");
  EXPECT_NE(body["commentary"].get<std::string>().find(R"(https://example.com/a\_b)"), std::string::npos);
}

TEST_F(LinkedInTest, SendsWhatWasRenderedAndReadsTheIdFromTheHeader) {
  const auto outcome = sent(answer("201 Created", "", "x-restli-id: " + kUrn + "\r\n"));
  EXPECT_EQ(outcome.verdict, Verdict::accepted);
  EXPECT_EQ(outcome.remote_id, kUrn);
  EXPECT_EQ(outcome.remote_url, "https://in.test/feed/update/" + kUrn + "/");
  ASSERT_EQ(seen().size(), 1u);
  EXPECT_EQ(body_of(seen()[0]), rendered().request);
  EXPECT_NE(seen()[0].find("LinkedIn-Version: 202606\r\n"), std::string::npos);
  EXPECT_NE(seen()[0].find("X-Restli-Protocol-Version: 2.0.0\r\n"), std::string::npos);
}

TEST_F(LinkedInTest, EveryStatusHasItsMeaning) {
  for (const int status : {400, 403, 404, 422})
    expect_certain(sent(json_answer(std::to_string(status) + " No", R"({"message":"No."})")),
                   Reason::rejected);
  expect_certain(sent(json_answer("401 No", R"({"code":"EXPIRED_ACCESS_TOKEN"})")), Reason::credentials);
  for (const int status : {408, 409, 500, 502, 503, 504})
    expect_unknown(sent(json_answer(std::to_string(status) + " Oops", "{}")));
  expect_unknown(sent(""));
  expect_unknown(sent("\x01\x02 this is not HTTP\r\n\r\n"));
  expect_unknown(sent(json_answer("200 OK", "{}")));
  const auto version = sent(json_answer("426 Upgrade Required", "{}"));
  expect_certain(version, Reason::rejected);
  EXPECT_NE(version.error.find("platform-limits"), std::string::npos);
}

TEST_F(LinkedInTest, AHintAtADuplicateIsUnknownAndNamesThePost) {
  const auto outcome = sent(json_answer("422 Unprocessable Entity", kDuplicate));
  expect_unknown(outcome);
  EXPECT_NE(outcome.error.find(kUrn), std::string::npos) << outcome.error;
  EXPECT_TRUE(outcome.remote_id.empty()) << "evidence, not a yes: it may be a post that was deleted";
}

TEST_F(LinkedInTest, TheDaysPostsAreUsedUpUntilMidnight) {
  const auto limited = sent(json_answer(
      "429 Too Many Requests",
      R"({"message":"Resource level throttle MEMBER DAY limit for calls to this resource is reached."})"));
  expect_certain(limited, Reason::rate_limited);
  EXPECT_EQ(limited.rest, base::Duration(14h)) << "it is 10:00 UTC";
  EXPECT_EQ(sent(json_answer("429 No", "{}", "Retry-After: 7\r\n")).retry_after, base::Duration(7s));
  EXPECT_FALSE(sent(json_answer("429 No", "{}")).retry_after);
}

TEST_F(LinkedInTest, PicturesAreUploadedBeforeThePost) {
  serve([this](const std::string& request) {
    if (request.starts_with("PUT")) return answer("201 Created");
    return json_answer(
        "200 OK", json{{"value", {{"uploadUrl", url() + "/up/1"}, {"image", "urn:li:image:C5"}}}}.dump());
  });
  Post post{
      .text = "Look", .url = "", .images = {{.bytes = "png", .media_type = "image/png", .alt = "a cat"}}};
  const auto prepared = [&] {
    auto connector = linkedin();
    return json::parse(std::get<Rendered>(connector.prepare(connector.render(post, account_, "k"), post,
                                                            account_, credentials_, "k", deadline(), {}))
                           .request);
  };
  EXPECT_EQ(prepared()["content"]["media"], json({{"id", "urn:li:image:C5"}, {"altText", "a cat"}}));
  EXPECT_EQ(body_of(seen()[1]), "png");
  post.images.push_back(post.images[0]);
  EXPECT_EQ(prepared()["content"]["multiImage"]["images"].size(), 2u);
  EXPECT_EQ(times("POST /rest/posts"), 0);
}

TEST_F(LinkedInTest, AnUploadThatFailsPostsNothingAndIsCertain) {
  const Post post{
      .text = "Look", .url = "", .images = {{.bytes = "x", .media_type = "image/png", .alt = ""}}};
  for (const auto& bytes : {json_answer("503 No", "{}"), std::string(), json_answer("200 OK", "{}")}) {
    always(bytes);
    auto connector = linkedin();
    expect_certain(std::get<Outcome>(connector.prepare(connector.render(post, account_, "k"), post, account_,
                                                       credentials_, "k", deadline(), {})),
                   Reason::temporary);
  }
}

TEST_F(LinkedInTest, AnAccountThatNobodyVerifiedIsAskedFor) {
  always(json_answer("200 OK", R"({"sub":"Demo_1","name":"Demo"})"));
  auto connector = linkedin();
  const auto prepared = connector.prepare(connector.render({"Live", ""}, {}, "k"), {"Live", ""}, {},
                                          credentials_, "k", deadline(), {});
  EXPECT_EQ(json::parse(std::get<Rendered>(prepared).request)["author"], "urn:li:person:Demo_1");
}

TEST_F(LinkedInTest, LooksAmongTheAuthorsPosts) {
  const auto at = [&](base::Duration after) { return (clock_.wall() + after.count()) / 1000; };
  const auto listed = [&](base::Duration after, const std::string& text) {
    return json{{"id", kUrn}, {"commentary", text}, {"createdAt", at(after)}};
  };
  const auto list = [](const std::vector<json>& elements) {
    return json_answer("200 OK", json{{"elements", elements}}.dump());
  };
  const auto found = looked(list({listed(1min, "other"), listed(1s, R"(Live now \(really\))")}));
  EXPECT_EQ(found.presence, Presence::present);
  EXPECT_EQ(found.remote_id, kUrn);
  EXPECT_NE(seen()[0].find("author=urn%3Ali%3Aperson%3ADemo_1&q=author"), std::string::npos);
  EXPECT_NE(seen()[0].find("X-RestLi-Method: FINDER"), std::string::npos);
  EXPECT_EQ(looked(list({listed(-1h, R"(Live now \(really\))")})).presence, Presence::absent)
      << "an older one of the same text";
  EXPECT_EQ(looked(list({})).presence, Presence::absent);
  EXPECT_EQ(looked(list(std::vector<json>(100, listed(1s, "other")))).presence, Presence::cannot_tell);
  EXPECT_EQ(linkedin().refuses_second_arrival(), base::Duration(0));
}

TEST_F(LinkedInTest, CannotTellWhereLinkedInLetsNobodyRead) {
  for (const auto& bytes : {json_answer("403 Forbidden", "{}"), json_answer("401 No", "{}"),
                            json_answer("500 No", "{}"), json_answer("200 OK", "<html>"), std::string()})
    EXPECT_EQ(looked(bytes).presence, Presence::cannot_tell) << bytes;
}

TEST_F(LinkedInTest, RefusesWhatItCannotCarry) {
  always("");
  const Image good{.bytes = "x", .media_type = "image/png", .alt = ""};
  auto strange = good, huge = good;
  strange.media_type = "image/webp";
  huge.width = huge.height = 6100;
  for (const auto& image : {strange, huge}) EXPECT_THROW((void)rendered({"t", "", {image}}), base::UserError);
  EXPECT_THROW((void)rendered({"t", "", std::vector<Image>(21, good)}), base::UserError);
  EXPECT_THROW((void)rendered({"", ""}), base::UserError);
  EXPECT_THROW((void)rendered({.text = "and", .url = "", .reply_to = Thread{}}), base::UserError);
  EXPECT_THROW(linkedin().check("https://example.com", credentials_), base::UserError);
  EXPECT_THROW(linkedin().check("", {base::Secret("two words")}), base::UserError);
}

TEST_F(LinkedInTest, VerifyNamesTheAccount) {
  always(json_answer("200 OK", R"({"sub":"Demo_1","name":"Demo Person"})"));
  const auto verified = linkedin().verify({}, credentials_, deadline(), {});
  EXPECT_EQ(verified.account.id, "urn:li:person:Demo_1");
  EXPECT_EQ(verified.account.name, "Demo Person");
  always(json_answer("401 No", "{}"));
  expect_certain(linkedin().verify({}, credentials_, deadline(), {}).outcome, Reason::credentials);
}

}  // namespace
}  // namespace fencepost::connect
