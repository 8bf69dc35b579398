// Shows, episodes and their announcements through the API: who may do what, and what they are told.

#include <gmock/gmock.h>

#include "accounts/connections.hpp"
#include "accounts/shows.hpp"
#include "connect/testing/fake_clock.hpp"
#include "http/api/testing/fixture.hpp"

namespace fencepost::http {
namespace {

using accounts::ShowRole;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

class EpisodesApi : public testing::ApiTest, public ::testing::WithParamInterface<const char*> {
 protected:
  EpisodesApi() : ApiTest(GetParam()) {
    for (const auto& [who, role] :
         {std::pair(ann_, ShowRole::admin), std::pair(bob_, ShowRole::host), std::pair(eve_, ShowRole::host)})
      accounts::set_member(*database->acquire(), show_, who, role);
  }
  std::int64_t connect(std::int64_t of) {
    return accounts::create_connection(*database->acquire(), vault, "c" + std::to_string(++made_), "webhook",
                                       receiver.url(), base::Secret(announce::testing::Receiver::kSecret), of)
        .id;
  }
  std::string episode(const json& more = json::object()) {
    json body = {{"title", "Pilot"}, {"starts_at", "2037-06-01T20:00"}};
    body.update(more);
    const auto made = send("POST", show_path_ + "/episodes", body);
    EXPECT_EQ(code(made), "201") << made.body;
    return *made.headers.find("Location");
  }
  std::string announce(const std::string& episode, std::int64_t who, const json& more = json::object()) {
    json body = {{"connection_id", connect(who)}};
    body.update(more);
    const auto made = as(signed_in(who), "POST", episode + "/announcements", body);
    EXPECT_EQ(code(made), "201") << made.body;
    return *made.headers.find("Location");
  }
  Response patch(const std::string& path, const json& body) {
    return send("PATCH", path, body, {{"If-Match", *send("GET", path).headers.find("ETag")}});
  }

  const std::int64_t ann_ = person("ann"), bob_ = person("bob"), eve_ = person("eve");
  const std::int64_t show_ =
      accounts::create_show(*database->acquire(), "Night Talk", "night-talk", std::nullopt).show.value().id;
  const std::string show_path_ = "/api/v1/shows/" + std::to_string(show_);
  int made_ = 0;
};

TEST_P(EpisodesApi, AShowIsOneThingWithOneVersion) {
  const auto made = send("POST", "/api/v1/shows",
                         {{"name", "Morning"},
                          {"slug", "morning"},
                          {"channel_id", "UC_abcdefghijklmnopqrst-"},
                          {"zone", "Europe/Berlin"},
                          {"stagger", 30}});
  ASSERT_EQ(code(made), "201") << made.body;
  EXPECT_EQ(json_of(made)["version"], 1);
  EXPECT_EQ(json_of(made)["zone"], "Europe/Berlin");
  EXPECT_EQ(json_of(made)["enabled"], true);
  const auto path = *made.headers.find("Location");
  const auto changed =
      patch(path, {{"name", "Late"}, {"template", "{show}: {title}"}, {"channel_id", nullptr}});
  EXPECT_EQ(json_of(changed)["version"], 2);
  EXPECT_EQ(json_of(changed)["channel_id"], nullptr);
  EXPECT_EQ(json_of(changed)["template"], "{show}: {title}");
  EXPECT_EQ(code(send("PATCH", path, {{"zone", "UTC"}}, {{"If-Match", "\"1\""}})), "412 version_conflict");
  EXPECT_EQ(code(patch(path, {{"channel_id", "@morning"}})), "422 invalid_channel");
  EXPECT_EQ(code(patch(path, {{"zone", "Mars/Base"}})), "422 invalid_zone");
  EXPECT_EQ(json_of(send("GET", "/api/v1/shows"))["items"][1]["zone"], "Europe/Berlin");
}

TEST_P(EpisodesApi, NaiveTimesAreOfTheShowsZone) {
  patch(show_path_, {{"zone", "Europe/Berlin"}});
  EXPECT_EQ(json_of(send("GET", episode()))["starts_at"], "2037-06-01T18:00:00.000000Z");
  EXPECT_EQ(json_of(send("GET", episode({{"starts_at", "2037-06-01T20:00:00-04:00"}})))["starts_at"],
            "2037-06-02T00:00:00.000000Z");
  EXPECT_EQ(json_of(send("GET", episode({{"starts_at", nullptr}})))["status"], "draft");
  EXPECT_EQ(code(send("POST", show_path_ + "/episodes", {{"title", "x"}, {"starts_at", "tomorrow"}})),
            "422 invalid_time");
}

TEST_P(EpisodesApi, AnAdminMayStopAndApproveOthersAnnouncementsAndNotWriteThem) {
  const auto path = announce(episode(), bob_);
  EXPECT_EQ(json_of(as(signed_in(eve_), "GET", path))["status"], "pending");
  EXPECT_EQ(json_of(as(signed_in(eve_), "GET", path))["run_at"], nullptr);
  const Headers version{{"If-Match", "\"1\""}};
  EXPECT_EQ(code(as(signed_in(ann_), "PATCH", path, {{"text", "mine"}}, version)), "403 forbidden");
  EXPECT_EQ(code(as(signed_in(eve_), "POST", path + "/disable")), "403 forbidden");
  EXPECT_EQ(code(as(signed_in(ann_), "POST", path + "/post-now")), "403 forbidden");
  EXPECT_EQ(code(as(signed_in(bob_), "POST", path + "/approve", {{"version", 1}})), "403 forbidden")
      << "nobody approves their own";
  EXPECT_EQ(answer(as(signed_in(ann_), "POST", path + "/approve", {{"version", 1}})), "200 approved");
  EXPECT_EQ(answer(as(signed_in(ann_), "POST", path + "/approve", {{"version", 1}})), "200 already_approved");
  EXPECT_EQ(json_of(as(signed_in(bob_), "GET", path))["approved"], true);
  EXPECT_EQ(code(as(signed_in(bob_), "PATCH", path, {{"text", "mine"}}, version)), "200");
  EXPECT_EQ(json_of(as(signed_in(bob_), "GET", path))["approved"], false) << "that was another text";
  EXPECT_EQ(code(as(signed_in(ann_), "POST", path + "/approve", {{"version", 1}})), "409 version_conflict");
  EXPECT_EQ(answer(as(signed_in(ann_), "POST", path + "/disable")), "200 prevented");
}

TEST_P(EpisodesApi, OptingInIsTheHostsOwnWord) {
  const auto me = show_path_ + "/members/me";
  connect(bob_);
  connect(eve_);
  EXPECT_EQ(json_of(as(signed_in(bob_), "GET", me)), (json{{"opted_in", false}, {"style", ""}}));
  EXPECT_EQ(json_of(as(signed_in(bob_), "PUT", me, {{"opted_in", true}}))["opted_in"], true);
  EXPECT_EQ(code(send("PUT", me, {{"opted_in", true}})), "409 no_person");
  const auto styled = json_of(as(signed_in(bob_), "PUT", me, {{"style", "dry"}}));
  EXPECT_EQ(styled["style"], "dry");
  EXPECT_EQ(styled["opted_in"], true) << "what is not said stays";
  EXPECT_EQ(code(as(signed_in(bob_), "PUT", me, {{"style", std::string(501, 'x')}})), "422 invalid_field");
  const auto path = episode();
  EXPECT_EQ(json_of(send("GET", path + "/announcements"))["items"], json::array());
  EXPECT_EQ(json_of(send("POST", path + "/announcements/create-all")),
            (json{{"enabled", 1}, {"disabled", 1}}));
  EXPECT_EQ(json_of(send("POST", path + "/announcements/create-all")),
            (json{{"enabled", 0}, {"disabled", 0}}));
  const auto out = json_of(as(signed_in(bob_), "PUT", me, {{"opted_in", false}}));
  EXPECT_EQ(out["stopped"]["prevented"], 1);
  for (const auto& item : json_of(send("GET", path + "/announcements"))["items"])
    EXPECT_EQ(item["status"], "disabled");
}

TEST_P(EpisodesApi, PeoplePostNowFiveTimesAMinuteAndCreateForAllTwice) {
  const auto path = episode();
  const auto mine = announce(path, bob_);
  patch(show_path_, {{"enabled", false}});
  const auto bob = signed_in(bob_), ann = signed_in(ann_);
  // Its clock stands: after twelve seconds one more would be let in.
  const connect::testing::FakeClock clock;
  dispatcher = std::make_unique<Dispatcher>(routes(services), authenticator(services), clock,
                                            dispatch_options(services));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(code(as(bob, "POST", mine + "/post-now")), "409 show_disabled");
  const auto sixth = as(bob, "POST", mine + "/post-now");
  EXPECT_EQ(code(sixth), "429 rate_limited");
  EXPECT_NE(sixth.headers.find("Retry-After"), nullptr);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(code(as(ann, "POST", path + "/announcements/create-all")), "200");
  EXPECT_EQ(code(as(ann, "POST", path + "/announcements/create-all")), "429 rate_limited");
  EXPECT_EQ(code(as(bob, "POST", path + "/announcements/create-all")), "403 forbidden");
  dispatcher.reset();  // before its clock
}

TEST_P(EpisodesApi, TheKillSwitchSaysWhatItCameTo) {
  const auto path = episode();
  announce(path, bob_);
  announce(path, eve_, {{"trigger", "at"}, {"at", base::format_utc(base::system_clock().wall())}});
  const auto off = json_of(patch(show_path_, {{"enabled", false}}));
  EXPECT_EQ(off["stopped"],
            (json{{"prevented", 1}, {"in_flight", 0}, {"outcome_unknown", 0}, {"waiting", 1}}));
  EXPECT_FALSE(json_of(patch(show_path_, {{"enabled", true}})).contains("stopped"));
}

TEST_P(EpisodesApi, APreviewShowsWhatWouldBePostedAndWhatForbidsIt) {
  const auto path = announce(episode({{"url", "https://youtu.be/x"}, {"number", 7}}), bob_,
                             {{"text", "{show} {number}: {title} {nonsense}"}});
  const auto shown = json_of(as(signed_in(bob_), "GET", path + "/preview"));
  EXPECT_THAT(shown["text"].get<std::string>(), HasSubstr("Night Talk 7: Pilot {nonsense}"));
  EXPECT_EQ(shown["obstacle"], nullptr);
  patch(show_path_, {{"needs_approval", true}});
  EXPECT_EQ(json_of(as(signed_in(bob_), "GET", path + "/preview"))["obstacle"], "needs_approval");
}

TEST_P(EpisodesApi, APreviewOfWhatIsOutShowsWhatWasSent) {
  stage.start();
  const auto path = announce(episode(), bob_, {{"text", "{show}: {title}"}});
  EXPECT_EQ(json_of(as(signed_in(bob_), "GET", path + "/preview"))["sent"], false);
  ASSERT_EQ(json_of(as(signed_in(bob_), "POST", path + "/post-now?wait=30"))["announcement"]["status"],
            "posted");
  patch(show_path_, {{"name", "Late Talk"}, {"enabled", false}});
  const auto shown = json_of(as(signed_in(bob_), "GET", path + "/preview?text=Another"));
  EXPECT_EQ(shown["sent"], true);
  EXPECT_EQ(shown["text"], "Night Talk: Pilot");
  EXPECT_EQ(shown["obstacle"], nullptr);
}

TEST_P(EpisodesApi, APreviewOfADraftStoresNothing) {
  const auto path = announce(episode(), bob_, {{"text", "Stored"}});
  const auto version = json_of(as(signed_in(bob_), "GET", path))["version"];
  const auto draft = [&](const std::string& query) {
    return json_of(as(signed_in(bob_), "GET", path + "/preview?" + query))["text"].get<std::string>();
  };
  EXPECT_THAT(draft("text=Draft%20of%20%7Btitle%7D"), HasSubstr("Draft of Pilot"));
  EXPECT_THAT(draft("text="), Not(HasSubstr("Stored")));
  EXPECT_THAT(draft(""), HasSubstr("Stored"));
  EXPECT_EQ(json_of(as(signed_in(bob_), "GET", path))["version"], version);
}

TEST_P(EpisodesApi, TheSchedulerSaysWhatIsDueAndWhatComesNext) {
  const auto path = episode();
  announce(path, bob_);
  announce(path, bob_, {{"trigger", "before"}, {"minutes", 30}});
  announce(path, eve_, {{"trigger", "before"}, {"minutes", 60}});
  const auto now = json_of(send("GET", "/api/v1/scheduler"));
  EXPECT_EQ(now["pending"], 1);
  EXPECT_EQ(now["due"], 0);
  EXPECT_EQ(now["next_at"], "2037-06-01T19:00:00.000000Z");
  const auto due = json_of(send("GET", "/api/v1/scheduler/due"))["items"];
  ASSERT_EQ(due.size(), 2U);
  EXPECT_EQ(due[0]["minutes"], 60);
  EXPECT_EQ(json_of(as(signed_in(bob_), "GET", "/api/v1/scheduler/due"))["items"].size(), 1U);
  EXPECT_EQ(json_of(as(signed_in(bob_), "GET", "/api/v1/announcements?status=pending"))["items"].size(), 1U);
}

TEST_P(EpisodesApi, AnEpisodeMovesWithItsAnnouncementsAndGoesWithThem) {
  const auto path = episode();
  const auto mine = announce(path, bob_, {{"trigger", "before"}, {"minutes", 30}});
  EXPECT_EQ(code(patch(path, {{"starts_at", "2037-06-02T20:00"}})), "200");
  EXPECT_EQ(json_of(send("GET", mine))["run_at"], "2037-06-02T19:30:00.000000Z");
  EXPECT_EQ(code(patch(path, {{"status", "scheduled"}, {"starts_at", nullptr}})), "422 invalid_field");
  EXPECT_EQ(code(patch(path, {{"status", "ended"}})), "200");
  EXPECT_EQ(json_of(send("GET", mine))["last_error"], "the stream ended before this was posted");
  EXPECT_EQ(code(patch(path, {{"status", "live"}})), "409 wrong_status");
  EXPECT_EQ(code(send("POST", mine + "/enable")), "409 stream_ended");
  EXPECT_EQ(code(as(signed_in(bob_), "DELETE", path)), "403 forbidden");
  EXPECT_EQ(code(as(signed_in(ann_), "DELETE", path)), "204");
  EXPECT_EQ(code(send("GET", mine)), "404 not_found");
  EXPECT_EQ(code(send("GET", path)), "404 not_found");
  EXPECT_EQ(code(send("DELETE", show_path_)), "204");
}

TEST_P(EpisodesApi, RefusalsSayWhatToDoAndNothingFromWithin) {
  const auto path = episode();
  const auto mine = connect(bob_);
  const auto refused = [&](const json& body) {
    const auto response = as(signed_in(bob_), "POST", path + "/announcements", body);
    for (const auto* inner : {"SQL", "fencepost_", "constraint", "src/"})
      EXPECT_THAT(response.body, Not(HasSubstr(inner)));
    return code(response);
  };
  EXPECT_EQ(refused({{"connection_id", connect(eve_)}}), "422 unknown_connection");
  EXPECT_EQ(refused({{"connection_id", mine}, {"trigger", "at"}}), "422 invalid_field");
  EXPECT_EQ(refused({{"connection_id", mine}, {"trigger", "sometime"}}), "422 invalid_field");
  EXPECT_EQ(refused({{"connection_id", mine}}), "201");
  EXPECT_EQ(refused({{"connection_id", mine}}), "409 duplicate_announcement");
}

INSTANTIATE_TEST_SUITE_P(Databases, EpisodesApi, ::testing::Values("sqlite", "postgres"),
                         [](const auto& database) { return std::string(database.param); });

}  // namespace
}  // namespace fencepost::http
