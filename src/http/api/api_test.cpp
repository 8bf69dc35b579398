// Announcements through the API: every status that it promises, against a real receiver.

#include "http/api/api.hpp"

#include <thread>

#include "connect/testing/raw_server.hpp"
#include "http/api/testing/fixture.hpp"

namespace fencepost::http {
namespace {

using announce::testing::Receiver;
using connect::testing::Signal;
using nlohmann::json;
using Mode = Receiver::Mode;

class AnnouncementApi : public testing::ApiTest {
 protected:
  // One that the receiver holds in its hands until `release`, so that it is in flight.
  std::string in_flight() {
    receiver.before_answer([this] {
      arrived.set();
      release.wait();
    });
    stage.start();
    const auto path = later();
    EXPECT_EQ(answer(send("POST", path + "/post-now?wait=0")), "202 started");
    arrived.wait();
    return path;
  }
  // One of which nobody knows whether it was posted.
  std::string unknown() {
    receiver.next({Mode::error_500});
    stage.start();
    const auto path = later();
    const auto response = send("POST", path + "/post-now?wait=30");
    EXPECT_EQ(answer(response), "200 started");
    EXPECT_EQ(json_of(response)["announcement"]["status"], "unknown");
    return path;
  }
  Signal arrived, release;
};

TEST_F(AnnouncementApi, MakesAndShows) {
  const json body = {{"connection_id", connection},
                     {"text", "Hello ✓"},
                     {"url", "https://example.com/a"},
                     {"run_at", "2037-01-01T01:00:00+01:00"}};
  const auto made = send("POST", "/api/v1/announcements", body);
  ASSERT_EQ(code(made), "201") << made.body;
  const auto id = json_of(made)["id"].get<std::int64_t>();
  EXPECT_EQ(*made.headers.find("Location"), "/api/v1/announcements/" + std::to_string(id));
  EXPECT_EQ(*made.headers.find("ETag"), "\"1\"");
  EXPECT_EQ(json_of(made)["run_at"], "2037-01-01T00:00:00.000000Z");
  EXPECT_EQ(json_of(made)["status"], "queued");
  const auto shown = send("GET", *made.headers.find("Location"));
  EXPECT_EQ(json_of(shown), json_of(made));
  EXPECT_EQ(*shown.headers.find("ETag"), "\"1\"");
}

TEST_F(AnnouncementApi, RefusesWhatMakesNoSense) {
  const auto make = [&](json change) {
    json body = {{"connection_id", connection}, {"text", "x"}};
    body.update(change);
    return code(send("POST", "/api/v1/announcements", body));
  };
  EXPECT_EQ(make({{"text", ""}}), "422 invalid_field");
  EXPECT_EQ(make({{"text", 1}}), "422 invalid_field");
  EXPECT_EQ(make({{"run_at", "tomorrow"}}), "422 invalid_field");
  EXPECT_EQ(make({{"run_at", "2020-01-01T00:00:00Z"}}), "422 invalid_time");
  EXPECT_EQ(make({{"url", "ftp://example.com"}}), "422 invalid_field");
  EXPECT_EQ(make({{"colour", "red"}}), "422 invalid_field");
  EXPECT_EQ(make({{"connection_id", 999}}), "422 unknown_connection");
  EXPECT_EQ(raw("POST", "/api/v1/announcements", "{", {}, admin).status, 400);
  EXPECT_EQ(code(send("DELETE", "/api/v1/connections/" + std::to_string(connection))), "200");
  EXPECT_EQ(make(json::object()), "409 connection_disconnected");
  EXPECT_EQ(json_of(send("GET", "/api/v1/announcements"))["items"], json::array());
}

TEST_F(AnnouncementApi, UnknownIdsAreNotFound) {
  for (const std::string id : {"1", "0", "-1", "x", "99999999999999999999"}) {
    const auto path = "/api/v1/announcements/" + id;
    EXPECT_EQ(code(send("GET", path)), "404 not_found") << id;
    EXPECT_EQ(code(send("DELETE", path)), "404 not_found") << id;
    EXPECT_EQ(code(send("PATCH", path, {{"text", "x"}}, {{"If-Match", "*"}})), "404 not_found") << id;
    EXPECT_EQ(code(send("GET", path + "/history")), "404 not_found") << id;
    EXPECT_EQ(code(send("POST", path + "/resolve", {{"outcome", "happened"}})), "404 not_found") << id;
    for (const char* act : {"/disable", "/enable", "/post-now"})
      EXPECT_EQ(code(send("POST", path + act)), "404 not_found") << id << act;
  }
}

TEST_F(AnnouncementApi, ListsInPages) {
  std::vector<std::string> paths;
  for (const char* text : {"a", "b", "c"}) paths.push_back(later(text));
  ASSERT_EQ(code(send("POST", paths[1] + "/disable")), "200");
  const auto first = json_of(send("GET", "/api/v1/announcements?limit=2"));
  EXPECT_EQ(first["items"][0]["text"], "c");
  ASSERT_EQ(first["items"].size(), 2U);
  const auto rest =
      json_of(send("GET", "/api/v1/announcements?limit=2&cursor=" + first["next"].get<std::string>()));
  ASSERT_EQ(rest["items"].size(), 1U);
  EXPECT_EQ(rest["items"][0]["text"], "a");
  EXPECT_TRUE(rest["next"].is_null());
  const auto disabled = json_of(send("GET", "/api/v1/announcements?status=disabled"));
  ASSERT_EQ(disabled["items"].size(), 1U);
  EXPECT_EQ(disabled["items"][0]["text"], "b");
  EXPECT_EQ(code(send("GET", "/api/v1/announcements?limit=201")), "422 invalid_field");
  EXPECT_EQ(code(send("GET", "/api/v1/announcements?status=claimed")), "422 invalid_field");
  EXPECT_EQ(code(send("GET", "/api/v1/announcements?cursor=x")), "400 invalid_cursor");
}

TEST_F(AnnouncementApi, EditsTheVersionThatWasSeen) {
  const auto path = later();
  const json change = {{"text", "Changed"}};
  EXPECT_EQ(code(send("PATCH", path, change)), "428 precondition_required");
  for (const char* other : {"\"2\"", "W/\"1\"", "1", "\"\""}) {
    const auto refused = send("PATCH", path, change, {{"If-Match", other}});
    EXPECT_EQ(code(refused), "412 version_conflict") << other;
    EXPECT_EQ(*refused.headers.find("ETag"), "\"1\"");
  }
  const auto changed = send("PATCH", path, change, {{"If-Match", "\"7\", \"1\""}});
  ASSERT_EQ(code(changed), "200") << changed.body;
  EXPECT_EQ(*changed.headers.find("ETag"), "\"2\"");
  EXPECT_EQ(json_of(changed)["text"], "Changed");
  EXPECT_EQ(code(send("PATCH", path, change, {{"If-Match", "\"1\""}})), "412 version_conflict");
  const auto any =
      send("PATCH", path, {{"url", nullptr}, {"run_at", "2037-06-01T00:00:00Z"}}, {{"If-Match", "*"}});
  EXPECT_EQ(json_of(any)["run_at"], "2037-06-01T00:00:00.000000Z");
  EXPECT_TRUE(json_of(any)["url"].is_null());
}

TEST_F(AnnouncementApi, PostsNowAndOnlyOnce) {
  stage.start();
  const auto path = later();
  const auto posted = send("POST", path + "/post-now?wait=30");
  ASSERT_EQ(answer(posted), "200 started") << posted.body;
  EXPECT_EQ(json_of(posted)["announcement"]["status"], "posted");
  const auto again = send("POST", path + "/post-now");
  EXPECT_EQ(code(again), "409 already_posted");
  EXPECT_EQ(json_of(again)["post_id"], json_of(posted)["announcement"]["post_id"]);
  EXPECT_TRUE(json_of(again).contains("post_url"));
  for (const char* act : {"/disable", "/enable"})
    EXPECT_EQ(code(send("POST", path + act)), "409 already_posted");
  EXPECT_EQ(code(send("PATCH", path, {{"text", "x"}}, {{"If-Match", "*"}})), "409 already_posted");
  EXPECT_EQ(code(send("POST", path + "/resolve", {{"outcome", "happened"}})), "409 not_unknown");
  EXPECT_EQ(receiver.arrivals().size(), 1U);
  EXPECT_EQ(answer(send("DELETE", path)), "200 already_posted");
  EXPECT_EQ(code(send("GET", path)), "404 not_found");
}

TEST_F(AnnouncementApi, SaysThatItFailed) {
  receiver.next({Mode::rejected});
  stage.start();
  const auto failed = send("POST", later() + "/post-now?wait=30");
  EXPECT_EQ(answer(failed), "200 started");
  EXPECT_EQ(json_of(failed)["announcement"]["status"], "failed");
  EXPECT_TRUE(json_of(failed)["announcement"]["last_error"].is_string());
}

TEST_F(AnnouncementApi, DisablesAndEnables) {
  const auto path = later();
  const auto stopped = send("POST", path + "/disable");
  EXPECT_EQ(answer(stopped), "200 prevented");
  EXPECT_EQ(json_of(stopped)["announcement"]["status"], "disabled");
  EXPECT_EQ(answer(send("POST", path + "/disable")), "200 already_stopped");
  EXPECT_EQ(code(send("POST", path + "/post-now")), "409 disabled");
  EXPECT_EQ(answer(send("POST", path + "/enable")), "200 enabled");
  EXPECT_EQ(answer(send("POST", path + "/enable")), "200 already_enabled");
  ASSERT_EQ(answer(send("POST", path + "/disable")), "200 prevented");
  {
    const testing::Shifted shifted(std::chrono::hours(3));
    EXPECT_EQ(code(send("POST", path + "/enable")), "409 too_late");
  }
  EXPECT_EQ(answer(send("DELETE", path)), "200 already_stopped");
  EXPECT_EQ(answer(send("DELETE", later())), "200 prevented");
  EXPECT_EQ(code(send("POST", path + "/disable?wait=31")), "422 invalid_field");
  EXPECT_EQ(receiver.arrivals().size(), 0U);
}

TEST_F(AnnouncementApi, SaysWhatIsInFlight) {
  const auto path = in_flight();
  EXPECT_EQ(code(send("POST", path + "/post-now?wait=0")), "409 already_running");
  EXPECT_EQ(code(send("PATCH", path, {{"text", "x"}}, {{"If-Match", "*"}})), "409 in_flight");
  EXPECT_EQ(code(send("POST", path + "/enable")), "409 in_flight");
  EXPECT_EQ(code(send("POST", path + "/resolve", {{"outcome", "did_not_happen"}})), "409 in_flight");
  const auto stop = send("POST", path + "/disable");
  EXPECT_EQ(answer(stop), "202 in_flight");
  EXPECT_EQ(json_of(stop)["announcement"]["stop_wanted"], true);
  EXPECT_EQ(answer(send("POST", path + "/disable?wait=0.01")), "202 in_flight");
  EXPECT_EQ(code(send("DELETE", path)), "409 in_flight");
  release.set();
  EXPECT_EQ(code(send("POST", path + "/disable?wait=30")), "409 already_posted");
}

TEST_F(AnnouncementApi, AStopThatWaitedSaysWhatBecameOfIt) {
  receiver.next({Mode::too_many});  // certainly not posted: without the stop it would be tried again
  const auto path = in_flight();
  ASSERT_EQ(answer(send("POST", path + "/disable")), "202 in_flight");
  release.set();
  const auto stopped = send("POST", path + "/disable?wait=30");
  EXPECT_EQ(json_of(stopped)["announcement"]["status"], "disabled") << stopped.body;
  EXPECT_EQ(stopped.status, 200);
  EXPECT_EQ(receiver.arrivals().size(), 0U);
}

TEST_F(AnnouncementApi, AnUnknownOutcomeIsForAPerson) {
  const auto path = unknown();
  for (const char* act : {"/disable", "/enable", "/post-now"})
    EXPECT_EQ(code(send("POST", path + act)), "409 outcome_unknown") << act;
  EXPECT_EQ(code(send("PATCH", path, {{"text", "x"}}, {{"If-Match", "*"}})), "409 outcome_unknown");
  EXPECT_EQ(code(send("DELETE", path)), "409 outcome_unknown");
  const json word = {{"outcome", "happened"}, {"post_url", "https://example.com/post/1"}};
  EXPECT_EQ(code(send("POST", path + "/resolve", word)), "409 too_early");
  EXPECT_EQ(code(send("POST", path + "/resolve", {{"outcome", "perhaps"}})), "422 invalid_field");
  EXPECT_EQ(code(send("POST", path + "/resolve",
                      {{"outcome", "did_not_happen"}, {"post_url", "https://example.com/post/1"}})),
            "422 invalid_field");
  const testing::Shifted shifted(std::chrono::minutes(10));
  const auto resolved = send("POST", path + "/resolve", word);
  ASSERT_EQ(answer(resolved), "200 resolved") << resolved.body;
  EXPECT_EQ(json_of(resolved)["announcement"]["status"], "posted");
  EXPECT_EQ(json_of(resolved)["announcement"]["post_url"], "https://example.com/post/1");
  EXPECT_EQ(code(send("POST", path + "/resolve", word)), "409 not_unknown");
}

TEST_F(AnnouncementApi, TellsItsHistoryInPages) {
  const auto path = later();
  ASSERT_EQ(answer(send("POST", path + "/disable")), "200 prevented");
  ASSERT_EQ(answer(send("POST", path + "/enable")), "200 enabled");
  json all = json::array();
  std::string cursor;
  for (;;) {
    const auto page = json_of(send("GET", path + "/history?limit=1" + cursor));
    for (const auto& item : page["items"]) all.push_back(item);
    if (page["next"].is_null()) break;
    cursor = "&cursor=" + page["next"].get<std::string>();
  }
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0]["kind"], "created");
  EXPECT_EQ(all[1]["to"], "disabled");
  EXPECT_EQ(all[2]["to"], "queued");
  for (const auto& event : all) EXPECT_EQ(event["actor"], "admin");
}

TEST_F(AnnouncementApi, OfManyCallersOneStartsIt) {
  stage.start();
  const auto path = later();
  std::vector<std::string> answers(8);
  {
    std::vector<std::jthread> threads;
    for (auto& one : answers)
      threads.emplace_back([&] { one = answer(raw("POST", path + "/post-now?wait=0", "", {}, admin)); });
  }
  EXPECT_EQ(std::count_if(answers.begin(), answers.end(),
                          [](const auto& one) { return one == "200 started" || one == "202 started"; }),
            1);
  for (const auto& one : answers)
    EXPECT_TRUE(one.ends_with("started") || one == "409 already_running" || one == "409 already_posted")
        << one;
  EXPECT_TRUE(stage.await_status(std::stoll(path.substr(path.rfind('/') + 1)), "posted"));
  EXPECT_EQ(receiver.arrivals().size(), 1U);
}

}  // namespace
}  // namespace fencepost::http
