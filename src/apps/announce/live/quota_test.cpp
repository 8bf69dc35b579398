// What the live check's calls take: a limit that is not exceeded. Both databases; no network.

#include "apps/announce/live/quota.hpp"

#include <gtest/gtest.h>

#include <iterator>

#include "accounts/testing/test_database.hpp"
#include "store/migrate.hpp"
#include "store/sql.hpp"

namespace fencepost::live {
namespace {

class QuotaTest : public ::testing::TestWithParam<const char*> {
 protected:
  // How many of ten calls are granted.
  int granted(const Quota& quota) {
    int granted = 0;
    for (int n = 0; n < 10; ++n)
      if (take_units(*database_, quota, "live-channels", std::to_string(n), "call")) ++granted;
    return granted;
  }
  accounts::testing::TestDatabase database_{
      GetParam(), {std::begin(store::sql::migrations), std::end(store::sql::migrations)}};
};

TEST_P(QuotaTest, F4TheLimitOfTheQuotaProjectIsInForceAndTheSettingWhereThereIsNone) {
  const auto three = [](store::Connection& connection, const std::string& project) {
    EXPECT_TRUE(connection.in_transaction());
    return project == "has" ? std::optional<std::int64_t>(3) : std::nullopt;
  };
  EXPECT_EQ(granted({"has", 5, three}), 3);
  EXPECT_EQ(granted({"has not", 5, three}), 5);
  EXPECT_EQ(granted({"alone", 5}), 5);
}

TEST_P(QuotaTest, ASettingOfNoneAsksForNothingWhateverTheProjectHas) {
  EXPECT_EQ(granted({"has", 0, [](auto&, auto&) { return std::optional<std::int64_t>(3); }}), 0);
}

INSTANTIATE_TEST_SUITE_P(Databases, QuotaTest, ::testing::Values("sqlite", "postgres"),
                         [](const auto& each) { return std::string(each.param); });

}  // namespace
}  // namespace fencepost::live
