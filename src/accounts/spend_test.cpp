#include "accounts/spend.hpp"

#include "accounts/connections.hpp"
#include "accounts/testing/people_test_base.hpp"

namespace fencepost::accounts {
namespace {

class SpendTest : public testing::PeopleTestBase {
 protected:
  // A gate's part of it.
  bool take(std::int64_t cost, std::int64_t claim) {
    auto connection = database_->acquire();
    store::Transaction transaction(*connection);
    const bool fits = share_connected(*connection, id_) && spend(*connection, id_, cost, "q", "1", claim);
    if (fits) transaction.commit();
    return fits;
  }
  void limit(std::optional<std::int64_t> daily, std::optional<std::int64_t> monthly) {
    EXPECT_TRUE(set_spend_limits(*database_->acquire(), id_, daily, monthly));
  }
  Spend spent() { return spend_of(*database_->acquire(), id_); }

  const Vault vault_ = Vault::open(database_.folder() + "/key", true);
  const std::int64_t id_ = create_connection(*database_->acquire(), vault_, "fans", "webhook",
                                             "https://x.example", base::Secret("s"))
                               .id;
};

TEST_P(SpendTest, IsCountedWithoutALimitToo) {
  EXPECT_TRUE(take(15'000, 1));
  EXPECT_TRUE(take(200'000, 2));
  EXPECT_TRUE(take(0, 3)) << "free";
  EXPECT_EQ(spent().today, 215'000);
  EXPECT_EQ(spent().month, 215'000);
}

// Rule 4: a gate in doubt is repeated.
TEST_P(SpendTest, OfOneClaimIsCountedOnce) {
  EXPECT_TRUE(take(15'000, 1));
  EXPECT_TRUE(take(15'000, 1));
  EXPECT_EQ(spent().today, 15'000);
}

TEST_P(SpendTest, NothingGoesOverALimit) {
  limit(30'000, std::nullopt);
  EXPECT_TRUE(take(15'000, 1));
  EXPECT_TRUE(take(15'000, 2));
  EXPECT_FALSE(take(1, 3));
  limit(std::nullopt, 40'000);
  EXPECT_FALSE(take(15'000, 3));
  EXPECT_TRUE(take(10'000, 3));
  EXPECT_EQ(spent().today, 40'000);
  EXPECT_EQ(spent().month, 40'000);
  // Lowered below what is spent it closes, and does not fail.
  limit(1, 1);
  EXPECT_FALSE(take(1, 4));
  limit(std::nullopt, std::nullopt);
  EXPECT_TRUE(take(15'000, 4));
}

TEST_P(SpendTest, OfTwoGatesAtOnceOneGoesOver) {
  limit(20'000, std::nullopt);
  const auto gate = [&](std::int64_t claim) {
    return [&, claim](store::Connection& connection) {
      store::Transaction transaction(connection);
      const bool fits = share_connected(connection, id_) && spend(connection, id_, 15'000, "q", "1", claim);
      if (fits) transaction.commit();
      return fits;
    };
  };
  const auto [one, two] = while_open(gate(1), gate(2));
  EXPECT_TRUE(one);
  EXPECT_FALSE(two);
  EXPECT_EQ(spent().today, 15'000);
}

TEST_P(SpendTest, SaysWhyInDollars) {
  const auto why = [&](std::int64_t cost) {
    return over_spend(*database_->acquire(), id_, cost).value_or("");
  };
  EXPECT_EQ(why(1'000'000), "");
  limit(1'000'000, 20'000'000);
  EXPECT_TRUE(take(985'000, 1));
  EXPECT_EQ(why(15'000), "");
  EXPECT_EQ(
      why(200'000),
      "this post costs $0.20, and $0.985 of the connection's $1.00 a day are spent: raise the limit, or wait "
      "for the next day");
  limit(std::nullopt, 1'000'000);
  EXPECT_NE(why(200'000).find("a month"), std::string::npos);
  EXPECT_FALSE(set_spend_limits(*database_->acquire(), 999, 1, 1));
  EXPECT_THROW(set_spend_limits(*database_->acquire(), id_, -1, {}), base::UserError);
  EXPECT_EQ(dollars(0) + dollars(15'000) + dollars(1'234'500'000) + dollars(1),
            "$0.00$0.015$1234.50$0.000001");
}

ON_BOTH(SpendTest);

}  // namespace
}  // namespace fencepost::accounts
