// What holds for every list and every act on many: found in the route table, so that a new one is here too.

#include <gmock/gmock.h>

#include <fstream>
#include <functional>
#include <map>
#include <set>

#include "accounts/connections.hpp"
#include "accounts/invitations.hpp"
#include "accounts/shows.hpp"
#include "accounts/tokens.hpp"
#include "apps/announce/episodes.hpp"
#include "http/api/testing/fixture.hpp"
#include "store/sql.hpp"

namespace fencepost::http {
namespace {

using nlohmann::json;

// A list answers a page; an act on many has a filter with a `max`.
bool has_field(const std::vector<Field>& fields, const std::string& name) {
  return std::any_of(fields.begin(), fields.end(), [&](const Field& field) { return field.name == name; });
}
bool is_list(const Route& route) {
  if (route.pattern == "/api/v1/me/sessions") return false;  // one's own few, all at once
  return route.method == "GET" && !route.answers.empty() &&
         std::any_of(route.answers[0].fields.begin(), route.answers[0].fields.end(), [](const Field& field) {
           return field.type == FieldType::objects && (field.name == "items" || field.name == "data");
         });
}
bool is_bulk(const Route& route) { return route.method == "POST" && has_field(route.fields, "max"); }

class Lists : public testing::ApiTest, public ::testing::WithParamInterface<const char*> {
 protected:
  Lists() : ApiTest(GetParam()) {}

  // Makes `n` more rows of what the route lists or acts on; its path with the parameters filled in.
  using Fill = std::function<std::string(int n)>;
  std::map<std::string, Fill> fills() {
    const auto announcements = [this](const std::string& path) {
      return [this, path](int n) {
        for (int i = 0; i < n; ++i) later();
        return path;
      };
    };
    std::map<std::string, Fill> all = {
        {"GET /api/v1/announcements", announcements("/api/v1/announcements")},
        {"GET /api/v1/announcements/{id}/history",
         [this](int n) {
           const auto path = history_ = history_.empty() ? later() : history_;
           for (int i = 0; i < n; ++i)
             database.run(
                 "INSERT INTO fencepost_events (at, queue, item, kind) VALUES (1, 'announcements', $1, "
                 "'seen')",
                 {path.substr(path.rfind('/') + 1)});
           return path + "/history";
         }},
        {"GET /api/v1/events/history",
         [this](int n) {
           for (int i = 0; i < n; ++i)
             database.run(
                 "INSERT INTO fencepost_events (at, queue, item, kind) VALUES (1, 'announcements', '0', "
                 "'seen')");
           return std::string("/api/v1/events/history");
         }},
        {"GET /api/v1/connections",
         [this](int n) {
           for (int i = 0; i < n; ++i)
             database.run(
                 "INSERT INTO fencepost_connections (name, platform, target, created_at) "
                 "VALUES ($1, 'webhook', 'https://example.org/', 1)",
                 {"more " + std::to_string(++made_)});
           return std::string("/api/v1/connections");
         }},
        {"GET /api/v1/tokens",
         [this](int n) {
           for (int i = 0; i < n; ++i) token("more " + std::to_string(++made_));
           return std::string("/api/v1/tokens");
         }},
        {"GET /api/v1/users",
         [this](int n) {
           for (int i = 0; i < n; ++i) person("more-" + std::to_string(++made_));
           return std::string("/api/v1/users");
         }},
        {"GET /api/v1/invitations",
         [this](int n) {
           const auto lease = database->acquire();
           for (int i = 0; i < n; ++i) accounts::create_invitation(*lease, {.name = "test"}, {});
           return std::string("/api/v1/invitations");
         }},
        {"GET /api/v1/shows",
         [this](int n) {
           for (int i = 0; i < n; ++i) show();
           return std::string("/api/v1/shows");
         }},
        {"GET /api/v1/shows/{id}/members",
         [this](int n) {
           if (show_ == 0) show_ = show();
           for (int i = 0; i < n; ++i)
             accounts::set_member(*database->acquire(), show_, person("more-" + std::to_string(++made_)),
                                  accounts::ShowRole::host);
           return "/api/v1/shows/" + std::to_string(show_) + "/members";
         }},
        {"GET /api/v1/shows/{id}/episodes",
         [this](int n) {
           if (show_ == 0) show_ = show();
           for (int i = 0; i < n; ++i) episode();
           return "/api/v1/shows/" + std::to_string(show_) + "/episodes";
         }},
        {"GET /api/v1/episodes/{id}/announcements",
         [this](int n) {
           if (show_ == 0) show_ = show();
           if (episode_ == 0) episode_ = episode();
           for (int i = 0; i < n; ++i)
             database.run(
                 "INSERT INTO fencepost_announcements (connection_id, text, episode_id, run_at) "
                 "VALUES ($1, '', $2, $3)",
                 {connect(), episode_, announce::kNever});
           return "/api/v1/episodes/" + std::to_string(episode_) + "/announcements";
         }},
        {"GET /api/v1/scheduler/due", announcements("/api/v1/scheduler/due")},
        {"GET /api/v1/notifications/subscriptions",
         [this](int n) {
           for (int i = 0; i < n; ++i) subscription();
           return std::string("/api/v1/notifications/subscriptions");
         }},
        {"GET /api/v1/notifications/subscriptions/{id}/deliveries",
         [this](int n) {
           if (subscription_ == 0) subscription_ = subscription();
           for (int i = 0; i < n; ++i)
             database.run(
                 "INSERT INTO fencepost_deliveries (message_id, subscription_id, kind, content) "
                 "VALUES ($1, $2, 'test', '{}')",
                 {"more " + std::to_string(++made_), subscription_});
           return "/api/v1/notifications/subscriptions/" + std::to_string(subscription_) + "/deliveries";
         }},
        {"GET /api/v1/scheduler/channels",
         [this](int n) {
           for (int i = 0; i < n; ++i) {
             const auto name = std::to_string(10'000 + ++made_);
             database.run("INSERT INTO fencepost_live_channels (channel_id) VALUES ($1)",
                          {"UC" + std::string(17, 'a') + name});
             database.run(
                 "INSERT INTO fencepost_live_streams (video_id, channel_id, found_by, found_at) "
                 "VALUES ($1, $2, 'feed', 1)",
                 {name, "UC" + std::string(17, 'a') + name});
           }
           return std::string("/api/v1/scheduler/channels");
         }},
        {"GET /api/v1/channels",
         [this](int n) {
           for (int i = 0; i < n; ++i) channel();
           return std::string("/api/v1/channels");
         }},
        {"GET /api/v1/quota-projects",
         [this](int n) {
           const auto lease = database->acquire();
           for (int i = 0; i < n; ++i) upload::add_project(*lease, "more " + std::to_string(++made_), {});
           return std::string("/api/v1/quota-projects");
         }},
        {"GET /api/v1/uploads", uploads_of("/api/v1/uploads")},
        {"GET /api/v1/channels/{id}/uploads", uploads_of("")},
        {"GET /api/v1/uploads/{id}/history",
         [this](int n) {
           if (upload_ == 0) upload_ = upload(channel());
           for (int i = 0; i < n; ++i)
             database.run(
                 "INSERT INTO fencepost_events (at, queue, item, kind) VALUES (1, 'uploads', $1, 'seen')",
                 {std::to_string(upload_)});
           return "/api/v1/uploads/" + std::to_string(upload_) + "/history";
         }},
        {"GET /api/v1/queues", announcements("/api/v1/queues")},
        {"GET /api/v1/media-folders/{name}",
         [this](int n) {
           for (int i = 0; i < n; ++i) std::ofstream(shows + "/more-" + std::to_string(++made_)) << "x";
           return std::string("/api/v1/media-folders/shows");
         }},
        {"GET /api/v1/videos",
         [this](int n) {
           for (int i = 0; i < n; ++i)
             database.run(
                 "INSERT INTO fencepost_videos (folder, path, size, modified, inode, media_type) "
                 "VALUES ('shows', $1, 1, 1, 1, 'video/mp4')",
                 {"more " + std::to_string(++made_)});
           return std::string("/api/v1/videos");
         }},
        {"GET /api/v1/templates",
         [this](int n) {
           for (int i = 0; i < n; ++i)
             database.run("INSERT INTO fencepost_upload_templates (channel_id, title) VALUES ($1, 'x')",
                          {std::int64_t{++made_}});
           return std::string("/api/v1/templates");
         }},
        {"GET /api/v1/queues/{name}/items", announcements("/api/v1/queues/announcements/items")},
    };
    for (const std::string noun : {"places", "businesses", "domains", "sitemaps", "pages", "contacts"}) {
      const auto path = "/api/v1/curate/" + noun;
      all["GET " + path] = records(noun, path);
      if (noun != "contacts") all["POST " + path + "/select"] = records(noun, path + "/select");
    }
    for (const auto* act : {"stop", "retry", "requeue"})
      all["POST /api/v1/queues/{name}/" + std::string(act)] =
          announcements("/api/v1/queues/announcements/" + std::string(act));
    return all;
  }
  std::int64_t upload(std::int64_t on) {
    return database
        .run(
            "INSERT INTO fencepost_uploads (video_id, channel_id, kind, slot_at, publish_day, quota_day) "
            "VALUES ($1, $2, 'short', 1, '1970-01-01', '1970-01-01') RETURNING id",
            {video(), on})[0][0]
        .integer();
  }
  // `path` empty: of one channel.
  Fill uploads_of(const std::string& path) {
    return [this, path](int n) {
      if (channel_ == 0) channel_ = channel();
      for (int i = 0; i < n; ++i) upload(channel_);
      return path.empty() ? "/api/v1/channels/" + std::to_string(channel_) + "/uploads" : path;
    };
  }
  // Records of curate, all under one domain where they need one.
  Fill records(const std::string& noun, const std::string& path) {
    return [this, noun, path](int n) {
      const std::string key = noun == "places" ? "place_id" : noun == "businesses" ? "name" : "host";
      for (int i = 0; i < n; ++i) {
        const store::Value name("more-" + std::to_string(++made_));
        if (noun == "places" || noun == "businesses" || noun == "domains") {
          database.run("INSERT INTO fencepost_" + noun + " (" + key + ") VALUES ($1)", {name});
          continue;
        }
        database.run("INSERT INTO fencepost_domains (host) VALUES ('of all') ON CONFLICT DO NOTHING");
        database.run("INSERT INTO fencepost_" + noun + " (domain_id, host, " +
                         (noun == "contacts" ? "email, page_url" : "url, evidence") +
                         ") SELECT id, host, $1, '{}' FROM fencepost_domains WHERE host = 'of all'",
                     {name});
      }
      return path;
    };
  }
  // Of an act: its preview; what it does depends on the states of the items, so that has a test of its own.
  int statements_of(const Route& route, const std::string& path) {
    counting.counted();
    const auto response = route.method == "GET" ? send("GET", path + "?limit=200")
                          : path.starts_with("/api/v1/curate/")
                              ? send("POST", path, {{"preview", true}, {"curation_status", "New"}})
                              : send("POST", path, {{"preview", true}});
    const int counted = counting.counted();
    EXPECT_EQ(response.status, 200) << path << ' ' << response.body;
    return counted;
  }

  std::int64_t show() {
    const auto slug = "more-" + std::to_string(++made_);
    return accounts::create_show(*database->acquire(), slug, slug, std::nullopt).show.value().id;
  }
  std::int64_t episode() {
    return announce::create_episode(*database->acquire(),
                                    {.show = show_, .title = "more " + std::to_string(++made_)})
        .episode.value()
        .id;
  }
  // All that there are so far.
  int made_hosts(int more) { return hosts_ += more; }
  std::int64_t connect(std::optional<std::int64_t> of = std::nullopt) {
    return accounts::create_connection(*database->acquire(), vault, "more " + std::to_string(++made_),
                                       "webhook", "https://example.org/",
                                       base::Secret(announce::testing::Receiver::kSecret), of)
        .id;
  }
  std::int64_t subscription() {
    return database
        .run(
            "INSERT INTO fencepost_subscriptions (name, channel, url, kinds, queues, created_at) "
            "VALUES ($1, 'webhook', 'https://example.org/', 'item_failed', '', 1) RETURNING id",
            {"more " + std::to_string(++made_)})[0][0]
        .integer();
  }

  std::string history_;
  std::int64_t show_ = 0, episode_ = 0, subscription_ = 0, channel_ = 0, upload_ = 0;
  int made_ = 0, hosts_ = 0;
};

TEST_P(Lists, AskAsManyStatementsOfAHundredRowsAsOfOne) {
  auto known = fills();
  for (const auto& route : dispatcher->routes()) {
    if (!is_list(route) && !is_bulk(route)) continue;
    const auto name = route.method + ' ' + route.pattern;
    const auto fill = known.find(name);
    ASSERT_NE(fill, known.end()) << name << " is not in this test";
    const int of_one = statements_of(route, fill->second(1));
    const int of_many = statements_of(route, fill->second(100));
    EXPECT_EQ(of_one, of_many) << name;
    EXPECT_GT(of_one, 0) << name;
    known.erase(fill);
  }
  for (const auto& [name, fill] : known) ADD_FAILURE() << name << " is no list and no act on many";
}

// The predecessor asked once for each member.
TEST_P(Lists, CreatingForAllMembersAsksAsManyStatementsForAHundredAsForOne) {
  show_ = show();
  const auto create_all = [&](int members) {
    for (int i = 0; i < members; ++i) {
      const auto host = person("host-" + std::to_string(++made_));
      accounts::set_member(*database->acquire(), show_, host, accounts::ShowRole::host);
      connect(host);
      connect(host);
    }
    const auto path = "/api/v1/episodes/" + std::to_string(episode()) + "/announcements/create-all";
    send("GET", "/api/v1/me");  // what a token's first use writes is no matter of members
    counting.counted();
    const auto response = send("POST", path);
    const int counted = counting.counted();
    EXPECT_EQ(json_of(response), (json{{"enabled", 0}, {"disabled", 2 * made_hosts(members)}}))
        << response.body;
    return counted;
  };
  const int of_one = create_all(1);
  EXPECT_EQ(create_all(99), of_one);
  EXPECT_GT(of_one, 0);
}

// A step of an act takes up to 200 items. What it writes depends on what it finds, not on how many; but
// whether one begins anew is its application's to say, for each by itself.
TEST_P(Lists, ActsSendAsManyStatementsForAHundredItemsAsForOne) {
  struct Sent {
    int items = 0;
    std::vector<int> statements{}, of_each{};
  };
  const auto acts_on = [&](int n) {
    for (int i = 0; i < n; ++i) later();
    Sent sent{};
    const auto act = [&](const char* word, const char* state, const char* answer) {
      counting.counted();
      const auto response =
          send("POST", std::string("/api/v1/queues/announcements/") + word, {{"states", {state}}});
      const auto counted = counting.counted();
      (word == std::string("stop") ? sent.statements : sent.of_each).push_back(counted);
      sent.items = json_of(response)["items"];
      EXPECT_GE(sent.items, n) << word << ' ' << state;
      EXPECT_EQ(json_of(response)["answers"], json({{answer, sent.items}})) << word << ' ' << state;
    };
    act("stop", "queued", "prevented");
    act("stop", "stopped", "already_stopped");
    act("requeue", "stopped", "rearmed");
    database.run("UPDATE fencepost_announcements SET status = 'failed' WHERE status = 'queued'");
    act("retry", "failed", "rearmed");
    // With a gate that has committed.
    database.run(
        "UPDATE fencepost_announcements SET status = 'sending', claim_id = id, effect = id, "
        "fence = fence + 1, lease_until = 9000000000000000 WHERE status = 'queued'");
    act("stop", "sending", "in_flight");
    EXPECT_EQ(database.run("SELECT count(*) FROM fencepost_announcements WHERE stop_wanted")[0][0].integer(),
              sent.items);
    act("stop", "sending", "in_flight");
    act("requeue", "sending", "in_flight");
    EXPECT_EQ(database.run("SELECT count(*) FROM fencepost_announcements WHERE stop_wanted")[0][0].integer(),
              0);
    return sent;
  };
  const auto one = acts_on(1);
  const auto many = acts_on(100);
  EXPECT_EQ(one.items, 1);
  EXPECT_EQ(many.items, 101);
  EXPECT_EQ(one.statements, many.statements);
  EXPECT_THAT(one.statements, ::testing::Each(::testing::Gt(0)));
  for (std::size_t i = 0; i < one.of_each.size(); ++i)
    EXPECT_LE(many.of_each[i], one.of_each[i] * many.items) << i;
}

TEST_P(Lists, ComeInPagesThatMissNothing) {
  auto known = fills();
  for (const auto& route : dispatcher->routes()) {
    if (!is_list(route)) continue;
    const auto path = known.at(route.method + ' ' + route.pattern)(7);
    EXPECT_TRUE(has_field(route.query, "cursor") && has_field(route.query, "limit")) << path;
    const auto whole = json_of(send("GET", path + "?limit=200"));
    EXPECT_TRUE(whole["next"].is_null()) << path;
    json pieces = json::array();
    std::string cursor;
    for (int pages = 0; pages < 50; ++pages) {
      const auto page = json_of(send("GET", path + "?limit=3" + cursor));
      EXPECT_LE(page["items"].size(), 3U) << path;
      for (const auto& item : page["items"]) pieces.push_back(item);
      if (page["next"].is_null()) break;
      EXPECT_EQ(page["items"].size(), 3U) << path;
      cursor = "&cursor=" + page["next"].get<std::string>();
    }
    EXPECT_EQ(pieces, whole["items"]) << path;
    for (const auto* bad : {"x", "42", "c", "c4", "cZZ", "cff", "c00"})
      EXPECT_EQ(code(send("GET", path + "?cursor=" + bad)), "400 invalid_cursor") << path << ' ' << bad;
    for (const auto* bad : {"0", "-1", "201", "x", "1e1", "99999999999999999999"})
      EXPECT_EQ(send("GET", path + "?limit=" + bad).status, 422) << path << ' ' << bad;
  }
}

INSTANTIATE_TEST_SUITE_P(Api, Lists, ::testing::Values("sqlite", "postgres"),
                         [](const auto& param) { return std::string(param.param); });

}  // namespace
}  // namespace fencepost::http
