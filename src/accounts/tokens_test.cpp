#include "accounts/tokens.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <thread>

#include "accounts/codes.hpp"
#include "accounts/sql.hpp"
#include "accounts/testing/people_test_base.hpp"
#include "store/migrate.hpp"

namespace fencepost::accounts {
namespace {

class TokensTest : public ::testing::TestWithParam<const char*> {
 protected:
  testing::TestDatabase database_{GetParam(), testing::accounts_migrations()};
};

TEST_P(TokensTest, EveryStatementIsPreparable) {
  auto connection = database_->acquire();
  for (const auto& statement : sql::all) connection->prepare_only(statement);
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
  EXPECT_TRUE(awaits_first_token(*connection));
  create_token(*connection, "laptop");
  EXPECT_FALSE(awaits_first_token(*connection));
  EXPECT_FALSE(first_token(*connection));
  revoke_token(*connection, 1);
  EXPECT_FALSE(awaits_first_token(*connection)) << "a revoked one is one, too";
}

class TokensOfPeopleTest : public testing::PeopleTestBase {
 protected:
  MadeToken make(const Principal& maker, const NewToken& token) {
    return create_token(*database_->acquire(), maker, token);
  }
  std::optional<Principal> who(const MadeToken& made) {
    return authenticate(*database_->acquire(), made.token.reveal());
  }
};

TEST_P(TokensOfPeopleTest, BelongToTheirMaker) {
  const auto ann = person("ann@example.com"), bob = person("bob@example.com");
  const auto hers = make(asks(ann), {.name = "laptop", .scopes = Scopes::named({"read", "announce"})});
  const auto his = make(asks(bob), {.name = "phone", .scopes = Scopes::of(Scope::read)});
  const auto asking = who(hers);
  ASSERT_TRUE(asking);
  EXPECT_EQ(asking->person, ann.id);
  EXPECT_EQ(asking->token_id, hers.id);
  EXPECT_EQ(asking->role, Role::member);
  EXPECT_EQ(asking->scopes.text(), "read announce");
  EXPECT_EQ(asking->name, "Somebody (laptop)");
  auto connection = database_->acquire();
  const auto own = page_of_tokens(*connection, ann.id, 0, 10);
  ASSERT_EQ(own.size(), 1u);
  EXPECT_EQ(own[0].prefix, hers.token.reveal().substr(0, 8));
  EXPECT_EQ(own[0].scopes.text(), "read announce");
  EXPECT_TRUE(own[0].last_used_at);
  EXPECT_EQ(page_of_tokens(*connection, std::nullopt, 0, 10).size(), 2u);
  EXPECT_EQ(page_of_tokens(*connection, std::nullopt, hers.id, 10).size(), 1u);
  EXPECT_FALSE(revoke_token(*connection, his.id, ann.id));
  EXPECT_TRUE(who(his));
  EXPECT_TRUE(revoke_token(*connection, hers.id, ann.id));
  EXPECT_FALSE(who(hers));
}

TEST_P(TokensOfPeopleTest, NobodyMakesOneAboveHimself) {
  const auto member = person("m@example.com"), operating = person("o@example.com", Role::operator_);
  const auto answer = [&](const Principal& maker, Scopes scopes) {
    return make(maker, {.name = "t", .scopes = scopes}).answer;
  };
  for (const auto scope : kScopes) {
    EXPECT_EQ(answer(asks(member), Scopes::of(scope)),
              least_role(scope) == Role::member ? TokenAnswer::made : TokenAnswer::not_allowed);
    EXPECT_EQ(answer(asks(operating), Scopes::of(scope)), TokenAnswer::made);
  }
  // Not by a token of less, nor by a role of before.
  auto by_token = asks(operating);
  by_token.scopes = Scopes::of(Scope::read);
  EXPECT_EQ(answer(by_token, Scopes::of(Scope::announce)), TokenAnswer::not_allowed);
  auto old = asks(member);
  old.role = Role::owner;
  EXPECT_EQ(answer(old, Scopes::of(Scope::admin)), TokenAnswer::not_allowed);
  EXPECT_EQ(answer({.person = 999}, Scopes::of(Scope::read)), TokenAnswer::not_allowed);
  EXPECT_EQ(answer(instance(), Scopes::all()), TokenAnswer::made);
  EXPECT_THROW(make(instance(), {.name = "t", .scopes = {}}), base::UserError);
}

TEST_P(TokensOfPeopleTest, FollowTheRoleOfTheirPerson) {
  person("owner@example.com", Role::owner);
  const auto bob = person("bob@example.com", Role::owner);
  const auto made = make(asks(bob), {.name = "t"});
  EXPECT_EQ(who(made)->role, Role::owner);
  edit_person(*database_->acquire(), bob.id, std::nullopt, {.role = Role::member});
  EXPECT_EQ(who(made)->role, Role::member);
}

TEST_P(TokensOfPeopleTest, ExpireAndSayWhenTheyWereUsed) {
  const auto made = make(instance(), {.name = "t", .life = std::chrono::hours(1)});
  EXPECT_TRUE(made.expires_at);
  EXPECT_TRUE(who(made));
  const auto used = [&] { return count("SELECT last_used_at FROM fencepost_tokens"); };
  const auto first = used();
  EXPECT_TRUE(who(made));
  EXPECT_EQ(used(), first) << "not with each request";
  database_.run("UPDATE fencepost_tokens SET expires_at = expires_at - $1",
                {base::Duration(std::chrono::hours(1)).count()});
  EXPECT_FALSE(who(made));
  EXPECT_THROW(make(instance(), {.name = "t", .life = std::chrono::seconds(1)}), base::UserError);
  EXPECT_THROW(make(instance(), {.name = "t", .life = std::chrono::hours(24 * 4000)}), base::UserError);
}

// A database from before people: its tokens were the instance's own, and could do everything.
TEST_P(TokensOfPeopleTest, TokensFromBeforePeopleGoOn) {
  std::vector<store::Migration> before;
  for (const auto& each : testing::accounts_migrations())
    if (each.number < 7) before.push_back(each);
  testing::TestDatabase old(GetParam(), before);
  const base::Secret token("fp_" + std::string(43, 'a'));
  old.run("INSERT INTO fencepost_tokens (name, hash) VALUES ('laptop', $1)", {hash_of(token.reveal())});
  auto connection = old->acquire();
  store::migrate(*connection, testing::accounts_migrations());
  const auto asking = authenticate(*connection, token.reveal());
  ASSERT_TRUE(asking);
  EXPECT_FALSE(asking->person);
  EXPECT_EQ(asking->role, Role::owner);
  EXPECT_EQ(asking->scopes, Scopes::all());
  EXPECT_EQ(asking->name, "laptop");
  // One that a foreign program inserts now says nothing of what it may do.
  const base::Secret foreign("fp_" + std::string(43, 'b'));
  old.run("INSERT INTO fencepost_tokens (name, hash) VALUES ('x', $1)", {hash_of(foreign.reveal())});
  EXPECT_TRUE(authenticate(*connection, foreign.reveal())->scopes.empty());
}

ON_BOTH(TokensOfPeopleTest);

INSTANTIATE_TEST_SUITE_P(Databases, TokensTest, ::testing::Values("sqlite", "postgres"),
                         [](const auto& each) { return std::string(each.param); });

}  // namespace
}  // namespace fencepost::accounts
