// Items of a queue, and acts on many of them.

#include <gmock/gmock.h>

#include "http/api/testing/fixture.hpp"

namespace fencepost::http {
namespace {

using nlohmann::json;

class QueueItems : public testing::ApiTest {
 protected:
  static constexpr const char* kQueue = "/api/v1/queues/announcements";
  Response post(const std::string& word, const json& body = json::object(), const Headers& headers = {}) {
    return send("POST", std::string(kQueue) + "/" + word, body, headers);
  }
  json items(const std::string& query = "") {
    return json_of(send("GET", std::string(kQueue) + "/items" + query));
  }
};

TEST_F(QueueItems, ComeInPagesByKeyAndState) {
  for (int i = 0; i < 3; ++i) later();
  const auto first = items("?limit=2");
  ASSERT_EQ(first["items"].size(), 2U);
  EXPECT_EQ(first["items"][0]["item"], "1");
  EXPECT_EQ(first["items"][0]["state"], "queued");
  EXPECT_TRUE(first["items"][0]["error"].is_null());
  const auto second = items("?limit=2&cursor=" + first["next"].get<std::string>());
  EXPECT_EQ(second["items"].size(), 1U);
  EXPECT_TRUE(second["next"].is_null());
  EXPECT_EQ(items("?state=failed")["items"].size(), 0U);
  EXPECT_EQ(code(send("GET", std::string(kQueue) + "/items?state=lost")).substr(0, 1), "4");
  EXPECT_EQ(code(send("GET", std::string(kQueue) + "/items?cursor=x")), "400 invalid_cursor");
  EXPECT_EQ(code(send("GET", "/api/v1/queues/none/items")), "404 not_found");
}

TEST_F(QueueItems, APreviewWritesNothingAndSaysWhatTheActAnswers) {
  for (int i = 0; i < 3; ++i) later();
  const json filter = {{"states", {"queued"}}, {"items", {"1", "3", "99"}}};
  auto asked = filter;
  asked["preview"] = true;
  const auto before = json_of(post("stop", asked));
  EXPECT_EQ(before["preview"], true);
  EXPECT_EQ(before["answers"], json({{"prevented", 2}}));
  EXPECT_EQ(before["states"], json({{"queued", 2}}));
  EXPECT_EQ(items("?state=queued")["items"].size(), 3U);
  const auto after = json_of(post("stop", filter));
  EXPECT_EQ(after["answers"], before["answers"]);
  EXPECT_EQ(items("?state=stopped")["items"].size(), 2U);
  EXPECT_EQ(json_of(post("requeue", {{"states", {"stopped"}}}))["answers"], json({{"rearmed", 2}}));
  EXPECT_EQ(items("?state=queued")["items"].size(), 3U);
}

TEST_F(QueueItems, ARepeatedActGetsTheFirstAnswer) {
  later();
  const Headers key{{"Idempotency-Key", "one"}};
  EXPECT_EQ(json_of(post("stop", {{"states", {"queued"}}}, key))["answers"], json({{"prevented", 1}}));
  EXPECT_EQ(json_of(post("stop", {{"states", {"queued"}}}, key))["answers"], json({{"prevented", 1}}));
  EXPECT_EQ(json_of(post("stop", {{"states", {"queued"}}}))["items"], 0);
}

TEST_F(QueueItems, RefusesWhatIsNoFilter) {
  EXPECT_EQ(code(post("retry", {{"states", {"done"}}})), "422 invalid_filter");
  EXPECT_EQ(code(post("stop", {{"states", {"lost"}}})).substr(0, 3), "422");
  EXPECT_EQ(code(post("stop", {{"max", 0}})), "422 invalid_field");
  EXPECT_EQ(code(post("stop", {{"age", 1}})).substr(0, 3), "422");
  for (const auto* word : {"stop", "retry", "requeue", "drain"})
    EXPECT_EQ(code(send("POST", std::string("/api/v1/queues/none/") + word, json::object())),
              "404 not_found");
}

TEST_F(QueueItems, ADrainPausesAndSaysWhenNothingIsAtWork) {
  later();
  const auto drained = post("drain?wait=5");
  EXPECT_EQ(answer(drained), "200 drained");
  EXPECT_EQ(json_of(drained)["claimed"], 0);
  const auto queue = json_of(send("GET", "/api/v1/queues"))["items"][0];
  EXPECT_EQ(queue["paused"], true);
  EXPECT_EQ(queue["paused_why"], "drain");
  // Somebody's claim that nobody works: it is at work as far as anybody can know.
  {
    const auto lease = database->acquire();
    stage.fence().pause(*lease, false, "");
    ASSERT_EQ(stage.fence().run_now(*lease, "1", "ada", std::chrono::minutes(5), 9).answer,
              core::RunNowAnswer::started);
  }
  const auto draining = post("drain");
  EXPECT_EQ(answer(draining), "202 draining");
  EXPECT_EQ(json_of(draining)["claimed"], 1);
}

}  // namespace
}  // namespace fencepost::http
