// Adoption of tables as they are found: keys, words, names, and what it leaves behind.

#include "adopting.hpp"
#include "store/row_reader.hpp"

namespace fencepost::store::testing {
namespace {

class Adopt : public Adopting {};

TEST_P(Adopt, KeysOfEachType) {
  struct {
    const char *table, *sqlite, *postgres;
    core::KeyType type;
  } tables[] = {
      {"t_big", "id INTEGER PRIMARY KEY AUTOINCREMENT", "id bigint PRIMARY KEY", core::KeyType::bigint},
      {"t_int", "id INT PRIMARY KEY NOT NULL", "id integer PRIMARY KEY", core::KeyType::bigint},
      {"t_text", "id TEXT PRIMARY KEY NOT NULL", "id varchar(40) PRIMARY KEY", core::KeyType::text},
      {"t_uuid", "id UUID NOT NULL UNIQUE", "id uuid NOT NULL UNIQUE",
       postgres() ? core::KeyType::uuid : core::KeyType::text},
      {"t_rowid", "id TEXT PRIMARY KEY NOT NULL, n INT) WITHOUT ROWID; CREATE TABLE unused (x INT",
       "id text PRIMARY KEY", core::KeyType::text},
  };
  for (const auto& t : tables) {
    const std::string table = t.table;
    const bool number = t.type == core::KeyType::bigint;
    const std::string key = number ? "'17'" : "'0f8fad5b-d9cb-469f-a165-70867728950e'";
    if (table == "t_rowid")
      script("CREATE TABLE t_rowid (id TEXT PRIMARY KEY NOT NULL, state TEXT) WITHOUT ROWID",
             "CREATE TABLE t_rowid (id text PRIMARY KEY, state text)");
    else
      script("CREATE TABLE " + table + " (" + t.sqlite + ", state TEXT)",
             "CREATE TABLE " + table + " (" + t.postgres + ", state text)");
    script("INSERT INTO " + table + " (id, state) VALUES (" + (number && !postgres() ? "17" : key) +
           ", 'Queued')");
    auto r = request(table);
    if (table == "t_uuid") {
      r.key_given = true;
      r.queue.key = "id";
    }
    const auto plan = adopted(r);
    EXPECT_EQ(plan.descriptor.queue.key_type, t.type) << table;
    EXPECT_EQ(worked(plan), "Completed") << table;
  }
}

TEST_P(Adopt, EnumAndCheckAndShortTexts) {
  script(
      "CREATE TABLE moods (id INTEGER PRIMARY KEY AUTOINCREMENT, state TEXT NOT NULL CHECK (state IN "
      "('Queued', 'Processing', 'Completed', 'Error')))",
      "CREATE TYPE mood AS ENUM ('Queued', 'Processing', 'Completed', 'Error');"
      "CREATE TABLE moods (id bigserial PRIMARY KEY, state mood NOT NULL)");
  script(
      "CREATE TABLE checked (id INTEGER PRIMARY KEY, state VARCHAR(20), CONSTRAINT words CHECK (state IN "
      "('Queued', 'Processing', 'Completed', 'Error')))",
      "CREATE TABLE checked (id int PRIMARY KEY, state varchar(20), CONSTRAINT words CHECK (state IN "
      "('Queued', 'Processing', 'Completed', 'Error')))");
  script("INSERT INTO moods (state) VALUES ('Queued'); INSERT INTO checked (id, state) VALUES (1, 'Queued')");
  // Of a repeatable queue no other word is ever written.
  EXPECT_EQ(worked(adopted(request("moods"))), "Completed");
  const auto plan = adopted(request("checked"));
  EXPECT_EQ(worked(plan), "Completed");
  // A lapsed lease, a retry and a stop stay within the words, too.
  script("UPDATE moods SET state = 'Processing', lease_until = 1; UPDATE checked SET state = 'Queued'");
  const auto moods = fence_of(adopt(db(), request("moods")));
  const auto lapsed = moods.lapsed(db(), 1).at(0);
  EXPECT_EQ(moods.rescue(db(), lapsed, false, 0.5), core::State::queued);
  EXPECT_EQ(moods.stop(db(), "1", "person"), core::StopAnswer::prevented);
  EXPECT_EQ(moods.read(db(), "1")->word, "Error");
}

TEST_P(Adopt, NamesAsTheyAre) {
  script(
      "CREATE TABLE \"Od\"\"d Table\" (\"Place Id\" TEXT PRIMARY KEY NOT NULL, \"State\" TEXT, \"select\" "
      "TEXT)");
  script("INSERT INTO \"Od\"\"d Table\" VALUES ('it''s', 'Queued', 'x')");
  auto r = request("Od\"d Table");
  r.queue.status = "State";
  r.queue.payload = {"select"};
  r.queue.name = "odd";
  const auto plan = adopted(r);
  EXPECT_EQ(plan.descriptor.queue.key, "Place Id");
  EXPECT_EQ(worked(plan), "Completed");
  EXPECT_EQ(descriptor_of(stored_descriptor(db(), "odd").value()).queue.table,
            postgres() ? "public.Od\"d Table" : "Od\"d Table");
}

TEST_P(Adopt, SchemaQualifiedOrOfAnotherCase) {
  if (postgres()) {
    world().script(
        "CREATE SCHEMA crm; CREATE TYPE crm.\"Mood\" AS ENUM ('Queued', 'Processing', 'Completed', 'Error');"
        "CREATE TABLE crm.towns (id bigserial PRIMARY KEY, state crm.\"Mood\");"
        "INSERT INTO crm.towns (state) VALUES ('Queued')");
    const auto plan = adopted(request("crm.towns"));
    EXPECT_EQ(plan.descriptor.queue.status_type, "crm.\"Mood\"");
    EXPECT_EQ(worked(plan), "Completed");
    refused(request("crm.Towns"), "--table crm.towns");
    return;
  }
  places("Shops");
  world().script("INSERT INTO shops (state) VALUES ('Queued')");
  auto r = request("SHOPS");
  r.queue.status = "STATE";
  const auto plan = adopted(r);
  EXPECT_EQ(plan.descriptor.queue.table, "Shops");
  EXPECT_EQ(plan.descriptor.queue.status, "state");
  EXPECT_EQ(worked(plan), "Completed");
}

TEST_P(Adopt, BackfillAndWordsLeftAlone) {
  places();
  script("INSERT INTO towns (name, state) VALUES ('a', 'Draft'), ('b', 'Nonsense'), ('c', 'Queued')");
  auto r = request("towns");
  r.leave = {"Draft"};
  r.backfill = "Error";
  const auto plan = adopted(r);
  EXPECT_EQ(plan.backfilled, 1);
  EXPECT_EQ(count("towns WHERE state = 'Draft'"), 1);
  EXPECT_EQ(count("towns WHERE state = 'Error'"), 1);
  EXPECT_EQ(count("fencepost_events"), 0) << "the table's history begins afterwards";
}

TEST_P(Adopt, TwiceIsNothingAndOtherFlagsInstallAnew) {
  places();
  adopted(request("towns"));
  EXPECT_TRUE(adopted(request("towns")).nothing_to_do);
  auto r = request("towns");
  r.queue.words.stopped = "Cancelled";
  r.queue.payload = {"name"};
  const auto again = adopted(r);
  EXPECT_FALSE(again.nothing_to_do);
  EXPECT_TRUE(again.before);
  script("INSERT INTO towns (name) VALUES ('a'); UPDATE towns SET name = 'b'");
  EXPECT_EQ(count("towns WHERE fence = 1"), 1) << "the trigger knows the payload";
}

TEST_P(Adopt, NoOtherFlagsWhileItemsAreWorked) {
  places();
  const auto plan = adopted(request("towns"));
  script("INSERT INTO towns (name) VALUES ('a')");
  const auto claim = fence_of(plan).claim(db(), 1, std::chrono::hours(1), 7).at(0);
  auto r = request("towns");
  r.queue.words.claimed = "Working";
  r.leave = {"Processing"};
  refused(r, "while items are being worked: 1 Processing");
  ASSERT_EQ(fence_of(plan).settle(db(), {Settlement::done(claim)})[0], SettleAnswer::settled);
  adopted(r);
}

TEST_P(Adopt, ADryRunChangesNothing) {
  places();
  script("INSERT INTO towns (name, state) VALUES ('a', 'Queued'), ('b', 'Nonsense')");
  auto r = request("towns");
  r.backfill = "Error";
  const auto plan = plan_adoption(db(), r);
  EXPECT_EQ(problems(plan), "");
  EXPECT_EQ(plan.rows, 2);
  EXPECT_GT(plan.statements.size(), 9U);
  EXPECT_EQ(count("towns WHERE state = 'Nonsense'"), 1);
  EXPECT_EQ(count("fencepost_queues WHERE name = 'towns'"), 0);
  EXPECT_EQ(survey(db(), "towns")->columns.size(), 3U);
}

TEST_P(Adopt, WhatADryRunPrintsCanBeRun) {
  places();
  script("INSERT INTO towns (name, state) VALUES ('a', 'Queued'), ('b', 'Nonsense'), ('c', 'It''s $1 ?1')");
  auto r = request("towns");
  r.backfill = "Error";
  r.leave = {"It's $1 ?1"};
  std::string all;
  for (const auto& statement : plan_adoption(db(), r).statements) all += statement + ";\n";
  script(all);
  EXPECT_EQ(count("towns WHERE state = 'Error'"), 1);
  EXPECT_EQ(count("towns WHERE state = 'It''s $1 ?1'"), 1);
}

TEST_P(Adopt, ClaimedRowsOfAnotherWorkerGetALease) {
  places("jobs_of_old");
  script("INSERT INTO jobs_of_old (name, state) VALUES ('a', 'Processing')");
  const auto plan = adopted(request("jobs_of_old"));
  EXPECT_EQ(plan.warnings.size(), 1U);
  const auto row = fence_of(plan).read(db(), "1").value();
  EXPECT_GT(row.lease_until.value(), row.now);
}

TEST_P(Adopt, OthersTriggersGoOn) {
  places("shops");
  script(
      "CREATE TRIGGER touch AFTER UPDATE OF state ON shops WHEN NEW.name IS NOT 'touched' BEGIN UPDATE shops "
      "SET "
      "name = 'touched' WHERE id = NEW.id; END",
      "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.name := 'touched'; RETURN "
      "NEW; "
      "END $$; CREATE TRIGGER touch BEFORE UPDATE ON shops FOR EACH ROW EXECUTE FUNCTION touch()");
  script("INSERT INTO shops (name) VALUES ('a')");
  EXPECT_EQ(worked(adopted(request("shops"))), "Completed");
  EXPECT_EQ(count("shops WHERE name = 'touched'"), 1);
}

TEST_P(Adopt, IndexesConcurrentlyWhereThereIsSuchAThing) {
  places("shops");
  script("INSERT INTO shops (name) VALUES ('a')");
  auto r = request("shops");
  r.concurrently = true;
  const auto plan = adopted(r);
  EXPECT_EQ(!plan.concurrently.empty(), postgres());
  EXPECT_EQ(worked(plan), "Completed");
  EXPECT_TRUE(adopted(r).nothing_to_do);
}

TEST_P(Adopt, WhatAClaimedRowIsAsJson) {
  places("shops");
  script("INSERT INTO shops (name) VALUES ('it''s \"1\"')");
  const auto plan = adopted(once("shops"));
  const auto fence = fence_of(plan);
  const RowReader reader(db(), fence);
  const auto claim = fence.claim(db(), 1, std::chrono::hours(1), 7).at(0);
  EXPECT_EQ(reader.read(db(), claim), R"({"id":1,"name":"it's \"1\"","state":"Processing"})");
  EXPECT_EQ(claim_json(fence.queue(), claim), R"({"id":1,"name":"it's \"1\""})");
  EXPECT_TRUE(remaining(db(), fence));
  script("UPDATE shops SET name = 'another'");
  EXPECT_EQ(reader.read(db(), claim), std::nullopt) << "it is not what was claimed";
}

TEST_P(Adopt, ADescriptorIsTheSameAfterItsText) {
  Descriptor d{queue_of(core::Kind::repeatable), {"Draft", "Ältere"}};
  d.queue.kind = core::Kind::once;
  d.queue.backoff.retries = 2;
  EXPECT_EQ(to_text(descriptor_of(to_text(d))), to_text(d));
  EXPECT_THROW(descriptor_of("{}"), base::UserError);
}

ON_BOTH_DATABASES(Adopt);

}  // namespace
}  // namespace fencepost::store::testing
