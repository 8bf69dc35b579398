// Connections, tokens, queues and what machines ask.

#include <gmock/gmock.h>

#include "http/api/testing/fixture.hpp"

namespace fencepost::http {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class AccountsApi : public testing::ApiTest {};

TEST_F(AccountsApi, ConnectsAndDisconnects) {
  const json body = {{"name", "Fans"}, {"platform", "webhook"}, {"url", receiver.url()}};
  const auto made = send("POST", "/api/v1/connections", body);
  ASSERT_EQ(code(made), "201") << made.body;
  EXPECT_THAT(json_of(made)["secret"].get<std::string>(), StartsWith("whsec_"));
  const auto path = *made.headers.find("Location");
  const auto shown = send("GET", path);
  EXPECT_EQ(json_of(shown)["url"], receiver.url());
  EXPECT_EQ(json_of(shown)["status"], "connected");
  EXPECT_FALSE(json_of(shown).contains("secret"));
  EXPECT_EQ(code(send("POST", "/api/v1/connections", body)), "409 duplicate_name");
  EXPECT_EQ(code(send("DELETE", path)), "200");
  EXPECT_EQ(code(send("DELETE", path)), "200");
  EXPECT_EQ(json_of(send("GET", path))["status"], "disconnected");
  EXPECT_EQ(code(send("POST", "/api/v1/connections", body)), "201");
  EXPECT_EQ(json_of(send("GET", "/api/v1/connections"))["items"].size(), 3U);
  EXPECT_EQ(code(send("GET", "/api/v1/connections/999")), "404 not_found");
  EXPECT_EQ(code(send("DELETE", "/api/v1/connections/999")), "404 not_found");
}

TEST_F(AccountsApi, RefusesConnectionsThatCannotWork) {
  const auto make = [&](json change) {
    json body = {{"name", "Fans"}, {"platform", "webhook"}, {"url", receiver.url()}};
    body.update(change);
    const auto response = send("POST", "/api/v1/connections", body);
    EXPECT_EQ(response.body.find("whsec_!"), std::string::npos) << "repeats the secret";
    return code(response);
  };
  EXPECT_EQ(make({{"platform", "carrier-pigeon"}}), "422 invalid_platform");
  EXPECT_EQ(make({{"name", " "}}), "422 invalid_name");
  EXPECT_EQ(make({{"url", "gopher://example.com"}}), "422 invalid_field");
  EXPECT_EQ(make({{"url", "https://user:word@example.com/"}}).substr(0, 3), "422");
  EXPECT_EQ(make({{"secret", "whsec_!"}}).substr(0, 3), "422");
  // A secret of one's own is not shown back.
  const auto made = send("POST", "/api/v1/connections",
                         {{"name", "Own"},
                          {"platform", "webhook"},
                          {"url", receiver.url()},
                          {"secret", announce::testing::Receiver::kSecret}});
  EXPECT_EQ(code(made), "201");
  EXPECT_THAT(made.body, Not(HasSubstr("whsec_")));
}

TEST_F(AccountsApi, TokensOpenUntilTheyAreRevoked) {
  const auto made = send("POST", "/api/v1/tokens", {{"name", "deploy"}});
  ASSERT_EQ(code(made), "201");
  const auto other = json_of(made)["token"].get<std::string>();
  const auto id = json_of(made)["id"].get<std::int64_t>();
  const auto me = raw("GET", "/api/v1/me", "", {}, other);
  EXPECT_EQ(json_of(me)["token_id"], id);
  EXPECT_EQ(json_of(me)["name"], "deploy");
  EXPECT_TRUE(json_of(me)["person"].is_null());
  EXPECT_THAT(send("GET", "/api/v1/tokens").body, Not(HasSubstr(other)));
  EXPECT_EQ(code(send("DELETE", "/api/v1/tokens/" + std::to_string(id))), "204");
  EXPECT_EQ(raw("GET", "/api/v1/me", "", {}, other).status, 401);
  EXPECT_EQ(code(send("DELETE", "/api/v1/tokens/" + std::to_string(id))), "204");
  EXPECT_EQ(code(send("DELETE", "/api/v1/tokens/999")), "404 not_found");
  EXPECT_EQ(code(send("POST", "/api/v1/tokens", {{"name", ""}})), "422 invalid_field");
  const auto tokens = json_of(send("GET", "/api/v1/tokens"))["items"];
  ASSERT_EQ(tokens.size(), 2U);
  EXPECT_EQ(tokens[1]["revoked"], true);
}

TEST_F(AccountsApi, QueuesPauseAndResume) {
  later();
  const auto listed = json_of(send("GET", "/api/v1/queues"))["items"];
  ASSERT_EQ(listed.size(), services.queues.size());
  EXPECT_EQ(listed[0]["name"], "announcements");
  EXPECT_EQ(listed[0]["counts"]["queued"], 1);
  EXPECT_TRUE(listed[0]["counted_at_least"].empty()) << "so few are counted to their end";
  const auto paused = send("POST", "/api/v1/queues/announcements/pause", {{"why", "holiday"}});
  EXPECT_EQ(json_of(paused)["paused"], true);
  EXPECT_EQ(json_of(paused)["paused_why"], "holiday");
  EXPECT_TRUE(json_of(paused)["oldest_due_seconds"].is_null()) << "it is due in an hour";
  database.run("UPDATE fencepost_announcements SET run_at = run_at - CAST(7200000000 AS BIGINT)");
  const auto due = json_of(send("GET", "/api/v1/queues"))["items"][0]["oldest_due_seconds"].get<int>();
  EXPECT_GE(due, 3600);
  EXPECT_LT(due, 7200);
  const auto resumed = send("POST", "/api/v1/queues/announcements/resume");
  EXPECT_EQ(json_of(resumed)["paused"], false);
  EXPECT_TRUE(json_of(resumed)["paused_why"].is_null());
  EXPECT_EQ(code(send("POST", "/api/v1/queues/none/pause")), "404 not_found");
  EXPECT_EQ(code(send("POST", "/api/v1/queues/none/resume")), "404 not_found");
}

TEST_F(AccountsApi, SaysWhetherItIsReady) {
  EXPECT_EQ(raw("GET", "/healthz", "", {}, "").status, 200);
  EXPECT_EQ(raw("GET", "/readyz", "", {}, "").status, 200);
  services.migrations.push_back({9999, "later", "", ""});
  const auto unready = raw("GET", "/readyz", "", {}, "");
  EXPECT_EQ(code(unready), "503 unavailable");
  EXPECT_NE(unready.headers.find("Retry-After"), nullptr);
}

TEST_F(AccountsApi, MetricsAreOpenToThisHostAlone) {
  later();
  const auto here = raw("GET", "/metrics", "", {}, "");
  EXPECT_EQ(here.status, 200);
  EXPECT_THAT(here.body, HasSubstr("fencepost_items{queue=\"announcements\",state=\"queued\"} 1"));
  EXPECT_THAT(here.body, HasSubstr("fencepost_up{what=\"database\"} 1"));
  const std::string stranger = "192.0.2.7";
  EXPECT_EQ(raw("GET", "/metrics", "", {}, "", stranger).status, 401);
  EXPECT_EQ(raw("GET", "/metrics", "", {}, "fp_wrong", stranger).status, 401);
  EXPECT_EQ(raw("GET", "/metrics", "", {}, admin, stranger).status, 200);
  EXPECT_EQ(raw("GET", "/metrics", "", {{"X-Forwarded-For", stranger}}, "").status, 401);
}

}  // namespace
}  // namespace fencepost::http
