// Counts: what is not finished exactly, and at a cost that does not grow with what is.

#include <map>

#include "both_databases.hpp"
#include "store/sql.hpp"

namespace fencepost::store::testing {
namespace {

class CountsTest : public BothDatabases {
 protected:
  std::map<std::string, Fence::Count> counts(std::int64_t looked_at) {
    std::map<std::string, Fence::Count> out;
    for (auto& count : world_->fence().counts(world_->onlooker(), looked_at)) out[count.word] = count;
    return out;
  }
  void add(const std::string& word, int n) {
    for (int i = 0; i < n; ++i) {
      const auto key = world_->add(std::to_string(++added_));
      world_->run("UPDATE {table} SET {status} = ?1, {fence} = {fence} + 1 WHERE {key} = ?2", {word, key});
    }
  }
  std::unique_ptr<World> world_;
  int added_ = 0;
};

TEST_P(CountsTest, WhatIsNotFinishedIsCountedToItsEnd) {
  for (const auto kind : {core::Kind::repeatable, core::Kind::once}) {
    world_ = std::make_unique<World>(GetParam(), kind);
    const auto& words = world_->queue().words;
    added_ = 0;
    // The finished ones come first, so that nothing else is among the rows that are looked at.
    add(words.done, 8);
    for (int i = 0; i < 4; ++i) world_->add(std::to_string(++added_));
    ASSERT_EQ(world_->fence().claim(world_->a(), 3, std::chrono::hours(1), 1).size(), 3U);
    if (world_->once()) {
      add(words.unknown, 2);
      world_->run(
          "UPDATE {table} SET {run_at} = fencepost_now() + 60000000, {fence} = {fence} + 1 "
          "WHERE {status} = ?1",
          {words.unknown});
    }
    const int rows = world_->once() ? 14 : 12;
    for (const int looked_at : {rows - 1, 5, 1}) {
      SCOPED_TRACE(looked_at);
      const auto found = counts(looked_at);
      EXPECT_EQ(found.at(words.queued).items, 1);
      EXPECT_EQ(found.at(words.claimed).items, 3);
      for (const auto& word : {words.queued, words.claimed}) {
        EXPECT_FALSE(found.at(word).at_least) << word;
        EXPECT_GT(found.at(word).oldest.count(), 0) << word;
      }
      if (world_->once()) {
        EXPECT_EQ(found.at(words.unknown).items, 2);
        EXPECT_LT(found.at(words.unknown).oldest.count(), 0) << "in the future";
      }
      EXPECT_TRUE(found.at(words.done).at_least);
      EXPECT_LE(found.at(words.done).items, 8);
      EXPECT_GE(found.at(words.done).items, std::min(8, looked_at - 3)) << "of all that were looked at";
      EXPECT_TRUE(found.at(words.failed).at_least) << "none was seen, which says nothing";
    }
    for (const int looked_at : {rows, rows + 1, 1000}) {
      const auto found = counts(looked_at);
      EXPECT_EQ(found.at(words.done).items, 8);
      for (const auto& [word, count] : found) EXPECT_FALSE(count.at_least) << word;
      EXPECT_FALSE(found.contains(words.failed));
    }
  }
}

// A queued row with an effect (a foreign writer's) is in another index.
TEST_P(CountsTest, AQueuedRowWithAnEffectIsQueued) {
  world_ = std::make_unique<World>(GetParam(), core::Kind::once);
  const auto& words = world_->queue().words;
  for (int i = 0; i < 3; ++i) world_->add(std::to_string(i + 1));
  world_->run("UPDATE {table} SET {effect} = 77, {fence} = {fence} + 1 WHERE {key} = 1");
  EXPECT_EQ(counts(100).at(words.queued).items, 3);
  EXPECT_EQ(counts(1).at(words.queued).items, 3);
}

TEST_P(CountsTest, OnlyTheRowsThatAreLookedAtAreReadWithoutAnIndex) {
  world_ = std::make_unique<World>(GetParam(), core::Kind::once);
  auto& db = world_->onlooker();
  const auto text = world_->fence().over(sql::counts).text;
  int scans = 0;
  if (GetParam() == Dialect::sqlite) {
    for (const auto& row : db.run(Sql{"plan", "EXPLAIN QUERY PLAN " + text}, {1}))
      scans += row[3].text().starts_with("SCAN l") && row[3].text().find("INDEX") == std::string::npos;
    for (const auto& row : db.run(Sql{"plan", "EXPLAIN QUERY PLAN " + text}, {1}))
      for (const auto* alias : {"q", "h", "u", "e"}) {
        const auto& line = row[3].text();
        if (line == std::string("SCAN ") + alias || line == std::string("SEARCH ") + alias)
          ADD_FAILURE() << line;
      }
  } else {
    // A table so small is read whole for preference: what counts is what the indexes can answer.
    Transaction transaction(db);
    db.script("SET LOCAL enable_seqscan = off");
    for (const auto& row : db.run(Sql{"plan", "EXPLAIN " + text}, {1}))
      scans += row[0].text().find("Seq Scan on") != std::string::npos;
  }
  EXPECT_EQ(scans, 1);
}

// Lists are read beside whoever writes, the batches among their statements too.
TEST_P(CountsTest, ABatchThatOnlyReadsWaitsForNoWriter) {
  world_ = std::make_unique<World>(GetParam(), core::Kind::once);
  ASSERT_EQ(world_->fence().stop(world_->a(), world_->add("1"), "ada"), core::StopAnswer::prevented);
  const Sql look{"look", GetParam() == Dialect::sqlite
                             ? "SELECT count(*), ?1 FROM fencepost_events WHERE ?2 >= 0"
                             : "SELECT (SELECT count(*) FROM fencepost_events WHERE $2 >= 0), n "
                               "FROM unnest($1::bigint[]) AS t (n)"};
  in_transaction(world_->a(), [&](Connection& writer) {
    auto events = writer.run(Sql{"add", "DELETE FROM fencepost_events"}).changed;
    EXPECT_GT(events, 0);
    const auto seen = world_->onlooker().run_batch(look, {{1}, {2}}, {0});
    EXPECT_EQ(seen.size(), 2U);
    for (const auto& row : seen) EXPECT_EQ(row[0].integer(), events);
    return events;
  });
  // And leaves nothing open behind it.
  EXPECT_FALSE(world_->onlooker().in_transaction());
  EXPECT_EQ(world_->onlooker().run_batch(look, {{1}}, {0})[0][0].integer(), 0);
}

// Each sees what those before it did; and behind one that fails nothing is run.
TEST_P(CountsTest, StatementsRunTogetherAsOneBehindTheOther) {
  world_ = std::make_unique<World>(GetParam(), core::Kind::repeatable);
  auto& connection = world_->a();
  const auto count = [&](const std::string& table) {
    return world_->run("SELECT count(*) FROM " + table)[0][0].integer();
  };
  const Params bucket{"calls", "one", "2026-03-08"};
  const auto with = [&](std::vector<Value> more) {
    Params params = bucket;
    params.insert(params.end(), more.begin(), more.end());
    return std::vector<Params>{params};
  };
  const auto calls = [&](std::int64_t amount) {
    return std::vector<Connection::Call>{
        {sql::open_buckets, {}, with({5})},
        {sql::bucket_state, bucket},
        {sql::add_ledger, {}, {{{"q", "1", "calls", "one", "2026-03-08", "p", 0, amount}}}},
        {sql::take, {}, with({amount})},
        {sql::bucket_state, bucket},
        {sql::bucket_state, {"none", "of", "these"}}};
  };
  {
    Transaction transaction(connection);
    EXPECT_THROW(connection.run_together(calls(0)), base::InfraError)
        << "a row of the ledger takes something";
  }
  EXPECT_EQ(count("fencepost_buckets"), 0);
  for (const bool within : {true, false}) {
    if (within) connection.begin();
    const auto rows = connection.run_together(calls(within ? 2 : 3));
    ASSERT_EQ(rows.size(), 6U);
    EXPECT_EQ(rows[1][0][1].integer(), 0);
    EXPECT_EQ(rows[4][0][1].integer(), within ? 2 : 3);
    EXPECT_TRUE(rows[5].empty());
    if (within) connection.rollback();
  }
  EXPECT_EQ(count("fencepost_ledger"), 1);
}

ON_BOTH_DATABASES(CountsTest);

}  // namespace
}  // namespace fencepost::store::testing
