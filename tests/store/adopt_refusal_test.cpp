// What cannot be adopted, and what is said about it; where it says SQL, the SQL mends it.

#include "adopting.hpp"

namespace fencepost::store::testing {
namespace {

class AdoptRefusal : public Adopting {
 protected:
  // Runs the mend of the only problem.
  void mend(const AdoptRequest& r) {
    const auto plan = adopt(db(), r);
    ASSERT_EQ(plan.problems.size(), 1U) << problems(plan);
    world().script(plan.problems[0].mend);
  }
};

TEST_P(AdoptRefusal, WhatIsNotThere) {
  places();
  refused(request("nowhere"), "there is no table 'nowhere'");
  auto r = request("towns");
  r.queue.status = "status";
  refused(r, "no status column 'status'; the table has: id, name, state");
  r = request("towns");
  r.queue.payload = {"name", "price"};
  refused(r, "no payload column 'price'");
  r = request("towns");
  r.queue.enabled = "active";
  refused(r, "no enabled column");
  EXPECT_EQ(survey(db(), "towns")->columns.size(), 3U) << "nothing was changed";
}

TEST_P(AdoptRefusal, WhatIsNoPlainTable) {
  places();
  script("CREATE VIEW shown AS SELECT * FROM towns");
  refused(request("shown"), "'" + std::string(postgres() ? "public." : "") + "shown' is a view");
  refused(request("fencepost_schedules"), "fencepost's own");
  if (!postgres()) {
    script("CREATE VIRTUAL TABLE found USING fts5(id, state)");
    refused(request("found"), "virtual table");
    return;
  }
  script("CREATE TABLE parted (id bigint, state text, PRIMARY KEY (id)) PARTITION BY RANGE (id)");
  script("CREATE TABLE part PARTITION OF parted FOR VALUES FROM (0) TO (10)");
  refused(request("parted"), "is a partitioned table");
  refused(request("part"), "is a partition");
  script("CREATE TABLE heir () INHERITS (towns)");
  refused(request("towns"), "is a table with inheritance");
}

TEST_P(AdoptRefusal, Keys) {
  script("CREATE TABLE pairs (a INT NOT NULL, b INT NOT NULL, state TEXT, PRIMARY KEY (a, b))");
  refused(request("pairs"), "no primary key of one column");
  script("CREATE TABLE loose (id TEXT UNIQUE, state TEXT, other TEXT NOT NULL)");
  auto r = request("loose");
  r.key_given = true;
  r.queue.key = "id";
  refused(r, "the key \"id\" may be NULL");
  r.queue.key = "other";
  refused(r, "the key \"other\" is not unique");
  if (postgres()) {
    mend(r);
    adopted(r);
    return;
  }
  // The bug of SQLite that stays for ever: a PRIMARY KEY may be NULL. And a column holds anything.
  script("CREATE TABLE old (id TEXT PRIMARY KEY, state TEXT)");
  refused(request("old"), "may be NULL");
  script(
      "CREATE TABLE mixed (id TEXT PRIMARY KEY NOT NULL, state TEXT); INSERT INTO mixed VALUES (x'00', "
      "'Queued')");
  refused(request("mixed"), "1 keys are of the type blob");
}

TEST_P(AdoptRefusal, NullAndUnknownWords) {
  script("CREATE TABLE loose (id INTEGER PRIMARY KEY NOT NULL, state TEXT)");
  script("INSERT INTO loose VALUES (1, NULL), (2, 'Draft'), (3, 'Draft'), (4, 'Queued')");
  refused(request("loose"), "1 rows have no status (NULL) -> --backfill");
  refused(request("loose"), "none of the queue's words: 2 'Draft' -> --leave");
  auto r = request("loose");
  r.backfill = "Draft";
  refused(r, "--backfill must be one of the words");
  r = request("loose");
  r.leave = {"Queued"};
  refused(r, "one of the queue's words and cannot be left alone");
  EXPECT_EQ(count("loose WHERE state = 'Draft'"), 2);
}

TEST_P(AdoptRefusal, WordsThatTheColumnForbids) {
  script(
      "CREATE TABLE checked (id INTEGER PRIMARY KEY NOT NULL, state TEXT, CONSTRAINT words CHECK (state IN "
      "('Queued', 'Processing', 'Completed', 'Error')))");
  auto r = request("checked");
  r.queue.words.stopped = "Stopped";
  if (!postgres()) {
    for (const auto* rows : {"DELETE FROM checked", "INSERT INTO checked VALUES (1, 'Queued')"}) {
      script(rows);
      refused(r, "refuses the status 'Stopped'");
    }
    EXPECT_EQ(count("checked WHERE state = 'Queued'"), 1) << "what was tried is taken back";
    return;
  }
  refused(r, "the CHECK \"words\" refuses the status 'Stopped'");
  mend(r);
  adopted(r);
  script(
      "CREATE TYPE mood AS ENUM ('Queued', 'Processing', 'Completed', 'Error');"
      "CREATE TABLE moods (id int PRIMARY KEY, state mood); CREATE TABLE short (id int PRIMARY KEY, state "
      "varchar(9))");
  for (const auto* table : {"moods", "short"}) {
    r.queue.table = table;
    refused(r, "does not take the word");
    world().script(adopt(db(), r).problems[0].mend);
    adopted(r);
  }
}

TEST_P(AdoptRefusal, OnceNeedsItsWordsAndNobodysWorkInBetween) {
  places();
  auto r = once("towns");
  r.queue.words.unknown = "";
  refused(r, "-> --unknown");
  r = once("towns");
  r.queue.payload.clear();
  refused(r, "which columns decide what is sent");
  script("INSERT INTO towns (name, state) VALUES ('a', 'Processing')");
  refused(once("towns"), "may have been sent by somebody, and nobody knows: 1 'Processing'");
  r = request("towns");
  r.queue.words.failed = "Queued";
  refused(r, "need distinct words");
}

TEST_P(AdoptRefusal, ColumnsOfTheProtocolsNames) {
  script("CREATE TABLE taken (id INTEGER PRIMARY KEY NOT NULL, state TEXT, attempt TEXT, run_at TEXT)");
  auto r = request("taken");
  refused(r, "columns of the protocol's names already: \"run_at\", \"attempt\" -> --column-prefix");
  r.queue.column_prefix = "fp_";
  adopted(r);
  script("INSERT INTO taken (id, state, attempt, run_at) VALUES (1, 'Queued', 'theirs', 'theirs')");
}

TEST_P(AdoptRefusal, ASecondQueueOfOneTable) {
  places("shops");
  places("stores");
  adopted(request("shops"));
  auto r = request("shops");
  r.queue.name = "second";
  refused(r, "adopted already, as the queue 'shops'");
  r = request("stores");
  r.queue.name = "shops";
  refused(r, "the queue 'shops' is that of the table");
  r.queue.name = std::string(41, 'a');
  refused(r, "longer than 40");
}

TEST_P(AdoptRefusal, WhatOnlyPostgresHas) {
  places();
  if (!postgres()) {
    script("CREATE TABLE made (id INTEGER PRIMARY KEY, name TEXT, state TEXT AS (name))");
    refused(request("made"), "is generated");
    return;
  }
  script(
      "CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;"
      "CREATE TRIGGER zzzz BEFORE UPDATE ON towns FOR EACH ROW EXECUTE FUNCTION late()");
  refused(request("towns"), "the trigger \"zzzz\" fires after ours");
  script("DROP TRIGGER zzzz ON towns; CREATE RULE quiet AS ON DELETE TO towns DO INSTEAD NOTHING");
  refused(request("towns"), "rewrite rules");
  script("DROP RULE quiet ON towns");
  script("ALTER TABLE towns SET UNLOGGED");
  refused(once("towns"), "an unlogged table is empty after a crash");
  mend(once("towns"));
  script("CREATE ROLE adopt_stranger; GRANT ALL ON ALL TABLES IN SCHEMA public TO adopt_stranger");
  script("SET ROLE adopt_stranger");
  refused(request("towns"), "belongs to the role");
  script("RESET ROLE; DROP OWNED BY adopt_stranger; DROP ROLE adopt_stranger");
}

ON_BOTH_DATABASES(AdoptRefusal);

}  // namespace
}  // namespace fencepost::store::testing
