#include "connect/threads/threads.hpp"

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "connect/oauth/tokens.hpp"
#include "connect/testing/images.hpp"
#include "connect/testing/platform_fixture.hpp"

namespace fencepost::connect {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::body_of;
using testing::json_answer;

std::string error(int code, int subcode = 0, const std::string& message = "No.", bool transient = false) {
  return json{
      {"error",
       {{"message", message}, {"code", code}, {"error_subcode", subcode}, {"is_transient", transient}}}}
      .dump();
}

class ThreadsTest : public testing::PlatformTest {
 protected:
  Threads threads(bool images = true) {
    return Threads(http_, limits_.of("threads"), {.url = url(), .images = images});
  }
  static Image picture(const std::string& name, const std::string& alt) {
    return {testing::png(16, 9), "image/png", alt, 16, 9, "https://here.example/" + name};
  }
  const Account account_{.target = "", .id = "2001", .name = "@demo"};

  // Answers of a server that makes container 17 and says `states` of it, one after another.
  void serve_states(std::vector<std::string> states, std::string published = "") {
    serve([states = std::move(states), published = std::move(published),
           n = std::size_t{0}](const std::string& request) mutable {
      if (request.find("/threads_publish") != std::string::npos) return published;
      if (request.starts_with("POST")) return json_answer("200 OK", R"({"id":"17"})");
      if (request.starts_with("GET /v1.0/17?"))
        return json_answer("200 OK",
                           R"({"id":"17","status":")" + states.at(std::min(n++, states.size() - 1)) + "\"}");
      if (request.starts_with("GET /v1.0/99?"))
        return json_answer("200 OK", R"({"id":"99","permalink":"https://www.threads.net/@demo/post/abc"})");
      return json_answer("200 OK", R"({"data":[{"id":"98","text":"other"},{"id":"99","text":"Live now",)"
                                   R"("permalink":"https://www.threads.net/@demo/post/abc"}]})");
    });
  }
  std::variant<Rendered, Outcome> prepared(const Post& post = {"Live now", ""}) {
    auto connector = threads();
    return connector.prepare(connector.render(post, account_, key()), post, account_, credentials_, key(),
                             deadline(), {});
  }
  // A post that is ready, and what publishing it comes to.
  Outcome sent(const std::string& published, const std::string& state = "FINISHED") {
    serve_states({state}, published);
    return threads().send(ready(), credentials_, key(), deadline(), {});
  }
  Rendered ready() {
    return {url() + "/v1.0/2001/threads_publish", R"({"user":"2001","text":"Live now","creation_id":"17"})"};
  }
  Look looked(const std::string& bytes) {
    always(bytes);
    return threads().look(ready(), credentials_, key(), deadline(), {});
  }
};

TEST_F(ThreadsTest, MakesTheContainerBeforeTheGateAndStoresIt) {
  serve_states({"FINISHED"});
  const auto rendered = prepared();
  ASSERT_TRUE(std::holds_alternative<Rendered>(rendered)) << std::get<Outcome>(rendered).error;
  EXPECT_EQ(std::get<Rendered>(rendered).request, R"({"user":"2001","text":"Live now","creation_id":"17"})");
  EXPECT_EQ(std::get<Rendered>(rendered).destination, url() + "/v1.0/2001/threads_publish");
  EXPECT_EQ(body_of(seen()[0]), std::string("media_type=TEXT&text=Live%20now&access_token=") + kToken);
  EXPECT_EQ(times("POST /v1.0/2001/threads_publish"), 0);
}

TEST_F(ThreadsTest, AContainerThatCannotBeMadeIsACertainFailure) {
  const auto failed = [&](const std::string& bytes) {
    always(bytes);
    return std::get<Outcome>(prepared());
  };
  expect_certain(failed(""), Reason::temporary);
  expect_certain(failed(json_answer("503 Oops", "{}")), Reason::temporary);
  expect_certain(failed(json_answer("200 OK", R"({"id":"../me"})")), Reason::temporary);
  expect_certain(failed(json_answer("400 Bad Request", error(100))), Reason::rejected);
  expect_certain(failed(json_answer("400 Bad Request",
                                    error(190, 463, std::string("Malformed access token ") + kToken))),
                 Reason::credentials);
  expect_certain(failed(json_answer("403 Forbidden", error(4))), Reason::rate_limited);
  expect_certain(failed(json_answer("500 Oops", error(1))), Reason::temporary);
  serve_states({"ERROR"});
  expect_certain(std::get<Outcome>(prepared()), Reason::temporary);
  serve_states({R"(ERROR","error_message":"INVALID_ASPEC_RATIO)"});
  expect_certain(std::get<Outcome>(prepared()), Reason::rejected);
}

TEST_F(ThreadsTest, AnImageIsFetchedFromItsAddressWhileTheContainerIsMade) {
  serve_states({"IN_PROGRESS", "FINISHED"});
  const auto rendered = prepared({.text = "Live now", .url = "", .images = {picture("a", "A cat & a dog")}});
  ASSERT_TRUE(std::holds_alternative<Rendered>(rendered)) << std::get<Outcome>(rendered).error;
  EXPECT_EQ(std::get<Rendered>(rendered).request, R"({"user":"2001","text":"Live now","creation_id":"17"})")
      << "the address is no part of what is kept";
  EXPECT_EQ(body_of(seen()[0]),
            std::string("media_type=IMAGE&image_url=https%3A%2F%2Fhere.example%2Fa&"
                        "alt_text=A%20cat%20%26%20a%20dog&text=Live%20now&access_token=") +
                kToken);
  EXPECT_EQ(times("POST /v1.0/2001/threads"), 1);
  EXPECT_EQ(times("POST /v1.0/2001/threads_publish"), 0);
}

TEST_F(ThreadsTest, SeveralImagesAreTheChildrenOfACarousel) {
  serve_states({"FINISHED"});
  const Post post{.text = "",
                  .url = "",
                  .images = {picture("a", ""), picture("b", "b")},
                  .reply_to = Thread{{"1", ""}, {"2", ""}}};
  const auto rendered = prepared(post);
  ASSERT_TRUE(std::holds_alternative<Rendered>(rendered)) << std::get<Outcome>(rendered).error;
  std::vector<std::string> made;
  for (const auto& request : seen())
    if (request.starts_with("POST")) made.push_back(body_of(request));
  const auto token = std::string("&access_token=") + kToken;
  EXPECT_EQ(made,
            (std::vector<std::string>{
                "media_type=IMAGE&image_url=https%3A%2F%2Fhere.example%2Fa&is_carousel_item=true" + token,
                "media_type=IMAGE&image_url=https%3A%2F%2Fhere.example%2Fb&alt_text=b&"
                "is_carousel_item=true" +
                    token,
                "media_type=CAROUSEL&children=17%2C17&reply_to_id=2" + token}));
}

TEST_F(ThreadsTest, AnImageThatCannotBeHadIsTriedAgainAndItsAddressStaysUnknown) {
  const Post post{.text = "Live now", .url = "", .images = {picture("a", ""), picture("b", "")}};
  const auto failed = [&](const std::string& bytes) {
    always(bytes);
    return std::get<Outcome>(prepared(post));
  };
  expect_certain(failed(json_answer("400 Bad Request", error(9004, 2207052))), Reason::temporary);
  const auto quoted =
      failed(json_answer("400 Bad Request", error(100, 0, "No image at https://here.example/a")));
  expect_certain(quoted, Reason::rejected);
  EXPECT_EQ(quoted.error, "Threads answered 400");
  serve_states({R"(ERROR","error_message":"UNKNOWN)"});
  expect_certain(std::get<Outcome>(prepared(post)), Reason::temporary);
  EXPECT_EQ(times("POST /v1.0/2001/threads"), 3) << "one after another, and none behind the one that failed";
}

TEST_F(ThreadsTest, ImagesThatThreadsDoesNotTakeAreRefused) {
  always("");
  const auto refusal = [&](const Image& image, bool images = true) -> std::string {
    try {
      (void)threads(images).render({.text = "t", .url = "", .images = {image}}, account_, "k");
      return "";
    } catch (const base::UserError& error) {
      EXPECT_EQ(error.code(), "invalid_image");
      return error.what();
    }
  };
  const auto good = picture("a", "");
  EXPECT_EQ(refusal(good), "");
  EXPECT_NE(refusal(good, false).find("set public-url"), std::string::npos);
  auto image = good;
  image.media_type = "image/gif";
  EXPECT_NE(refusal(image), "");
  image = good;
  image.bytes.resize(8'000'001);
  EXPECT_NE(refusal(image), "");
  image = good;
  image.alt = std::string(1001, 'a');
  EXPECT_NE(refusal(image), "");
  image = good;
  image.width = 161;
  EXPECT_NE(refusal(image), "") << "at most ten times as wide";
}

TEST_F(ThreadsTest, PublishesTheContainer) {
  const auto outcome = sent(json_answer("200 OK", R"({"id":"99"})"));
  EXPECT_EQ(outcome.verdict, Verdict::accepted);
  EXPECT_EQ(outcome.remote_id, "99");
  EXPECT_EQ(outcome.remote_url, "https://www.threads.net/@demo/post/abc");
  EXPECT_EQ(body_of(seen()[0]), std::string("creation_id=17&access_token=") + kToken);
  EXPECT_EQ(times("POST /v1.0/2001/threads_publish"), 1);
}

TEST_F(ThreadsTest, WhatWasNotMadeReadyIsNotSent) {
  always("");
  Rendered rendered = ready();
  rendered.request = R"({"user":"2001","text":"Live now"})";
  expect_certain(threads().send(rendered, credentials_, key(), deadline(), {}), Reason::temporary);
  EXPECT_TRUE(seen().empty());
  EXPECT_EQ(threads().look(rendered, credentials_, key(), deadline(), {}).presence, Presence::absent);
}

TEST_F(ThreadsTest, EveryRefusalHasItsMeaning) {
  expect_certain(sent(json_answer("400 Bad Request", error(100))), Reason::rejected);
  expect_certain(sent(json_answer("401 Unauthorized", error(190))), Reason::credentials);
  expect_certain(sent(json_answer("400 Bad Request", error(190))), Reason::credentials);
  for (const int code : {4, 17, 32, 613})
    expect_certain(sent(json_answer("403 Forbidden", error(code))), Reason::rate_limited);
  expect_certain(sent(json_answer("429 Too Many Requests", "{}")), Reason::rate_limited);
  for (const int status : {408, 500, 502, 503, 504})
    expect_unknown(sent(json_answer(std::to_string(status) + " Oops", "{}")));
  expect_unknown(sent(json_answer("400 Bad Request", error(2, 0, "Try again", true))));
  // Seen of containers that had been published.
  expect_unknown(sent(json_answer("500 Oops", error(10))));
  expect_unknown(sent(json_answer("403 Forbidden", error(10))));
  expect_unknown(sent("\x01\x02 this is not HTTP\r\n\r\n"));
  expect_unknown(sent(""));
  expect_unknown(sent(json_answer("200 OK", R"({"id":)")));
}

TEST_F(ThreadsTest, TheDaysPostsAreUsedUpUntilAPlaceIsFree) {
  const auto limited = sent(json_answer("400 Bad Request", error(9, 2207042)));
  expect_certain(limited, Reason::rate_limited);
  EXPECT_EQ(limited.rest, base::Duration(345s)) << "250 in 24 hours";
  EXPECT_EQ(sent(json_answer("429 No", "{}", "Retry-After: 30\r\n")).retry_after, base::Duration(30s));
}

TEST_F(ThreadsTest, AContainerThatThreadsDoesNotFindIsAskedFor) {
  const auto missing = json_answer("400 Bad Request", error(24, 4279009));
  expect_certain(sent(missing, "FINISHED"), Reason::temporary);
  expect_unknown(sent(missing, "PUBLISHED"));
}

TEST_F(ThreadsTest, LooksAtWhatBecameOfTheContainer) {
  serve_states({"PUBLISHED"});
  const auto found = threads().look(ready(), credentials_, key(), deadline(), {});
  EXPECT_EQ(found.presence, Presence::present);
  EXPECT_EQ(found.remote_id, "99");
  EXPECT_EQ(found.remote_url, "https://www.threads.net/@demo/post/abc");
  for (const auto* state : {"FINISHED", "EXPIRED", "ERROR"}) {
    const auto look = looked(json_answer("200 OK", std::string(R"({"status":")") + state + "\"}"));
    EXPECT_EQ(look.presence, Presence::absent) << state;
    EXPECT_EQ(look.over, state == std::string("EXPIRED")) << "the others may still be published";
  }
  for (const auto& bytes :
       {json_answer("200 OK", R"({"status":"IN_PROGRESS"})"), json_answer("200 OK", "<html>"),
        json_answer("400 Bad Request", error(24, 4279009)), json_answer("401 No", error(190)),
        json_answer("500 Oops", "{}"), std::string()}) {
    const auto look = looked(bytes);
    EXPECT_EQ(look.presence, Presence::cannot_tell) << bytes;
    EXPECT_EQ(look.evidence.find(kToken), std::string::npos);
  }
}

// A second publication of one container is documented nowhere, so nothing may be sent again by itself.
TEST_F(ThreadsTest, RefusesNoSecondArrival) {
  always("");
  EXPECT_EQ(threads().refuses_second_arrival(), base::Duration(0));
}

TEST_F(ThreadsTest, RefusesWhatItCannotCarry) {
  always("");
  EXPECT_THROW((void)threads().render({"", ""}, account_, "k"), base::UserError);
  EXPECT_THROW(threads().check("https://example.com", credentials_), base::UserError);
  EXPECT_THROW(threads().check("", {base::Secret("two words")}), base::UserError);
  EXPECT_NO_THROW(threads().check("", credentials_));
  const Post answer{.text = "and", .url = "", .reply_to = Thread{{"1", ""}, {"2", ""}}};
  EXPECT_EQ(json::parse(threads().render(answer, account_, "k").request)["reply_to"], "2");
  EXPECT_EQ(threads().text_of(threads().render(answer, account_, "k")), answer.text);
}

TEST_F(ThreadsTest, ALongLivedTokenIsRefreshedByItself) {
  always(json_answer("200 OK", R"({"access_token":"next","token_type":"bearer","expires_in":5184000})"));
  const auto refreshed = threads().refresh(account_, credentials_, deadline(), {});
  ASSERT_TRUE(refreshed.credentials);
  EXPECT_EQ(threads().expires_at(*refreshed.credentials), clock_.wall() + 5'184'000'000'000);
  EXPECT_TRUE(threads().refreshable(*refreshed.credentials));
  EXPECT_EQ(oauth::tokens_of(*refreshed.credentials)->access.reveal(), "next");
  EXPECT_FALSE(threads().refreshable(credentials_)) << "nobody knows what a pasted token is";
  always(json_answer("400 Bad Request", error(190)));
  expect_certain(threads().refresh(account_, credentials_, deadline(), {}).outcome, Reason::credentials);
  always("");
  expect_unknown(threads().refresh(account_, credentials_, deadline(), {}).outcome);
  always(json_answer("200 OK", "{}"));
  expect_unknown(threads().refresh(account_, credentials_, deadline(), {}).outcome);
}

TEST_F(ThreadsTest, ACodeBecomesALongLivedToken) {
  serve([](const std::string& request) {
    return request.starts_with("POST /oauth/access_token")
               ? json_answer("200 OK", R"({"access_token":"short","user_id":1})")
               : json_answer("200 OK", R"({"access_token":"long","expires_in":5184000})");
  });
  Threads connector(http_, limits_.of("threads"),
                    {.url = url(), .client_id = "id", .client_secret = base::Secret("secret")});
  const auto client = connector.authorisation({}, "https://here/cb", deadline(), {}).client;
  ASSERT_TRUE(client);
  const auto granted = connector.exchange(
      *client, {base::Secret("code"), base::Secret("verifier"), "https://here/cb"}, deadline(), {});
  ASSERT_TRUE(granted.credentials) << granted.outcome.error;
  EXPECT_EQ(oauth::tokens_of(*granted.credentials)->access.reveal(), "long");
  EXPECT_NE(seen()[1].find("access_token=short"), std::string::npos);
}

TEST_F(ThreadsTest, VerifyNamesTheAccount) {
  always(json_answer("200 OK", R"({"id":"2001","username":"demo"})"));
  const auto verified = threads().verify({}, credentials_, deadline(), {});
  EXPECT_EQ(verified.account.id, "2001");
  EXPECT_EQ(verified.account.name, "@demo");
  always(json_answer("400 No", error(190)));
  expect_certain(threads().verify({}, credentials_, deadline(), {}).outcome, Reason::credentials);
}

}  // namespace
}  // namespace fencepost::connect
