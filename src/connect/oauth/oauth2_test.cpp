#include "connect/oauth/oauth2.hpp"

#include "connect/oauth/encode.hpp"
#include "connect/oauth/tokens.hpp"
#include "connect/testing/http_client_fixture.hpp"

namespace fencepost::connect::oauth {
namespace {

using connect::testing::answer;
using connect::testing::Connection;
using connect::testing::RawServer;

class OAuth2 : public HttpClientTest {
 protected:
  // A token endpoint that answers `says`, whose last request is `seen`.
  Refreshed exchanged(const std::string& says) {
    RawServer server([&](Connection& c) {
      seen_ = c.read_request();
      if (!says.empty()) c.write(says);
    });
    client_.token_url = server.url("/token");
    return exchange(http_, client_, {base::Secret("the code"), base::Secret("verifier"), "https://us/cb"},
                    deadline(), {});
  }
  Refreshed refreshed(const std::string& says, const Credentials& credentials) {
    RawServer server([&](Connection& c) {
      seen_ = c.read_request();
      c.write(says);
    });
    client_.token_url = server.url("/token");
    return refresh(http_, client_, credentials, deadline(), {});
  }
  base::BootTime deadline() const { return clock_.boot() + std::chrono::hours(1); }
  std::string body() const { return seen_.substr(seen_.find("\r\n\r\n") + 4); }

  HttpClient http_{{.addresses = {.allow_private = true}}, clock_};
  Client client_{.id = "us", .scopes = {"read", "write"}};
  std::string seen_;
};

// RFC 7636, appendix B.
TEST_F(OAuth2, ChallengeOfTheStandardsExample) {
  EXPECT_EQ(challenge_of(base::Secret("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
}

TEST_F(OAuth2, ProofKeysAreNewAndLongEnough) {
  const auto one = new_proof_key(), other = new_proof_key();
  EXPECT_NE(one.verifier.reveal(), other.verifier.reveal());
  EXPECT_GE(one.verifier.reveal().size(), 43u);  // RFC 7636, section 4.1
  EXPECT_EQ(one.challenge, challenge_of(one.verifier));
}

TEST_F(OAuth2, TheLinkNamesWhatIsAskedFor) {
  client_.authorize_url = "https://x.example/authorize";
  client_.more = {{"prompt", "consent"}};
  EXPECT_EQ(authorization_link(client_, "https://us/cb?a=b", "s/1", "c"),
            "https://x.example/authorize?response_type=code&client_id=us&redirect_uri=https%3A%2F%2Fus%2Fcb"
            "%3Fa%3Db&scope=read%20write&state=s%2F1&code_challenge=c&code_challenge_method=S256&prompt="
            "consent");
  client_.authorize_url += "?lang=en";
  client_.scope_separator = ',';
  const auto link = authorization_link(client_, "u", "s", "c");
  EXPECT_NE(link.find("?lang=en&response_type="), std::string::npos);
  EXPECT_NE(link.find("scope=read%2Cwrite"), std::string::npos);
}

TEST_F(OAuth2, ACodeIsExchanged) {
  const auto got = exchanged(
      answer("200 OK", R"({"access_token":"at","expires_in":7200,"refresh_token":"rt","scope":"read"})"));
  ASSERT_TRUE(got.credentials) << got.outcome.error;
  EXPECT_EQ(body(),
            "grant_type=authorization_code&code=the%20code&redirect_uri=https%3A%2F%2Fus%2Fcb&"
            "code_verifier=verifier&client_id=us");
  const auto tokens = tokens_of(*got.credentials);
  ASSERT_TRUE(tokens);
  EXPECT_EQ(tokens->access.reveal(), "at");
  EXPECT_EQ(tokens->refresh.reveal(), "rt");
  EXPECT_EQ(tokens->scope, "read");
  EXPECT_EQ(tokens->expires_at, clock_.wall() + 7'200'000'000);
  EXPECT_TRUE(refreshable(*got.credentials));
  EXPECT_EQ(bearer(*got.credentials).second, "Bearer at");
}

TEST_F(OAuth2, ClientsProveThemselvesAsThePlatformWants) {
  client_.secret = base::Secret("s:&");
  client_.id = "u s";
  client_.proof = Proof::client_secret_basic;
  exchanged(answer("200 OK", "{}"));
  EXPECT_NE(seen_.find("Authorization: Basic dSUyMHM6cyUzQSUyNg==\r\n"), std::string::npos) << seen_;
  EXPECT_EQ(body().find("client_"), std::string::npos);
  client_.proof = Proof::client_secret_post;
  exchanged(answer("200 OK", "{}"));
  EXPECT_EQ(seen_.find("Authorization"), std::string::npos);
  EXPECT_TRUE(body().ends_with("&client_id=u%20s&client_secret=s%3A%26")) << body();
}

TEST_F(OAuth2, ARefreshKeepsWhatTheAnswerDoesNotRenew) {
  const auto old = stored({.access = base::Secret("a"),
                           .refresh = base::Secret("r/1"),
                           .expires_at = 5,
                           .scope = "all",
                           .client_id = "own",
                           .client_secret = base::Secret("cs")});
  client_.proof = Proof::client_secret_post;
  const auto got = refreshed(answer("200 OK", R"({"access_token":"b"})"), old);
  EXPECT_EQ(body(), "grant_type=refresh_token&refresh_token=r%2F1&client_id=own&client_secret=cs");
  ASSERT_TRUE(got.credentials);
  const auto tokens = tokens_of(*got.credentials);
  EXPECT_EQ(tokens->access.reveal() + tokens->refresh.reveal() + tokens->scope, "br/1all");
  EXPECT_EQ(tokens->expires_at, std::nullopt);
  EXPECT_EQ(tokens->client_id + tokens->client_secret.reveal(), "owncs");
}

TEST_F(OAuth2, WithoutARefreshTokenNothingIsAsked) {
  const auto got = refresh(http_, client_, {base::Secret("pasted")}, deadline(), {});
  EXPECT_EQ(got.outcome.verdict, Verdict::certain_failure);
  EXPECT_EQ(got.outcome.reason, Reason::credentials);
}

TEST_F(OAuth2, WhatTheAnswersMean) {
  const struct {
    std::string says;
    Verdict verdict;
    Reason reason;
    bool retryable;
  } cases[] = {
      {answer("400 Bad Request", R"({"error":"invalid_grant"})"), Verdict::certain_failure,
       Reason::credentials, false},
      {answer("400 Bad Request", R"({"error":"invalid_request"})"), Verdict::certain_failure,
       Reason::credentials, false},
      {answer("401 Unauthorized", "no"), Verdict::certain_failure, Reason::credentials, false},
      {answer("401 Unauthorized", R"({"error":"invalid_client"})"), Verdict::certain_failure,
       Reason::temporary, true},
      {answer("400 Bad Request", R"({"error":"unauthorized_client"})"), Verdict::certain_failure,
       Reason::temporary, true},
      {answer("429 Too Many", "", "Retry-After: 7\r\n"), Verdict::certain_failure, Reason::rate_limited,
       true},
      {answer("500 Oops"), Verdict::unknown, Reason::none, false},
      {answer("503 Later"), Verdict::unknown, Reason::none, false},
      {answer("302 Elsewhere", "", "Location: /x\r\n"), Verdict::unknown, Reason::none, false},
      {answer("200 OK", "not JSON"), Verdict::unknown, Reason::none, false},
      {answer("200 OK", R"({"access_token":""})"), Verdict::unknown, Reason::none, false},
      {answer("200 OK", R"({"access_token":"with blank"})"), Verdict::unknown, Reason::none, false},
      {"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"access_token\":\"x\"}", Verdict::unknown,
       Reason::none, false},
      {"", Verdict::unknown, Reason::none, false},
  };
  for (const auto& one : cases) {
    const auto got = exchanged(one.says);
    EXPECT_FALSE(got.credentials) << one.says;
    EXPECT_EQ(got.outcome.verdict, one.verdict) << one.says;
    EXPECT_EQ(got.outcome.reason, one.reason) << one.says;
    EXPECT_EQ(got.outcome.retryable, one.retryable) << one.says;
    EXPECT_FALSE(got.outcome.error.empty()) << one.says;
    if (one.reason == Reason::rate_limited) {
      EXPECT_EQ(got.outcome.retry_after, std::chrono::seconds(7));
    }
  }
}

TEST_F(OAuth2, WhereNothingLeftItIsCertain) {
  client_.token_url = "http://127.0.0.1:" + std::to_string(connect::testing::refused_port()) + "/";
  const auto got = exchange(http_, client_, {}, deadline(), {});
  EXPECT_EQ(got.outcome.verdict, Verdict::certain_failure);
  EXPECT_EQ(got.outcome.reason, Reason::temporary);
  EXPECT_TRUE(got.outcome.retryable);
}

// What a platform says about a refusal is not ours to show: it may hold what it was asked with.
TEST_F(OAuth2, NothingOfAnAnswersTextIsShown) {
  const auto got = exchanged(
      answer("400 Bad Request", R"({"error":"invalid_grant","error_description":"code s3cret is used"})"));
  EXPECT_EQ(got.outcome.error, "the platform answered 400 (invalid_grant)");
  EXPECT_EQ(exchanged(answer("400 Bad Request", R"({"error":"s3cret"})")).outcome.error,
            "the platform answered 400");
}

TEST_F(OAuth2, RevokesTheRefreshTokenWhereThereIsOne) {
  RawServer server([&](Connection& c) {
    seen_ = c.read_request();
    c.write(answer("200 OK"));
  });
  const auto tokens = stored({.access = base::Secret("a"), .refresh = base::Secret("r")});
  EXPECT_EQ(revoke(http_, client_, tokens, deadline(), {}).verdict, Verdict::certain_failure);
  client_.revoke_url = server.url("/revoke");
  EXPECT_EQ(revoke(http_, client_, tokens, deadline(), {}).verdict, Verdict::accepted);
  EXPECT_EQ(body(), "token=r&token_type_hint=refresh_token&client_id=us");
  EXPECT_EQ(revoke(http_, client_, {base::Secret("a")}, deadline(), {}).verdict, Verdict::accepted);
  EXPECT_EQ(body(), "token=a&token_type_hint=access_token&client_id=us");
}

TEST(Tokens, ARefusedTextIsNoToken) {
  for (const auto* text : {"", "two words", "t\r\nX: y", "{}", "{\"access_token\":7}", "{\"access_token\"",
                           "{\"access_token\":\"a b\"}", "t\xc3\xa4"})
    EXPECT_FALSE(tokens_of({base::Secret(text)})) << text;
  EXPECT_FALSE(tokens_of({base::Secret(std::string(8193, 'a'))}));
  EXPECT_TRUE(tokens_of({base::Secret(std::string(8192, 'a'))}));
  EXPECT_FALSE(refreshable({base::Secret("pasted")}));
  EXPECT_EQ(expires_at({base::Secret("pasted")}), std::nullopt);
}

TEST(Encode, FormsAreReadAsTheyWereWritten) {
  using Fields = std::vector<std::pair<std::string, std::string>>;
  const Fields fields = {{"a b", "1+1=2&%"}, {"ä", ""}, {"", "x"}};
  EXPECT_EQ(form(fields), "a%20b=1%2B1%3D2%26%25&%C3%A4=&=x");
  EXPECT_EQ(parse_form(form(fields)), fields);
  EXPECT_EQ(parse_form("a+b=%zz&&c"), (Fields{{"a b", "%zz"}, {"c", ""}}));
  EXPECT_EQ(percent("aZ0-._~"), "aZ0-._~");
}

}  // namespace
}  // namespace fencepost::connect::oauth
