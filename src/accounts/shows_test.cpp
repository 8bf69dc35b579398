#include "accounts/shows.hpp"

#include "accounts/testing/people_test_base.hpp"

namespace fencepost::accounts {
namespace {

class ShowsTest : public testing::PeopleTestBase {
 protected:
  Show make(const std::string& slug, std::optional<std::int64_t> admin) {
    return *create_show(*database_->acquire(), "Show", slug, admin).show;
  }
  MemberAnswer set(std::int64_t show, const Person& who, ShowRole role) {
    return set_member(*database_->acquire(), show, who.id, role);
  }
  MemberAnswer remove(std::int64_t show, const Person& who) {
    return remove_member(*database_->acquire(), show, who.id);
  }

  const Person ann_ = person("ann@example.com"), bob_ = person("bob@example.com");
};

TEST_P(ShowsTest, AreMadeNamedAndRemoved) {
  auto connection = database_->acquire();
  const auto made = make("morning", ann_.id);
  EXPECT_EQ(made.version, 1);
  EXPECT_EQ(create_show(*connection, "Other", "morning", ann_.id).answer, ShowAnswer::duplicate_slug);
  EXPECT_EQ(create_show(*connection, "Other", "other", 999).answer, ShowAnswer::not_found);
  for (const std::string wrong : {"", "A", "a b", "-a", "a-", "a--b", "ä", "a/b"})
    EXPECT_THROW(create_show(*connection, "Show", wrong, ann_.id), base::UserError) << wrong;
  EXPECT_EQ(edit_show(*connection, made.id, 1, "Evening", std::nullopt).show->name, "Evening");
  const auto stale = edit_show(*connection, made.id, 1, "Night", std::nullopt);
  EXPECT_EQ(stale.answer, ShowAnswer::stale);
  EXPECT_EQ(stale.show->version, 2);
  make("night", std::nullopt);
  EXPECT_EQ(edit_show(*connection, made.id, 2, std::nullopt, "night").answer, ShowAnswer::duplicate_slug);
  EXPECT_EQ(edit_show(*connection, 999, std::nullopt, "X", std::nullopt).answer, ShowAnswer::not_found);
  EXPECT_EQ(remove_show(*connection, made.id, 1).answer, ShowAnswer::stale);
  EXPECT_EQ(remove_show(*connection, made.id, 2).answer, ShowAnswer::done);
  EXPECT_FALSE(get_show(*connection, made.id));
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_show_members"), 0);
}

TEST_P(ShowsTest, SlugsThatTwoTakeAtOnceGoToOne) {
  const auto one = make("one", ann_.id), two = make("two", bob_.id);
  const auto [first, second] = while_open(
      [&](store::Connection& c) { return edit_show(c, one.id, std::nullopt, std::nullopt, "same").answer; },
      [&](store::Connection& c) {
        try {
          return edit_show(c, two.id, std::nullopt, std::nullopt, "same").answer;
        } catch (const base::InfraError& error) {
          EXPECT_TRUE(error.retryable());
          return edit_show(*database_->acquire(), two.id, std::nullopt, std::nullopt, "same").answer;
        }
      });
  EXPECT_EQ(first, ShowAnswer::done);
  EXPECT_EQ(second, ShowAnswer::duplicate_slug);
}

TEST_P(ShowsTest, EverybodyIsWhatHeIsThere) {
  const auto show = make("morning", ann_.id).id;
  auto connection = database_->acquire();
  EXPECT_EQ(show_role(*connection, asks(ann_), show), ShowRole::admin);
  EXPECT_FALSE(show_role(*connection, asks(bob_), show));
  EXPECT_EQ(set(show, bob_, ShowRole::host), MemberAnswer::done);
  EXPECT_EQ(show_role(*connection, asks(bob_), show), ShowRole::host);
  EXPECT_EQ(show_role(*connection, {.person = 999, .role = Role::operator_}, show), ShowRole::admin);
  EXPECT_EQ(show_role(*connection, instance(), show), ShowRole::admin);
  EXPECT_FALSE(show_role(*connection, instance(), 999));
  EXPECT_EQ(list_members(*connection, show, 0, 10).size(), 2u);
  EXPECT_EQ(list_members(*connection, show, ann_.id, 10)[0].email, "bob@example.com");
  const auto other = make("evening", bob_.id).id;
  EXPECT_EQ(list_shows(*connection, bob_.id, 0, 10).size(), 2u);
  EXPECT_EQ(list_shows(*connection, bob_.id, show, 10)[0].id, other);
  EXPECT_EQ(list_shows(*connection, ann_.id, 0, 10).size(), 1u);
  EXPECT_EQ(list_shows(*connection, std::nullopt, 0, 1).size(), 1u);
  EXPECT_EQ(set(999, bob_, ShowRole::host), MemberAnswer::no_show);
  EXPECT_EQ(set_member(*connection, show, 999, ShowRole::host), MemberAnswer::no_person);
  EXPECT_EQ(remove(show, bob_), MemberAnswer::done);
  EXPECT_EQ(remove(show, bob_), MemberAnswer::no_person);
}

TEST_P(ShowsTest, TheLastAdminStays) {
  const auto show = make("morning", ann_.id).id;
  EXPECT_EQ(remove(show, ann_), MemberAnswer::last_admin);
  EXPECT_EQ(set(show, ann_, ShowRole::host), MemberAnswer::last_admin);
  EXPECT_EQ(set(show, bob_, ShowRole::admin), MemberAnswer::done);
  edit_person(*database_->acquire(), bob_.id, std::nullopt, {.disabled = true});
  EXPECT_EQ(remove(show, ann_), MemberAnswer::last_admin) << "who is disabled cannot act as one";
  edit_person(*database_->acquire(), bob_.id, std::nullopt, {.disabled = false});
  EXPECT_EQ(set(show, ann_, ShowRole::host), MemberAnswer::done);
  EXPECT_EQ(remove(show, bob_), MemberAnswer::last_admin);
}

TEST_P(ShowsTest, OfTwoAdminsRemovedBlockedOnOneAnotherOneStays) {
  const auto show = make("morning", ann_.id).id;
  set(show, bob_, ShowRole::admin);
  const auto [one, other] =
      while_open([&](store::Connection& c) { return remove_member(c, show, ann_.id); },
                 [&](store::Connection& c) { return set_member(c, show, bob_.id, ShowRole::host); });
  EXPECT_EQ(one, MemberAnswer::done);
  EXPECT_EQ(other, MemberAnswer::last_admin);
  EXPECT_TRUE(waited_);
}

TEST_P(ShowsTest, AnAdminWhoLeavesTheInstanceCountsNoMore) {
  const auto show = make("morning", ann_.id).id;
  set(show, bob_, ShowRole::admin);
  const auto [gone, other] =
      while_open([&](store::Connection& c) { return remove_person(c, ann_.id, std::nullopt).answer; },
                 [&](store::Connection& c) { return remove_member(c, show, bob_.id); });
  EXPECT_EQ(gone, PersonAnswer::done);
  EXPECT_EQ(other, MemberAnswer::last_admin);
  EXPECT_TRUE(waited_);
}

TEST_P(ShowsTest, NobodyJoinsAfterHeWasRemoved) {
  const auto show = make("morning", ann_.id).id;
  const auto [gone, joined] =
      while_open([&](store::Connection& c) { return remove_person(c, bob_.id, std::nullopt).answer; },
                 [&](store::Connection& c) { return set_member(c, show, bob_.id, ShowRole::host); });
  EXPECT_EQ(gone, PersonAnswer::done);
  EXPECT_EQ(joined, MemberAnswer::no_person);
  EXPECT_TRUE(waited_);
}

ON_BOTH(ShowsTest);

}  // namespace
}  // namespace fencepost::accounts
