#include "accounts/first_run.hpp"

#include <atomic>
#include <latch>
#include <thread>

#include "accounts/testing/people_test_base.hpp"

namespace fencepost::accounts {
namespace {

class FirstRunTest : public testing::PeopleTestBase {
 protected:
  base::Secret code() { return first_run_code(*database_->acquire()).value(); }
  Accepted use(const base::Secret& code, const std::string& email) {
    return use_first_run_code(*database_, passwords_, code.reveal(), {email, "First", password_});
  }
};

TEST_P(FirstRunTest, MakesTheFirstOwnerOnce) {
  const auto first = code(), second = code();
  EXPECT_TRUE(first.reveal().starts_with("fpf_"));
  EXPECT_EQ(use(base::Secret("fpf_" + std::string(43, 'x')), "x@example.com").answer, AcceptAnswer::not_open);
  const auto made = use(first, "ann@example.com");
  ASSERT_EQ(made.answer, AcceptAnswer::joined) << "an earlier start's code works too";
  EXPECT_EQ(made.person->role, Role::owner);
  for (const auto& each : {first, second})
    EXPECT_EQ(use(each, "bob@example.com").answer, AcceptAnswer::not_open);
  EXPECT_FALSE(first_run_code(*database_->acquire()));
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_first_run"), 0);
}

TEST_P(FirstRunTest, OfEightStartsWithACodeEachOneOwnerComes) {
  std::latch together(8);
  std::atomic<int> joined{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i)
      threads.emplace_back([&, i] {
        const auto mine = code();
        together.arrive_and_wait();
        if (use(mine, "p" + std::to_string(i) + "@example.com").answer == AcceptAnswer::joined) ++joined;
      });
  }
  EXPECT_EQ(joined, 1);
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_people"), 1);
}

// A process starts while the first code is being used, and its code too.
TEST_P(FirstRunTest, ACodeMadeMeanwhileMakesNoSecondOwner) {
  const auto password = passwords_.hash(password_, passwords_.turn());
  const auto late = code();
  const auto add = [&](const std::string& email) {
    return [&, email](store::Connection& c) {
      return !c.run(sql::add_first_owner, {email, "First", password}).empty();
    };
  };
  const auto [one, other] = while_open(add("a@example.com"), add("b@example.com"));
  EXPECT_TRUE(one);
  EXPECT_FALSE(other);
  EXPECT_TRUE(waited_);
  EXPECT_EQ(use(late, "c@example.com").answer, AcceptAnswer::not_open);
}

TEST_P(FirstRunTest, AnInvitedOwnerEndsItToo) {
  const auto early = code();
  person("ann@example.com", Role::member);
  EXPECT_EQ(use(early, "ANN@example.com").answer, AcceptAnswer::email_taken);
  EXPECT_EQ(code().reveal().size(), 47u) << "there is no owner yet";
  person("bob@example.com", Role::owner);
  EXPECT_EQ(use(early, "new@example.com").answer, AcceptAnswer::not_open);
  EXPECT_FALSE(first_run_code(*database_->acquire()));
}

TEST_P(FirstRunTest, TheNewestSixteenWork) {
  const auto oldest = code();
  std::optional<base::Secret> next;
  for (int i = 0; i < 16; ++i) {
    const auto made = code();
    if (!next) next = made;
  }
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_first_run"), 16);
  EXPECT_EQ(use(oldest, "a@example.com").answer, AcceptAnswer::not_open);
  EXPECT_EQ(use(*next, "a@example.com").answer, AcceptAnswer::joined);
}

ON_BOTH(FirstRunTest);

}  // namespace
}  // namespace fencepost::accounts
