#include "accounts/connections.hpp"

#include <gtest/gtest.h>

#include <latch>
#include <thread>

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

class ConnectionsTest : public ::testing::TestWithParam<const char*> {
 protected:
  ConnectionInfo create(const std::string& name, const std::string& platform = "webhook") {
    auto connection = database_->acquire();
    return create_connection(*connection, vault_, name, platform, "https://example.com/hook", secret_);
  }
  std::string create_code(const std::string& name, const std::string& platform = "webhook") {
    try {
      create(name, platform);
      return "";
    } catch (const base::UserError& error) {
      return error.code();
    }
  }

  testing::TestDatabase database_{GetParam(), migrations()};
  const Vault vault_ = Vault::open(database_.folder() + "/key", true);
  const base::Secret secret_{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"};
};

TEST_P(ConnectionsTest, KeepsTheSecretSealed) {
  const auto made = create("blog");
  EXPECT_EQ(made.name, "blog");
  EXPECT_EQ(made.target, "https://example.com/hook");
  EXPECT_FALSE(made.disconnected_at);
  auto connection = database_->acquire();
  EXPECT_EQ(connection_secret(*connection, vault_, made.id)->reveal(), secret_.reveal());
  EXPECT_EQ(get_connection(*connection, made.id)->name, "blog");
  EXPECT_FALSE(get_connection(*connection, 999));
  EXPECT_FALSE(connection_secret(*connection, vault_, 999));
  const auto stored = database_.run("SELECT secret FROM fencepost_connections")[0][0].text();
  EXPECT_TRUE(stored.starts_with("v1:"));
  EXPECT_EQ(stored.find("whsec"), std::string::npos);
}

TEST_P(ConnectionsTest, ASecretMovedToAnotherRowDoesNotOpen) {
  const auto one = create("one"), two = create("two");
  database_.run(
      "UPDATE fencepost_connections SET secret = (SELECT secret FROM fencepost_connections WHERE id = $1) "
      "WHERE id = $2",
      {one.id, two.id});
  auto connection = database_->acquire();
  EXPECT_THROW((void)connection_secret(*connection, vault_, two.id), base::UserError);
}

TEST_P(ConnectionsTest, RefusesWhatIsNoConnection) {
  create("blog");
  EXPECT_EQ(create_code("blog"), "duplicate_name");
  EXPECT_EQ(create_code(""), "invalid_name");
  EXPECT_EQ(create_code("a\nb"), "invalid_name");
  EXPECT_EQ(create_code("other", "telegraph"), "invalid_platform");
  auto connection = database_->acquire();
  EXPECT_EQ(list_connections(*connection).size(), 1u);
}

TEST_P(ConnectionsTest, DisconnectingForgetsTheSecretAndFreesTheName) {
  const auto old = create("blog");
  {
    auto connection = database_->acquire();
    EXPECT_TRUE(disconnect(*connection, old.id));
    EXPECT_TRUE(disconnect(*connection, old.id));
    EXPECT_FALSE(disconnect(*connection, 999));
    EXPECT_FALSE(connection_secret(*connection, vault_, old.id));
    EXPECT_TRUE(get_connection(*connection, old.id)->disconnected_at);
    store::Transaction transaction(*connection);
    EXPECT_FALSE(share_connected(*connection, old.id));
    EXPECT_FALSE(share_connected(*connection, 999));
  }
  EXPECT_TRUE(database_.run("SELECT secret FROM fencepost_connections")[0][0].is_null());
  EXPECT_NE(create("blog").id, old.id);
}

TEST_P(ConnectionsTest, OfEightOfOneNameOneIsMade) {
  std::latch together(8);
  std::atomic<int> made{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] {
        together.arrive_and_wait();
        if (create_code("blog").empty()) ++made;
      });
    }
  }
  EXPECT_EQ(made, 1);
}

TEST_P(ConnectionsTest, Rule3AGateHoldsOffADisconnect) {
  const auto made = create("blog");
  const auto other = store::Database::open(database_.url(), {.lock_timeout = std::chrono::milliseconds(50)});
  auto gate = database_->acquire(), disconnecting = other->acquire();
  {
    store::Transaction transaction(*gate);
    EXPECT_TRUE(share_connected(*gate, made.id));
    EXPECT_THROW(disconnect(*disconnecting, made.id), base::InfraError);
    EXPECT_TRUE(share_connected(*gate, made.id));
    transaction.commit();
  }
  EXPECT_TRUE(disconnect(*disconnecting, made.id));
  store::Transaction transaction(*gate);
  EXPECT_FALSE(share_connected(*gate, made.id));
}

TEST_P(ConnectionsTest, ShowsItsLastError) {
  const auto made = create("blog");
  auto connection = database_->acquire();
  set_connection_error(*connection, made.id, "the receiver answered 401");
  EXPECT_EQ(get_connection(*connection, made.id)->last_error, "the receiver answered 401");
  set_connection_error(*connection, made.id, std::nullopt);
  EXPECT_FALSE(get_connection(*connection, made.id)->last_error);
}

INSTANTIATE_TEST_SUITE_P(Databases, ConnectionsTest, ::testing::Values("sqlite", "postgres"),
                         [](const auto& each) { return std::string(each.param); });

}  // namespace
}  // namespace fencepost::accounts
