// Doctor: each damage is found by its code, and what is ours is repaired.

#include "store/doctor.hpp"

#include <set>

#include "adopting.hpp"

namespace fencepost::store::testing {
namespace {

class Doctor : public Adopting {
 protected:
  void SetUp() override {
    places("shops");
    script("INSERT INTO shops (name) VALUES ('a'), ('b')");
    plan_ = adopted(once("shops"));
  }
  std::set<std::string> found(bool problems = true) {
    std::set<std::string> codes;
    for (const auto& finding : examine(db(), plan_.descriptor))
      if (finding.problem == problems) codes.insert(finding.code);
    return codes;
  }
  using Codes = std::set<std::string>;
  AdoptPlan plan_;
};

TEST_P(Doctor, Healthy) {
  EXPECT_EQ(found(), Codes{});
  for (const auto& f : examine_server(db(), base::system_clock(), false))
    EXPECT_TRUE(f.code == "fsync_off" || f.code == "full_page_writes_off" || f.code == "commit_not_durable")
        << f.code;
  // An installation is what the script says, nothing of it left out.
  const auto made = installed_by(fence_of(plan_).install_script(), GetParam());
  EXPECT_GE(made.triggers.size(), 4U);
  EXPECT_GE(made.indexes.size(), 2U);
  for (const auto& trigger : made.triggers) EXPECT_GT(trigger.text.size(), 40U) << trigger.name;
}

TEST_P(Doctor, TriggersAndIndexesAreRepaired) {
  const std::string drop =
      postgres() ? "DROP TRIGGER zzz_fencepost_update ON shops" : "DROP TRIGGER fencepost_shops_fn_update";
  struct {
    std::string damage, code;
  } cases[] = {
      {drop, "trigger_missing"},
      {"DROP INDEX fencepost_shops_ix_lease", "index_missing"},
      {"DROP INDEX fencepost_shops_ix_lease; CREATE INDEX fencepost_shops_ix_lease ON shops (claim_id) "
       "WHERE lease_until IS NOT NULL",
       "index_changed"},
      {"DROP INDEX fencepost_shops_ix_due; CREATE INDEX fencepost_shops_ix_due ON shops (id, run_at) "
       "WHERE effect IS NULL",
       "index_changed"},
      {"DROP INDEX fencepost_shops_ix_due; CREATE INDEX fencepost_shops_ix_due ON shops (run_at, id)",
       "index_changed"},
      {postgres()
           ? "ALTER TABLE shops DISABLE TRIGGER zzz_fencepost_update"
           : drop + "; CREATE TRIGGER fencepost_shops_fn_update AFTER UPDATE ON shops BEGIN SELECT 1; END",
       postgres() ? "trigger_disabled" : "trigger_changed"},
      {postgres()
           ? "CREATE OR REPLACE FUNCTION fencepost_shops_fn_update() RETURNS trigger LANGUAGE plpgsql AS $$ "
             "BEGIN RETURN NEW; END $$"
           : drop,
       postgres() ? "trigger_changed" : "trigger_missing"},
      {postgres() ? "ALTER TRIGGER zzz_fencepost_update ON shops RENAME TO aaa" : drop, "trigger_missing"},
  };
  for (const auto& c : cases) {
    script(c.damage);
    EXPECT_EQ(found(), Codes{c.code}) << c.damage;
    if (c.damage.find("RENAME") != std::string::npos) script("DROP TRIGGER aaa ON shops");
    repair(db(), fence_of(plan_));
    EXPECT_EQ(found(), Codes{}) << c.damage;
  }
}

TEST_P(Doctor, AnInvalidIndexIsBuiltAnew) {
  if (!postgres()) {
    // There is no such thing; a dropped one is the nearest.
    script("DROP INDEX fencepost_shops_ix_due");
    EXPECT_EQ(found(), Codes{"index_missing"});
    return;
  }
  script("UPDATE pg_index SET indisvalid = FALSE WHERE indexrelid = 'fencepost_shops_ix_due'::regclass");
  EXPECT_EQ(found(), Codes{"index_invalid"});
  repair(db(), fence_of(plan_));
  EXPECT_EQ(found(), Codes{});
}

TEST_P(Doctor, RowsThatNobodyRescues) {
  script("UPDATE shops SET state = 'Processing' WHERE id = 1; UPDATE shops SET lease_until = 1 WHERE id = 1");
  EXPECT_EQ(found(), (Codes{"lapsed_leases", "foreign_worker"}));
  script("UPDATE shops SET state = 'Nonsense' WHERE id = 2; UPDATE shops SET state = 'Queued' WHERE id = 1");
  EXPECT_EQ(found(), (Codes{"lapsed_leases", "foreign_worker", "unknown_word"}));
  fence_of(plan_).pause(db(), true, "for a test");
  EXPECT_TRUE(found().contains("paused"));
}

TEST_P(Doctor, AForeignWriterIsANote) {
  script("UPDATE shops SET name = 'c'");
  EXPECT_EQ(found(), Codes{});
  std::string what;
  for (const auto& finding : examine(db(), plan_.descriptor))
    if (finding.code == "foreign_writer") what = finding.what;
  EXPECT_NE(what.find("changed rows that are 'Queued', 2 times"), std::string::npos) << what;
}

TEST_P(Doctor, EffectsThatWaitForAPerson) {
  const auto fence = fence_of(plan_);
  const auto claim = fence.claim(db(), 1, std::chrono::hours(1), 7).at(0);
  const auto effect =
      fence
          .begin_effect(db(), claim,
                        {"key", "{}", "there", std::chrono::seconds(30), std::chrono::minutes(1)})
          .value();
  EXPECT_EQ(found(), Codes{});
  fence.settle_effect(db(), effect, {Verdict::unknown, "", "", "cut", {}}, "worker");
  EXPECT_EQ(found(), Codes{"unknown_effects"});
}

TEST_P(Doctor, ColumnsAndTheTableItself) {
  script(postgres() ? "ALTER TABLE shops ALTER COLUMN run_at DROP DEFAULT"
                    : "DROP INDEX fencepost_shops_ix_lease");
  EXPECT_EQ(found(), postgres() ? Codes{"column_changed"} : Codes{"index_missing"});
  script("ALTER TABLE shops DROP COLUMN last_error");
  EXPECT_TRUE(found().contains("column_missing"));
  script("DROP TABLE shops");
  EXPECT_EQ(found(), Codes{"table_missing"});
  std::vector<std::string> broken;
  EXPECT_TRUE(adopted_fences(db(), &broken).empty());
  EXPECT_EQ(broken, std::vector<std::string>{"shops"});
}

ON_BOTH_DATABASES(Doctor);

}  // namespace
}  // namespace fencepost::store::testing
