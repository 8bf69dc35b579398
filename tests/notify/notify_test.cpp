// From what happens to whoever is told of it: notices, deliveries, a real receiver. Both databases.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "accounts/people.hpp"
#include "accounts/testing/test_database.hpp"
#include "apps/announce/testing/stage.hpp"
#include "apps/notify/service.hpp"
#include "base/error.hpp"
#include "connect/webhook/webhook.hpp"
#include "engine/engine.hpp"
#include "store/migrate.hpp"

namespace fencepost::notify {
namespace {

using namespace std::chrono_literals;
using announce::testing::Receiver;

constexpr const char* kSecret = Receiver::kSecret;

class NotifyTest : public ::testing::TestWithParam<const char*> {
 protected:
  NotifyTest() { announcement_ = announcement_of(std::nullopt); }
  ~NotifyTest() override { engine_.reset(); }

  // Installs the queue. `first`: the back-off after the first failure.
  void start(base::Duration first = 1ms, int retries = 12) {
    auto queue = delivery_queue();
    queue.backoff = {first, first, retries};
    auto lease = database_->acquire();
    fence_.emplace(queue, lease->dialect(), store::own_schema(*lease));
    fence_->install(*lease);
    engine_ = std::make_unique<engine::Engine>(
        *database_, base::system_clock(),
        engine::EngineOptions{.sweep = 20ms, .state_folder = database_.folder()});
    handlers_ = std::make_unique<engine::HandlerWork>(
        engine_->context(), *fence_,
        [this](const engine::Attempt& attempt) { return at_once_.deliver(attempt); });
    work_ = std::make_unique<announce::testing::ObservedWork>(*handlers_);
    engine_->add(*work_, {.poll = 20ms});
    engine_->start();
  }

  std::int64_t person(const std::string& name, accounts::Role role) {
    return accounts::add_person(*database_->acquire(), name + "@example.org", name, role, "x")
        .person.value()
        .id;
  }

  std::int64_t subscribe_to(std::vector<std::string> kinds, std::vector<std::string> queues = {},
                            std::optional<std::int64_t> person = std::nullopt) {
    return subscribe(*database_->acquire(), vault_,
                     {.name = "on call",
                      .url = receiver_.url(),
                      .kinds = std::move(kinds),
                      .queues = std::move(queues),
                      .person = person,
                      .secret = base::Secret(kSecret)})
        .id;
  }

  // An announcement over a connection of that person's; its id.
  std::int64_t announcement_of(std::optional<std::int64_t> person) {
    const auto connection = announce::testing::connect_to(database_, "http://127.0.0.1:9/");
    database_.run("UPDATE fencepost_connections SET person_id = $1 WHERE id = $2", {person, connection});
    return database_
        .run(
            "INSERT INTO fencepost_announcements (connection_id, text, run_at) VALUES ($1, 'Hi', 1) "
            "RETURNING id",
            {connection})[0][0]
        .integer();
  }

  void fail(std::int64_t announcement) {
    database_.run("UPDATE fencepost_announcements SET status = 'queued' WHERE id = $1", {announcement});
    database_.run("UPDATE fencepost_announcements SET status = 'failed' WHERE id = $1", {announcement});
  }

  std::int64_t count(const std::string& statement) { return database_.run(statement)[0][0].integer(); }
  std::string status(std::int64_t delivery) {
    return database_.run("SELECT status FROM fencepost_deliveries WHERE id = $1", {delivery})[0][0].text();
  }
  bool await(const std::function<bool()>& holds) { return work_->wait(holds); }

  accounts::testing::TestDatabase database_{GetParam(), announce::testing::migrations()};
  const accounts::Vault vault_ = accounts::Vault::open(database_.folder() + "/key", true);
  Receiver receiver_;
  connect::HttpClient http_{{.addresses = {.allow_private = true}}, base::system_clock()};
  connect::Webhook webhook_{http_};
  Service at_once_{*database_, vault_, webhook_, nullptr, base::system_clock(), {.window = 0ms}};
  Service later_{*database_, vault_, webhook_, nullptr, base::system_clock(), {.window = 1h}};
  std::int64_t announcement_ = 0;
  std::optional<store::Fence> fence_;
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<engine::HandlerWork> handlers_;
  std::unique_ptr<announce::testing::ObservedWork> work_;
};

TEST_P(NotifyTest, WhatFailsIsToldOnce) {
  subscribe_to({"item_failed"});
  start();
  fail(announcement_);
  EXPECT_EQ(at_once_.gather(), 1);
  EXPECT_EQ(at_once_.gather(), 0);
  ASSERT_TRUE(await(
      [&] { return count("SELECT count(*) FROM fencepost_deliveries WHERE status = 'delivered'") == 1; }));
  ASSERT_EQ(receiver_.arrivals().size(), 1u);
  EXPECT_EQ(receiver_.arrivals()[0].text, "1 item failed in announcements");
  EXPECT_EQ(receiver_.refused(), 0);  // the signature is right
}

TEST_P(NotifyTest, WhatIsRolledBackIsNotTold) {
  subscribe_to({"item_failed"});
  {
    auto lease = database_->acquire();
    store::Transaction transaction(*lease);
    accounts::raise(*lease,
                    {.kind = accounts::NoticeKind::item_failed, .queue = "announcements", .item = "1"});
  }
  EXPECT_EQ(at_once_.gather(), 0);
}

TEST_P(NotifyTest, FiveHundredByFourGatherersAreOneDelivery) {
  subscribe_to({"item_failed"});
  for (int i = 0; i < 500; ++i)
    accounts::raise(*database_->acquire(), {.queue = "announcements", .item = std::to_string(i)});
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&] {
        while (later_.gather(50) > 0) {
        }
      });
  }
  while (later_.gather() > 0) {
  }
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_notices"), 0);
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_deliveries"), 1);
  EXPECT_EQ(count("SELECT notices FROM fencepost_deliveries"), 500);
}

TEST_P(NotifyTest, AReceiverThatWasDownGetsTheSameIdAgain) {
  subscribe_to({"item_failed"});
  receiver_.next({Receiver::Mode::too_many, Receiver::Mode::rejected, Receiver::Mode::error_500,
                  Receiver::Mode::accept_then_cut});
  start();
  fail(announcement_);
  at_once_.gather();
  ASSERT_TRUE(await(
      [&] { return count("SELECT count(*) FROM fencepost_deliveries WHERE status = 'delivered'") == 1; }));
  // Two took effect before they failed; then the one that was known to.
  const auto arrivals = receiver_.arrivals();
  ASSERT_EQ(arrivals.size(), 3u);
  EXPECT_EQ(arrivals[0].key, arrivals[1].key);
  EXPECT_EQ(arrivals[0].key, arrivals[2].key);
  EXPECT_EQ(arrivals[0].text, arrivals[2].text);
}

// The worker's settlement is lost: as when its process dies between sending and saving.
TEST_P(NotifyTest, WhatWasSentAndNotSavedArrivesAgainAsItWas) {
  subscribe_to({"item_failed"});
  std::atomic<bool> first{true};
  receiver_.before_answer([&] {
    if (first.exchange(false)) database_.run("UPDATE fencepost_deliveries SET status = 'queued'");
  });
  start();
  fail(announcement_);
  at_once_.gather();
  ASSERT_TRUE(await(
      [&] { return count("SELECT count(*) FROM fencepost_deliveries WHERE status = 'delivered'") == 1; }));
  ASSERT_EQ(receiver_.arrivals().size(), 2u);
  EXPECT_EQ(receiver_.arrivals()[0].key, receiver_.arrivals()[1].key);
  EXPECT_EQ(receiver_.arrivals()[0].text, receiver_.arrivals()[1].text);
}

// A delivery that was tried once is what a receiver may have seen under its id.
TEST_P(NotifyTest, WhatWasTriedGrowsNoMore) {
  const auto id = subscribe_to({"item_failed"});
  receiver_.next({Receiver::Mode::error_500});
  start(1h);
  fail(announcement_);
  at_once_.gather();
  ASSERT_TRUE(
      await([&] { return count("SELECT count(*) FROM fencepost_deliveries WHERE attempt = 1") == 1; }));
  fail(announcement_);
  later_.gather();
  const auto all = page_of_deliveries(*database_->acquire(), id, {}, 9);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].notices, 1);
  EXPECT_EQ(all[1].notices, 1);
  EXPECT_EQ(all[1].attempts, 1);
}

TEST_P(NotifyTest, WhatIsGivenUpSaysWhy) {
  const auto id = subscribe_to({"item_failed"});
  receiver_.next({Receiver::Mode::rejected, Receiver::Mode::rejected, Receiver::Mode::rejected});
  start(1ms, 2);
  fail(announcement_);
  at_once_.gather();
  ASSERT_TRUE(
      await([&] { return count("SELECT count(*) FROM fencepost_deliveries WHERE status = 'failed'") == 1; }));
  const auto given_up = page_of_deliveries(*database_->acquire(), id, {}, 9).at(0);
  EXPECT_EQ(given_up.attempts, 3);
  EXPECT_EQ(given_up.last_error, "the receiver answered 422");
  // That a delivery failed is no notice: it would have to be delivered.
  EXPECT_EQ(at_once_.gather(), 0);
}

TEST_P(NotifyTest, WhoDeletesIsNotToldWhatWaited) {
  const auto gone = subscribe_to({"item_failed"}), off = subscribe_to({"item_failed"}),
             stays = subscribe_to({"item_failed"});
  fail(announcement_);
  later_.gather();
  EXPECT_TRUE(unsubscribe(*database_->acquire(), gone));
  EXPECT_TRUE(unsubscribe(*database_->acquire(), gone));
  EXPECT_TRUE(edit_subscription(*database_->acquire(), off, 1, {.enabled = false}));
  EXPECT_FALSE(
      edit_subscription(*database_->acquire(), off, 1, {.enabled = true}));  // another version by now
  database_.run("UPDATE fencepost_deliveries SET run_at = 1");
  start();
  ASSERT_TRUE(await(
      [&] { return count("SELECT count(*) FROM fencepost_deliveries WHERE status = 'delivered'") == 1; }));
  EXPECT_EQ(receiver_.arrivals().size(), 1u);
  const auto page = [&](std::int64_t id) {
    return page_of_deliveries(*database_->acquire(), id, {}, 9).at(0).status;
  };
  EXPECT_EQ(page(gone), "stopped");
  EXPECT_EQ(page(off), "stopped");
  EXPECT_EQ(page(stays), "delivered");
  fail(announcement_);
  later_.gather();
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_deliveries"), 4);  // one more, for who stays
}

// A program that queues it again, past the subscription's end.
TEST_P(NotifyTest, NothingIsSentForADeletedOneWhateverItsRowSays) {
  const auto gone = subscribe_to({"item_failed"});
  fail(announcement_);
  at_once_.gather();
  unsubscribe(*database_->acquire(), gone);
  database_.run("UPDATE fencepost_deliveries SET status = 'queued'");
  start();
  ASSERT_TRUE(
      await([&] { return count("SELECT count(*) FROM fencepost_deliveries WHERE status = 'failed'") == 1; }));
  EXPECT_TRUE(receiver_.arrivals().empty());
}

TEST_P(NotifyTest, SecretsAreSealedAndBoundToTheirRow) {
  const auto one = subscribe_to({"item_failed"}), two = subscribe_to({"item_failed"});
  const auto stored = database_.run("SELECT secret FROM fencepost_subscriptions")[0][0].text();
  EXPECT_TRUE(stored.starts_with("v1:"));
  EXPECT_EQ(stored.find("whsec"), std::string::npos);
  EXPECT_TRUE(any_secret(*database_->acquire()));
  database_.run(
      "UPDATE fencepost_subscriptions SET secret = (SELECT secret FROM fencepost_subscriptions WHERE id = "
      "$1) "
      "WHERE id = $2",
      {one, two});
  fail(announcement_);
  at_once_.gather();
  start();
  ASSERT_TRUE(
      await([&] { return count("SELECT count(*) FROM fencepost_deliveries WHERE status = 'failed'") == 1; }));
  ASSERT_TRUE(await(
      [&] { return count("SELECT count(*) FROM fencepost_deliveries WHERE status = 'delivered'") == 1; }));
  unsubscribe(*database_->acquire(), one);
  unsubscribe(*database_->acquire(), two);
  EXPECT_FALSE(any_secret(*database_->acquire()));
}

TEST_P(NotifyTest, AnAddressIsConfirmedByItsCodeAlone) {
  const auto ada = person("ada", accounts::Role::operator_);
  const auto code = new_code();
  const auto made = subscribe(
      *database_->acquire(), vault_,
      {.name = "me", .channel = Channel::email, .kinds = {"item_failed"}, .person = ada, .secret = code});
  EXPECT_EQ(made.address, "ada@example.org");
  EXPECT_FALSE(made.live());
  EXPECT_EQ(page_of_deliveries(*database_->acquire(), made.id, {}, 9).at(0).kind, "confirm");
  fail(announcement_);
  EXPECT_EQ(later_.gather(), 1);  // to nobody
  const auto tell = [&](const std::string& text) {
    return confirm(*database_->acquire(), vault_, made.id, text);
  };
  EXPECT_EQ(tell(new_code().reveal()), Confirmed::wrong);
  EXPECT_EQ(tell(""), Confirmed::wrong);
  EXPECT_EQ(tell(code.reveal()), Confirmed::confirmed);
  EXPECT_EQ(tell(code.reveal()), Confirmed::confirmed);
  EXPECT_TRUE(get_subscription(*database_->acquire(), made.id)->live());
  fail(announcement_);
  later_.gather();
  EXPECT_EQ(page_of_deliveries(*database_->acquire(), made.id, {}, 9).size(), 2u);
  // Another address is another person's, for all we know.
  database_.run("UPDATE fencepost_people SET email = 'new@example.org' WHERE id = $1", {ada});
  EXPECT_FALSE(get_subscription(*database_->acquire(), made.id)->live());
  fail(announcement_);
  later_.gather();
  EXPECT_EQ(page_of_deliveries(*database_->acquire(), made.id, {}, 9).at(0).notices, 1);
  EXPECT_EQ(tell(code.reveal()), Confirmed::wrong);
}

INSTANTIATE_TEST_SUITE_P(Databases, NotifyTest, ::testing::Values("sqlite", "postgres"),
                         [](const auto& each) { return std::string(each.param); });

}  // namespace
}  // namespace fencepost::notify
