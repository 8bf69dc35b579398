// Rule 12 of DESIGN.md section 2: what a program that knows no fence can write, and what it cannot.

#include <sqlite3.h>

#include "base/random.hpp"
#include "rules.hpp"

namespace fencepost::store::testing {
namespace {

using core::State;

class Rule12 : public Rules {
 protected:
  // A statement that must be refused, with a word on why.
  void refused(const std::string& sql) {
    try {
      world_->run(sql);
      ADD_FAILURE() << "went through: " << sql;
    } catch (const base::InfraError& error) {
      EXPECT_NE(std::string(error.what()).find("open effect"), std::string::npos) << error.what();
    }
  }
  Effect sending() {
    once().add();
    return fence().begin_effect(world_->a(), claim(), kPost).value();
  }
};

TEST_P(Rule12, CancelledBeforeTheGatePreventsIt) {
  auto& w = once();
  w.add();
  const auto c = claim();
  foreign("{status} = " + word(State::stopped));
  EXPECT_FALSE(fence().begin_effect(w.a(), c, kPost));
  EXPECT_EQ(row().state, State::stopped);
  EXPECT_EQ(count("fencepost_events WHERE kind = 'changed' AND to_state = 'stopped'"), 1);
}

TEST_P(Rule12, QueuedOnASendingRowCausesNoSecondEffect) {
  const auto effect = sending();
  foreign("{status} = " + word(State::queued));
  EXPECT_TRUE(fence().claim(world_->a(), 1, hours(1), kWorker).empty());
  EXPECT_EQ(fence().run_now(world_->a(), "1", "person", hours(1), kWorker).answer,
            core::RunNowAnswer::already_running);
  EXPECT_EQ(fence().settle_effect(world_->a(), effect, happened(), "worker"), EffectAnswer::recorded);
}

TEST_P(Rule12, AWholeOldRowRewindsNothing) {
  auto& w = once();
  w.add();
  const auto c = claim();
  const auto save =
      "{status} = 'queued', {fence} = 0, {claim_id} = NULL, {effect} = NULL, effect_key = NULL, "
      "{lease_until} = NULL, {run_at} = 0, {attempt} = 0, {stop_wanted} = FALSE";
  ASSERT_TRUE(fence().begin_effect(w.a(), c, kPost));
  EXPECT_EQ(fence().stop(w.a(), "1", "person"), core::StopAnswer::in_flight);
  const auto before = row();
  foreign(save);
  const auto after = row();
  EXPECT_EQ(after.fence, before.fence + 1);
  EXPECT_EQ(after.claim, before.claim);
  EXPECT_EQ(after.effect, before.effect);
  EXPECT_EQ(after.effect_key, before.effect_key);
  EXPECT_TRUE(after.stop_wanted);
  EXPECT_TRUE(after.lease_until) << "else no rescuer would find it";
}

TEST_P(Rule12, TheFenceMovesOnlyWhenSomethingTrackedDoes) {
  auto& w = once();
  w.add();
  foreign("{last_error} = 'a note', {status} = {status}, {payload} = {payload}");
  EXPECT_EQ(row().fence, 0);
  for (const auto* set :
       {"{payload} = 'v2'", "{enabled} = FALSE", "{run_at} = 5", "{status} = 'failed'", "{fence} = 77"}) {
    const auto before = row().fence;
    foreign(set);
    EXPECT_EQ(row().fence, before + 1) << set;
  }
}

TEST_P(Rule12, PayloadOfATypeWithoutEquality) {
  auto& w = once();
  w.add();
  foreign(R"(extra = '{"a":1}')");
  EXPECT_EQ(row().fence, 1);
  foreign(R"(extra = '{"a":1}')");
  EXPECT_EQ(row().fence, 1);
  foreign(R"(extra = NULL)");
  EXPECT_EQ(row().fence, 2);
  EXPECT_EQ(claim().payload.find("\"extra\":1"), std::string::npos);
}

TEST_P(Rule12, AForeignClaimWithoutALeaseGetsOne) {
  auto& w = repeatable();
  w.add();
  foreign("{status} = " + word(State::claimed));
  EXPECT_GT(row().lease_until.value(), row().now);
  w.run("INSERT INTO {table} ({key}, {status}) VALUES ('2', " + word(State::claimed) + ")");
  EXPECT_TRUE(row("2").lease_until);
  foreign("{lease_until} = 1");
  w.run("UPDATE {table} SET {lease_until} = 1 WHERE {key} = '2'");
  for (const auto& lapsed : fence().lapsed(w.a(), 5))
    EXPECT_EQ(fence().rescue(w.a(), lapsed, false, 0.5), State::queued);
  EXPECT_EQ(row("2").state, State::queued);
}

TEST_P(Rule12, NoDeleteOfAnOpenEffect) {
  const auto effect = sending();
  refused("DELETE FROM {table} WHERE {key} = 1");
  refused("DELETE FROM {table}");
  if (postgres())
    refused("TRUNCATE {table}");
  else
    refused("REPLACE INTO {table} ({key}, {status}) VALUES (1, 'queued')");
  EXPECT_EQ(fence().settle_effect(world_->a(), effect, happened(), "worker"), EffectAnswer::recorded);
  EXPECT_EQ(world_->run("DELETE FROM {table}").changed, 1);
}

TEST_P(Rule12, NoSettingOfASessionTurnsTheTriggerOff) {
  auto& w = once();
  w.add();
  if (postgres()) {
    w.onlooker().script("SET session_replication_role = replica");
    foreign("{fence} = 0, {payload} = 'v2'");
    w.onlooker().script("SET session_replication_role = DEFAULT");
    EXPECT_EQ(row().fence, 1);
    return;
  }
  // A program with its own settings and none of our functions; with recursive triggers it may be refused at
  // most.
  sqlite3* raw = nullptr;
  ASSERT_EQ(sqlite3_open(w.url().substr(7).c_str(), &raw), SQLITE_OK);
  for (const auto* recursive : {"PRAGMA recursive_triggers = ON", "PRAGMA recursive_triggers = OFF"}) {
    const auto before = row().fence;
    sqlite3_exec(raw, recursive, nullptr, nullptr, nullptr);
    EXPECT_EQ(sqlite3_exec(raw, "UPDATE posts SET title = title || '+'", nullptr, nullptr, nullptr),
              SQLITE_OK);
    EXPECT_EQ(row().fence, before + 1) << recursive;
    const int rewound =
        sqlite3_exec(raw, "UPDATE posts SET fence = 0, title = title || '+'", nullptr, nullptr, nullptr);
    EXPECT_EQ(row().fence, before + (rewound == SQLITE_OK ? 2 : 1))
        << recursive << " " << sqlite3_errmsg(raw);
  }
  sqlite3_close(raw);
}

TEST_P(Rule12, AProgramWithRightsOnItsOwnTableOnly) {
  if (!postgres()) {
    // SQLite has no rights below the file: any program that opens it is the program above.
    once().add();
    foreign("{payload} = 'v2'");
    EXPECT_EQ(row().fence, 1);
    return;
  }
  auto& w = once();
  w.add();
  const auto role = "r_" + base::random_hex(6);
  w.onlooker().script("CREATE ROLE " + role +
                      "; GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON posts TO " + role);
  w.onlooker().script("SET ROLE " + role);
  EXPECT_NO_THROW(foreign("{payload} = 'v2'"));
  EXPECT_NO_THROW(w.run("INSERT INTO {table} ({key}, {status}) VALUES (2, 'claimed')"));
  EXPECT_NO_THROW(w.run("DELETE FROM {table} WHERE {key} = 2"));
  EXPECT_NO_THROW(w.run("TRUNCATE {table}"));
  w.onlooker().script("RESET ROLE; DROP OWNED BY " + role + "; DROP ROLE " + role);
  EXPECT_EQ(count("fencepost_events WHERE kind = 'changed'"), 1);
}

ON_BOTH_DATABASES(Rule12);

}  // namespace
}  // namespace fencepost::store::testing
