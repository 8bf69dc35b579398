#include "accounts/principal.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace fencepost::accounts {
namespace {

TEST(Scopes, AreWhatTheirWordsSay) {
  const auto two = Scopes::named({"announce", "read"});
  EXPECT_TRUE(two.has(Scope::read) && two.has(Scope::announce));
  EXPECT_FALSE(two.has(Scope::queues) || two.has(Scope::admin));
  EXPECT_EQ(two.text(), "read announce");
  EXPECT_EQ(Scopes::stored(two.text()), two);
  EXPECT_EQ(Scopes::stored("read of-the-future announce"), two);
  EXPECT_TRUE(Scopes::stored("").empty());
  EXPECT_THROW(Scopes::named({}), base::UserError);
  EXPECT_THROW(Scopes::named({"read", "everything"}), base::UserError);
}

TEST(Scopes, AdminHoldsAllAndNoOtherHoldsAnother) {
  const auto admin = Scopes::of(Scope::admin);
  for (const auto one : kScopes) {
    EXPECT_TRUE(admin.has(one));
    EXPECT_TRUE(Scopes::all().has(one));
    for (const auto other : kScopes)
      EXPECT_EQ(Scopes::of(one).has(other), one == other || one == Scope::admin);
  }
  EXPECT_TRUE(admin.covers(Scopes::all()));
  EXPECT_FALSE(Scopes::named({"read", "announce", "upload", "curate", "queues"}).covers(admin));
  EXPECT_TRUE(Scopes::all().covers(Scopes()));
}

TEST(Roles, EachHoldsTheOneBefore) {
  const Principal operating{.person = 3, .role = Role::operator_};
  EXPECT_TRUE(operating.at_least(Role::member) && operating.at_least(Role::operator_));
  EXPECT_FALSE(operating.at_least(Role::owner));
  for (const auto role : {Role::member, Role::operator_, Role::owner})
    EXPECT_EQ(role_named(name(role)), role);
  for (const auto role : {ShowRole::host, ShowRole::admin}) EXPECT_EQ(show_role_named(name(role)), role);
  EXPECT_FALSE(role_named("Owner"));
  EXPECT_FALSE(show_role_named(""));
}

TEST(Principals, AccountsOfPeopleAndOfTheInstanceNeverMeet) {
  const Principal token{.token_id = 7}, person{.token_id = 7, .person = 7};
  EXPECT_NE(token.account(), person.account());
  EXPECT_EQ(person.account(), (Principal{.person = 7, .session_id = 9}.account()));
}

}  // namespace
}  // namespace fencepost::accounts
