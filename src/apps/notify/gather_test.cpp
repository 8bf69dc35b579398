// From notices to deliveries, and who is told of what. Both databases; no network.

#include <gtest/gtest.h>

#include "accounts/connections.hpp"
#include "accounts/testing/people_test_base.hpp"
#include "apps/notify/service.hpp"
#include "base/error.hpp"
#include "store/fence.hpp"
#include "store/migrate.hpp"

namespace fencepost::notify {
namespace {

using namespace std::chrono_literals;
using accounts::Role;

constexpr const char* kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

class GatherTest : public accounts::testing::PeopleTestBase {
 protected:
  std::int64_t subscribe_to(std::vector<std::string> kinds, std::vector<std::string> queues = {},
                            std::optional<std::int64_t> person = std::nullopt) {
    return subscribe(*database_->acquire(), vault_,
                     {.name = "on call",
                      .url = "https://example.com/hook",
                      .kinds = std::move(kinds),
                      .queues = std::move(queues),
                      .person = person,
                      .secret = base::Secret(kSecret)})
        .id;
  }
  void fails(std::optional<std::int64_t> person = std::nullopt) {
    accounts::raise(*database_->acquire(), {.queue = "announcements", .item = "7", .person = person});
  }
  int gathered(int most = 500) { return gather(*database_->acquire(), most, 1h); }
  std::vector<Delivery> told(std::int64_t id) { return page_of_deliveries(*database_->acquire(), id, {}, 9); }

  const accounts::Vault vault_ = accounts::Vault::open(database_.folder() + "/key", true);
};

// Ids are given when rows are written, and rows come to light when they are committed.
TEST_P(GatherTest, WhatCommitsLateIsNotPassedOver) {
  const auto id = subscribe_to({"item_failed"});
  if (postgres()) {
    auto slow = database_->acquire();
    store::Transaction transaction(*slow);
    accounts::raise(*slow, {.queue = "announcements"});  // the lower id
    fails();
    EXPECT_EQ(gathered(), 1);
    transaction.commit();
  } else {  // one writer at a time: the order of ids is that of commits
    fails();
    EXPECT_EQ(gathered(), 1);
    fails();
  }
  EXPECT_EQ(gathered(), 1);
  EXPECT_EQ(gathered(), 0);
  EXPECT_EQ(told(id).at(0).notices, 2);
}

TEST_P(GatherTest, OfTwoWhoGatherAtOnceTheSecondJoinsTheFirst) {
  const auto id = subscribe_to({"item_failed"});
  fails();
  fails();
  const auto one = [](store::Connection& connection) { return gather(connection, 1, 1h); };
  EXPECT_EQ(while_open(one, one), std::pair(1, 1));
  ASSERT_EQ(told(id).size(), 1u);
  EXPECT_EQ(told(id)[0].notices, 2);
}

TEST_P(GatherTest, WhoeverDeletesIsToldNothingOfWhatIsBeingGathered) {
  const auto id = subscribe_to({"item_failed"});
  fails();
  while_open([](store::Connection& connection) { return gather(connection, 9, 1h); },
             [&](store::Connection& connection) { return unsubscribe(connection, id); });
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_deliveries WHERE status = 'stopped'"), 1);
  fails();
  EXPECT_EQ(gathered(), 1);
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_deliveries"), 1);
}

TEST_P(GatherTest, WhatRollsBackIsGatheredAgain) {
  const auto id = subscribe_to({"item_failed"});
  fails();
  {
    auto lease = database_->acquire();
    store::Transaction transaction(*lease);
    EXPECT_EQ(gather(*lease, 9, 1h), 1);
  }
  EXPECT_TRUE(told(id).empty());
  EXPECT_EQ(gathered(), 1);
  EXPECT_EQ(told(id).at(0).notices, 1);
}

TEST_P(GatherTest, FiveHundredAreOneDelivery) {
  const auto id = subscribe_to({"item_failed"});
  {
    auto lease = database_->acquire();
    store::Transaction transaction(*lease);
    for (int i = 0; i < 500; ++i) accounts::raise(*lease, {.queue = "announcements"});
    transaction.commit();
  }
  while (gathered(120) > 0) {
  }
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_notices"), 0);
  ASSERT_EQ(told(id).size(), 1u);
  EXPECT_EQ(told(id)[0].notices, 500);
}

// A delivery that a worker had is what a receiver may have seen under its id.
TEST_P(GatherTest, WhatWasClaimedGrowsNoMore) {
  const auto id = subscribe_to({"item_failed"});
  fails();
  gather(*database_->acquire(), 9, 0ms);
  auto lease = database_->acquire();
  const store::Fence fence(delivery_queue(), lease->dialect(), store::own_schema(*lease));
  fence.install(*lease);
  const auto claims = fence.claim(*lease, 1, 1min, 1);
  ASSERT_EQ(claims.size(), 1u);
  fence.settle(*lease, {store::Settlement::retry(claims[0], 1h, "the receiver answered 500")});
  fails();
  gathered();
  ASSERT_EQ(told(id).size(), 2u);
  EXPECT_EQ(told(id)[0].notices, 1);
  EXPECT_EQ(told(id)[1].notices, 1);
  EXPECT_EQ(told(id)[1].attempts, 1);
}

TEST_P(GatherTest, KindsQueuesAndOwnersAreKeptApart) {
  const auto ada = person("ada@example.org").id, eve = person("eve@example.org").id;
  const auto hers = subscribe_to({"item_failed"}, {}, ada), others = subscribe_to({"item_failed"}, {}, eve);
  const auto all = subscribe_to({"item_failed"}, {}, person("op@example.org", Role::operator_).id);
  const auto other_queue = subscribe_to({"item_failed"}, {"uploads"});
  const auto other_kind = subscribe_to({"item_unknown"}, {"announcements"});
  fails(ada);
  // Of a connection of hers.
  const auto connection = accounts::create_connection(*database_->acquire(), vault_, "blog", "webhook",
                                                      "https://example.com", base::Secret(kSecret), ada);
  accounts::raise(*database_->acquire(), {.queue = "announcements", .connection_id = connection.id});
  EXPECT_EQ(gathered(), 2);
  EXPECT_EQ(told(hers).at(0).notices, 2);
  EXPECT_EQ(told(all).at(0).notices, 2);
  for (const auto id : {others, other_queue, other_kind}) EXPECT_TRUE(told(id).empty());
  fails();  // nobody's
  database_.run("UPDATE fencepost_people SET disabled_at = 1 WHERE id = $1", {ada});
  fails(ada);
  EXPECT_EQ(gathered(), 2);
  EXPECT_EQ(told(hers).at(0).notices, 2);
  EXPECT_EQ(told(all).at(0).notices, 4);
}

TEST_P(GatherTest, RefusesWhatIsNoSubscription) {
  const auto code = [&](const Draft& draft) {
    try {
      subscribe(*database_->acquire(), vault_, draft);
      return std::string();
    } catch (const base::UserError& error) {
      return error.code();
    }
  };
  const Draft good{
      .name = "x", .url = "https://example.com", .kinds = {"item_failed"}, .secret = base::Secret(kSecret)};
  auto draft = good;
  draft.kinds = {};
  EXPECT_EQ(code(draft), "invalid_kinds");
  draft.kinds = {"item_failed quota_low"};
  EXPECT_EQ(code(draft), "invalid_kinds");
  draft = good;
  draft.queues = {"a b"};
  EXPECT_EQ(code(draft), "invalid_queues");
  draft = good;
  draft.name = "a\nb";
  EXPECT_EQ(code(draft), "invalid_name");
  draft = good;
  draft.person = person("ada@example.org").id;
  for (int i = 0; i < kMostOfOne; ++i) EXPECT_EQ(code(draft), "");
  EXPECT_EQ(code(draft), "too_many_subscriptions");
  database_.run("UPDATE fencepost_people SET disabled_at = 1");
  EXPECT_EQ(code(draft), "forbidden");
}

ON_BOTH(GatherTest);

}  // namespace
}  // namespace fencepost::notify
