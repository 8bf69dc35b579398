// Subscriptions to notifications, over the API.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/api/testing/fixture.hpp"

namespace fencepost::http {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kPath = "/api/v1/notifications/subscriptions";

class SubscriptionsTest : public testing::ApiTest {
 protected:
  json webhook() const {
    return {{"name", "ops"}, {"channel", "webhook"}, {"url", receiver.url()}, {"kinds", {"item_failed"}}};
  }
};

TEST_F(SubscriptionsTest, ASecretIsShownOnceAndThenNever) {
  const auto made = send("POST", kPath, webhook(), {{"Idempotency-Key", "k1"}});
  ASSERT_EQ(code(made), "201") << made.body;
  EXPECT_THAT(json_of(made)["secret"], ::testing::StartsWith("whsec_"));
  EXPECT_EQ(json_of(made)["status"], "active");
  EXPECT_EQ(send("POST", kPath, webhook(), {{"Idempotency-Key", "k1"}}).body, made.body);
  const auto path = *made.headers.find("Location");
  EXPECT_THAT(send("GET", path).body, Not(HasSubstr("whsec_")));
  EXPECT_THAT(send("GET", kPath).body, Not(HasSubstr("whsec_")));
  EXPECT_EQ(json_of(send("GET", kPath))["items"].size(), 1U);
  auto given = webhook();
  given["secret"] = announce::testing::Receiver::kSecret;
  EXPECT_FALSE(json_of(send("POST", kPath, given)).contains("secret"));
}

TEST_F(SubscriptionsTest, WhatIsNoneIsRefused) {
  auto body = webhook();
  body["url"] = "https://ada:secret@example.com/hook";
  EXPECT_EQ(code(send("POST", kPath, body)), "422 invalid_destination");
  body = webhook();
  body["kinds"] = json::array();
  EXPECT_EQ(code(send("POST", kPath, body)), "422 invalid_kinds");
  body["kinds"] = {"everything"};
  EXPECT_EQ(code(send("POST", kPath, body)), "422 invalid_field");
  body = webhook();
  body.erase("url");
  EXPECT_EQ(code(send("POST", kPath, body)), "422 invalid_field");
  body = webhook();
  body["secret"] = "whsec_short";
  EXPECT_EQ(code(send("POST", kPath, body)), "422 invalid_credentials");
}

TEST_F(SubscriptionsTest, MailGoesToOnesOwnConfirmedAddressAlone) {
  const json body = {{"name", "me"}, {"channel", "email"}, {"kinds", {"item_failed"}}};
  EXPECT_EQ(code(send("POST", kPath, body)), "409 no_person");
  const auto ada = signed_in(person("ada"));
  EXPECT_EQ(code(as(ada, "POST", kPath, body)), "409 mail_not_configured");
  services.sends_mail = true;
  auto elsewhere = body;
  elsewhere["url"] = "https://example.com";
  EXPECT_EQ(code(as(ada, "POST", kPath, elsewhere)), "422 invalid_field");
  const auto made = as(ada, "POST", kPath, body);
  ASSERT_EQ(code(made), "201") << made.body;
  EXPECT_EQ(json_of(made)["status"], "unconfirmed");
  EXPECT_EQ(json_of(made)["address"], "ada@example.org");
  EXPECT_FALSE(json_of(made).contains("secret"));
  const auto path = *made.headers.find("Location");
  EXPECT_EQ(code(as(ada, "POST", path + "/test")), "409 not_confirmed");
  EXPECT_EQ(code(as(ada, "POST", path + "/confirm", {{"code", "guess"}})), "409 wrong_code");
  EXPECT_EQ(json_of(as(ada, "GET", path + "/deliveries"))["items"][0]["kind"], "confirm");
}

TEST_F(SubscriptionsTest, AnEditNamesTheVersionThatItSaw) {
  const auto made = send("POST", kPath, webhook());
  const auto path = *made.headers.find("Location");
  const auto tag = *made.headers.find("ETag");
  const auto off = send("PATCH", path, {{"enabled", false}}, {{"If-Match", tag}});
  ASSERT_EQ(code(off), "200") << off.body;
  EXPECT_EQ(json_of(off)["status"], "off");
  EXPECT_EQ(code(send("PATCH", path, {{"enabled", true}}, {{"If-Match", tag}})), "412 version_conflict");
  const auto all =
      send("PATCH", path, {{"queues", {"announcements"}}}, {{"If-Match", *off.headers.find("ETag")}});
  EXPECT_EQ(json_of(all)["queues"], json({"announcements"}));
  EXPECT_EQ(answer(send("POST", path + "/test")), "202 queued");
  EXPECT_EQ(code(send("DELETE", path)), "204");
  EXPECT_EQ(code(send("GET", path)), "404 not_found");
  EXPECT_EQ(code(send("PATCH", path, {{"enabled", true}}, {{"If-Match", tag}})), "404 not_found");
  EXPECT_EQ(code(send("POST", path + "/test")), "404 not_found");
}

}  // namespace
}  // namespace fencepost::http
