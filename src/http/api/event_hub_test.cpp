// Who hears what, in which order, and what somebody gets who comes back.

#include "http/api/event_viewers.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <nlohmann/json.hpp>

#include "accounts/testing/test_database.hpp"
#include "accounts/tokens.hpp"
#include "apps/announce/testing/stage.hpp"
#include "base/clock.hpp"
#include "http/api/testing/stream_client.hpp"
#include "store/sql.hpp"

namespace fencepost::http {
namespace {

using testing::Client;
using ::testing::StartsWith;
using testing::told;

// Whoever the test says may listen; an event belongs to the person of the same number as its item.
class Allowed final : public EventViewers {
 public:
  using As = std::function<std::optional<Principal>(const Principal&)>;
  explicit Allowed(As as) : as_(std::move(as)) {}
  std::vector<std::optional<Principal>> alive(store::Connection&,
                                              const std::vector<Principal>& who) override {
    std::vector<std::optional<Principal>> now;
    for (const auto& one : who) now.push_back(as_(one));
    return now;
  }
  std::vector<Rooms> rooms_of_people(store::Connection&, const std::vector<std::int64_t>& people) override {
    std::vector<Rooms> rooms;
    for (const auto person : people) rooms.push_back({{Room::Kind::person, person}});
    return rooms;
  }
  std::vector<Rooms> rooms_of_events(store::Connection&, const std::vector<store::Event>& events) override {
    std::vector<Rooms> rooms;
    for (const auto& event : events) rooms.push_back({{Room::Kind::person, std::stoll(event.item)}});
    return rooms;
  }

 private:
  const As as_;
};

std::optional<Principal> an_operator(const Principal&) {
  return Principal{.role = accounts::Role::operator_};
}

std::string transitions(int first, int last) {
  std::string out;
  for (int i = first; i <= last; ++i) out += (out.empty() ? "t" : " t") + std::to_string(i);
  return out;
}

class EventHubTest : public ::testing::TestWithParam<const char*> {
 protected:
  static EventHubOptions quick() {
    EventHubOptions options;
    options.poll = std::chrono::milliseconds(5);
    options.newest = std::chrono::minutes(1);
    return options;
  }
  void open(EventHubOptions options = quick(), std::unique_ptr<EventViewers> viewers = nullptr) {
    if (!viewers) viewers = std::make_unique<Allowed>(an_operator);
    hub_ = std::make_unique<EventHub>(*database_, base::system_clock(), std::move(viewers), options);
  }
  static void write(store::Connection& connection, const std::string& item = "1") {
    connection.run(store::sql::add_event, {"announcements", item, "claim", "queued", "claimed", 1,
                                           store::Value(), "ada", "one\ntwo"});
  }
  void write(int times = 1, const std::string& item = "1") {
    const auto lease = database_->acquire();
    store::Transaction transaction(*lease);
    for (int i = 0; i < times; ++i) write(*lease, item);
    transaction.commit();
  }
  std::shared_ptr<Client> listen(std::optional<std::int64_t> after = std::nullopt, std::int64_t who = 1) {
    auto client = std::make_shared<Client>();
    hub_->listen({.token_id = who}, after ? *after : hub_->newest().value_or(-1), client);
    return client;
  }

  accounts::testing::TestDatabase database_{GetParam(), announce::testing::migrations()};
  std::unique_ptr<EventHub> hub_;
};

TEST_P(EventHubTest, TellsWhatHappensFromNowOn) {
  write(2);
  open();
  const auto client = listen();
  client->await_text("id: 2\n\n");  // whoever comes back begins there, though nothing was told yet
  write();
  const auto text = client->await_text("event: transition");
  EXPECT_THAT(text, StartsWith("retry: "));
  const auto data = text.substr(text.find("data: ") + 6);
  const auto json = nlohmann::json::parse(data.substr(0, data.find('\n')));
  EXPECT_EQ(json["id"], 3);
  EXPECT_EQ(json["queue"], "announcements");
  EXPECT_EQ(json["from"], "queued");
  EXPECT_EQ(json["detail"], "one\ntwo");  // one line of the stream
  EXPECT_EQ(told(text), "t3");
}

// A browser's EventSource dispatches neither comments nor events without data: a page knows a dead line by
// this alone.
TEST_P(EventHubTest, AQuietStreamHasBeatsWithThePlaceToGoOnFrom) {
  auto options = quick();
  options.heartbeat = std::chrono::milliseconds(20);
  open(options, std::make_unique<Allowed>([](const Principal& who) {
         return Principal{.person = who.token_id, .role = accounts::Role::member};
       }));
  write();
  const auto sees = listen(0, 1), sees_nothing = listen(0, 2);
  EXPECT_EQ(told(sees->await_text("event: beat\ndata: {}\nid: 1\n\n")), "t1");
  // Also past what is not theirs, or whoever comes back would look through it again.
  EXPECT_EQ(told(sees_nothing->await_text("event: beat\ndata: {}\nid: 1\n\n")), "");
  write();
  sees_nothing->await_text("event: beat\ndata: {}\nid: 2\n\n");
  EXPECT_EQ(told(sees->await_text("event: beat\ndata: {}\nid: 2\n\n")), "t1 t2");
}

TEST_P(EventHubTest, WhoComesBackMissesNothingAndHearsNothingTwice) {
  auto options = quick();
  options.recent = 10;
  options.page = 7;
  options.page_bytes = 600;
  open(options);
  const auto witness = listen(0);  // the hub is awake, and keeps only the last ten in memory
  write(60);
  witness->await_text("id: 60\nevent");
  int newest = 60;
  for (const int after : {0, 1, 13, 49, 50, 55, 59, 60}) {
    const auto client = listen(after);
    write();
    ++newest;
    EXPECT_EQ(told(client->await_text("id: " + std::to_string(newest) + "\nevent")),
              transitions(after + 1, newest));
  }
  EXPECT_EQ(told(witness->await_text("id: 68\nevent")), transitions(1, 68));
}

// Also where nobody has listened for long: the place is known before the answer begins.
TEST_P(EventHubTest, WhatIsCommittedAfterNowIsTold) {
  open();
  for (int i = 1; i <= 20; ++i) {
    const auto now = hub_->newest();
    ASSERT_TRUE(now.has_value());
    EXPECT_LT(*now, i);
    write();
    auto client = std::make_shared<Client>();
    hub_->listen({.token_id = 1}, *now, client);
    EXPECT_EQ(told(client->await_text("id: " + std::to_string(i) + "\nevent")),
              transitions(static_cast<int>(*now) + 1, i));
    client->close();
    while (i % 2 == 0 && hub_->listeners() > 0) hub_->wake();
  }
}

TEST_P(EventHubTest, WhatIsCommittedLateIsToldInItsOrder) {
  open();
  const auto client = listen(0);
  const bool postgres = GetParam() == std::string("postgres");
  const auto slow = database_->acquire();
  slow->begin();
  write(*slow);
  if (postgres) {
    write();
    write();
  }
  slow->commit();
  write();
  const auto last = postgres ? "id: 4\nevent" : "id: 2\nevent";
  EXPECT_EQ(told(client->await_text(last)), postgres ? "t1 t2 t3 t4" : "t1 t2");
}

TEST_P(EventHubTest, WhatRetentionRemovedIsSaid) {
  write(9);
  database_.run("DELETE FROM fencepost_events WHERE id IN (3, 5)");
  open();
  EXPECT_EQ(told(listen(2)->await_text("id: 9\nevent")), "r5 t6 t7 t8 t9");
  EXPECT_EQ(told(listen(5)->await_text("id: 9\nevent")), "t6 t7 t8 t9");
  // Of a database that was restored since: it never was that far.
  EXPECT_EQ(told(listen(1'000'000)->await_text("event: reset")), "r9");
  const auto live = listen();
  live->await_text("id: 9\n\n");
  database_.run("DELETE FROM fencepost_events");
  write();
  EXPECT_EQ(told(live->await_text("event: transition")), "t10");
}

TEST_P(EventHubTest, EverybodySeesWhatIsTheirsAndNothingOnceTheyMayNot) {
  std::atomic<bool> revoked = false;
  auto options = quick();
  options.recheck = std::chrono::milliseconds(1);
  open(options, std::make_unique<Allowed>([&](const Principal& who) -> std::optional<Principal> {
         if (who.token_id == 2 && revoked) return std::nullopt;
         return Principal{.person = who.token_id, .role = accounts::Role::member};
       }));
  const auto one = listen(0, 1), two = listen(0, 2), nobody = listen(0, 3);
  for (int i = 0; i < 3; ++i) {
    write(1, "1");
    write(1, "2");
  }
  EXPECT_EQ(told(two->await_text("id: 6\nevent")), "t2 t4 t6");
  EXPECT_EQ(told(one->await_text("id: 5\nevent")), "t1 t3 t5");
  revoked = true;
  EXPECT_TRUE(two->await_end());
  write(1, "2");
  write(1, "1");
  EXPECT_EQ(told(one->await_text("id: 8\nevent")), "t1 t3 t5 t8");
  EXPECT_EQ(told(two->await_text("id: 6\nevent")), "t2 t4 t6");
  EXPECT_EQ(told(nobody->await_text("retry")), "");
  while (hub_->listeners() != 2) hub_->wake();
}

TEST_P(EventHubTest, ARevokedTokenEndsItsStreams) {
  std::int64_t id = 0;
  {
    const auto lease = database_->acquire();
    const auto token = accounts::create_token(*lease, "listener");
    id = accounts::authenticate(*lease, token.reveal())->token_id;
  }
  auto options = quick();
  options.recheck = std::chrono::milliseconds(1);
  open(options, event_viewers(Uploads::absent));
  const auto client = listen(0, id), stranger = listen(0, id + 1);
  EXPECT_TRUE(stranger->await_end());
  write();
  client->await_text("event: transition");
  EXPECT_TRUE(client->open());
  EXPECT_TRUE(accounts::revoke_token(*database_->acquire(), id));
  EXPECT_TRUE(client->await_end());
}

TEST_P(EventHubTest, AStreamEndsWhereNobodyCanSayWhetherItMayGoOn) {
  std::atomic<bool> away = false;
  auto options = quick();
  options.recheck = options.unchecked = std::chrono::milliseconds(1);
  open(options, std::make_unique<Allowed>([&](const Principal& who) {
         if (away) throw std::runtime_error("away");
         return an_operator(who);
       }));
  const auto client = listen(0);
  write();
  client->await_text("event: transition");
  away = true;
  EXPECT_TRUE(client->await_end());
}

TEST_P(EventHubTest, WhoStandsStillIsLetGoAndOthersShareOneText) {
  open();
  std::vector<std::shared_ptr<Client>> clients;
  for (int i = 0; i < 50; ++i) clients.push_back(listen());
  for (const auto& client : clients) client->await_text("id: 0\n\n");
  const auto slow = listen();
  slow->await_text("id: 0\n\n");
  slow->stand_still();
  write(20);
  for (const auto& client : clients) client->await_text("id: 20\nevent");
  while (hub_->listeners() != 50) {
    write();
    hub_->wake();
  }
  EXPECT_FALSE(slow->open());
}

TEST_P(EventHubTest, OnePrincipalHasSoManyStreamsAndStopEndsThemAll) {
  auto options = quick();
  options.each = 2;
  open(options);
  EXPECT_TRUE(hub_->admit({.token_id = 1}));
  const auto one = listen(), two = listen();
  EXPECT_FALSE(hub_->admit({.token_id = 1}));
  EXPECT_TRUE(hub_->admit({.token_id = 2}));
  one->close();
  while (!hub_->admit({.token_id = 1})) hub_->wake();
  hub_->stop();
  EXPECT_FALSE(two->open());
  EXPECT_EQ(hub_->listeners(), 0U);
  EXPECT_EQ(hub_->newest(), std::nullopt);
  EXPECT_FALSE(listen(0)->open());
}

INSTANTIATE_TEST_SUITE_P(Http, EventHubTest, ::testing::Values("sqlite", "postgres"),
                         [](const auto& param) { return std::string(param.param); });

}  // namespace
}  // namespace fencepost::http
