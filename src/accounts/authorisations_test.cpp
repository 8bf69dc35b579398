#include "accounts/authorisations.hpp"

#include "accounts/testing/people_test_base.hpp"

namespace fencepost::accounts {
namespace {

class AuthorisationsTest : public testing::PeopleTestBase {
 protected:
  static Principal session(std::int64_t id, std::int64_t person, Role role = Role::member) {
    return {.person = person, .role = role, .session_id = id};
  }
  static Principal token(std::optional<std::int64_t> person) {
    return {.token_id = 9, .person = person, .role = person ? Role::member : Role::owner};
  }
  std::string begin(const Principal& who) {
    const Authorising what{.connection = 7,
                           .name = "fans",
                           .platform = "x",
                           .target = "https://x.example",
                           .kept = base::Secret("the verifier")};
    return begin_authorisation(*database_->acquire(), vault_, who, what).state.reveal();
  }
  std::optional<Authorising> take(const Principal& who, const std::string& state) {
    return take_authorisation(*database_->acquire(), vault_, who, state);
  }

  const Vault vault_ = Vault::open(database_.folder() + "/key", true);
};

TEST_P(AuthorisationsTest, AreTakenOnce) {
  const auto state = begin(session(3, 1));
  const auto taken = take(session(3, 1), state);
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->connection, 7);
  EXPECT_EQ(taken->name + taken->platform + taken->target, "fansxhttps://x.example");
  EXPECT_EQ(taken->kept.reveal(), "the verifier");
  EXPECT_EQ(taken->person, 1);
  EXPECT_FALSE(take(session(3, 1), state));
}

// Else somebody's link, with his own account's code in it, would connect that to another person's session.
TEST_P(AuthorisationsTest, BelongToTheSessionThatBeganThem) {
  const auto state = begin(session(3, 1));
  EXPECT_FALSE(take(session(4, 2), state)) << "another person's";
  EXPECT_FALSE(take(session(5, 1), state)) << "another browser of his";
  EXPECT_FALSE(take(session(6, 8, Role::owner), state)) << "whoever he is";
  EXPECT_FALSE(take(token(1), state));
  EXPECT_TRUE(take(session(3, 1), state)) << "who may not take it does not end it";
}

TEST_P(AuthorisationsTest, OfATokenBelongToItsPersonAndOfTheInstanceToOperators) {
  auto state = begin(token(1));
  EXPECT_FALSE(take(session(4, 2, Role::owner), state));
  EXPECT_TRUE(take(session(5, 1), state));
  state = begin(token(std::nullopt));
  EXPECT_FALSE(take(session(5, 1), state));
  EXPECT_TRUE(take(session(4, 2, Role::operator_), state));
}

TEST_P(AuthorisationsTest, EndAfterTenMinutes) {
  const auto state = begin(session(3, 1));
  database_.run("UPDATE fencepost_authorisations SET expires_at = expires_at - 600000000");
  EXPECT_FALSE(take(session(3, 1), state));
  EXPECT_EQ(database_->acquire()->run(sql::sweep_authorisations, {10}).changed, 1);
}

TEST_P(AuthorisationsTest, NeitherTheStateNorWhatIsKeptStandsInTheDatabase) {
  const auto state = begin(session(3, 1));
  for (const auto& row : database_.run("SELECT state_hash, secret FROM fencepost_authorisations"))
    for (const auto& text : {row[0].text(), row[1].text()}) {
      EXPECT_EQ(text.find(state), std::string::npos);
      EXPECT_EQ(text.find("verifier"), std::string::npos);
    }
  EXPECT_FALSE(take(session(3, 1), "fpo_x"));
}

ON_BOTH(AuthorisationsTest);

}  // namespace
}  // namespace fencepost::accounts
