#include "accounts/sign_in.hpp"

#include <atomic>
#include <thread>

#include "accounts/testing/people_test_base.hpp"

namespace fencepost::accounts {
namespace {

class SignInTest : public testing::PeopleTestBase {
 protected:
  SignedIn try_it(const std::string& email, const std::string& password,
                  const std::string& address = "192.0.2.1") {
    return sign_in(*database_, passwords_,
                   {.email = email, .password = base::Secret(password), .client = {address, "browser"}});
  }
  SignInAnswer answer(const std::string& email, const std::string& password,
                      const std::string& address = "192.0.2.1") {
    return try_it(email, password, address).answer;
  }
  void fail(int times, const std::string& email = "ann@example.com",
            const std::string& address = "192.0.2.1") {
    for (int i = 0; i < times; ++i) EXPECT_EQ(answer(email, "wrong", address), SignInAnswer::refused) << i;
  }
  // What is locked stays so for ten minutes: the shortest delay, a second, may pass while a busy machine does
  // nothing. Not longer than the longest delay, which would be that of a clock that went back.
  void delays_last() {
    database_.run("UPDATE fencepost_attempts SET locked_until = tried_at + 600000000 WHERE locked_until > 0");
  }
  // The account's next failure locks it for 512 s, however few there were.
  void after_many_failures() {
    database_.run(
        "UPDATE fencepost_attempts SET failures = 13, locked_until = 0 WHERE name LIKE 'account:%'");
  }
  // All that is locked opens, as if its time had passed.
  void delays_pass() { database_.run("UPDATE fencepost_attempts SET locked_until = 0"); }
  void age(base::Duration by) {
    database_.run("UPDATE fencepost_attempts SET tried_at = tried_at - $1, known_at = known_at - $1",
                  {by.count()});
  }
  std::string right() const { return password_.reveal(); }

  const Person ann_ = person("ann@example.com", Role::owner);
};

TEST_P(SignInTest, TheRightPasswordOpensASession) {
  const auto in = try_it("ANN@example.com", right());
  ASSERT_EQ(in.answer, SignInAnswer::signed_in);
  EXPECT_EQ(in.session->person, ann_.id);
  const auto who = authenticate_session(*database_->acquire(), in.session->token.reveal());
  ASSERT_TRUE(who);
  EXPECT_EQ(who->person, ann_.id);
  EXPECT_EQ(who->role, Role::owner);
  EXPECT_EQ(who->session_id, in.session->id);
  EXPECT_EQ(who->account(), -ann_.id);
  for (const auto& row : database_.run("SELECT hash FROM fencepost_sessions"))
    EXPECT_EQ(row[0].text().find(in.session->token.reveal().substr(4)), std::string::npos);
}

TEST_P(SignInTest, WrongPasswordAndUnknownAddressAreOneAnswer) {
  EXPECT_EQ(answer("ann@example.com", "wrong"), SignInAnswer::refused);
  EXPECT_EQ(answer("nobody@example.com", right()), SignInAnswer::refused);
  EXPECT_EQ(answer("no address at all", right()), SignInAnswer::refused);
  EXPECT_EQ(answer(std::string("a\0b\xff", 4), right()), SignInAnswer::refused);
  EXPECT_EQ(answer("ann@example.com", std::string("x\0y\xff", 4)), SignInAnswer::refused);
  person("owner@example.com", Role::owner);
  edit_person(*database_->acquire(), ann_.id, std::nullopt, {.disabled = true});
  EXPECT_EQ(answer("ann@example.com", right()), SignInAnswer::refused);
}

TEST_P(SignInTest, SigningInAlwaysMakesANewSessionAndEndsTheOldOne) {
  const auto one = try_it("ann@example.com", right());
  const auto two = sign_in(*database_, passwords_,
                           {.email = "ann@example.com",
                            .password = password_,
                            .client = {"192.0.2.1", "browser"},
                            .replaces = one.session->token.reveal()});
  EXPECT_NE(one.session->token.reveal(), two.session->token.reveal());
  auto connection = database_->acquire();
  EXPECT_FALSE(authenticate_session(*connection, one.session->token.reveal()));
  EXPECT_TRUE(authenticate_session(*connection, two.session->token.reveal()));
}

TEST_P(SignInTest, AfterFiveFailuresARightPasswordIsRefusedToo) {
  fail(5);
  const auto delay =
      count("SELECT locked_until - tried_at FROM fencepost_attempts WHERE name LIKE 'account:%'");
  EXPECT_NEAR(static_cast<double>(delay), static_cast<double>(kShortestDelay.count()), 1e6 - 1);
  delays_last();
  const auto locked = try_it("ann@example.com", right());
  EXPECT_EQ(locked.answer, SignInAnswer::locked_out);
  EXPECT_GT(locked.retry_after, base::Duration(0));
  EXPECT_LE(locked.retry_after, std::chrono::minutes(10)) << "what is left of it";
  EXPECT_EQ(answer("ANN@example.com", "wrong"), SignInAnswer::locked_out);
  delays_pass();
  EXPECT_EQ(answer("ann@example.com", right()), SignInAnswer::signed_in);
  fail(5);  // cleared
}

TEST_P(SignInTest, AnUnknownAddressIsLockedOutAlike) {
  fail(5, "nobody@example.com");
  delays_last();
  EXPECT_EQ(answer("nobody@example.com", "wrong"), SignInAnswer::locked_out);
  EXPECT_EQ(answer("ann@example.com", right()), SignInAnswer::signed_in) << "another account is not";
}

TEST_P(SignInTest, DelaysDoubleUpToAQuarterOfAnHour) {
  fail(5);
  for (std::int64_t seconds : {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900}) {
    const auto locked =
        database_.run("SELECT locked_until - tried_at FROM fencepost_attempts WHERE name LIKE 'account:%'");
    EXPECT_NEAR(static_cast<double>(locked[0][0].integer()), static_cast<double>(seconds) * 1e6, 1e6 - 1);
    delays_pass();
    // From elsewhere each time: it is the account that is locked.
    fail(1, "ann@example.com", "192.0.2." + std::to_string(100 + seconds % 97));
  }
}

TEST_P(SignInTest, TriesDuringALockOutNeitherCountNorProlongIt) {
  fail(5);
  delays_last();
  const auto before =
      database_.run("SELECT name, failures, locked_until FROM fencepost_attempts ORDER BY name");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(answer("ann@example.com", "wrong"), SignInAnswer::locked_out);
  const auto after =
      database_.run("SELECT name, failures, locked_until FROM fencepost_attempts ORDER BY name");
  EXPECT_EQ(before.rows, after.rows);
}

TEST_P(SignInTest, AnAddressThatTriesManyAccountsIsLockedOut) {
  for (int i = 0; i < 20; ++i) fail(1, "p" + std::to_string(i) + "@example.com");
  delays_last();
  EXPECT_EQ(answer("another@example.com", "wrong"), SignInAnswer::locked_out);
  EXPECT_EQ(answer("ann@example.com", right(), "192.0.2.2"), SignInAnswer::signed_in);
}

TEST_P(SignInTest, StrangersCannotKeepSomebodyOutOfWhereHeSignsIn) {
  const auto before = try_it("ann@example.com", right(), "198.51.100.7");
  fail(5, "ann@example.com", "192.0.2.1");
  delays_last();
  EXPECT_EQ(answer("ann@example.com", right(), "192.0.2.2"), SignInAnswer::locked_out);
  EXPECT_EQ(answer("ann@example.com", right(), "198.51.100.7"), SignInAnswer::signed_in);
  EXPECT_TRUE(authenticate_session(*database_->acquire(), before.session->token.reveal()))
      << "sessions go on";
  EXPECT_EQ(answer("ann@example.com", right(), "192.0.2.2"), SignInAnswer::locked_out)
      << "which does not help the strangers";
  // There, too, it is not for ever that somebody may fail.
  fail(5, "ann@example.com", "198.51.100.7");
  delays_last();
  EXPECT_EQ(answer("ann@example.com", right(), "198.51.100.7"), SignInAnswer::locked_out);
  delays_pass();
  age(kAddressKept);
  database_.run("UPDATE fencepost_attempts SET locked_until = $1 WHERE name LIKE 'account:%'",
                {base::system_clock().wall() + 600'000'000});
  EXPECT_EQ(answer("ann@example.com", right(), "198.51.100.7"), SignInAnswer::locked_out)
      << "it was long ago that she came from there";
}

TEST_P(SignInTest, AClockThatWentBackLocksNobodyOutForLong) {
  fail(5);
  database_.run("UPDATE fencepost_attempts SET locked_until = locked_until + $1", {kFailuresKept.count()});
  EXPECT_EQ(answer("ann@example.com", right()), SignInAnswer::signed_in);
}

TEST_P(SignInTest, ADayWithoutAFailureBeginsAnew) {
  fail(5);
  delays_pass();
  age(kFailuresKept);
  fail(5);
}

// Of any number of guesses at once, no more are judged than the counter lets in.
TEST_P(SignInTest, GuessesAtOnceAreAllCounted) {
  fail(4);
  after_many_failures();
  std::atomic<int> judged{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i)
      threads.emplace_back([&] {
        if (answer("ann@example.com", "wrong") == SignInAnswer::refused) ++judged;
      });
  }
  EXPECT_EQ(judged, 1);
  EXPECT_EQ(count("SELECT failures FROM fencepost_attempts WHERE name LIKE 'account:%'"), 14);
}

TEST_P(SignInTest, OfTwoGuessesBlockedOnOneAnotherOneIsJudged) {
  const Attempt attempt{"ann@example.com", "192.0.2.1"};
  fail(4);
  after_many_failures();
  const auto take = [&](store::Connection& c) { return take_attempt(c, attempt).has_value(); };
  const auto [one, other] = while_open(take, take);
  EXPECT_FALSE(one);
  EXPECT_TRUE(other) << "locked by the first";
  EXPECT_TRUE(waited_);
}

TEST_P(SignInTest, NeitherAddressesNorPasswordsAreWrittenDownByFailures) {
  fail(1, "hunter2-typed-in-the-wrong-field");
  for (const auto& row : database_.run("SELECT name FROM fencepost_attempts"))
    for (const auto* secret : {"hunter2", "192.0.2"})
      EXPECT_EQ(row[0].text().find(secret), std::string::npos);
}

TEST_P(SignInTest, ChangingThePasswordEndsTheOtherSessions) {
  const auto here = try_it("ann@example.com", right()),
             there = try_it("ann@example.com", right(), "192.0.2.9");
  const auto change = [&](const std::string& before, const std::string& after) {
    return change_password(*database_, passwords_, ann_.id, base::Secret(before), base::Secret(after),
                           "192.0.2.1", here.session->id)
        .answer;
  };
  EXPECT_EQ(change("wrong", "a better password"), PasswordAnswer::wrong);
  EXPECT_THROW(change(right(), "short"), base::UserError);
  EXPECT_EQ(change(right(), "a better password"), PasswordAnswer::changed);
  auto connection = database_->acquire();
  EXPECT_TRUE(authenticate_session(*connection, here.session->token.reveal()));
  EXPECT_FALSE(authenticate_session(*connection, there.session->token.reveal()));
  EXPECT_EQ(answer("ann@example.com", right()), SignInAnswer::refused);
  EXPECT_EQ(answer("ann@example.com", "a better password"), SignInAnswer::signed_in);
  EXPECT_EQ(change_password(*database_, passwords_, 999, password_, password_, "", 0).answer,
            PasswordAnswer::not_found);
}

TEST_P(SignInTest, GuessingTheOldPasswordIsLimitedToo) {
  const auto guess = [&] {
    return change_password(*database_, passwords_, ann_.id, base::Secret("wrong"),
                           base::Secret("a better password"), "192.0.2.1", 0)
        .answer;
  };
  for (int i = 0; i < 5; ++i) EXPECT_EQ(guess(), PasswordAnswer::wrong);
  delays_last();
  EXPECT_EQ(guess(), PasswordAnswer::locked_out);
  EXPECT_EQ(answer("ann@example.com", right()), SignInAnswer::locked_out) << "one counter for both";
}

// The password was right when it was judged, and is not any more when the session is made.
TEST_P(SignInTest, AProofOfAnOldPasswordOpensNothing) {
  auto connection = database_->acquire();
  const auto old = database_.run("SELECT password FROM fencepost_people")[0][0].text();
  EXPECT_TRUE(open_session(*connection, ann_.id, {"192.0.2.1", ""}, old));
  EXPECT_TRUE(reset_password(*database_, passwords_, "ann@example.com", base::Secret("a better password")));
  EXPECT_EQ(count("SELECT count(*) FROM fencepost_sessions"), 0);
  EXPECT_FALSE(open_session(*connection, ann_.id, {"192.0.2.1", ""}, old));
  EXPECT_FALSE(reset_password(*database_, passwords_, "nobody@example.com", password_));
}

TEST_P(SignInTest, OfTwoWhoChangeItAtOnceTheSecondProvesNothing) {
  const auto old = database_.run("SELECT password FROM fencepost_people")[0][0].text();
  const auto change = [&](const std::string& to) {
    return [&, to](store::Connection& c) { return !c.run(sql::change_password, {ann_.id, old, to}).empty(); };
  };
  const auto [one, other] = while_open(change("one"), change("other"));
  EXPECT_TRUE(one);
  EXPECT_FALSE(other);
  EXPECT_TRUE(waited_);
  EXPECT_EQ(database_.run("SELECT password FROM fencepost_people")[0][0].text(), "one");
}

TEST_P(SignInTest, ACostlierHashIsMadeAtTheNextSignIn) {
  const auto stored = [&] { return database_.run("SELECT password FROM fencepost_people")[0][0].text(); };
  const auto before = stored();
  const Passwords costlier({testing::cheap().passes + 1, testing::cheap().bytes});
  EXPECT_TRUE(costlier.outdated(before));
  const SignIn request{.email = "ann@example.com", .password = password_, .client = {"192.0.2.1", ""}};
  EXPECT_EQ(sign_in(*database_, costlier, request).answer, SignInAnswer::signed_in);
  EXPECT_NE(stored(), before);
  EXPECT_FALSE(costlier.outdated(stored()));
  EXPECT_EQ(sign_in(*database_, costlier, request).answer, SignInAnswer::signed_in);
}

ON_BOTH(SignInTest);

}  // namespace
}  // namespace fencepost::accounts
