#include "connect/discord/discord.hpp"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/random.hpp"
#include "connect/discord/hook.hpp"
#include "connect/multipart.hpp"
#include "connect/testing/emulator.hpp"

namespace fencepost::connect {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::Emulator;

constexpr auto kToken = "token-of-the-webhook_1";
constexpr auto kId = "1180000000000000001";
constexpr auto kKey = "0123456789ab00000000000000000000";

class DiscordTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { emulator_ = std::make_unique<Emulator>("discord"); }
  static void TearDownTestSuite() { emulator_.reset(); }
  void SetUp() override { emulator_->reset(); }
  void TearDown() override { emulator_->set({{"rate_left", nullptr}}); }

  Credentials hook(const std::string& token = kToken, const std::string& id = kId,
                   const std::string& more = "") const {
    return {base::Secret(emulator_->url() + "/api/webhooks/" + id + "/" + token + more)};
  }
  base::BootTime in(base::Duration patience) const { return base::system_clock().boot() + patience; }
  Rendered ready(const Post& post, const Account& account = {}) {
    auto answer =
        discord_.prepare(discord_.render(post, account, kKey), post, account, hook(), kKey, in(60s), {});
    return std::get<Rendered>(std::move(answer));
  }
  Outcome send(const Post& post, const Credentials& credentials, base::Duration patience = 60s) {
    return discord_.send(ready(post), credentials, kKey, in(patience), {});
  }

  static inline std::unique_ptr<Emulator> emulator_;
  HttpClient http_{{.addresses = {.allow_private = true}}, base::system_clock()};
  Limits limits_;
  Discord discord_{http_, limits_.of("discord"), {.url = emulator_->url()}};
};

TEST_F(DiscordTest, TheSecretIsTheUrlAndNothingShownHasIt) {
  const Discord real(http_, limits_.of("discord"));
  const std::string tail = std::string("/webhooks/") + kId + "/" + kToken;
  for (const auto* head : {"https://discord.com/api", "https://discordapp.com/api/v10",
                           "https://ptb.discord.com/api", "https://canary.discord.com/api"})
    EXPECT_NO_THROW(real.check("", {base::Secret(head + tail)})) << head;
  for (const auto& secret :
       {std::string(), "https://evil.example/api" + tail, "http://discord.com/api" + tail,
        "https://discord.com" + tail, std::string("https://discord.com/api/webhooks/12"),
        std::string("https://discord.com/api/webhooks/12/"),
        std::string("https://discord.com/api/webhooks/x/y"), "https://discord.com/api" + tail + "/slack",
        "https://discord.com/api" + tail + "?wait=false", "https://discord.com.evil.example/api" + tail})
    EXPECT_THROW(real.check("", {base::Secret(secret)}), base::UserError) << secret;
  EXPECT_NO_THROW(discord_.check(emulator_->url() + "/api/webhooks/" + kId, hook()));
  EXPECT_THROW(discord_.check("https://discord.com", hook()), base::UserError);

  const auto found = discord_.verify({}, hook(), in(60s), {});
  ASSERT_EQ(found.outcome.verdict, Verdict::accepted) << found.outcome.error;
  const auto rendered = ready({"Live now", "https://example.com/"}, found.account);
  for (const auto& shown : {rendered.destination, rendered.request, found.account.target, found.account.id,
                            found.account.name, found.account.facts})
    EXPECT_EQ(shown.find(kToken), std::string::npos) << shown;
  EXPECT_EQ(rendered.destination, emulator_->url() + "/api/webhooks/" + kId);
}

TEST_F(DiscordTest, PostsAMessageThatPingsNobodyAndSaysWhereItIs) {
  const auto account = discord_.verify({}, hook(), in(60s), {}).account;
  EXPECT_EQ(account.name, "Captain Hook");
  const auto outcome =
      discord_.send(ready({"@everyone live", "https://example.com/"}, account), hook(), kKey, in(60s), {});
  ASSERT_EQ(outcome.verdict, Verdict::accepted) << outcome.error;
  const auto message = emulator_->accepted()[0];
  EXPECT_EQ(message["text"], "@everyone live\nhttps://example.com/");
  EXPECT_EQ(message["pings"], json::array());
  EXPECT_EQ(outcome.remote_id, message["id"]);
  EXPECT_EQ(outcome.remote_url,
            emulator_->url() + "/channels/1180000000000000003/1180000000000000002/" + outcome.remote_id);
}

TEST_F(DiscordTest, IntoAThreadOfTheChannel) {
  EXPECT_EQ(discord_.send(ready({"Hi", ""}), hook(kToken, kId, "?thread_id=42"), kKey, in(60s), {}).verdict,
            Verdict::accepted);
  EXPECT_EQ(emulator_->accepted()[0]["thread"], "42");
}

TEST_F(DiscordTest, ImagesTravelWithTheMessageOnce) {
  const Post post{
      "Look", "", {{"JPEG bytes", "image/jpeg", "A \"cat\"", 0, 0}, {"PNG", "image/png", "", 0, 0}}};
  const auto rendered = ready(post);
  EXPECT_EQ(rendered.request.find("bytes"), std::string::npos) << "not stored";
  EXPECT_EQ(discord_.send(rendered, hook(), kKey, in(60s), {}).verdict, Verdict::accepted);
  const auto files = emulator_->accepted()[0]["files"];
  EXPECT_EQ(files[0], (json{{"name", "image-1.jpg"}, {"bytes", 10}, {"alt", "A \"cat\""}}));
  EXPECT_EQ(files[1], (json{{"name", "image-2.png"}, {"bytes", 3}, {"alt", ""}}));
  // Never a message without the images that it speaks of.
  const auto without = discord_.send(rendered, hook(), kKey, in(60s), {});
  EXPECT_EQ(without.verdict, Verdict::certain_failure);
  EXPECT_TRUE(without.retryable);
  EXPECT_EQ(emulator_->accepted("message"), 1);
}

TEST_F(DiscordTest, ImagesThatThePlatformWouldRefuseAreNamedAtOnce) {
  const Image image{std::string(2 << 20, 'x'), "image/png", "", 0, 0};
  auto odd = image, wordy = image;
  odd.media_type = "image/tiff";
  wordy.alt.assign(1025, 'x');
  for (const auto& images :
       {std::vector<Image>{odd}, {wordy}, std::vector<Image>(6, image), std::vector<Image>(11)})
    EXPECT_THROW((void)discord_.render({"x", "", images}, {}, kKey), base::UserError);
  EXPECT_NO_THROW((void)discord_.render({"x", "", std::vector<Image>(5, image)}, {}, kKey));
  EXPECT_THROW((void)discord_.render({"", ""}, {}, kKey), base::UserError);
  EXPECT_THROW((void)discord_.render({"\xff", ""}, {}, kKey), base::UserError);
}

TEST_F(DiscordTest, LengthIsCountedInCodePoints) {
  std::string cats;
  for (int i = 0; i < 2000; ++i) cats += "🐈";
  EXPECT_FALSE(discord_.fit({cats, ""}, {}).shortened);
  EXPECT_EQ(send({cats, ""}, hook()).verdict, Verdict::accepted);
  const auto fitted = discord_.fit({cats, "https://example.com/"}, {});
  EXPECT_EQ(discord_.text_of(discord_.render({cats, "https://example.com/"}, {}, kKey)), fitted.text);
  EXPECT_TRUE(fitted.shortened);
  EXPECT_LE(fitted.length, 2000);
  EXPECT_EQ(send({cats, "https://example.com/"}, hook()).verdict, Verdict::accepted);
}

struct Fault {
  const char* name;
  json fault;
  Verdict verdict;
  Reason reason;
  int messages;
};

TEST_F(DiscordTest, WhatIsNotKnownStaysUnknownAndIsNeverSentAgain) {
  const auto unknown = Verdict::unknown, no = Verdict::certain_failure;
  const auto refused = [](int status, int code) {
    return json{{"mode", "status"}, {"status", status}, {"body", {{"code", code}, {"message", "No."}}}};
  };
  const std::vector<Fault> faults = {
      {"accepted, then cut", {{"mode", "accept_then_cut"}}, unknown, Reason::none, 1},
      {"accepted, then 500", {{"mode", "status_after"}}, unknown, Reason::none, 1},
      {"accepted, no answer in time", {{"mode", "slow"}, {"seconds", 60}}, unknown, Reason::none, 1},
      {"accepted, not HTTP", {{"mode", "garbage"}}, unknown, Reason::none, 1},
      {"accepted, half a body", {{"mode", "malformed"}}, Verdict::accepted, Reason::none, 1},
      {"503", {{"mode", "status"}}, unknown, Reason::none, 0},
      {"cut", {{"mode", "cut_before"}}, unknown, Reason::none, 0},
      {"reset", {{"mode", "close_before_read"}}, unknown, Reason::none, 0},
      {"empty message", refused(400, 50006), no, Reason::rejected, 0},
      {"bad token", refused(401, 50027), no, Reason::credentials, 0},
      {"forbidden", refused(403, 50013), no, Reason::credentials, 0},
      {"no such webhook", refused(404, 10015), no, Reason::credentials, 0},
      {"no such channel", refused(404, 10003), no, Reason::rejected, 0},
      {"too large", refused(413, 40005), no, Reason::rejected, 0},
      {"too many", refused(429, 0), no, Reason::rate_limited, 0},
  };
  for (const auto& [name, fault, verdict, reason, messages] : faults) {
    SCOPED_TRACE(name);
    emulator_->reset();
    const auto rendered = ready({name, ""});
    emulator_->fault(fault);
    const bool slow = fault["mode"] == "slow";
    const auto outcome = discord_.send(rendered, hook(), kKey, in(slow ? 3s : 60s), {});
    // Nobody waited for it: it may act later.
    while (slow && emulator_->accepted("message") == 0) {
    }
    EXPECT_EQ(outcome.verdict, verdict) << outcome.error;
    EXPECT_EQ(outcome.reason, reason);
    EXPECT_EQ(outcome.error.empty(), verdict == Verdict::accepted);
    EXPECT_EQ(emulator_->accepted("message"), messages);
    const auto look = discord_.look(rendered, hook(), kKey, in(60s), {});
    EXPECT_EQ(look.presence, Presence::cannot_tell);
    EXPECT_FALSE(look.evidence.empty());
  }
  EXPECT_EQ(discord_.refuses_second_arrival(), base::Duration(0));
}

TEST_F(DiscordTest, RefusalsOfTheRealServer) {
  EXPECT_EQ(send({"x", ""}, hook("wrong")).error, "Discord answered 401: Invalid Webhook Token");
  EXPECT_EQ(send({"x", ""}, hook(kToken, "1")).reason, Reason::credentials) << "the webhook was deleted";
  EXPECT_EQ(discord_.verify({}, hook("wrong"), in(60s), {}).outcome.reason, Reason::credentials);
  emulator_->fault({{"mode", "status"}});
  EXPECT_EQ(discord_.verify({}, hook(), in(60s), {}).outcome.reason, Reason::temporary);
}

TEST_F(DiscordTest, RateLimitsWithDecimalsAreObeyed) {
  emulator_->set({{"rate_left", 1}, {"retry_after", 0.65}});
  const auto last = send({"one", ""}, hook());
  EXPECT_EQ(last.verdict, Verdict::accepted);
  EXPECT_EQ(last.rest, base::Duration(650ms));
  const auto refused = send({"two", ""}, hook());
  EXPECT_EQ(refused.reason, Reason::rate_limited);
  EXPECT_EQ(refused.retry_after, base::Duration(650ms)) << "the body's, not the header's whole second";
  EXPECT_EQ(refused.rest, base::Duration(650ms));
  emulator_->fault(
      {{"mode", "status"}, {"status", 429}, {"body", "banned"}, {"headers", {{"Retry-After", "120"}}}});
  EXPECT_EQ(send({"three", ""}, hook()).retry_after, base::Duration(2min));
}

TEST_F(DiscordTest, EveryStatusHasItsMeaning) {
  const std::map<int, Reason> certain = {
      {307, Reason::rejected},    {308, Reason::rejected},    {400, Reason::rejected},
      {401, Reason::credentials}, {403, Reason::credentials}, {404, Reason::rejected},
      {405, Reason::rejected},    {406, Reason::rejected},    {410, Reason::rejected},
      {411, Reason::rejected},    {413, Reason::rejected},    {414, Reason::rejected},
      {415, Reason::rejected},    {422, Reason::rejected},    {429, Reason::rate_limited},
      {431, Reason::rejected}};
  for (int status = 200; status < 600; ++status) {
    HttpResult result;
    result.status = status;
    const auto outcome = discord::refusal(result, {}, 0);
    const auto known = certain.find(status);
    EXPECT_EQ(outcome.verdict, known != certain.end() ? Verdict::certain_failure : Verdict::unknown)
        << status;
    EXPECT_EQ(outcome.reason, known != certain.end() ? known->second : Reason::none) << status;
    EXPECT_FALSE(outcome.error.empty());
  }
}

TEST(Multipart, TheBoundaryOccursInNoPart) {
  const auto body =
      multipart({{"a", "--fencepost-k", "", ""}, {"b", "fencepost-kx", "x.png", "image/png"}}, "k");
  EXPECT_EQ(body.content_type, "multipart/form-data; boundary=fencepost-kxx");
  EXPECT_EQ(body.body,
            "--fencepost-kxx\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n--fencepost-k\r\n"
            "--fencepost-kxx\r\nContent-Disposition: form-data; name=\"b\"; filename=\"x.png\"\r\n"
            "Content-Type: image/png\r\n\r\nfencepost-kx\r\n--fencepost-kxx--\r\n");
  EXPECT_LE(multipart({}, std::string(200, 'k')).content_type.size(), 100u);
}

}  // namespace
}  // namespace fencepost::connect
