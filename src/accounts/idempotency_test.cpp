#include "accounts/idempotency.hpp"

#include <gtest/gtest.h>

#include <latch>
#include <thread>

#include "accounts/sql.hpp"
#include "accounts/testing/test_database.hpp"
#include "store/sql.hpp"

namespace fencepost::accounts {
namespace {

using namespace std::chrono_literals;
using Kind = Begun::Kind;

std::vector<store::Migration> migrations() {
  std::vector<store::Migration> all(std::begin(store::sql::migrations), std::end(store::sql::migrations));
  all.insert(all.end(), std::begin(sql::migrations), std::end(sql::migrations));
  return all;
}

class IdempotencyTest : public ::testing::TestWithParam<const char*> {
 protected:
  Begun begin(const IdempotentRequest& request, base::Duration lease = 60s) {
    auto connection = database_->acquire();
    return begin_idempotent(*connection, request, lease);
  }
  bool finish(const Begun& begun, int status = 201, const std::string& body = "{}") {
    auto connection = database_->acquire();
    return finish_idempotent(*connection, request_, begun.owner, status, body);
  }
  void age(base::Duration by) {
    database_.run("UPDATE fencepost_idempotency SET created_at = created_at - $1",
                  {std::int64_t{by.count()}});
  }

  testing::TestDatabase database_{GetParam(), migrations()};
  const IdempotentRequest request_{7, "key-1", request_hash("{\"a\":1}"), "POST /announcements"};
};

TEST_P(IdempotencyTest, TheFirstDoesItAndTheNextGetItsAnswer) {
  const auto first = begin(request_);
  EXPECT_EQ(first.kind, Kind::fresh);
  EXPECT_EQ(begin(request_).kind, Kind::in_progress);
  EXPECT_TRUE(finish(first, 201, "{\"id\":1}"));
  const auto again = begin(request_);
  EXPECT_EQ(again.kind, Kind::replay);
  EXPECT_EQ(again.status, 201);
  EXPECT_EQ(again.body, "{\"id\":1}");
  EXPECT_FALSE(finish(first, 500, "other")) << "an answer is never overwritten";
  EXPECT_EQ(begin(request_).status, 201);
}

TEST_P(IdempotencyTest, AnotherBodyOrRouteIsAMismatchAndAnotherPrincipalIsAnother) {
  EXPECT_TRUE(finish(begin(request_)));
  auto other = request_;
  other.request_hash = request_hash("{\"a\":2}");
  EXPECT_EQ(begin(other).kind, Kind::mismatch);
  other = request_;
  other.route = "POST /connections";
  EXPECT_EQ(begin(other).kind, Kind::mismatch);
  other = request_;
  other.principal = 8;
  EXPECT_EQ(begin(other).kind, Kind::fresh);
}

TEST_P(IdempotencyTest, AbandonedItIsFreshAgain) {
  const auto first = begin(request_);
  auto connection = database_->acquire();
  abandon_idempotent(*connection, request_, first.owner + 1);
  EXPECT_EQ(begin(request_).kind, Kind::in_progress) << "only its owner abandons it";
  abandon_idempotent(*connection, request_, first.owner);
  const auto second = begin(request_);
  EXPECT_EQ(second.kind, Kind::fresh);
  EXPECT_TRUE(finish(second));
  abandon_idempotent(*connection, request_, second.owner);
  EXPECT_EQ(begin(request_).kind, Kind::replay) << "an answer stays";
}

TEST_P(IdempotencyTest, AProcessThatDiedHoldsItNoLongerThanItsLease) {
  const auto died = begin(request_, 0s);
  const auto next = begin(request_);
  EXPECT_EQ(next.kind, Kind::fresh);
  EXPECT_FALSE(finish(died, 201, "late")) << "whose lease has ended does not answer for the next one";
  EXPECT_TRUE(finish(next, 201, "mine"));
  EXPECT_EQ(begin(request_).body, "mine");
}

TEST_P(IdempotencyTest, AnswersAreKeptForADay) {
  EXPECT_TRUE(finish(begin(request_)));
  age(23h);
  auto connection = database_->acquire();
  EXPECT_EQ(purge_idempotent(*connection), 0);
  EXPECT_EQ(begin(request_).kind, Kind::replay);
  age(1h);
  auto other = request_;
  other.request_hash = "other";
  EXPECT_EQ(begin(other).kind, Kind::fresh) << "forgotten also before the purge";
  age(25h);
  EXPECT_EQ(purge_idempotent(*connection), 0) << "somebody is at work on it";
  EXPECT_EQ(begin(IdempotentRequest{9, "key-2", "h", "r"}).kind, Kind::fresh);
  age(25h);
  database_.run("UPDATE fencepost_idempotency SET held_until = 0");
  EXPECT_EQ(purge_idempotent(*connection), 2);
}

TEST_P(IdempotencyTest, KeysAreShortPrintableText) {
  for (const std::string& bad :
       {std::string(), std::string(256, 'x'), std::string("a b"), std::string("ä"), std::string("a\0", 2)}) {
    auto request = request_;
    request.key = bad;
    EXPECT_THROW(begin(request), base::UserError) << bad;
  }
}

TEST_P(IdempotencyTest, OfThirtyAtOnceOneIsFresh) {
  std::latch together(30);
  std::atomic<int> fresh{0}, busy{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 30; ++i) {
      threads.emplace_back([&] {
        together.arrive_and_wait();
        const auto kind = begin(request_).kind;
        ++(kind == Kind::fresh ? fresh : busy);
      });
    }
  }
  EXPECT_EQ(fresh, 1);
  EXPECT_EQ(busy, 29);
}

TEST_P(IdempotencyTest, InTheTransactionOfTheWorkTheAnswerIsOneFactWithIt) {
  {
    auto connection = database_->acquire();
    store::Transaction transaction(*connection);
    const auto begun = begin_idempotent(*connection, request_);
    EXPECT_TRUE(finish_idempotent(*connection, request_, begun.owner, 201, "lost"));
  }
  EXPECT_EQ(begin(request_).kind, Kind::fresh) << "rolled back, both";
}

INSTANTIATE_TEST_SUITE_P(Databases, IdempotencyTest, ::testing::Values("sqlite", "postgres"),
                         [](const auto& each) { return std::string(each.param); });

}  // namespace
}  // namespace fencepost::accounts
