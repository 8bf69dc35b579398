#include "connect/mastodon/mastodon.hpp"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/random.hpp"
#include "connect/mastodon/html.hpp"
#include "connect/oauth/oauth2.hpp"
#include "connect/oauth/tokens.hpp"
#include "connect/testing/emulator.hpp"

namespace fencepost::connect {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::Emulator;

const std::string kStatuses = "/api/v1/statuses";
const Credentials kToken{base::Secret("token-of-alice")};

class MastodonTest : public ::testing::Test {
 protected:
  void SetUp() override { account_ = mastodon_.verify({emulator_.url()}, kToken, in(60s), {}).account; }

  base::BootTime in(base::Duration patience) const { return base::system_clock().boot() + patience; }
  static std::string key() { return base::time_ordered_hex(base::system_clock().wall()); }
  std::variant<Rendered, Outcome> prepare(const Post& post, base::Duration patience = 60s) {
    return mastodon_.prepare(mastodon_.render(post, account_, key_), post, account_, kToken, key_,
                             in(patience), {});
  }
  Rendered ready(const Post& post) {
    auto answer = prepare(post);
    if (auto* outcome = std::get_if<Outcome>(&answer)) ADD_FAILURE() << outcome->error;
    return std::get<Rendered>(std::move(answer));
  }
  Outcome send(const Rendered& rendered, base::Duration patience = 60s, const Credentials& as = kToken) {
    return mastodon_.send(rendered, as, key_, in(patience), {});
  }
  Look look(const Rendered& rendered) { return mastodon_.look(rendered, kToken, key_, in(60s), {}); }

  Emulator emulator_{"mastodon"};
  HttpClient http_{{.addresses = {.allow_private = true}}, base::system_clock()};
  Limits limits_;
  Mastodon mastodon_{http_, limits_.of("mastodon")};
  Account account_;
  std::string key_ = key();
};

TEST_F(MastodonTest, WhatAConnectionCanBeMadeOf) {
  mastodon_.check("https://mastodon.example", kToken);
  mastodon_.check("https://mastodon.example/", kToken);
  for (const auto* destination :
       {"", "mastodon.example", "https://mastodon.example/@alice", "https://a.example?x",
        "ftp://mastodon.example", "https://a:b@mastodon.example"})
    EXPECT_THROW(mastodon_.check(destination, kToken), base::UserError) << destination;
  for (const auto* secret : {"", "two words", "{}"})
    EXPECT_THROW(mastodon_.check("https://mastodon.example", {base::Secret(secret)}), base::UserError)
        << secret;
}

TEST_F(MastodonTest, VerifySaysWhoAndWhatTheServerAllows) {
  emulator_.set({{"max_characters", 1000}});
  const auto found = mastodon_.verify({emulator_.url()}, kToken, in(60s), {});
  ASSERT_EQ(found.outcome.verdict, Verdict::accepted) << found.outcome.error;
  EXPECT_EQ(found.account.id, "109876543210");
  EXPECT_EQ(found.account.name, "@alice@" + emulator_.url().substr(7));
  const auto facts = json::parse(found.account.facts);
  EXPECT_EQ(facts["length"], 1000);
  EXPECT_EQ(facts["url_length"], 23);
  EXPECT_EQ(facts["types"].size(), 4u) << "images alone";
  EXPECT_EQ(facts["visibility"], "unlisted");
  EXPECT_EQ(mastodon_.fit({"x", ""}, found.account).limit, 1000);
  EXPECT_EQ(mastodon_.fit({"x", ""}, {}).limit, 500) << "until it was asked";
  for (const auto* nonsense : {"", "[]", R"({"length":-1})", R"({"length":"9"})", R"({"length":1e30})"})
    EXPECT_EQ(mastodon_.fit({"x", ""}, {.target = "", .facts = nonsense}).limit, 500) << nonsense;

  EXPECT_EQ(mastodon_.verify({emulator_.url()}, {base::Secret("wrong")}, in(60s), {}).outcome.reason,
            Reason::credentials);
  emulator_.fault({{"mode", "status"}, {"path", "/api/v2/instance"}});
  EXPECT_EQ(mastodon_.verify({emulator_.url()}, kToken, in(60s), {}).outcome.reason, Reason::temporary);
}

TEST_F(MastodonTest, PostsOnceUnderItsKey) {
  const auto post = ready({"Live now: <b>&\nsecond line",
                           "https://example.com/a/very/long/path/that/is/shortened?x=1&y=2",
                           {},
                           "",
                           "",
                           "en",
                           {}});
  const auto outcome = send(post);
  ASSERT_EQ(outcome.verdict, Verdict::accepted) << outcome.error;
  EXPECT_EQ(outcome.remote_url, emulator_.url() + "/@alice/" + outcome.remote_id);
  EXPECT_EQ(send(post).remote_id, outcome.remote_id);
  EXPECT_EQ(look(post).remote_id, outcome.remote_id);
  EXPECT_EQ(look(post).remote_url, outcome.remote_url);
  ASSERT_EQ(emulator_.accepted("status"), 1);
  EXPECT_EQ(emulator_.accepted()[0]["visibility"], "unlisted") << "as the account has it";
  EXPECT_EQ(emulator_.accepted()[0]["key"], key_);
}

TEST_F(MastodonTest, AUrlCountsTwentyThree) {
  const std::string url = "https://example.com/" + std::string(200, 'x');
  const auto fitted = mastodon_.fit({std::string(476, 'a'), url}, account_);
  EXPECT_FALSE(fitted.shortened);
  EXPECT_EQ(fitted.length, 500);
  const auto sent = ready({std::string(476, 'a'), url});
  EXPECT_EQ(mastodon_.text_of(sent), fitted.text);
  EXPECT_EQ(send(sent).verdict, Verdict::accepted);
  EXPECT_TRUE(mastodon_.fit({std::string(477, 'a'), url}, account_).shortened);
  key_ = key();
  EXPECT_EQ(send(ready({std::string(600, 'a'), url})).verdict, Verdict::accepted);
}

struct Fault {
  const char* name;
  json fault;
  Verdict verdict;
  Reason reason;
  int statuses;
};

TEST_F(MastodonTest, WhateverHappensToARequestThereIsNeverASecondStatus) {
  const auto unknown = Verdict::unknown, no = Verdict::certain_failure;
  const auto refused = [](int status) {
    return json{{"mode", "status"}, {"status", status}, {"body", {{"error", "No."}}}};
  };
  const std::vector<Fault> faults = {
      {"accepted, then cut", {{"mode", "accept_then_cut"}}, unknown, Reason::none, 1},
      {"accepted, then 500", {{"mode", "status_after"}}, unknown, Reason::none, 1},
      {"accepted, no answer in time", {{"mode", "slow"}, {"seconds", 60}}, unknown, Reason::none, 1},
      {"accepted, not HTTP", {{"mode", "garbage"}}, unknown, Reason::none, 1},
      {"accepted, half a body", {{"mode", "malformed"}}, Verdict::accepted, Reason::none, 1},
      {"503", refused(503), unknown, Reason::none, 0},
      {"cut", {{"mode", "cut_before"}}, unknown, Reason::none, 0},
      {"reset", {{"mode", "close_before_read"}}, unknown, Reason::none, 0},
      {"the same key at work", refused(409), unknown, Reason::none, 0},
      {"no token", refused(401), no, Reason::credentials, 0},
      {"outside the scopes", refused(403), no, Reason::credentials, 0},
      {"gone", refused(404), no, Reason::rejected, 0},
      {"invalid", refused(422), no, Reason::rejected, 0},
      {"too many", refused(429), no, Reason::rate_limited, 0},
  };
  for (const auto& [name, fault, verdict, reason, statuses] : faults) {
    SCOPED_TRACE(name);
    emulator_.reset();
    key_ = key();
    const auto post = ready({std::string("Under fire: ") + name, "https://example.com/"});
    auto wish = fault;
    wish["path"] = kStatuses;
    emulator_.fault(wish);
    const bool slow = fault["mode"] == "slow";
    const auto outcome = send(post, slow ? 3s : 60s);
    // Nobody waited for it: it may act later.
    while (slow && emulator_.accepted("status") == 0) {
    }
    EXPECT_EQ(outcome.verdict, verdict) << outcome.error;
    EXPECT_EQ(outcome.reason, reason);
    EXPECT_EQ(outcome.error.empty(), verdict == Verdict::accepted);
    EXPECT_EQ(emulator_.accepted("status"), statuses);
    const auto seen = look(post);
    EXPECT_EQ(seen.presence, statuses == 1 ? Presence::present : Presence::absent) << seen.evidence;
    EXPECT_EQ(send(post).verdict, Verdict::accepted);
    EXPECT_EQ(emulator_.accepted("status"), 1);
  }
}

// The server died between its commit and the key: the key alone would let a second status through.
TEST_F(MastodonTest, WhereTheServerLostTheKeyTheLookFindsTheStatus) {
  emulator_.set({{"forget_keys", 1}});
  const auto post = ready({"Hello @bob@elsewhere.example and @alice, \"quoted\" #live", ""});
  emulator_.fault({{"mode", "accept_then_cut"}, {"path", kStatuses}});
  EXPECT_EQ(send(post).verdict, Verdict::unknown);
  const auto seen = look(post);
  EXPECT_EQ(seen.presence, Presence::present) << seen.evidence;
  EXPECT_FALSE(seen.remote_id.empty());
}

TEST_F(MastodonTest, TheKeyIsBelievedInForFiftyMinutes) {
  EXPECT_EQ(mastodon_.refuses_second_arrival(), base::Duration(50min));
}

TEST_F(MastodonTest, ALookComparesOnlyWhatIsNewAndAnswersTheSameStatus) {
  const auto old = ready({"The same words every week", ""});
  ASSERT_EQ(send(old).verdict, Verdict::accepted);
  // An hour later, the same text again: last time's status is not this one.
  key_ = base::time_ordered_hex(base::system_clock().wall() + 3'600'000'000);
  EXPECT_EQ(look(ready({"The same words every week", ""})).presence, Presence::absent);
  key_ = key();
  const auto first = send(ready({"1/2", ""}));
  const Remote root{first.remote_id, first.remote_url};
  key_ = key();
  EXPECT_EQ(look(ready({"1/2", "", {}, "", "", "", Thread{root, root}})).presence, Presence::absent);
}

TEST_F(MastodonTest, ALookReadsOnPageByPageAndSaysWhereItStopped) {
  const auto post = ready({"The first", ""});
  ASSERT_EQ(send(post).verdict, Verdict::accepted);
  const auto at = key_;
  const auto more = [&](int count) {
    for (int i = 0; i < count; ++i) {
      key_ = key();
      ASSERT_EQ(send(ready({"And " + key_, ""})).verdict, Verdict::accepted);
    }
    key_ = at;
  };
  more(100);
  EXPECT_EQ(look(post).presence, Presence::present);
  EXPECT_EQ(look(ready({"Nothing like it", ""})).presence, Presence::absent);
  more(100);
  EXPECT_EQ(look(ready({"Nothing like it", ""})).presence, Presence::cannot_tell);
}

TEST_F(MastodonTest, ALookThatGetsNoClearAnswerCannotTell) {
  const auto post = ready({"Hello", ""});
  for (const auto& fault :
       {json{{"mode", "status"}}, json{{"mode", "status"}, {"status", 401}}, json{{"mode", "cut_before"}},
        json{{"mode", "status"}, {"status", 200}, {"body", "{}"}},
        json{{"mode", "status"}, {"status", 200}, {"body", {{{"id", "1"}, {"created_at", "x"}}}}}}) {
    emulator_.reset();
    auto wish = fault;
    wish["times"] = 9;
    emulator_.fault(wish);
    EXPECT_EQ(look(post).presence, Presence::cannot_tell) << fault;
    EXPECT_FALSE(look(post).evidence.empty());
  }
  EXPECT_EQ(mastodon_.look(post, kToken, "no time", in(60s), {}).presence, Presence::cannot_tell);
}

TEST_F(MastodonTest, ImagesAreUploadedAndWaitedForBeforeTheStatus) {
  emulator_.set({{"media_polls", 2}});
  const auto post =
      ready({"Look", "", {{"JPEG", "image/jpeg", "Ein Käfer", 0, 0}, {"PNG", "image/png", "", 0, 0}}});
  EXPECT_EQ(emulator_.accepted("media"), 2);
  EXPECT_EQ(emulator_.accepted()[0]["description"], "Ein Käfer");
  EXPECT_TRUE(emulator_.accepted()[1]["description"].is_null());
  EXPECT_EQ(emulator_.accepted("status"), 0);
  ASSERT_EQ(send(post).verdict, Verdict::accepted);
  EXPECT_EQ(emulator_.accepted()[2]["media"].size(), 2u);
  // An image that is never finished costs this attempt alone.
  emulator_.set({{"media_polls", 1000}});
  auto answer = prepare({"Look", "", {{"JPEG", "image/jpeg", "", 0, 0}}}, 1500ms);
  ASSERT_TRUE(std::holds_alternative<Outcome>(answer));
  EXPECT_EQ(std::get<Outcome>(answer).reason, Reason::temporary);
}

TEST_F(MastodonTest, AnUploadThatFailsIsACertainFailureOfAStatusThatWasNotSent) {
  const std::vector<std::pair<json, Reason>> faults = {
      {{{"mode", "accept_then_cut"}}, Reason::temporary},
      {{{"mode", "status"}}, Reason::temporary},
      {{{"mode", "malformed"}}, Reason::temporary},
      {{{"mode", "status"}, {"status", 422}}, Reason::rejected},
      {{{"mode", "status"}, {"status", 401}}, Reason::credentials},
      {{{"mode", "status"}, {"status", 429}}, Reason::rate_limited}};
  for (const auto& [fault, reason] : faults) {
    emulator_.fault(fault);
    auto answer = prepare({"Look", "", {{"JPEG", "image/jpeg", "", 0, 0}}});
    ASSERT_TRUE(std::holds_alternative<Outcome>(answer)) << fault;
    EXPECT_EQ(std::get<Outcome>(answer).verdict, Verdict::certain_failure) << fault;
    EXPECT_EQ(std::get<Outcome>(answer).reason, reason) << fault;
  }
  const Image image{"x", "image/png", "", 0, 0};
  auto odd = image, wordy = image, large = image;
  odd.media_type = "image/tiff";
  wordy.alt.assign(1501, 'x');
  large.bytes.assign(16777217, 'x');
  for (const auto& images : {std::vector<Image>{odd}, {wordy}, {large}, std::vector<Image>(5, image)})
    EXPECT_THROW((void)mastodon_.render({"x", "", images}, account_, key_), base::UserError);
  EXPECT_THROW((void)mastodon_.render({"", ""}, account_, key_), base::UserError);
  EXPECT_THROW((void)mastodon_.render({"\xff", ""}, account_, key_), base::UserError);
}

TEST_F(MastodonTest, RateLimitsAreObeyed) {
  const auto post = ready({"one", ""});
  emulator_.set({{"rate_left", 1}});
  const auto last = send(post);
  EXPECT_EQ(last.verdict, Verdict::accepted);
  ASSERT_TRUE(last.rest);
  EXPECT_LE(*last.rest, base::Duration(5min));
  const auto refused = send(post);
  EXPECT_EQ(refused.reason, Reason::rate_limited);
  ASSERT_TRUE(refused.retry_after);
  EXPECT_LE(*refused.retry_after, base::Duration(5min));
  EXPECT_TRUE(refused.rest);
}

TEST_F(MastodonTest, APersonLetsUsInOverAClientOfOurOwn) {
  const std::string back = "https://fencepost.example/back";
  const auto authorised = mastodon_.authorisation({emulator_.url()}, back, in(60s), {});
  ASSERT_TRUE(authorised.client) << authorised.outcome.error;
  EXPECT_TRUE(authorised.client->of_account);
  const auto proof = oauth::new_proof_key();
  HttpRequest request;
  request.url = oauth::authorization_link(*authorised.client, back, "state-1", proof.challenge);
  request.deadline = in(60s);
  const auto sent_back = http_.call(request);
  ASSERT_EQ(sent_back.status, 302);
  const std::string location(*sent_back.header("Location"));
  const auto at = location.find("code=") + 5;
  const auto code = location.substr(at, location.find('&', at) - at);
  const auto made =
      mastodon_.exchange(*authorised.client, {base::Secret(code), proof.verifier, back}, in(60s), {});
  ASSERT_TRUE(made.credentials) << made.outcome.error;
  EXPECT_EQ(mastodon_.verify({emulator_.url()}, *made.credentials, in(60s), {}).outcome.verdict,
            Verdict::accepted);
  EXPECT_FALSE(mastodon_.expires_at(*made.credentials)) << "until somebody ends it";
  EXPECT_EQ(send(ready({"As ourselves", ""}), 60s, *made.credentials).verdict, Verdict::accepted);

  mastodon_.revoke(account_, *made.credentials, in(60s), {});
  EXPECT_EQ(emulator_.accepted("revoke"), 1);
  EXPECT_EQ(mastodon_.verify({emulator_.url()}, *made.credentials, in(60s), {}).outcome.reason,
            Reason::credentials);
  mastodon_.revoke(account_, kToken, in(60s), {});
  EXPECT_EQ(emulator_.accepted("revoke"), 1) << "a pasted token may serve elsewhere";

  emulator_.fault({{"mode", "status"}});
  EXPECT_EQ(mastodon_.authorisation({emulator_.url()}, back, in(60s), {}).outcome.reason, Reason::temporary);
  EXPECT_THROW((void)mastodon_.authorisation({"mastodon"}, back, in(60s), {}), base::UserError);
}

TEST(MastodonHtml, ShowsWhatPeopleSee) {
  using mastodon::plain;
  EXPECT_EQ(plain("<p>a &amp; b&lt;c&gt; &quot;d&#39;e&#x27;</p>"), "a & b<c> \"d'e'\n");
  EXPECT_EQ(plain("<p>one<br />two<br>three</p><p>four</p>"), "one\ntwo\nthree\nfour\n");
  EXPECT_EQ(plain("no tags & no end <"), "no tags & no end ");
  EXPECT_EQ(plain("&nope; &; &#; &#x; &#0; &#1114112; &#128008;"), "&nope; &; &#; &#x; &#0;  🐈");
}

TEST(MastodonHtml, AMentionIsSeenWithoutItsServer) {
  using mastodon::seen;
  EXPECT_EQ(seen("Hi @bob@a.example. @carol, @dave@b.example"), "Hi @bob. @carol, @dave");
  EXPECT_EQ(seen("mail me@example.com @ noon @bob@"), "mail me@example.com @ noon @bob@");
  EXPECT_EQ(seen("see  https://example.com/@bob@a.example/\n"), seen("see example.com/@bob@a.example"));
}

}  // namespace
}  // namespace fencepost::connect
