// The authorisation matrix: every route of the table × everybody who may come. What is expected stands in
// testing/matrix_rows.hpp.

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "accounts/connections.hpp"
#include "accounts/invitations.hpp"
#include "accounts/sessions.hpp"
#include "accounts/shows.hpp"
#include "accounts/tokens.hpp"
#include "apps/announce/episodes.hpp"
#include "apps/notify/subscriptions.hpp"
#include "apps/upload/media/templates.hpp"
#include "apps/upload/media/videos.hpp"
#include "http/api/testing/fixture.hpp"
#include "http/api/testing/matrix_rows.hpp"

namespace fencepost::http {
namespace {

using accounts::Role;
using accounts::Scopes;
using accounts::ShowRole;
using namespace testing;

class Matrix : public testing::ApiTest, public ::testing::WithParamInterface<std::string> {
 protected:
  Matrix() : ApiTest(GetParam()) {
    for (const auto caller : {stranger, member, host, show_admin, wrong_show})
      people[caller] = person(kNames[caller]);
    people[operator_] = person("operator", Role::operator_);
    people[owner] = person("owner", Role::owner);
  }

  // Things that have not been asked for yet: what one caller does to them, the next does not meet.
  void new_things() {
    const auto lease = database->acquire();
    const auto n = std::to_string(++count_);
    const auto show_of = [&](const std::string& slug, Caller who) {
      return accounts::create_show(*lease, slug, slug + "-" + n, people[who]).show.value().id;
    };
    show_ = show_of("show", show_admin);
    accounts::set_member(*lease, show_, people[host], ShowRole::host);
    show_of("other", wrong_show);
    connection_ =
        accounts::create_connection(*lease, vault, "c" + n, "webhook", receiver.url(),
                                    base::Secret(announce::testing::Receiver::kSecret), people[member])
            .id;
    new_upload();
    // Few of one person are allowed.
    if (subscription_ != 0) notify::unsubscribe(*lease, subscription_);
    subscription_ = notify::subscribe(*lease, vault,
                                      {.name = "s" + n,
                                       .url = receiver.url(),
                                       .kinds = {"item_failed"},
                                       .person = people[member],
                                       .secret = base::Secret(announce::testing::Receiver::kSecret)})
                        .id;
    episode_ = announce::create_episode(*lease, {.show = show_, .title = "Pilot"}).episode.value().id;
    announcement_ = stage.service().create({connection_, "text", "", later_}, "test").id;
    token_ =
        accounts::create_token(*lease, of(member), {.name = "t" + n, .scopes = Scopes::of(Scope::read)}).id;
    session_ = accounts::open_session(*lease, people[member], {}).value().id;
    const media::FileFacts facts{.size = 1, .modified = 1, .inode = 1, .media_type = "video/mp4"};
    const media::VideoDraft draft{.person = people[member], .folder = media::kFiles, .path = "v" + n};
    video_ = media::add_video(*lease, draft, facts).video.id;
    template_ = media::add_template(*lease, ++count_, {.title = "x", .description = ""}).id;
    file_ = files.add(*lease, people[member], 1, "f", "").id;
    invitation_ = accounts::create_invitation(*lease, of(show_admin), {.show = show_}).invitation.value().id;
  }

  // A video with a slot, on a channel that names the member.
  void new_upload() {
    channel_ = channel({people[member]});
    // Each of many: more than a day's calls.
    database.run("DELETE FROM fencepost_ledger WHERE scope = 'youtube.upload'");
    database.run("UPDATE fencepost_buckets SET used = 0 WHERE scope = 'youtube.upload'");
    const auto made =
        uploads.schedule(channel_, {{video(), "short"}}, upload::Mode::all_or_nothing, {}, "test");
    upload_ = made.at(0).upload.value().id;
  }

  accounts::Principal of(Caller who) const {
    const auto role = who == owner ? Role::owner : who == operator_ ? Role::operator_ : Role::member;
    return {.name = kNames[who], .person = people.at(who), .role = role};
  }

  Headers token_with(Scopes scopes, bool revoke) {
    const auto lease = database->acquire();
    const auto made = accounts::create_token(*lease, of(owner), {.name = "an owner's", .scopes = scopes});
    EXPECT_TRUE(!revoke || accounts::revoke_token(*lease, made.id));
    return {{"Authorization", "Bearer " + made.token.reveal()}};
  }

  // Routes of videos and uploads, which the scope `upload` opens.
  static bool is_for_uploads(const Route& route) {
    for (const auto* noun : {"files", "media-folders", "templates", "videos"})
      if (route.pattern.starts_with("/api/v1/" + std::string(noun))) return true;
    return false;
  }

  Headers credentials(Caller who, bool for_uploads) {
    switch (who) {
      case nobody:
        return {};
      case revoked:
        return token_with(Scopes::all(), true);
      case unscoped:
        return token_with(Scopes::of(for_uploads ? Scope::curate : Scope::upload), false);
      case expired: {
        auto headers = ApiTest::signed_in(people[owner]);
        database.run("UPDATE fencepost_sessions SET expires_at = 1 WHERE person_id = $1", {people[owner]});
        return headers;
      }
      default:
        return ApiTest::signed_in(people[who]);
    }
  }

  std::string target_of(const Route& route) {
    std::string target;
    std::string noun;
    for (const auto& segment : pattern_segments(route.pattern)) {
      std::string text = segment;
      if (segment == "{name}") text = "announcements";
      if (segment == "{image}") text = "1";
      if (segment == "{person}") text = std::to_string(people[host]);
      if (segment == "{id}") text = noun == "files" ? file_ : std::to_string(id_of(noun));
      target += '/' + text;
      noun = segment;
    }
    return target.ends_with("/post-now") ? target + "?wait=0" : target;
  }

  std::int64_t id_of(const std::string& noun) {
    const std::map<std::string, std::int64_t> ids{{"shows", show_},
                                                  {"connections", connection_},
                                                  {"tokens", token_},
                                                  {"announcements", announcement_},
                                                  {"sessions", session_},
                                                  {"invitations", invitation_},
                                                  {"subscriptions", subscription_},
                                                  {"videos", video_},
                                                  {"templates", template_},
                                                  {"episodes", episode_},
                                                  {"channels", channel_},
                                                  {"uploads", upload_},
                                                  {"quota-projects", 1}};
    if (const auto record = record_of(noun)) return *record;
    if (noun == "users") return person("somebody-" + std::to_string(++count_));
    return ids.at(noun);
  }

  // A new record of curate under a domain of its own; nullopt: the noun is none of those.
  std::optional<std::int64_t> record_of(const std::string& noun) {
    const auto name = "r" + std::to_string(++count_) + ".example";
    const auto made = [&](const std::string& statement) {
      return database.run(statement, {name})[0][0].integer();
    };
    if (noun == "places") return made("INSERT INTO fencepost_places (place_id) VALUES ($1) RETURNING id");
    if (noun == "businesses") return made("INSERT INTO fencepost_businesses (name) VALUES ($1) RETURNING id");
    const bool under = noun == "sitemaps" || noun == "pages" || noun == "contacts";
    if (noun != "domains" && !under) return std::nullopt;
    const auto domain = made("INSERT INTO fencepost_domains (host) VALUES ($1) RETURNING id");
    if (!under) return domain;
    const auto column = noun == "contacts" ? "email, page_url" : "url, curation_status";
    return database
        .run("INSERT INTO fencepost_" + noun + " (domain_id, host, " + column +
                 ") VALUES ($1, $2, $2, 'New') RETURNING id",
             {domain, name})[0][0]
        .integer();
  }

  std::map<Caller, std::int64_t> people;

 private:
  const base::Micros later_ = base::system_clock().wall() + announce::testing::kHour;
  int count_ = 0;
  std::int64_t show_ = 0, episode_ = 0, connection_ = 0, announcement_ = 0, token_ = 0, session_ = 0,
               invitation_ = 0, subscription_ = 0, channel_ = 0, upload_ = 0, video_ = 0, template_ = 0;
  std::string file_;
};

TEST_P(Matrix, EveryRouteLetsInWhoMayAndNobodyElse) {
  std::set<std::string> seen;
  for (const auto& route : dispatcher->routes()) {
    const auto name = route.method + ' ' + route.pattern;
    seen.insert(name);
    const auto row = kExpected.find(name);
    if (row == kExpected.end()) {
      ADD_FAILURE() << name << " is not in the matrix: say by hand who may";
      continue;
    }
    for (int who = 0; who < kCallers; ++who) {
      new_things();
      const auto headers = credentials(static_cast<Caller>(who), is_for_uploads(route));
      const auto response = raw(route.method, target_of(route), "", headers, "");
      EXPECT_EQ(response.status, row->second[static_cast<std::size_t>(who)])
          << name << " by " << kNames[who] << ": " << response.body;
    }
  }
  for (const auto& [name, row] : kExpected)
    EXPECT_TRUE(seen.contains(name)) << name << " is no route any more";
}

// Who may not know of a thing gets the same answer as for one that is not there.
TEST_P(Matrix, AForeignThingLooksLikeNone) {
  const auto ask = [&](const std::string& path) {
    auto body = json_of(raw("GET", path, "", ApiTest::signed_in(people[stranger]), ""));
    body.erase("request_id");
    return body;
  };
  new_things();
  for (const auto* noun : {"shows", "episodes", "connections", "announcements", "channels", "uploads"}) {
    const auto path = std::string("/api/v1/") + noun + '/';
    EXPECT_EQ(ask(path + std::to_string(id_of(noun))), ask(path + "999999")) << noun;
    EXPECT_EQ(ask(path + std::to_string(id_of(noun))), ask(path + "nonsense")) << noun;
  }
}

// Whatever a cookie may change, it changes for a page of ours alone.
TEST_P(Matrix, ACookieAloneChangesNothing) {
  const std::vector<std::pair<const char*, const char*>> wrong = {
      {"Origin", "https://evil.example"}, {"Sec-Fetch-Site", "cross-site"}, {"X-CSRF-Token", "guessed"}};
  for (const auto& route : dispatcher->routes()) {
    if (route.access.open || route.method == "GET") continue;
    new_things();
    for (const auto& [header, value] : wrong) {
      auto headers = ApiTest::signed_in(people[owner]);
      headers.set(header, value);
      EXPECT_EQ(raw(route.method, target_of(route), "", headers, "").status, 403) << route.pattern << header;
    }
    auto bare = ApiTest::signed_in(people[owner]);
    bare.erase("X-CSRF-Token");
    EXPECT_EQ(code(raw(route.method, target_of(route), "", bare, "")), "403 csrf") << route.pattern;
    bare.erase("Origin");
    bare.erase("Sec-Fetch-Site");
    EXPECT_EQ(code(raw(route.method, target_of(route), "", bare, "")), "403 foreign_origin") << route.pattern;
  }
}

INSTANTIATE_TEST_SUITE_P(Databases, Matrix, ::testing::Values("sqlite", "postgres"),
                         [](const auto& database) { return database.param; });

}  // namespace
}  // namespace fencepost::http
