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

// Acts on many items of an application do what its own acts do.
class HouseQueues : public testing::ApiTest, public ::testing::WithParamInterface<const char*> {
 protected:
  HouseQueues() : ApiTest(GetParam()) {}

  json act(const std::string& queue, const std::string& word, const json& body = json::object()) {
    return json_of(send("POST", "/api/v1/queues/" + queue + "/" + word, body))["answers"];
  }
  json previewed(const std::string& queue, const std::string& word) {
    return act(queue, word, {{"preview", true}});
  }
  std::int64_t seats() { return database.run("SELECT count(*) FROM fencepost_slots")[0][0].integer(); }
  // A video on the channel, and its upload in the first free slot that is a day away: the next one may come,
  // or be too near, while a test runs.
  Response schedule(std::int64_t of) {
    const auto tomorrow = base::system_clock().wall() + base::Duration(std::chrono::hours(24)).count();
    const auto slot = uploads.next_slot(channel_, "final", tomorrow).value();
    return send("POST", "/api/v1/channels/" + std::to_string(channel_) + "/uploads",
                {{"video_id", of}, {"kind", "final"}, {"at", base::format_utc(slot.slot_at)}});
  }

  const std::int64_t channel_ = channel();
};

TEST_P(HouseQueues, AnAnnouncementThatIsTooLateIsNotRetried) {
  const auto late = later(), good = later();
  database.run("UPDATE fencepost_announcements SET status = 'failed'");
  database.run("UPDATE fencepost_announcements SET run_at = run_at - 345600000000 WHERE id = 1");
  ASSERT_EQ(code(send("POST", late + "/enable")), "409 too_late");
  const json answers = {{"too_late", 1}, {"rearmed", 1}};
  EXPECT_EQ(previewed("announcements", "retry"), answers);
  EXPECT_EQ(json_of(send("GET", good))["status"], "failed");
  EXPECT_EQ(act("announcements", "retry"), answers);
  EXPECT_EQ(json_of(send("GET", late))["status"], "failed");
  EXPECT_EQ(json_of(send("GET", good))["status"], "queued");
  EXPECT_EQ(act("announcements", "requeue"), json({{"too_late", 1}}));
}

// Each item of a thread is named by itself: what somebody stopped stays so.
TEST_P(HouseQueues, WhatSomebodyStoppedIsNotRetriedWithWhatFailed) {
  const auto path = later();
  database.run("UPDATE fencepost_announcements SET status = 'failed'");
  database.run(
      "INSERT INTO fencepost_announcements (connection_id, thread_id, part, text, run_at, status) "
      "SELECT connection_id, id, 2, 'two', 4102444800000000, 'disabled' FROM fencepost_announcements");
  EXPECT_EQ(act("announcements", "retry"), json({{"rearmed", 1}}));
  const auto now = json_of(send("GET", path));
  EXPECT_EQ(now["status"], "queued");
  EXPECT_EQ(now["parts"][0]["status"], "disabled");
}

TEST_P(HouseQueues, ARetriedUploadHoldsItsPlacesAnew) {
  const auto one = video(), other = video();
  ASSERT_EQ(code(schedule(one)), "201");
  ASSERT_EQ(code(schedule(other)), "201");
  ASSERT_EQ(seats(), 2);
  database.run("UPDATE fencepost_uploads SET status = 'failed'");
  ASSERT_EQ(seats(), 0);
  EXPECT_EQ(previewed("uploads", "retry"), json({{"rearmed", 2}}));
  EXPECT_EQ(seats(), 0);
  ASSERT_EQ(code(schedule(one)), "201");
  // The one keeps nobody from the other.
  const json answers = {{"duplicate_upload", 1}, {"rearmed", 1}};
  EXPECT_EQ(previewed("uploads", "retry"), answers);
  EXPECT_EQ(act("uploads", "retry"), answers);
  EXPECT_EQ(seats(), 2);
  EXPECT_EQ(act("uploads", "stop", {{"states", {"queued"}}}), json({{"prevented", 2}}));
  EXPECT_EQ(seats(), 0);
}

INSTANTIATE_TEST_SUITE_P(Databases, HouseQueues, ::testing::Values("sqlite", "postgres"),
                         [](const auto& each) { return std::string(each.param); });

}  // namespace
}  // namespace fencepost::http
