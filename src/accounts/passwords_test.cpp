#include "accounts/passwords.hpp"

#include <gtest/gtest.h>
#include <sodium.h>

#include "base/error.hpp"

namespace fencepost::accounts {
namespace {

const Passwords::Cost kCheap{crypto_pwhash_OPSLIMIT_MIN, crypto_pwhash_MEMLIMIT_MIN};

TEST(PasswordsTest, MatchWhatWasHashedAndNothingElse) {
  const Passwords passwords(kCheap);
  const base::Secret password("correct horse battery");
  const auto stored = passwords.hash(password, passwords.turn());
  EXPECT_TRUE(stored.starts_with("$argon2id$"));
  EXPECT_EQ(stored.find(password.reveal()), std::string::npos);
  EXPECT_NE(stored, passwords.hash(password, passwords.turn())) << "each has a salt";
  EXPECT_TRUE(passwords.matches(stored, password, passwords.turn()));
  EXPECT_FALSE(passwords.matches(stored, base::Secret("correct horse batterY"), passwords.turn()));
  EXPECT_FALSE(passwords.matches(stored, base::Secret(""), passwords.turn()));
  EXPECT_FALSE(passwords.matches(std::nullopt, password, passwords.turn()));
  for (const std::string damaged : {"", "x", "$argon2id$v=19$m=8,t=1,p=1$"})
    EXPECT_FALSE(passwords.matches(damaged, password, passwords.turn())) << damaged;
}

TEST(PasswordsTest, TheirLengthIsBounded) {
  const Passwords passwords(kCheap);
  const auto refused = [&](const std::string& text) {
    try {
      Passwords::check(base::Secret(text));
      return false;
    } catch (const base::UserError& error) {
      return error.code() == "invalid_password";
    }
  };
  EXPECT_TRUE(refused("") && refused("123456789") && refused(std::string(1025, 'x')));
  EXPECT_TRUE(refused("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"));
  EXPECT_TRUE(refused("äöüäöüäöü")) << "nine characters, though eighteen bytes";
  EXPECT_FALSE(refused("1234567890") || refused(std::string(1024, 'x')) || refused("äöüäöüäöüä"));
  // A NUL ends no password early.
  const base::Secret one(std::string("0123456789\0a", 12)), other(std::string("0123456789\0b", 12));
  EXPECT_FALSE(passwords.matches(passwords.hash(one, passwords.turn()), other, passwords.turn()));
}

TEST(PasswordsTest, ServersHashAtTheInteractiveCostAtLeast) {
  const Passwords passwords;
  const auto stored = passwords.hash(base::Secret("correct horse battery"), passwords.turn());
  EXPECT_NE(stored.find("m=65536,t=2,"), std::string::npos) << stored;
  EXPECT_FALSE(passwords.outdated(stored));
  EXPECT_TRUE(passwords.outdated(
      Passwords(kCheap).hash(base::Secret("correct horse battery"), Passwords(kCheap).turn())));
}

TEST(PasswordsTest, NoMoreAtOnceThanThereIsMemoryFor) {
  const Passwords passwords(kCheap, 2, base::Duration(0));
  {
    const auto one = passwords.turn();
    auto two = passwords.turn();
    try {
      passwords.turn();
      ADD_FAILURE() << "a third one";
    } catch (const base::InfraError& error) {
      EXPECT_TRUE(error.retryable());
    }
    const auto moved = std::move(two);
    EXPECT_THROW(passwords.turn(), base::InfraError);
  }
  const auto one = passwords.turn(), two = passwords.turn();
  EXPECT_THROW(passwords.turn(), base::InfraError);
}

}  // namespace
}  // namespace fencepost::accounts
