#include "connect/x/x.hpp"

#include <nlohmann/json.hpp>
#include <thread>

#include "base/error.hpp"
#include "connect/oauth/oauth1.hpp"
#include "connect/testing/platform_fixture.hpp"
#include "connect/x/find.hpp"

namespace fencepost::connect {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::answer;
using testing::body_of;
using testing::json_answer;

const std::string kMade = R"({"data":{"id":"1460323737035677698","text":"Live now"}})";
const std::string kDuplicate = R"({"detail":"You are not allowed to create a Tweet with duplicate content.",)"
                               R"("type":"about:blank","title":"Forbidden","status":403})";

class XTest : public testing::PlatformTest {
 protected:
  X x() { return X(http_, limits_.of("x"), {.url = url(), .site = "https://x.test"}); }
  const Account account_{.target = "", .id = "1001", .name = "@demo"};

  Rendered rendered(const std::string& text = "Live now", const std::string& link = "") {
    return x().render({text, link}, account_, key());
  }
  Outcome sent(const std::string& bytes) {
    always(bytes);
    return x().send(rendered(), credentials_, key(), deadline(), {});
  }
  Look looked(const std::vector<json>& pages, const std::string& text = "Live now",
              const std::string& link = "") {
    serve([pages, n = std::size_t{0}](const std::string&) mutable {
      return json_answer("200 OK", pages.at(n++).dump());
    });
    return x().look(rendered(text, link), credentials_, key(), deadline(), {});
  }
  std::string in(base::Duration wait) const {
    return std::to_string((clock_.wall() + wait.count()) / 1'000'000);
  }
};

TEST_F(XTest, RendersTheSameBytesEachTimeAndWhatTheyCost) {
  always("");
  const auto one = rendered(), two = rendered();
  EXPECT_EQ(one.request, two.request);
  EXPECT_EQ(one.request, R"({"user":"1001","post":{"text":"Live now"}})");
  EXPECT_EQ(one.destination, url() + "/2/tweets");
  EXPECT_EQ(x().text_of(one), "Live now");
  EXPECT_EQ(one.cost, 15'000);
  EXPECT_EQ(rendered("Live now", "https://example.com/show").cost, 200'000);
  EXPECT_EQ(rendered("See example.com").cost, 200'000)
      << "a bare domain becomes a link, and is charged as one";
  const Post answer{.text = "and", .url = "", .reply_to = Thread{{"1", ""}, {"2", ""}}};
  EXPECT_EQ(json::parse(x().render(answer, account_, key()).request)["post"]["reply"]["in_reply_to_tweet_id"],
            "2");
  EXPECT_THROW((void)x().render({"", ""}, account_, key()), base::UserError);
}

TEST_F(XTest, SendsExactlyWhatWasRenderedAsTheUser) {
  const auto outcome = sent(json_answer("201 Created", kMade));
  EXPECT_EQ(outcome.verdict, Verdict::accepted);
  EXPECT_EQ(outcome.remote_id, "1460323737035677698");
  EXPECT_EQ(outcome.remote_url, "https://x.test/i/status/1460323737035677698");
  ASSERT_EQ(seen().size(), 1u);
  EXPECT_EQ(body_of(seen()[0]), R"({"text":"Live now"})") << "X refuses unknown members";
  EXPECT_NE(seen()[0].find(std::string("Authorization: Bearer ") + kToken), std::string::npos);
}

TEST_F(XTest, TheFourKeysOfOAuth1SignEachRequest) {
  credentials_.secret =
      base::Secret(R"({"consumer_key":"ck","consumer_secret":"cs","token":"t","token_secret":"ts"})");
  EXPECT_EQ(sent(json_answer("201 Created", kMade)).verdict, Verdict::accepted);
  EXPECT_NE(seen()[0].find("Authorization: OAuth "), std::string::npos);
  EXPECT_NE(seen()[0].find("oauth_signature=\""), std::string::npos);
  EXPECT_EQ(seen()[0].find("cs\""), std::string::npos);
}

TEST_F(XTest, AYesWhoseBodyIsCutOrGarbageStaysAYes) {
  EXPECT_EQ(sent("HTTP/1.1 201 Created\r\nContent-Length: 99\r\n\r\n{\"data\":").verdict, Verdict::accepted);
  EXPECT_EQ(sent(json_answer("201 Created", "<html>")).verdict, Verdict::accepted);
  expect_unknown(sent(json_answer("200 OK", "<html>")));
}

TEST_F(XTest, EveryStatusHasItsMeaning) {
  for (const int status : {400, 403, 404, 413, 422})
    expect_certain(sent(json_answer(std::to_string(status) + " No", R"({"detail":"No."})")),
                   Reason::rejected);
  expect_certain(sent(json_answer("401 Unauthorized", "{}")), Reason::credentials);
  expect_certain(sent(json_answer("402 Payment Required", "{}")), Reason::rejected);
  for (const int status : {408, 409, 500, 502, 503, 504})
    expect_unknown(sent(json_answer(std::to_string(status) + " Oops", "{}")));
  expect_unknown(sent("\x01\x02 this is not HTTP\r\n\r\n"));
  expect_unknown(sent(""));
  EXPECT_EQ(sent(json_answer("403 Forbidden", R"({"detail":"You are suspended."})")).error,
            "X answered 403: You are suspended.");
}

TEST_F(XTest, WhatNeverLeftIsCertain) {
  always("");
  const auto request = rendered();
  X nobody(http_, limits_.of("x"), {.url = "http://127.0.0.1:" + std::to_string(testing::refused_port())});
  expect_certain(nobody.send(request, credentials_, key(), deadline(), {}), Reason::temporary);
}

// It follows a deleted post as well as an accepted one: neither "posted" nor "not posted" may be said.
TEST_F(XTest, AHintAtADuplicateIsUnknown) { expect_unknown(sent(json_answer("403 Forbidden", kDuplicate))); }

TEST_F(XTest, ARateLimitSaysWhenToComeBack) {
  const auto limited =
      sent(json_answer("429 Too Many Requests", "{}",
                       "x-rate-limit-remaining: 0\r\nx-rate-limit-reset: " + in(10min) + "\r\n"));
  expect_certain(limited, Reason::rate_limited);
  EXPECT_EQ(limited.retry_after, base::Duration(10min));
  EXPECT_EQ(limited.rest, base::Duration(10min));
  // Two windows; the one that is used up longest counts, the one that is not does not.
  const auto day = sent(json_answer(
      "429 Too Many Requests", "{}",
      "x-rate-limit-remaining: 0\r\nx-rate-limit-reset: " + in(1min) +
          "\r\nx-app-limit-24hour-remaining: 0\r\nx-app-limit-24hour-reset: " + in(5h) +
          "\r\nx-user-limit-24hour-remaining: 7\r\nx-user-limit-24hour-reset: " + in(9h) + "\r\n"));
  EXPECT_EQ(day.retry_after, base::Duration(5h));
  EXPECT_EQ(sent(json_answer("429 Too Many Requests", "{}")).retry_after, base::Duration(15min));
  EXPECT_EQ(sent(json_answer("429 Too Many Requests", "{}",
                             "x-rate-limit-remaining: 0\r\nx-rate-limit-reset: 99999999999999999999\r\n"))
                .retry_after,
            base::Duration(15min))
      << "what is no time is not obeyed";
}

TEST_F(XTest, TheLastPostOfAWindowLetsTheAccountRest) {
  const auto outcome = sent(json_answer(
      "201 Created", kMade, "x-rate-limit-remaining: 0\r\nx-rate-limit-reset: " + in(3min) + "\r\n"));
  EXPECT_EQ(outcome.verdict, Verdict::accepted);
  EXPECT_EQ(outcome.rest, base::Duration(3min));
}

TEST_F(XTest, PicturesAreUploadedWithTheirDescriptionsBeforeThePost) {
  serve([](const std::string& request) {
    if (request.starts_with("POST /2/media/upload/initialize"))
      return json_answer("200 OK", R"({"data":{"id":"42"}})");
    if (request.find("/finalize") != std::string::npos)
      return json_answer(
          "200 OK", R"({"data":{"id":"42","processing_info":{"state":"pending","check_after_secs":0}}})");
    if (request.starts_with("GET /2/media/upload"))
      return json_answer("200 OK", R"({"data":{"id":"42","processing_info":{"state":"succeeded"}}})");
    return json_answer("200 OK", "{}");
  });
  const Post post{
      .text = "Look",
      .url = "",
      .images = {{.bytes = std::string(1'500'000, 'x'), .media_type = "image/png", .alt = "a cat"}}};
  auto connector = x();
  const auto before = connector.render(post, account_, "k");
  EXPECT_EQ(before.request.find("media_ids"), std::string::npos);
  const auto after = connector.prepare(before, post, account_, credentials_, "k", deadline(), {});
  ASSERT_TRUE(std::holds_alternative<Rendered>(after)) << std::get<Outcome>(after).error;
  EXPECT_EQ(json::parse(std::get<Rendered>(after).request)["post"]["media"]["media_ids"], json({"42"}));
  EXPECT_EQ(times("POST /2/media/upload/42/append"), 2) << "in pieces of a mebibyte";
  EXPECT_EQ(times("GET /2/media/upload"), 1);
  EXPECT_EQ(body_of(seen().back()), R"({"id":"42","metadata":{"alt_text":{"text":"a cat"}}})");
  EXPECT_EQ(times("POST /2/tweets"), 0);
}

TEST_F(XTest, AnUploadThatFailsPostsNothingAndIsCertain) {
  const Post post{
      .text = "Look", .url = "", .images = {{.bytes = "x", .media_type = "image/png", .alt = ""}}};
  const auto prepared = [&](const std::string& bytes) {
    always(bytes);
    auto connector = x();
    return std::get<Outcome>(connector.prepare(connector.render(post, account_, "k"), post, account_,
                                               credentials_, "k", deadline(), {}));
  };
  expect_certain(prepared(json_answer("503 Service Unavailable", "{}")), Reason::temporary);
  expect_certain(prepared(""), Reason::temporary);
  expect_certain(prepared(json_answer("200 OK", "{}")), Reason::temporary);
  expect_certain(prepared(json_answer("200 OK", R"({"data":{"id":"../tweets"}})")), Reason::temporary);
  expect_certain(prepared(json_answer("401 Unauthorized", "{}")), Reason::credentials);
  expect_certain(prepared(json_answer("400 Bad Request", "{}")), Reason::rejected);
}

TEST_F(XTest, PicturesThatXWouldRefuseAreRefusedHere) {
  always("");
  const Image good{.bytes = "x", .media_type = "image/png", .alt = "a"};
  auto big = good, strange = good, empty = good, gif = good, long_alt = good;
  big.bytes = std::string(5'242'881, 'x');
  strange.media_type = "image/tiff";
  empty.bytes.clear();
  gif.media_type = "image/gif";
  long_alt.alt = std::string(1001, 'a');
  for (const auto& images : std::vector<std::vector<Image>>{
           {big}, {strange}, {empty}, {long_alt}, {gif, good}, {good, good, good, good, good}})
    EXPECT_THROW((void)x().render({"t", "", images}, account_, "k"), base::UserError);
  EXPECT_NO_THROW((void)x().render({"t", "", {good, good, good, good}}, account_, "k"));
}

TEST_F(XTest, LooksForTheTextThatXHasRewritten) {
  const json listed = {{"data",
                        {{{"id", "9"}, {"text", "something else"}},
                         {{"id", "8"},
                          {"text", "Live: a &lt; b &amp;&amp; c\n\nhttps://t.co/abc https://t.co/pic"},
                          {"entities",
                           {{"urls",
                             {{{"url", "https://t.co/abc"}, {"expanded_url", "https://example.com/show/"}},
                              {{"url", "https://t.co/pic"},
                               {"expanded_url", "https://x.com/d/status/8/photo/1"},
                               {"media_key", "3_1"}}}}}}}}},
                       {"meta", {{"result_count", 2}}}};
  const auto look = looked({listed}, "Live: a < b && c", "https://example.com/show");
  EXPECT_EQ(look.presence, Presence::present) << look.evidence;
  EXPECT_EQ(look.remote_id, "8");
  EXPECT_EQ(look.remote_url, "https://x.test/i/status/8");
  // Since five minutes before the key was made, by our clock.
  EXPECT_NE(seen()[0].find("GET /2/users/1001/tweets?max_results=100&start_time=2026-11-22T09%3A55%3A00Z"),
            std::string::npos)
      << seen()[0];
  EXPECT_NE(seen()[0].find("exclude=replies%2Cretweets"), std::string::npos);
}

TEST_F(XTest, AbsenceIsEvidenceAndNothingIsSentAgainByItself) {
  const auto none = looked({{{"meta", {{"result_count", 0}}}}});
  EXPECT_EQ(none.presence, Presence::absent);
  EXPECT_FALSE(none.evidence.empty());
  EXPECT_EQ(x().refuses_second_arrival(), base::Duration(0));
}

TEST_F(XTest, LooksOnEveryPageAndNamesTheFirstPost) {
  const json one = {{"data", {{{"id", "9"}, {"text", "Live now"}}}}, {"meta", {{"next_token", "n"}}}};
  const json two = {{"data", {{{"id", "7"}, {"text", "Live now"}}}}, {"meta", json::object()}};
  EXPECT_EQ(looked({one, two}).remote_id, "7");
  EXPECT_NE(seen()[1].find("&pagination_token=n"), std::string::npos);
  const json other = {{"data", {{{"id", "9"}, {"text", "x"}}}}, {"meta", {{"next_token", "n"}}}};
  EXPECT_EQ(looked({other, other, other, other, other}).presence, Presence::cannot_tell);
}

TEST_F(XTest, CannotTellWhereXCannotBeAsked) {
  for (const auto& bytes : {json_answer("401 Unauthorized", "{}"), json_answer("429 No", "{}"),
                            json_answer("503 No", "{}"), json_answer("200 OK", "<html>"), std::string()}) {
    always(bytes);
    const auto look = x().look(rendered(), credentials_, key(), deadline(), {});
    EXPECT_EQ(look.presence, Presence::cannot_tell) << bytes;
    EXPECT_EQ(look.evidence.find(kToken), std::string::npos);
  }
  always("");
  EXPECT_EQ(x().look(rendered(), credentials_, "a key without a time", deadline(), {}).presence,
            Presence::cannot_tell);
}

TEST_F(XTest, VerifyNamesTheAccount) {
  always(json_answer("200 OK", R"({"data":{"id":"1001","name":"Demo","username":"demo"}})"));
  const auto verified = x().verify({}, credentials_, deadline(), {});
  EXPECT_EQ(verified.outcome.verdict, Verdict::accepted);
  EXPECT_EQ(verified.account.id, "1001");
  EXPECT_EQ(verified.account.name, "@demo");
  always(json_answer("401 Unauthorized", "{}"));
  expect_certain(x().verify({}, credentials_, deadline(), {}).outcome, Reason::credentials);
  always(json_answer("200 OK", "[]"));
  expect_certain(x().verify({}, credentials_, deadline(), {}).outcome, Reason::temporary);
}

TEST_F(XTest, ChecksAConnectionBeforeItIsStored) {
  always("");
  EXPECT_NO_THROW(x().check("", credentials_));
  EXPECT_THROW(x().check("https://example.com", credentials_), base::UserError);
  EXPECT_THROW(x().check("", {base::Secret("two words")}), base::UserError);
  const auto nobody = x().authorisation({}, "https://here/callback", deadline(), {});
  EXPECT_FALSE(nobody.client);
  expect_certain(nobody.outcome, Reason::rejected);
}

}  // namespace
}  // namespace fencepost::connect
