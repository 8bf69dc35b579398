// Everybody hears of what the API lets him read, as it does at that moment.

#include "http/api/event_viewers.hpp"

#include <map>
#include <set>

#include "accounts/sessions.hpp"
#include "accounts/shows.hpp"
#include "apps/announce/episodes.hpp"
#include "apps/upload/queue.hpp"
#include "http/api/testing/fixture.hpp"
#include "http/api/testing/stream_client.hpp"
#include "store/sql.hpp"

namespace fencepost::http {
namespace {

using accounts::Role;
using accounts::ShowRole;
using testing::Client;

struct Listening {
  std::int64_t person = 0, own = 0;  // an announcement of his, of no show
  Headers headers{};
  std::shared_ptr<Client> client = std::make_shared<Client>();
};

class EventViewersTest : public testing::ApiTest, public ::testing::WithParamInterface<const char*> {
 protected:
  EventViewersTest() : ApiTest(GetParam()) {
    for (const auto* name : {"ann", "bob", "cat", "eve", "olga"}) {
      auto& one = people_[name];
      one.person = person(name, name == std::string("olga") ? Role::operator_ : Role::member);
      one.headers = signed_in(one.person);
      one.own = announcement(connect(name, one.person), {});
    }
    const auto lease = database->acquire();
    show_ = accounts::create_show(*lease, "Night Talk", "night", people_["ann"].person).show.value().id;
    accounts::create_show(*lease, "Another", "another", people_["eve"].person);
    for (const auto* host : {"bob", "cat"})
      accounts::set_member(*lease, show_, people_[host].person, ShowRole::host);
    const auto episode = announce::create_episode(*lease, {.show = show_, .title = "Pilot"}).episode->id;
    bobs_ = announcement(connect("bob's", people_["bob"].person), episode);
  }

  std::int64_t connect(const std::string& name, std::int64_t person) {
    return accounts::create_connection(*database->acquire(), vault, name, "webhook", receiver.url(),
                                       base::Secret(announce::testing::Receiver::kSecret), person)
        .id;
  }
  std::int64_t announcement(std::int64_t over, std::optional<std::int64_t> episode) {
    announce::Draft draft;
    draft.connection_id = over;
    draft.text = "Hello";
    draft.run_at = base::system_clock().wall() + announce::testing::kHour;
    draft.episode = episode;
    return stage.service().create(draft, "test").id;
  }
  void happens(const std::string& queue, std::int64_t item, const std::string& kind = "claim") {
    database->acquire()->run(store::sql::add_event, {queue, std::to_string(item), kind, "queued", "claimed",
                                                     1, store::Value(), "ada", ""});
  }
  void all_listen() {
    for (auto& [name, one] : people_) {
      const auto session = accounts::open_session(*database->acquire(), one.person, {}).value().id;
      hub_.listen({.person = one.person, .role = Role::member, .session_id = session}, *hub_.newest(),
                  one.client);
    }
  }
  // What each has heard, once all were told of something new of their own: "queue item kind".
  std::map<std::string, std::set<std::string>> heard() {
    const auto mark = "mark" + std::to_string(++marks_);
    for (const auto& [name, one] : people_) happens(announce::kQueue, one.own, mark);
    std::map<std::string, std::set<std::string>> all;
    for (const auto& [name, one] : people_) {
      all[name];
      std::istringstream text(one.client->await_text("\"kind\":\"" + mark + "\""));
      for (std::string line; std::getline(text, line);) {
        if (!line.starts_with("data: ") || line == "data: {}") continue;  // a beat's
        const auto event = nlohmann::json::parse(line.substr(6));
        if (event["kind"].get<std::string>().starts_with("mark")) continue;
        all[name].insert(event["queue"].get<std::string>() + " " + event["item"].get<std::string>() + " " +
                         event["kind"].get<std::string>());
      }
    }
    return all;
  }
  std::string said(const char* kind) const { return "announcements " + std::to_string(bobs_) + " " + kind; }

  std::map<std::string, Listening> people_;
  std::int64_t show_ = 0, bobs_ = 0;
  EventHub hub_{
      *database, base::system_clock(), event_viewers(Uploads::heard), {.poll = std::chrono::milliseconds(5)}};

 private:
  int marks_ = 0;
};

TEST_P(EventViewersTest, WhoeverMayReadAThingHearsOfItAndNobodyElse) {
  all_listen();
  const auto channel = this->channel({people_["cat"].person});
  const auto upload =
      uploads.schedule(channel, {{video(), "short"}}, upload::Mode::all_or_nothing, {}, "test")
          .at(0)
          .upload->id;
  std::map<std::string, std::set<std::string>> may;
  std::vector<std::pair<std::string, std::int64_t>> things{{announce::kQueue, bobs_},
                                                           {upload::kQueue, upload}};
  for (const auto& [name, one] : people_) things.emplace_back(announce::kQueue, one.own);
  for (const auto& [queue, id] : things) {
    happens(queue, id, "seen");
    const auto item = std::to_string(id);
    for (const auto& [name, one] : people_)
      if (as(one.headers, "GET", "/api/v1/" + queue + "/" + item).status == 200)
        may[name].insert(queue + " " + item + " seen");
  }
  const auto was_heard = heard();
  EXPECT_EQ(may["ann"].size(), 2U) << "the announcement of her show, and her own";
  EXPECT_EQ(may["cat"].size(), 3U) << "these, and an upload";
  EXPECT_EQ(may["eve"].size(), 1U);
  EXPECT_EQ(may["olga"].size(), things.size());
  for (const auto& [name, expected] : may) {
    std::set<std::string> seen;
    for (const auto& one : was_heard.at(name))
      if (one.ends_with(" seen")) seen.insert(one);
    EXPECT_EQ(seen, expected) << name;
  }
}

TEST_P(EventViewersTest, WhoIsTakenOutOfAShowHearsNoMoreOfItAndWhoComesInDoes) {
  all_listen();
  happens(announce::kQueue, bobs_, "before");
  EXPECT_TRUE(heard()["cat"].contains(said("before")));
  accounts::remove_member(*database->acquire(), show_, people_["cat"].person);
  accounts::set_member(*database->acquire(), show_, people_["eve"].person, ShowRole::host);
  happens(announce::kQueue, bobs_, "after");
  auto now = heard();
  EXPECT_FALSE(now["cat"].contains(said("after")));
  for (const auto* name : {"ann", "bob", "eve", "olga"})
    EXPECT_TRUE(now[name].contains(said("after"))) << name;

  // Nor of what was before, when he asks for it again.
  auto& cat = people_["cat"];
  cat.client = std::make_shared<Client>();
  const auto session = accounts::open_session(*database->acquire(), cat.person, {}).value().id;
  hub_.listen({.person = cat.person, .role = Role::member, .session_id = session}, 0, cat.client);
  const auto again = heard();
  for (const auto& one : again.at("cat"))
    EXPECT_EQ(one.find(" " + std::to_string(bobs_) + " "), std::string::npos);
}

TEST_P(EventViewersTest, ADeletionIsHeardByThoseWhoSawTheThing) {
  all_listen();
  stage.service().remove(bobs_, "bob");
  auto now = heard();
  for (const auto* name : {"ann", "bob", "cat", "olga"})
    EXPECT_TRUE(now[name].contains(said("deleted"))) << name;
  EXPECT_FALSE(now["eve"].contains(said("deleted")));
}

TEST_P(EventViewersTest, WhatIsAskedGrowsNeitherWithEventsNorWithListeners) {
  const auto viewers = event_viewers(Uploads::heard);
  std::vector<store::Event> page(200);
  for (std::size_t i = 0; i < page.size(); ++i) {
    page[i].queue = i % 2 == 0 ? announce::kQueue : upload::kQueue;
    page[i].item = std::to_string(i + 1);
  }
  std::vector<std::int64_t> listeners;
  for (const auto& [name, one] : people_) listeners.push_back(one.person);
  const auto lease = counting.acquire();
  counting.counted();
  viewers->rooms_of_events(*lease, page);
  EXPECT_EQ(counting.counted(), 2);
  viewers->rooms_of_people(*lease, listeners);
  EXPECT_EQ(counting.counted(), 2);
}

INSTANTIATE_TEST_SUITE_P(Http, EventViewersTest, ::testing::Values("sqlite", "postgres"),
                         [](const auto& param) { return std::string(param.param); });

}  // namespace
}  // namespace fencepost::http
