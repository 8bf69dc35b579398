// Results go in groups: what a group leaves out is settled by itself, and nobody waits for it meanwhile.

#include <gtest/gtest.h>

#include <algorithm>

#include "said.hpp"

namespace fencepost::engine {
namespace {

using namespace std::chrono_literals;

class Groups : public Said {};

TEST_P(Groups, ABatchHandlerGetsSeveralAndEachHasItsOwnEnd) {
  for (int i = 0; i < 40; ++i) world_.add("i" + std::to_string(i));
  std::atomic<std::size_t> most{0};
  start(
      [&](const std::vector<Attempt>& attempts) {
        most = std::max(most.load(), attempts.size());
        std::vector<Outcome> outcomes;
        for (const auto& attempt : attempts) {
          outcomes.push_back(attempt.claim().item == "i7" ? Outcome::failed("seven") : Outcome::done());
          say("worked");
        }
        return outcomes;
      },
      10, {.concurrency = 2});
  ASSERT_TRUE(heard("worked", 40));
  engine_->stop(base::system_clock().boot() + 10s);
  EXPECT_LE(most, 10U);
  EXPECT_GT(most, 1U);
  for (int i = 0; i < 40; ++i)
    EXPECT_EQ(state("i" + std::to_string(i)), i == 7 ? core::State::failed : core::State::done) << i;
  EXPECT_EQ(std::count(said_.begin(), said_.end(), "worked"), 40);
}

// A call costs its handler as much for three as for fifty (the live check's are of YouTube's quota).
TEST_P(Groups, EachCallGetsAWholeBatchWhereThereIsOne) {
  for (int i = 0; i < 200; ++i) world_.add("i" + std::to_string(i));
  start(
      [&](const std::vector<Attempt>& attempts) {
        say("called");
        heard("nothing", 1, 80ms);  // so long that a few could begin soon, and not ten
        for (std::size_t i = 0; i < attempts.size(); ++i) say("worked");
        return std::vector<Outcome>(attempts.size(), Outcome::done());
      },
      10, {.concurrency = 2});
  ASSERT_TRUE(heard("worked", 200));
  engine_->stop(base::system_clock().boot() + 10s);
  EXPECT_LE(std::count(said_.begin(), said_.end(), "called"), 25) << "20, but for two who claim at once";
}

// Rule 14. A foreign trigger leaves out the claim of what comes first, without an error.
TEST_P(Groups, Rule14_AClaimThatIsLeftOutKeepsNobodyElseWaiting) {
  for (const auto* item : {"a", "b"}) world_.add(item);
  const std::string first = "NEW.{key} = 'a' AND NEW.{status} = 'Processing'";
  world_.script(
      GetParam() == store::Dialect::postgres
          ? "CREATE FUNCTION own_rule() RETURNS trigger LANGUAGE plpgsql AS $own$ BEGIN IF " + first +
                " THEN RETURN NULL; END IF; RETURN NEW; END $own$; CREATE TRIGGER own_rule BEFORE UPDATE "
                "ON {table} FOR EACH ROW EXECUTE FUNCTION own_rule()"
          : "CREATE TRIGGER own_rule BEFORE UPDATE ON {table} WHEN " + first +
                " BEGIN SELECT RAISE(IGNORE); END");
  start(
      [&](const std::vector<Attempt>& attempts) {
        say(attempts[0].claim().item);
        return std::vector<Outcome>{Outcome::done()};
      },
      1, {.concurrency = 1, .largest_batch = 1});
  EXPECT_TRUE(heard("b"));
  engine_->stop(base::system_clock().boot() + 10s);
  EXPECT_EQ(state("a"), core::State::queued);
}

// Rule 14. On SQLite whoever holds a row holds them all.
TEST_P(Groups, Rule14_AHeldRowKeepsNobodyElseWaiting) {
  for (const auto* item : {"a", "b", "c"}) world_.add(item);
  const auto holder = world_.connect();
  start(
      [&](const std::vector<Attempt>& attempts) {
        if (attempts[0].claim().item == "b") {
          say("at b");
          heard("b is held");
        }
        return std::vector<Outcome>{Outcome::done()};
      },
      1, {.concurrency = 3});
  ASSERT_TRUE(heard("at b"));
  ASSERT_TRUE(becomes("a", core::State::done));
  ASSERT_TRUE(becomes("c", core::State::done));
  holder->begin();
  world_.run(*holder, world_.dialect() == store::Dialect::postgres
                          ? "SELECT 1 FROM {table} WHERE {key} = 'b' FOR UPDATE"
                          : "SELECT 1 FROM {table} WHERE {key} = 'b'");
  say("b is held");
  if (world_.dialect() == store::Dialect::postgres) {
    // What comes later is settled while b is held.
    world_.add("d");
    ASSERT_TRUE(becomes("d", core::State::done));
    EXPECT_EQ(state("b"), core::State::claimed);
  }
  holder->rollback();
  EXPECT_TRUE(becomes("b", core::State::done));
}

TEST_P(Groups, AnAttemptThatPassesItsDeadlineIsAskedToStop) {
  world_.add("slow");
  start(
      [&](const std::vector<Attempt>& attempts) {
        std::mutex mutex;
        std::unique_lock lock(mutex);
        std::condition_variable_any never;
        never.wait(lock, attempts[0].stop(), [] { return false; });
        say(attempts[0].alive() ? "asked while its lease lives" : "asked too late");
        return std::vector<Outcome>{Outcome::failed("too slow")};
      },
      1, {.concurrency = 1, .lease = 30s, .deadline = 1s});
  ASSERT_TRUE(heard("asked while its lease lives"));
  EXPECT_TRUE(becomes("slow", core::State::failed));
}

TEST_P(Groups, OwnWritesOfABatchAreThereExactlyWhereTheirItemsAreDone) {
  world_.script("CREATE TABLE results (item TEXT NOT NULL)");
  for (int i = 0; i < 20; ++i) world_.add("i" + std::to_string(i));
  start(
      [&](const std::vector<Attempt>& attempts) {
        std::vector<Outcome> outcomes;
        for (const auto& attempt : attempts)
          outcomes.push_back(Outcome::done([this, item = attempt.claim().item](store::Connection& c) {
            world_.run(c, "INSERT INTO results VALUES (?1)", {item});
            // One of them is refused: the others of its batch must not go with it.
            if (item == "i3") throw base::UserError("refused", "no");
          }));
        say("worked");
        return outcomes;
      },
      20, {.concurrency = 1});
  ASSERT_TRUE(heard("worked"));
  for (int i = 0; i < 20; ++i) {
    if (i == 3) continue;
    ASSERT_TRUE(becomes("i" + std::to_string(i), core::State::done)) << i;
  }
  ASSERT_TRUE(becomes("i3", core::State::queued));
  engine_->stop(base::system_clock().boot() + 10s);
  const auto rows = world_.run("SELECT count(*), count(DISTINCT item) FROM results");
  EXPECT_EQ(rows[0][0].integer(), 19);
  EXPECT_EQ(rows[0][1].integer(), 19);
  EXPECT_EQ(world_.fence().read(world_.onlooker(), "i3")->last_error, "its own writes were refused");
}

ON_BOTH_DATABASES(Groups);

TEST(Permits, WhoIsRefusedHearsOfTheNextRelease) {
  Permits permits(1);
  int told = 0;
  permits.on_release([&] { ++told; });
  EXPECT_FALSE(permits.refuses(0));
  permits.acquire(0);
  permits.release();
  EXPECT_EQ(told, 0) << "nobody had asked";
  permits.acquire(0);
  EXPECT_TRUE(permits.refuses(9));
  permits.release();
  EXPECT_EQ(told, 1);
  EXPECT_FALSE(permits.refuses(0));
}

}  // namespace
}  // namespace fencepost::engine
