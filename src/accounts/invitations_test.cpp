#include "accounts/invitations.hpp"

#include <atomic>
#include <latch>
#include <thread>

#include "accounts/shows.hpp"
#include "accounts/testing/people_test_base.hpp"

namespace fencepost::accounts {
namespace {

class InvitationsTest : public testing::PeopleTestBase {
 protected:
  Invited invite(const Principal& by, const NewInvitation& what = {}) {
    return create_invitation(*database_->acquire(), by, what);
  }
  Accepted accept(const base::Secret& code, const std::string& email) {
    return accept_invitation(*database_, passwords_, code.reveal(), {email, "Newcomer", password_});
  }
  Accepted join(const base::Secret& code, std::int64_t person) {
    return accept_invitation(*database_->acquire(), code.reveal(), person);
  }
  std::optional<ShowRole> role_in(std::int64_t show, std::int64_t person) {
    return show_role(*database_->acquire(), {.person = person, .role = Role::member}, show);
  }
  bool open(const Invited& invited) {
    return open_invitation(*database_->acquire(), invited.code.reveal()).has_value();
  }

  const Person owner_ = person("owner@example.com", Role::owner);
  const Person member_ = person("member@example.com");
  const std::int64_t show_ = create_show(*database_->acquire(), "Morning", "morning", owner_.id).show->id;
};

TEST_P(InvitationsTest, ALinkMakesOnePersonOnce) {
  const auto link = invite(asks(owner_), {.role = Role::operator_, .note = "the new one"});
  ASSERT_EQ(link.answer, InviteAnswer::made);
  EXPECT_TRUE(link.code.reveal().starts_with("fpi_"));
  const auto joined = accept(link.code, "New@Example.com");
  ASSERT_EQ(joined.answer, AcceptAnswer::joined);
  EXPECT_EQ(joined.person->email, "new@example.com");
  EXPECT_EQ(joined.person->role, Role::operator_);
  EXPECT_EQ(accept(link.code, "second@example.com").answer, AcceptAnswer::not_open);
  const auto now = get_invitation(*database_->acquire(), link.invitation->id);
  EXPECT_EQ(now->state, InvitationState::accepted);
  EXPECT_EQ(now->accepted_by, joined.person->id);
  EXPECT_EQ(now->note, "the new one");
  EXPECT_FALSE(revoke_invitation(*database_->acquire(), now->id));
  for (const auto& row : database_.run("SELECT hash FROM fencepost_invitations"))
    EXPECT_EQ(row[0].text().find(link.code.reveal().substr(4)), std::string::npos);
}

TEST_P(InvitationsTest, NobodyGivesMoreThanHeHas) {
  const auto operating = person("operator@example.com", Role::operator_);
  const auto answer = [&](const Person& by, const NewInvitation& what) {
    return invite(asks(by), what).answer;
  };
  EXPECT_EQ(answer(operating, {.role = Role::owner}), InviteAnswer::not_allowed);
  EXPECT_EQ(answer(operating, {.role = Role::operator_}), InviteAnswer::made);
  EXPECT_EQ(answer(operating, {.show = show_, .show_role = ShowRole::admin}), InviteAnswer::made);
  EXPECT_EQ(answer(operating, {.show = 999}), InviteAnswer::no_show);
  EXPECT_EQ(answer(member_, {}), InviteAnswer::not_allowed);
  EXPECT_EQ(answer(member_, {.show = show_}), InviteAnswer::not_allowed);
  auto connection = database_->acquire();
  set_member(*connection, show_, member_.id, ShowRole::host);
  EXPECT_EQ(answer(member_, {.show = show_}), InviteAnswer::not_allowed);
  set_member(*connection, show_, member_.id, ShowRole::admin);
  EXPECT_EQ(answer(member_, {.show = show_, .show_role = ShowRole::admin}), InviteAnswer::made);
  EXPECT_EQ(answer(member_, {.role = Role::operator_, .show = show_}), InviteAnswer::not_allowed);
  EXPECT_EQ(invite(instance(), {.role = Role::owner}).answer, InviteAnswer::made);
  EXPECT_THROW(invite(asks(owner_), {.note = "a\nb"}), base::UserError);
  // What he was when the request came does not count.
  auto old = asks(member_);
  old.role = Role::owner;
  EXPECT_EQ(invite(old, {.role = Role::owner}).answer, InviteAnswer::not_allowed);
}

TEST_P(InvitationsTest, SomebodySignedInJoinsAndIsNeverLowered) {
  const auto as_host = invite(asks(owner_), {.show = show_});
  const auto as_admin =
      invite(asks(owner_), {.role = Role::operator_, .show = show_, .show_role = ShowRole::admin});
  const auto again = invite(asks(owner_), {.show = show_});
  EXPECT_EQ(join(as_host.code, member_.id).answer, AcceptAnswer::joined);
  EXPECT_EQ(role_in(show_, member_.id), ShowRole::host);
  const auto raised = join(as_admin.code, member_.id);
  EXPECT_EQ(raised.person->role, Role::operator_);
  EXPECT_GT(raised.person->version, member_.version);
  EXPECT_EQ(join(again.code, member_.id).answer, AcceptAnswer::joined);
  EXPECT_EQ(role_in(show_, member_.id), ShowRole::admin);
  EXPECT_EQ(get_person(*database_->acquire(), member_.id)->role, Role::operator_);
  EXPECT_EQ(join(again.code, member_.id).answer, AcceptAnswer::not_open);
  EXPECT_EQ(join(invite(asks(owner_)).code, 999).answer, AcceptAnswer::not_a_person);
}

TEST_P(InvitationsTest, ATakenAddressDoesNotUseTheLinkUp) {
  const auto link = invite(asks(owner_));
  EXPECT_EQ(accept(link.code, "Member@example.com").answer, AcceptAnswer::email_taken);
  EXPECT_TRUE(open(link));
  EXPECT_THROW(accept(link.code, "nonsense"), base::UserError);
  EXPECT_TRUE(open(link));
}

TEST_P(InvitationsTest, EndByTimeAndByRevocation) {
  const auto late = invite(asks(owner_)), revoked = invite(asks(owner_));
  database_.run("UPDATE fencepost_invitations SET expires_at = expires_at - $1 WHERE id = $2",
                {kInvitationLife.count(), late.invitation->id});
  EXPECT_EQ(accept(late.code, "a@example.com").answer, AcceptAnswer::not_open);
  EXPECT_TRUE(revoke_invitation(*database_->acquire(), revoked.invitation->id));
  EXPECT_TRUE(revoke_invitation(*database_->acquire(), revoked.invitation->id));
  EXPECT_EQ(accept(revoked.code, "a@example.com").answer, AcceptAnswer::not_open);
  EXPECT_EQ(accept(base::Secret("fpi_" + std::string(43, 'x')), "a@example.com").answer,
            AcceptAnswer::not_open);
  EXPECT_EQ(get_invitation(*database_->acquire(), late.invitation->id)->state, InvitationState::expired);
  EXPECT_EQ(list_invitations(*database_->acquire(), {}, 0, 10).size(), 2u);
  EXPECT_EQ(list_invitations(*database_->acquire(), {.inviter = member_.id}, 0, 10).size(), 0u);
  EXPECT_EQ(list_invitations(*database_->acquire(), {.show = show_}, 0, 10).size(), 0u);
}

TEST_P(InvitationsTest, OfTwoWhoAcceptBlockedOnOneAnotherOneIsIn) {
  const auto link = invite(asks(owner_), {.show = show_});
  const auto other = person("other@example.com");
  const auto [one, two] = while_open(
      [&](store::Connection& c) { return accept_invitation(c, link.code.reveal(), member_.id).answer; },
      [&](store::Connection& c) { return accept_invitation(c, link.code.reveal(), other.id).answer; });
  EXPECT_EQ(one, AcceptAnswer::joined);
  EXPECT_EQ(two, AcceptAnswer::not_open);
  EXPECT_TRUE(waited_);
  EXPECT_FALSE(role_in(show_, other.id));
}

TEST_P(InvitationsTest, OfEightWhoAcceptAtOnceOneBecomesAPerson) {
  const auto link = invite(asks(owner_));
  std::latch together(8);
  std::atomic<int> joined{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i)
      threads.emplace_back([&, i] {
        together.arrive_and_wait();
        if (accept(link.code, "n" + std::to_string(i) + "@example.com").answer == AcceptAnswer::joined)
          ++joined;
      });
  }
  EXPECT_EQ(joined, 1);
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_people"), 3);
}

TEST_P(InvitationsTest, ARevocationThatCameFirstPrevents) {
  const auto link = invite(asks(owner_));
  const auto [revoked, accepted] = while_open(
      [&](store::Connection& c) { return revoke_invitation(c, link.invitation->id); },
      [&](store::Connection& c) { return accept_invitation(c, link.code.reveal(), member_.id).answer; });
  EXPECT_TRUE(revoked);
  EXPECT_EQ(accepted, AcceptAnswer::not_open);
  EXPECT_TRUE(waited_);
}

TEST_P(InvitationsTest, EndWithTheRightsOfTheirInviter) {
  const auto second = person("second@example.com", Role::owner);
  const auto above = invite(asks(second), {.role = Role::owner}), below = invite(asks(second));
  auto connection = database_->acquire();
  edit_person(*connection, second.id, std::nullopt, {.role = Role::operator_});
  EXPECT_FALSE(open(above));
  EXPECT_TRUE(open(below));
  set_member(*connection, show_, member_.id, ShowRole::admin);
  const auto shows = invite(asks(member_), {.show = show_});
  EXPECT_TRUE(open(shows));
  set_member(*connection, show_, member_.id, ShowRole::host);
  EXPECT_FALSE(open(shows));
  set_member(*connection, show_, member_.id, ShowRole::admin);
  EXPECT_FALSE(open(shows)) << "and do not come back with them";
  const auto again = invite(asks(member_), {.show = show_});
  EXPECT_EQ(remove_member(*connection, show_, member_.id), MemberAnswer::done);
  EXPECT_FALSE(open(again));
}

TEST_P(InvitationsTest, WhoIsDemotedWhileHeInvitesInvitesNobody) {
  const auto second = person("second@example.com", Role::owner);
  const auto [done, invited] = while_open(
      [&](store::Connection& c) {
        return edit_person(c, second.id, std::nullopt, {.role = Role::member}).answer;
      },
      [&](store::Connection& c) { return create_invitation(c, asks(second), {.role = Role::owner}).answer; });
  EXPECT_EQ(done, PersonAnswer::done);
  EXPECT_EQ(invited, InviteAnswer::not_allowed);
  EXPECT_TRUE(waited_);
}

TEST_P(InvitationsTest, GoWithTheirShow) {
  const auto link = invite(asks(owner_), {.show = show_});
  const auto [gone, joined] = while_open(
      [&](store::Connection& c) { return remove_show(c, show_, std::nullopt).answer; },
      [&](store::Connection& c) { return accept_invitation(c, link.code.reveal(), member_.id).answer; });
  EXPECT_EQ(gone, ShowAnswer::done);
  EXPECT_EQ(joined, AcceptAnswer::not_open);
  EXPECT_FALSE(open(link));
}

ON_BOTH(InvitationsTest);

}  // namespace
}  // namespace fencepost::accounts
