#include "accounts/upkeep.hpp"

#include "accounts/idempotency.hpp"
#include "accounts/invitations.hpp"
#include "accounts/sign_in.hpp"
#include "accounts/testing/people_test_base.hpp"

namespace fencepost::accounts {
namespace {

class UpkeepTest : public testing::PeopleTestBase {
 protected:
  std::int64_t rows(const std::string& table) { return count("SELECT count(*) FROM fencepost_" + table); }
};

TEST_P(UpkeepTest, TakesWhatIsOverInStepsAndNothingElse) {
  const auto ann = person("ann@example.com", Role::owner);
  auto connection = database_->acquire();
  for (int i = 0; i < 5; ++i) {
    open_session(*connection, ann.id, {"192.0.2.1", ""});
    create_invitation(*connection, asks(ann), {});
    const auto key = std::to_string(i);
    take_attempt(*connection, {"p" + key + "@example.com", "192.0.2." + key});
    connection->run(sql::take_rate, {key, std::int64_t{1'000'000}, std::int64_t{60'000'000}});
    const IdempotentRequest request{.principal = 1, .key = key, .request_hash = "h", .route = "POST /"};
    finish_idempotent(*connection, request, begin_idempotent(*connection, request).owner, 200, "{}");
  }
  attempt_succeeded(*connection, {"ann@example.com", "192.0.2.1"});
  EXPECT_EQ(sweep_accounts(*connection, 2), 0);
  const auto old = [&](const std::string& table, const std::string& what) {
    database_.run("UPDATE fencepost_" + table + " SET " + what);
  };
  const std::string months = " - CAST(7776000000000 AS BIGINT)";
  old("sessions", "seen_at = seen_at" + months + " WHERE id <> 1");
  old("sessions", "expires_at = expires_at" + months + " WHERE id = 2");
  old("invitations", "expires_at = expires_at" + months + " WHERE id <> 1");
  old("attempts", "tried_at = tried_at - 2 * CAST(86400000000 AS BIGINT)");
  old("rate_limits", "full_at = full_at - 10000000 WHERE name <> '0'");
  old("rate_limits", "full_at = full_at + 600000000 WHERE name = '0'");
  old("idempotency",
      "created_at = created_at - 2 * CAST(86400000000 AS BIGINT) WHERE idempotency_key <> '0'");
  EXPECT_EQ(sweep_accounts(*connection, 2), 2 + 2 + 2 + 2 + 2);
  while (sweep_accounts(*connection, 2) > 0) {
  }
  EXPECT_EQ(rows("sessions"), 1);
  EXPECT_EQ(rows("invitations"), 1);
  EXPECT_EQ(rows("attempts"), 1) << "the address that she is known from";
  EXPECT_EQ(rows("rate_limits"), 1);
  EXPECT_EQ(rows("idempotency"), 1);
  old("attempts", "known_at = known_at" + months);
  EXPECT_EQ(sweep_accounts(*connection), 1);
}

TEST_P(UpkeepTest, WhatIsUsedMeanwhileStays) {
  auto connection = database_->acquire();
  take_attempt(*connection, {"ann@example.com", "192.0.2.1"});
  database_.run("UPDATE fencepost_attempts SET tried_at = 0");
  const auto [wait, gone] = while_open(
      [](store::Connection& c) {
        return take_attempt(c, {"ann@example.com", "192.0.2.1"}).has_value();
      },
      [](store::Connection& c) { return sweep_accounts(c); });
  EXPECT_FALSE(wait);
  EXPECT_EQ(gone, 0);
  EXPECT_EQ(rows("attempts"), 2);
}

ON_BOTH(UpkeepTest);

}  // namespace
}  // namespace fencepost::accounts
