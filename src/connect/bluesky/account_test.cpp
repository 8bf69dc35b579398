// The life of a connection's credentials: app password, session, refresh, end.

#include "connect/bluesky/session.hpp"
#include "connect/bluesky/testing/fixture.hpp"

namespace fencepost::connect {
namespace {

using nlohmann::json;

const std::string kCreate = "/xrpc/com\\.atproto\\.server\\.createSession";
const std::string kRefresh = "/xrpc/com\\.atproto\\.server\\.refreshSession";

TEST_F(BlueskyTest, WhatAConnectionCanBeMadeOf) {
  bluesky_.check("", typed_in());
  bluesky_.check("https://pds.example", typed_in());
  for (const auto* destination : {"ftp://pds.example", "pds.example", "https://pds.example/?a",
                                  "https://pds.example/xrpc", "https://a:b@c.example"})
    EXPECT_THROW(bluesky_.check(destination, typed_in()), base::UserError) << destination;
  HttpClient outside({}, base::system_clock());
  const Bluesky careful(outside, limits_.of("bluesky"));
  EXPECT_NO_THROW(careful.check("https://pds.example", typed_in()));
  EXPECT_THROW(careful.check("http://pds.example", typed_in()), base::UserError)
      << "the password would be readable";
  for (const auto* secret : {"", "app-pass-word", "{}", R"({"identifier":"alice.test"})",
                             R"({"password":"x"})", R"({"access":"token of nobody"})"})
    EXPECT_THROW(bluesky_.check("", {base::Secret(secret)}), base::UserError) << secret;
}

TEST_F(BlueskyTest, ASessionIsOpenedOnceAndThenRefreshed) {
  EXPECT_EQ(bluesky_.expires_at(typed_in()), 0) << "due at once";
  EXPECT_TRUE(bluesky_.refreshable(typed_in()));
  auto credentials = session();
  const auto first = *bluesky_.expires_at(credentials);
  EXPECT_NEAR(static_cast<double>(first - base::system_clock().wall()) / 1e6, 7200, 60);
  for (int i = 0; i < 3; ++i) {
    auto made = bluesky_.refresh(account_, credentials, soon(), {});
    ASSERT_TRUE(made.credentials) << made.outcome.error;
    EXPECT_EQ(made.outcome.verdict, Verdict::accepted);
    EXPECT_NE(made.credentials->secret.reveal(), credentials.secret.reveal());
    credentials = *made.credentials;
  }
  EXPECT_EQ(emulator_->accepted("session"), 1);
  EXPECT_EQ(emulator_->accepted("refresh"), 3);
  const auto stored = json::parse(credentials.secret.reveal());
  EXPECT_EQ(stored["identifier"], "alice.test");
  EXPECT_EQ(stored["password"], "app-pass-word");
  EXPECT_EQ(stored["handle"], "alice.test");
}

TEST_F(BlueskyTest, WhereTheRefreshTokenIsOverThePasswordOpensANewSession) {
  emulator_->set({{"refresh_lasts", 0}});
  const auto over = session();
  emulator_->set({{"refresh_lasts", 7200}});
  EXPECT_TRUE(bluesky_.refresh(account_, over, soon(), {}).credentials);
  EXPECT_EQ(emulator_->accepted("session"), 2);
  // Tokens alone have nothing to go back to.
  auto tokens = bluesky::session_of(over);
  tokens.password = base::Secret();
  const auto made = bluesky_.refresh(account_, bluesky::stored(tokens), soon(), {});
  EXPECT_FALSE(made.credentials);
  EXPECT_EQ(made.outcome.reason, Reason::credentials);
}

TEST_F(BlueskyTest, RefusalsSayWhoCanHelp) {
  const auto wrong = bluesky_.refresh(account_, typed_in("wrong"), soon(), {}).outcome;
  EXPECT_EQ(wrong.reason, Reason::credentials);
  EXPECT_EQ(wrong.error, "Bluesky answered 401: Invalid identifier or password");
  emulator_->fault({{"mode", "status"},
                    {"status", 401},
                    {"path", kCreate},
                    {"body", {{"error", "AuthFactorTokenRequired"}}}});
  const auto second_factor = bluesky_.refresh(account_, typed_in(), soon(), {}).outcome;
  EXPECT_EQ(second_factor.reason, Reason::credentials);
  EXPECT_NE(second_factor.error.find("app password"), std::string::npos);
  emulator_->fault(
      {{"mode", "status"}, {"status", 429}, {"path", kCreate}, {"headers", {{"Retry-After", "30"}}}});
  const auto limited = bluesky_.refresh(account_, typed_in(), soon(), {}).outcome;
  EXPECT_EQ(limited.reason, Reason::rate_limited);
  EXPECT_EQ(limited.retry_after, base::Duration(std::chrono::seconds(30)));
}

// A session that may have been renewed can be renewed again: the platform gives the same successor for two
// hours, and the password is there.
TEST_F(BlueskyTest, ARefreshThatIsCutIsTemporaryAndTheNextOneWorks) {
  const auto credentials = session();
  for (const char* mode : {"accept_then_cut", "cut_before", "status_after", "malformed"}) {
    emulator_->fault({{"mode", mode}, {"path", kRefresh}});
    const auto made = bluesky_.refresh(account_, credentials, soon(), {});
    EXPECT_FALSE(made.credentials) << mode;
    EXPECT_EQ(made.outcome.reason, Reason::temporary) << mode;
    EXPECT_TRUE(bluesky_.refresh(account_, credentials, soon(), {}).credentials) << mode;
  }
  EXPECT_EQ(emulator_->accepted("session"), 1);
}

TEST_F(BlueskyTest, AnotherAccountsCredentialsAreRefused) {
  const auto alice = session();
  const auto bob = bluesky_.refresh(account_, typed_in("other", "bob.test"), soon(), {});
  EXPECT_FALSE(bob.credentials);
  EXPECT_EQ(bob.outcome.reason, Reason::credentials);
  account_.id = "did:plc:somebody";
  const auto answer = bluesky_.prepare(bluesky_.render({"x", ""}, account_, kKey), {"x", ""}, account_, alice,
                                       kKey, soon(), {});
  ASSERT_TRUE(std::holds_alternative<Outcome>(answer));
  EXPECT_EQ(std::get<Outcome>(answer).reason, Reason::credentials);
}

TEST_F(BlueskyTest, VerifySaysWhoWithAndWithoutASession) {
  for (const auto& credentials : {typed_in(), session()}) {
    const auto found = bluesky_.verify({emulator_->url()}, credentials, soon(), {});
    ASSERT_EQ(found.outcome.verdict, Verdict::accepted) << found.outcome.error;
    EXPECT_EQ(found.account.id, account_.id.empty() ? found.account.id : account_.id);
    EXPECT_TRUE(found.account.id.starts_with("did:plc:"));
    EXPECT_EQ(found.account.name, "@alice.test");
    EXPECT_EQ(found.account.target, emulator_->url());
  }
  const auto wrong = bluesky_.verify({emulator_->url()}, typed_in("wrong"), soon(), {});
  EXPECT_EQ(wrong.outcome.reason, Reason::credentials);
  emulator_->set({{"access_lasts", 0}});
  EXPECT_EQ(bluesky_.verify({emulator_->url()}, session(), soon(), {}).outcome.reason, Reason::credentials);
}

TEST_F(BlueskyTest, RevokingEndsTheSession) {
  auto tokens = bluesky::session_of(session());
  tokens.password = base::Secret();
  const auto credentials = bluesky::stored(tokens);
  bluesky_.revoke(account_, credentials, soon(), {});
  EXPECT_EQ(bluesky_.refresh(account_, credentials, soon(), {}).outcome.reason, Reason::credentials);
  bluesky_.revoke(account_, {base::Secret("nonsense")}, soon(), {});
}

TEST_F(BlueskyTest, WhatAPlatformQuotesIsShownWithoutTheSecret) {
  const auto credentials = session();
  const auto token = bluesky::session_of(credentials).access.reveal();
  emulator_->fault({{"mode", "status"},
                    {"status", 400},
                    {"body", {{"error", "InvalidToken"}, {"message", "bad " + token}}}});
  const auto outcome = send(bluesky_.render({"x", ""}, account_, kKey), credentials);
  EXPECT_EQ(outcome.error, "Bluesky answered 400");
}

TEST(BlueskySession, ReadsWhenATokenEnds) {
  const auto of = [](const std::string& claims) {
    return bluesky::ends_at(base::Secret("e30." + claims + ".sig"));
  };
  EXPECT_EQ(of("eyJleHAiOjE3OTUzNDE2MDB9"), 1'795'341'600'000'000);  // {"exp":1795341600}
  for (const char* claims :
       {"", "!!", "e30", "eyJleHAiOiJ4In0", "eyJleHAiOjk5OTk5OTk5OTk5OTk5OTk5OTl9", "W10"})
    EXPECT_FALSE(of(claims)) << claims;
  EXPECT_FALSE(bluesky::ends_at(base::Secret("no token")));
  EXPECT_FALSE(bluesky::ends_at(base::Secret("")));
}

}  // namespace
}  // namespace fencepost::connect
