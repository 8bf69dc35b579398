#include "accounts/connection_import.hpp"

#include <gtest/gtest.h>

#include "accounts/credentials.hpp"
#include "accounts/sql.hpp"
#include "accounts/testing/test_database.hpp"
#include "store/sql.hpp"

namespace fencepost::accounts {
namespace {

std::vector<store::Migration> migrations() {
  std::vector<store::Migration> all(std::begin(store::sql::migrations), std::end(store::sql::migrations));
  all.insert(all.end(), std::begin(sql::migrations), std::end(sql::migrations));
  return all;
}

constexpr const char* kHook = "https://example.com/hook";

class ConnectionImportTest : public ::testing::TestWithParam<const char*> {
 protected:
  std::vector<std::string> answers(const std::vector<ImportedConnection>& wanted) {
    auto connection = database_->acquire();
    std::vector<std::string> words;
    for (const auto& item : import_connections(*connection, wanted)) {
      EXPECT_GT(item.id, 0);
      words.push_back(item.answer);
    }
    return words;
  }
  std::int64_t id_of(const std::string& name) {
    auto connection = database_->acquire();
    for (const auto& info : list_connections(*connection))
      if (info.name == name) return info.id;
    return 0;
  }

  using Words = std::vector<std::string>;
  testing::TestDatabase database_{GetParam(), migrations()};
  const Vault vault_ = Vault::open(database_.folder() + "/key", true);
  const base::Secret secret_{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"};
};

TEST_P(ConnectionImportTest, ImportedOnesAreDisconnectedUntilTheyHaveTheirCredentials) {
  EXPECT_EQ(answers({{"one", "webhook", kHook}, {"two", "webhook", kHook}}), (Words{"imported", "imported"}));
  auto connection = database_->acquire();
  const auto id = id_of("one");
  EXPECT_TRUE(get_connection(*connection, id)->disconnected_at);
  EXPECT_FALSE(connection_secret(*connection, vault_, id));
  EXPECT_FALSE(holds_secrets(*connection));
  const auto made = reconnect(*connection, vault_, id, secret_);
  ASSERT_TRUE(made);
  EXPECT_FALSE(made->disconnected_at);
  EXPECT_EQ(connection_secret(*connection, vault_, id)->reveal(), secret_.reveal());
  EXPECT_TRUE(holds_secrets(*connection));
  EXPECT_FALSE(reconnect(*connection, vault_, 999, secret_));
}

TEST_P(ConnectionImportTest, ASecondImportChangesNothing) {
  answers({{"one", "webhook", kHook}});
  const auto before = database_.run("SELECT * FROM fencepost_connections").size();
  EXPECT_EQ(answers({{"one", "webhook", kHook}}), (Words{"present"}));
  EXPECT_EQ(answers({{"one", "webhook", "https://example.com/other"}, {"new", "webhook", kHook}}),
            (Words{"conflict", "imported"}));
  EXPECT_EQ(database_.run("SELECT * FROM fencepost_connections").size(), before + 1);
}

TEST_P(ConnectionImportTest, WhatIsConnectedStaysSo) {
  auto connection = database_->acquire();
  const auto made = create_connection(*connection, vault_, "one", "webhook", kHook, secret_);
  EXPECT_EQ(answers({{"one", "webhook", kHook}}), Words{"present"});
  EXPECT_FALSE(get_connection(*connection, made.id)->disconnected_at);
}

TEST_P(ConnectionImportTest, OneBadEntryImportsNothing) {
  const auto code = [&](const std::vector<ImportedConnection>& wanted) -> std::string {
    try {
      answers(wanted);
      return "";
    } catch (const base::UserError& error) {
      return error.code();
    }
  };
  EXPECT_EQ(code({{"one", "webhook", kHook}, {"one", "webhook", kHook}}), "duplicate_name");
  EXPECT_EQ(code({{"one", "webhook", kHook}, {"", "webhook", kHook}}), "invalid_name");
  EXPECT_EQ(code({{"one", "webhook", kHook}, {"two", "fax", kHook}}), "invalid_platform");
  EXPECT_EQ(database_.run("SELECT * FROM fencepost_connections").size(), 0U);
}

TEST_P(ConnectionImportTest, TwoConnectedOnesNeverShareAName) {
  auto connection = database_->acquire();
  const auto old = create_connection(*connection, vault_, "one", "webhook", kHook, secret_);
  disconnect(*connection, old.id);
  create_connection(*connection, vault_, "one", "webhook", kHook, secret_);
  try {
    reconnect(*connection, vault_, old.id, secret_);
    FAIL() << "connected under a name that is taken";
  } catch (const base::UserError& error) {
    EXPECT_EQ(error.code(), "duplicate_name");
  }
  EXPECT_TRUE(get_connection(*connection, old.id)->disconnected_at);
}

TEST_P(ConnectionImportTest, NamesWhatTheKeyAtHandCannotOpen) {
  auto connection = database_->acquire();
  const auto made = create_connection(*connection, vault_, "one", "webhook", kHook, secret_);
  EXPECT_TRUE(unreadable_connections(*connection, &vault_).empty());
  const auto other = Vault::open(database_.folder() + "/other", true);
  ASSERT_EQ(unreadable_connections(*connection, &other).size(), 1U);
  EXPECT_EQ(unreadable_connections(*connection, nullptr).at(0).name, "one");
  disconnect(*connection, made.id);
  EXPECT_TRUE(unreadable_connections(*connection, nullptr).empty()) << "it has no secret any more";
}

INSTANTIATE_TEST_SUITE_P(Databases, ConnectionImportTest, ::testing::Values("sqlite", "postgres"),
                         [](const auto& each) { return std::string(each.param); });

}  // namespace
}  // namespace fencepost::accounts
