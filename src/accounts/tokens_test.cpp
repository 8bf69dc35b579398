#include "accounts/tokens.hpp"

#include <gtest/gtest.h>

#include <atomic>
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

class TokensTest : public ::testing::TestWithParam<const char*> {
 protected:
  testing::TestDatabase database_{GetParam(), migrations()};
};

TEST_P(TokensTest, EveryStatementIsPreparable) {
  auto connection = database_->acquire();
  for (const auto& statement : sql::all)
    connection->prepare_only(store::render(statement, connection->dialect()));
}

TEST_P(TokensTest, AuthenticatesUntilItIsRevoked) {
  auto connection = database_->acquire();
  const auto token = create_token(*connection, "laptop");
  EXPECT_EQ(token.reveal().size(), 46u);
  EXPECT_TRUE(token.reveal().starts_with("fp_"));
  const auto who = authenticate(*connection, token.reveal());
  ASSERT_TRUE(who);
  EXPECT_EQ(who->name, "laptop");
  EXPECT_TRUE(revoke_token(*connection, who->token_id));
  EXPECT_FALSE(authenticate(*connection, token.reveal()));
  EXPECT_TRUE(revoke_token(*connection, who->token_id));
  EXPECT_FALSE(revoke_token(*connection, 999));
  const auto all = list_tokens(*connection);
  ASSERT_EQ(all.size(), 1u);
  EXPECT_TRUE(all[0].revoked);
  EXPECT_GT(all[0].created_at, 1'700'000'000'000'000);
}

TEST_P(TokensTest, NothingElseAuthenticates) {
  auto connection = database_->acquire();
  auto text = create_token(*connection, "laptop").reveal();
  EXPECT_FALSE(authenticate(*connection, ""));
  EXPECT_FALSE(authenticate(*connection, "fp_"));
  EXPECT_FALSE(authenticate(*connection, text + "A"));
  EXPECT_FALSE(authenticate(*connection, text.substr(3)));
  text.back() = text.back() == 'A' ? 'E' : 'A';
  EXPECT_FALSE(authenticate(*connection, text));
  EXPECT_FALSE(authenticate(*connection, std::string(46, '\0')));
  EXPECT_THROW(create_token(*connection, ""), base::UserError);
}

TEST_P(TokensTest, TheTokenItselfIsStoredNowhere) {
  auto connection = database_->acquire();
  const auto token = create_token(*connection, "laptop");
  for (const auto& row : database_.run("SELECT name, hash FROM fencepost_tokens"))
    for (const auto& field : row) EXPECT_EQ(field.text().find(token.reveal().substr(3)), std::string::npos);
}

TEST_P(TokensTest, OfEightProcessesOneGetsTheFirstToken) {
  std::latch together(8);
  std::atomic<int> got{0};
  std::vector<std::unique_ptr<store::Database>> pools;
  for (int i = 0; i < 8; ++i) pools.push_back(database_.another());
  {
    std::vector<std::jthread> threads;
    for (auto& pool : pools) {
      threads.emplace_back([&] {
        auto connection = pool->acquire();
        together.arrive_and_wait();
        const auto token = first_token(*connection);
        if (token && authenticate(*connection, token->reveal())) ++got;
      });
    }
  }
  EXPECT_EQ(got, 1);
  auto connection = database_->acquire();
  const auto all = list_tokens(*connection);
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].name, "admin");
  revoke_token(*connection, all[0].id);
  EXPECT_FALSE(first_token(*connection)) << "a revoked one was made all the same";
}

TEST_P(TokensTest, NoFirstTokenWhereThereAreOthers) {
  auto connection = database_->acquire();
  create_token(*connection, "laptop");
  EXPECT_FALSE(first_token(*connection));
}

INSTANTIATE_TEST_SUITE_P(Databases, TokensTest, ::testing::Values("sqlite", "postgres"),
                         [](const auto& each) { return std::string(each.param); });

}  // namespace
}  // namespace fencepost::accounts
