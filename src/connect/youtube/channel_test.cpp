#include "connect/youtube/channel.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "connect/oauth/encode.hpp"
#include "connect/oauth/oauth2.hpp"
#include "connect/oauth/tokens.hpp"
#include "connect/testing/emulator.hpp"

namespace fencepost::connect {
namespace {

const std::string kChannel = "UC" + std::string(22, 'a');

class YouTubeChannelTest : public ::testing::Test {
 protected:
  void SetUp() override {
    HttpRequest request;
    request.method = "POST";
    request.url = emulator_.url() + "/_channels";
    request.body = nlohmann::json{{"channels", {{{"id", kChannel}, {"title", "Talk & Co"}}}}}.dump();
    request.deadline = deadline();
    ASSERT_EQ(http_.call(request).status, 200);
  }
  base::BootTime deadline() const { return base::system_clock().boot() + std::chrono::minutes(1); }
  std::string link(const oauth::Client& client, const oauth::ProofKey& proof) {
    HttpRequest request;
    request.url = oauth::authorization_link(client, kBack, "state", proof.challenge);
    request.deadline = deadline();
    return std::string(http_.call(request).header("Location").value_or(""));
  }

  static constexpr auto kBack = "http://here/back";
  testing::Emulator emulator_{"youtube"};
  HttpClient http_{{.addresses = {.allow_private = true}}, base::system_clock()};
  YouTubeChannel channel_{http_,
                          {.api = emulator_.url(),
                           .accounts = emulator_.url(),
                           .tokens = emulator_.url(),
                           .client_id = "client",
                           .client_secret = base::Secret("client-secret")}};
};

TEST_F(YouTubeChannelTest, AnOwnerLetsUsInAndTokensRotate) {
  const auto begun = channel_.authorisation({}, kBack, deadline(), {});
  ASSERT_TRUE(begun.client);
  const auto proof = oauth::new_proof_key();
  const auto back = link(*begun.client, proof);
  std::string code;
  for (const auto& [name, value] : oauth::parse_form(back.substr(back.find('?') + 1)))
    if (name == "code") code = value;
  const auto got =
      channel_.exchange(*begun.client, {base::Secret(code), proof.verifier, kBack}, deadline(), {});
  ASSERT_TRUE(got.credentials) << got.outcome.error;
  EXPECT_TRUE(channel_.refreshable(*got.credentials));
  EXPECT_TRUE(channel_.expires_at(*got.credentials));

  const auto who = channel_.verify({}, *got.credentials, deadline(), {});
  EXPECT_EQ(who.outcome.verdict, Verdict::accepted) << who.outcome.error;
  EXPECT_EQ(who.account.id, kChannel);
  EXPECT_EQ(who.account.name, "Talk & Co");

  const auto fresh = channel_.refresh({}, *got.credentials, deadline(), {});
  ASSERT_TRUE(fresh.credentials);
  EXPECT_EQ(channel_.verify({}, *fresh.credentials, deadline(), {}).outcome.verdict, Verdict::accepted);
  const auto stale = channel_.refresh({}, *got.credentials, deadline(), {});
  EXPECT_EQ(stale.outcome.reason, Reason::credentials);

  channel_.revoke({}, *fresh.credentials, deadline(), {});
  EXPECT_FALSE(channel_.refresh({}, *fresh.credentials, deadline(), {}).credentials);
}

TEST_F(YouTubeChannelTest, ATokenOfNobodyIsRefused) {
  const auto who = channel_.verify({}, {base::Secret("nobody's")}, deadline(), {});
  EXPECT_EQ(who.outcome.verdict, Verdict::certain_failure);
  EXPECT_EQ(who.outcome.reason, Reason::credentials);
  EXPECT_EQ(who.outcome.error.find("nobody's"), std::string::npos);
}

TEST_F(YouTubeChannelTest, ItPublishesNoPosts) {
  EXPECT_THROW(channel_.render(Post{"hello", ""}, {}, "key"), base::UserError);
  EXPECT_EQ(channel_.send({}, {base::Secret("x")}, "key", deadline(), {}).verdict, Verdict::certain_failure);
  EXPECT_EQ(channel_.look({}, {base::Secret("x")}, "key", deadline(), {}).presence, Presence::cannot_tell);
  EXPECT_THROW(channel_.check("https://elsewhere", {base::Secret("x")}), base::UserError);
}

TEST_F(YouTubeChannelTest, WithoutAClientNobodyIsSentAnywhere) {
  YouTubeChannel none(http_, {.api = emulator_.url()});
  const auto begun = none.authorisation({}, kBack, deadline(), {});
  EXPECT_FALSE(begun.client);
  EXPECT_NE(begun.outcome.error.find("youtube-client-id"), std::string::npos);
}

}  // namespace
}  // namespace fencepost::connect
