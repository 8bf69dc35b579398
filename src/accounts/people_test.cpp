#include "accounts/people.hpp"

#include <latch>
#include <thread>

#include "accounts/connections.hpp"
#include "accounts/invitations.hpp"
#include "accounts/sessions.hpp"
#include "accounts/shows.hpp"
#include "accounts/testing/people_test_base.hpp"
#include "accounts/tokens.hpp"

namespace fencepost::accounts {
namespace {

class PeopleTest : public testing::PeopleTestBase {
 protected:
  PersonResult edit(std::int64_t id, const PersonEdit& change,
                    std::optional<std::int64_t> version = std::nullopt) {
    return edit_person(*database_->acquire(), id, version, change);
  }
  PersonResult remove(std::int64_t id) { return remove_person(*database_->acquire(), id, std::nullopt); }
  std::int64_t owners() {
    return count("SELECT count(*) FROM fencepost_people WHERE role = 'owner' AND disabled_at IS NULL");
  }
  // Both are done to two owners at once, blocked on one another: one of them stays.
  using Act = std::function<PersonAnswer(store::Connection&, std::int64_t)>;
  void one_owner_stays(const Act& act) {
    const auto a = person("a@example.com", Role::owner), b = person("b@example.com", Role::owner);
    const auto [one, other] = while_open([&](store::Connection& c) { return act(c, a.id); },
                                         [&](store::Connection& c) { return act(c, b.id); });
    EXPECT_EQ(one, PersonAnswer::done);
    EXPECT_EQ(other, PersonAnswer::last_owner);
    EXPECT_TRUE(waited_);
    EXPECT_EQ(owners(), 1);
  }
};

TEST_P(PeopleTest, AnAddressIsOnePersonsWhateverItsLetters) {
  const auto ann = person("Ann@Example.COM", Role::owner);
  EXPECT_EQ(ann.email, "ann@example.com");
  EXPECT_EQ(ann.role, Role::owner);
  EXPECT_EQ(ann.version, 1);
  EXPECT_EQ(add_person(*database_->acquire(), "ANN@example.com", "Other", Role::member, "x").answer,
            PersonAnswer::email_taken);
  for (const std::string wrong :
       {"", "ann", "@example.com", "ann@", "ann@@example.com", "ann@-a.com", "ann@a..com", "a nn@example.com",
        "ann@example.com\r\nBcc: x@example.com", "änn@example.com", ".ann@example.com"})
    EXPECT_THROW(folded_email(wrong), base::UserError) << wrong;
  EXPECT_THROW(folded_email(std::string("ann@exa\0mple", 12)), base::UserError);
  EXPECT_THROW(folded_email(std::string(250, 'a') + "@b.example"), base::UserError);
  EXPECT_EQ(folded_email("o'neil+news@sub.example.co.uk"), "o'neil+news@sub.example.co.uk");
}

TEST_P(PeopleTest, AnEditNamesTheVersionItSaw) {
  const auto ann = person("ann@example.com");
  const auto done = edit(ann.id, {.name = "Ann"}, 1);
  EXPECT_EQ(done.answer, PersonAnswer::done);
  EXPECT_EQ(done.person->name, "Ann");
  EXPECT_EQ(done.person->version, 2);
  const auto stale = edit(ann.id, {.name = "Anne"}, 1);
  EXPECT_EQ(stale.answer, PersonAnswer::stale);
  EXPECT_EQ(stale.person->version, 2);
  EXPECT_EQ(get_person(*database_->acquire(), ann.id)->name, "Ann");
  EXPECT_EQ(edit(999, {.name = "Ann"}).answer, PersonAnswer::not_found);
  EXPECT_THROW(edit(ann.id, {.name = "a\r\nSet-Cookie: x"}), base::UserError);
}

TEST_P(PeopleTest, AnAddressOfSomebodyElseIsTaken) {
  const auto ann = person("ann@example.com"), bob = person("bob@example.com");
  EXPECT_EQ(edit(ann.id, {.email = "Bob@example.com"}).answer, PersonAnswer::email_taken);
  EXPECT_EQ(edit(ann.id, {.email = "ANN@example.com"}).answer, PersonAnswer::done);
  // Two at once who want it: one has it, the other begins anew and is told.
  const auto take = [&](std::int64_t id) {
    return database_->retrying([&](store::Connection& connection) {
      return edit_person(connection, id, std::nullopt, {.email = "new@example.com"}).answer;
    });
  };
  const auto [one, other] = while_open(
      [&](store::Connection& c) {
        return edit_person(c, ann.id, std::nullopt, {.email = "new@example.com"}).answer;
      },
      [&](store::Connection& c) {
        try {
          return edit_person(c, bob.id, std::nullopt, {.email = "new@example.com"}).answer;
        } catch (const base::InfraError& error) {
          EXPECT_TRUE(error.retryable());
          return take(bob.id);
        }
      });
  EXPECT_EQ(one, PersonAnswer::done);
  EXPECT_EQ(other, PersonAnswer::email_taken);
}

TEST_P(PeopleTest, TheLastOwnerStays) {
  const auto ann = person("ann@example.com", Role::owner);
  EXPECT_EQ(edit(ann.id, {.role = Role::operator_}).answer, PersonAnswer::last_owner);
  EXPECT_EQ(edit(ann.id, {.disabled = true}).answer, PersonAnswer::last_owner);
  EXPECT_EQ(remove(ann.id).answer, PersonAnswer::last_owner);
  const auto bob = person("bob@example.com", Role::owner);
  EXPECT_EQ(edit(bob.id, {.disabled = true}).answer, PersonAnswer::done);
  EXPECT_EQ(edit(ann.id, {.role = Role::member}).answer, PersonAnswer::last_owner)
      << "an owner who cannot sign in is none";
  EXPECT_EQ(edit(bob.id, {.disabled = false}).answer, PersonAnswer::done);
  EXPECT_EQ(edit(ann.id, {.role = Role::member}).answer, PersonAnswer::done);
  EXPECT_EQ(remove(ann.id).answer, PersonAnswer::done);
  EXPECT_EQ(owners(), 1);
}

TEST_P(PeopleTest, OfTwoOwnersDemotedAtOnceOneStays) {
  one_owner_stays([](store::Connection& c, std::int64_t id) {
    return edit_person(c, id, std::nullopt, {.role = Role::member}).answer;
  });
}

TEST_P(PeopleTest, OfTwoOwnersDisabledAtOnceOneStays) {
  one_owner_stays([](store::Connection& c, std::int64_t id) {
    return edit_person(c, id, std::nullopt, {.disabled = true}).answer;
  });
}

TEST_P(PeopleTest, OfTwoOwnersRemovedAtOnceOneStays) {
  one_owner_stays(
      [](store::Connection& c, std::int64_t id) { return remove_person(c, id, std::nullopt).answer; });
}

TEST_P(PeopleTest, OfEightOwnersWhoDemoteAllOthersOneIsLeft) {
  std::vector<Person> all;
  for (int i = 0; i < 8; ++i) all.push_back(person("p" + std::to_string(i) + "@example.com", Role::owner));
  std::latch together(8);
  {
    std::vector<std::jthread> threads;
    for (const auto& each : all)
      threads.emplace_back([&, id = each.id] {
        together.arrive_and_wait();
        database_->retrying([&](store::Connection& connection) {
          return edit_person(connection, id, std::nullopt, {.role = Role::member});
        });
      });
  }
  EXPECT_EQ(owners(), 1);
}

TEST_P(PeopleTest, WhoIsDisabledLosesSessionsTokensAndInvitationsAtOnce) {
  const auto ann = person("ann@example.com", Role::owner), bob = person("bob@example.com", Role::operator_);
  auto connection = database_->acquire();
  const auto session = open_session(*connection, bob.id, {"192.0.2.1", "test"});
  const auto token = create_token(*connection, asks(bob), {.name = "laptop"});
  const auto link = create_invitation(*connection, asks(bob), {});
  ASSERT_TRUE(session && link.invitation && token.answer == TokenAnswer::made);
  const auto hers = open_session(*connection, ann.id, {"192.0.2.2", "test"});
  EXPECT_EQ(edit(bob.id, {.disabled = true}).answer, PersonAnswer::done);
  EXPECT_FALSE(authenticate_session(*connection, session->token.reveal()));
  EXPECT_FALSE(authenticate(*connection, token.token.reveal()));
  EXPECT_FALSE(open_invitation(*connection, link.code.reveal()));
  EXPECT_TRUE(authenticate_session(*connection, hers->token.reveal()));
  EXPECT_EQ(edit(bob.id, {.disabled = false}).answer, PersonAnswer::done);
  EXPECT_FALSE(authenticate(*connection, token.token.reveal())) << "revoked, not asleep";
  EXPECT_FALSE(authenticate_session(*connection, session->token.reveal()));
}

TEST_P(PeopleTest, WhoSignsInWhileHeIsDisabledIsNotIn) {
  person("ann@example.com", Role::owner);
  const auto bob = person("bob@example.com");
  const auto [done, session] = while_open(
      [&](store::Connection& c) { return edit_person(c, bob.id, std::nullopt, {.disabled = true}).answer; },
      [&](store::Connection& c) {
        return open_session(c, bob.id, {"192.0.2.1", "test"}).has_value();
      });
  EXPECT_EQ(done, PersonAnswer::done);
  EXPECT_FALSE(session);
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_sessions"), 0);
}

TEST_P(PeopleTest, WhoIsDisabledWhileHeMakesATokenHasNone) {
  person("ann@example.com", Role::owner);
  const auto bob = person("bob@example.com");
  const auto [made, done] = while_open(
      [&](store::Connection& c) {
        return create_token(c, asks(bob), {.name = "laptop", .scopes = Scopes::of(Scope::read)}).answer;
      },
      [&](store::Connection& c) { return edit_person(c, bob.id, std::nullopt, {.disabled = true}).answer; });
  EXPECT_EQ(made, TokenAnswer::made);
  EXPECT_EQ(done, PersonAnswer::done);
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_tokens WHERE revoked_at IS NULL"), 0);
}

TEST_P(PeopleTest, NothingGoesOutInTheNameOfSomebodyRemoved) {
  const auto ann = person("ann@example.com", Role::owner), bob = person("bob@example.com");
  const auto vault = Vault::open(database_.folder() + "/key", true);
  auto connection = database_->acquire();
  const auto his = create_connection(*connection, vault, "his", "webhook", "https://example.com/h",
                                     base::Secret("s"), bob.id);
  const auto hers = create_connection(*connection, vault, "hers", "webhook", "https://example.com/h",
                                      base::Secret("s"), ann.id);
  EXPECT_EQ(his.person, bob.id);
  EXPECT_EQ(page_of_connections(*connection, bob.id, 0, 10).size(), 1u);
  const auto show = create_show(*connection, "Morning", "morning", ann.id).show->id;
  EXPECT_EQ(set_member(*connection, show, bob.id, ShowRole::admin), MemberAnswer::done);
  const auto session = open_session(*connection, bob.id, {"192.0.2.1", "test"});
  EXPECT_EQ(remove(bob.id).answer, PersonAnswer::done);
  EXPECT_TRUE(get_connection(*connection, his.id)->disconnected_at);
  EXPECT_FALSE(connection_secret(*connection, vault, his.id));
  EXPECT_FALSE(get_connection(*connection, hers.id)->disconnected_at);
  EXPECT_FALSE(authenticate_session(*connection, session->token.reveal()));
  EXPECT_FALSE(get_person(*connection, bob.id));
  EXPECT_EQ(list_people(*connection, 0, 10).size(), 1u);
  EXPECT_EQ(list_members(*connection, show, 0, 10).size(), 1u);
  EXPECT_EQ(remove(bob.id).answer, PersonAnswer::not_found);
  EXPECT_EQ(edit(bob.id, {.role = Role::owner}).answer, PersonAnswer::not_found);
  EXPECT_THROW(create_connection(*connection, vault, "new", "webhook", "https://example.com/h",
                                 base::Secret("s"), bob.id),
               base::UserError);
  EXPECT_NE(person("bob@example.com").id, bob.id) << "the address is free again, the id is not";
}

TEST_P(PeopleTest, WhoIsTheOnlyAdminOfAShowIsNotRemoved) {
  const auto ann = person("ann@example.com", Role::owner), bob = person("bob@example.com");
  auto connection = database_->acquire();
  const auto show = create_show(*connection, "Morning", "morning", bob.id).show->id;
  EXPECT_EQ(remove(bob.id).answer, PersonAnswer::last_admin);
  EXPECT_TRUE(get_person(*connection, bob.id));
  EXPECT_EQ(set_member(*connection, show, ann.id, ShowRole::admin), MemberAnswer::done);
  EXPECT_EQ(remove(bob.id).answer, PersonAnswer::done);
}

TEST_P(PeopleTest, PagesGoById) {
  std::vector<std::int64_t> ids;
  for (const auto* name : {"a@b.c", "b@b.c", "c@b.c"}) ids.push_back(person(name).id);
  auto connection = database_->acquire();
  const auto first = list_people(*connection, 0, 2), rest = list_people(*connection, ids[1], 2);
  ASSERT_EQ(first.size(), 2u);
  ASSERT_EQ(rest.size(), 1u);
  EXPECT_EQ(rest[0].id, ids[2]);
}

ON_BOTH(PeopleTest);

}  // namespace
}  // namespace fencepost::accounts
