#pragma once
// What the tests of people share. Tests only.

#include <gtest/gtest.h>
#include <sodium.h>

#include <future>
#include <string>
#include <vector>

#include "accounts/people.hpp"
#include "accounts/sql.hpp"
#include "accounts/testing/test_database.hpp"
#include "store/sql.hpp"

namespace fencepost::accounts::testing {

inline std::vector<store::Migration> accounts_migrations() {
  std::vector<store::Migration> all(std::begin(store::sql::migrations), std::end(store::sql::migrations));
  all.insert(all.end(), std::begin(sql::migrations), std::end(sql::migrations));
  return all;
}

// The cheapest that there is: what a hash costs is tested where hashes are.
inline Passwords::Cost cheap() { return {crypto_pwhash_OPSLIMIT_MIN, crypto_pwhash_MEMLIMIT_MIN}; }

class PeopleTestBase : public ::testing::TestWithParam<const char*> {
 protected:
  explicit PeopleTestBase(const std::vector<store::Migration>& migrations = accounts_migrations())
      : database_(GetParam(), migrations) {}

  bool postgres() const { return database_->dialect() == store::Dialect::postgres; }

  Person person(const std::string& email, Role role = Role::member) {
    const auto text = passwords_.hash(password_, passwords_.turn());
    auto made = add_person(*database_->acquire(), email, "Somebody", role, text);
    EXPECT_EQ(made.answer, PersonAnswer::done) << email;
    return *made.person;
  }
  static Principal asks(const Person& person) {
    return {.name = person.name, .person = person.id, .role = person.role};
  }
  static Principal instance() { return {.token_id = 1, .name = "admin"}; }

  std::int64_t count(const std::string& statement) { return database_.run(statement)[0][0].integer(); }

  // Runs `first` in a transaction, and `second` on another connection while that is open: on PostgreSQL the
  // commit comes when the database says that the second one waits for a lock. SQLite lets nobody write beside
  // another, so there it comes at any time.
  template <typename First, typename Second>
  auto while_open(First&& first, Second&& second) {
    auto a = database_->acquire(), b = database_->acquire();
    const auto pid = postgres() ? b->run(kPid)[0][0].integer() : 0;
    store::Transaction transaction(*a);
    auto one = first(*a);
    auto other = std::async(std::launch::async, [&] { return second(*b); });
    while (postgres() && other.wait_for(std::chrono::seconds(0)) != std::future_status::ready &&
           database_.run("SELECT 1 FROM pg_stat_activity WHERE pid = $1 AND wait_event_type = 'Lock'", {pid})
               .empty()) {
    }
    waited_ = !postgres() || other.wait_for(std::chrono::seconds(0)) != std::future_status::ready;
    transaction.commit();
    auto two = other.get();
    return std::pair(std::move(one), std::move(two));
  }
  // Whether the second one of while_open() really had to wait.
  bool waited_ = false;

  const base::Secret password_{"correct horse battery"};
  TestDatabase database_;
  const Passwords passwords_{cheap()};

 private:
  static inline const store::Sql kPid{"pid", "SELECT pg_backend_pid()"};
};

}  // namespace fencepost::accounts::testing

#define ON_BOTH(suite)                                                                \
  INSTANTIATE_TEST_SUITE_P(Databases, suite, ::testing::Values("sqlite", "postgres"), \
                           [](const auto& each) { return std::string(each.param); })
