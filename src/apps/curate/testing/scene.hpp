#pragma once
// A database with the tables and queues of curate, and what tests do to its records. Tests only.

#include <gtest/gtest.h>

#include <future>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "accounts/testing/test_database.hpp"
#include "apps/curate/records.hpp"
#include "curate/sql.hpp"
#include "store/migrate.hpp"
#include "store/sql.hpp"

namespace fencepost::curate::testing {

inline std::vector<store::Migration> migrations() {
  std::vector<store::Migration> all(std::begin(store::sql::migrations), std::end(store::sql::migrations));
  all.insert(all.end(), std::begin(sql::migrations), std::end(sql::migrations));
  return all;
}

// Without the delay between two records of a host, which the engine's own tests are about.
inline std::vector<store::Fence> fences_of(store::Database& database) {
  auto lease = database.acquire();
  std::vector<store::Fence> fences;
  for (const auto pipeline : kPipelines) {
    auto options = defaults(pipeline);
    options.delay = {};
    fences.emplace_back(queue_of(pipeline, options), lease->dialect(), store::own_schema(*lease));
    fences.back().install(*lease);
    fences.back().check(*lease);
  }
  return fences;
}

class Scene : public ::testing::TestWithParam<const char*> {
 protected:
  bool postgres() const { return std::string(GetParam()) == "postgres"; }
  store::Rows run(const std::string& statement, const store::Params& params = {}) {
    return database_.run(statement, params);
  }
  std::string word(const std::string& statement, const store::Params& params = {}) {
    const auto rows = run(statement, params);
    return rows.empty() ? "none" : rows[0][0].maybe_text().value_or("null");
  }
  std::int64_t count(const std::string& statement, const store::Params& params = {}) {
    return run(statement, params)[0][0].integer();
  }

  std::int64_t place(const std::string& id = "p1") {
    return run("INSERT INTO fencepost_places (place_id, name) VALUES ($1, 'Café ' || $1) RETURNING id",
               {id})[0][0]
        .integer();
  }
  std::int64_t domain(const std::string& host = "example.com") {
    return run("INSERT INTO fencepost_domains (host) VALUES ($1) RETURNING id", {host})[0][0].integer();
  }
  std::string processing(std::int64_t id, const std::string& table = "places") {
    return word("SELECT processing_status FROM fencepost_" + table + " WHERE id = $1", {id});
  }
  std::string curation(std::int64_t id, const std::string& table = "places") {
    return word("SELECT curation_status FROM fencepost_" + table + " WHERE id = $1", {id});
  }
  PickAnswer pick(std::int64_t id, const std::string& status, Kind kind = Kind::place) {
    const auto picked = records_.pick(kind, id, std::nullopt, status, "ada");
    EXPECT_EQ(picked.kind, Picked::Kind::done);
    return picked.answer;
  }
  const store::Fence& fence(Pipeline pipeline = Pipeline::deep_scan) { return records_.fence(pipeline); }
  std::vector<store::Claim> claims(Pipeline pipeline = Pipeline::deep_scan, int n = 10) {
    return fence(pipeline).claim(*database_->acquire(), n, std::chrono::seconds(60), 7);
  }
  store::SettleAnswer settle(const store::Settlement& settlement, Pipeline pipeline = Pipeline::deep_scan) {
    return fence(pipeline).settle(*database_->acquire(), {settlement}).at(0);
  }
  // What a runner does with a stale result.
  bool acknowledge(const store::Claim& claim, Pipeline pipeline = Pipeline::deep_scan) {
    return fence(pipeline).acknowledge(*database_->acquire(), claim);
  }

  // Runs `first` in a transaction, and `second` on another connection while that is open: on PostgreSQL the
  // commit comes when the database says that the second one waits for a lock. SQLite lets nobody write beside
  // another, so there it comes at any time.
  template <typename First, typename Second>
  auto while_open(First&& first, Second&& second) {
    auto lease = database_->acquire();
    store::Transaction transaction(*lease);
    first(*lease);
    auto other = std::async(std::launch::async, std::forward<Second>(second));
    while (
        postgres() && other.wait_for(std::chrono::seconds(0)) != std::future_status::ready &&
        run("SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
            .empty()) {
    }
    waited_ = !postgres() || other.wait_for(std::chrono::seconds(0)) != std::future_status::ready;
    transaction.commit();
    return other.get();
  }
  bool waited_ = false;

  accounts::testing::TestDatabase database_{GetParam(), migrations()};
  const std::vector<store::Fence> fences_ = fences_of(*database_);
  Records records_{*database_, fences_};
};

}  // namespace fencepost::curate::testing

#define ON_BOTH(suite)                                                                \
  INSTANTIATE_TEST_SUITE_P(Databases, suite, ::testing::Values("sqlite", "postgres"), \
                           [](const auto& each) { return std::string(each.param); })
