// Is it the database that was known (rule 13)?
#include "store/identity.hpp"

#include <atomic>
#include <latch>
#include <thread>

#include "base/random.hpp"
#include "both_databases.hpp"

namespace fencepost::store::testing {
namespace {

using Answer = IdentityCheck::Answer;

class IdentityTest : public BothDatabases {
 protected:
  IdentityTest() : world_(GetParam(), core::Kind::once) {}

  std::span<const Fence> queues() { return {&world_.fence(), 1}; }
  IdentityCheck check(std::int64_t seen = 0, bool memory = false) {
    return check_identity(world_.a(), queues(), seen, memory);
  }
  void set_epoch(std::int64_t epoch) { world_.run("UPDATE fencepost_epoch SET epoch = ?1", {epoch}); }
  void another_identity() { world_.run("UPDATE fencepost_epoch SET identity = 'another/00000009'"); }
  bool paused() { return world_.run("SELECT paused FROM fencepost_queues WHERE name = {q}")[0][0].boolean(); }
  std::string word(const std::string& item) {
    return world_.run("SELECT {status} FROM {table} WHERE {key} = ?1", {std::stoi(item)})[0][0].text();
  }
  // Item 1 is due, item 2 is not.
  void add_items() {
    world_.add("1");
    world_.add("2");
    world_.run("UPDATE {table} SET {run_at} = fencepost_now() + 3600000000 WHERE {key} = 2");
  }
  void expect_paused_once() {
    EXPECT_TRUE(paused());
    EXPECT_EQ(word("1"), "unknown");
    EXPECT_EQ(word("2"), "queued");
    EXPECT_EQ(world_.run("SELECT count(*) FROM fencepost_events WHERE kind = 'queue_paused'")[0][0].integer(),
              1);
    EXPECT_EQ(world_.run("SELECT count(*) FROM fencepost_effects")[0][0].integer(), 1);
    EXPECT_TRUE(world_.fence().claim(world_.b(), 10, std::chrono::seconds(60), 1).empty());
  }

  World world_;
};

TEST_P(IdentityTest, Rule13_TheFirstStartStoresTheIdentity) {
  add_items();
  const auto first = check();
  EXPECT_EQ(first.answer, Answer::first_start);
  EXPECT_FALSE(first.identity.empty());
  EXPECT_EQ(check().answer, Answer::same);
  EXPECT_EQ(check(0, true).answer, Answer::same);
  EXPECT_FALSE(paused());
  EXPECT_EQ(word("1"), "queued");
}

TEST_P(IdentityTest, Rule13_AnotherIdentityGoesOnWhereNothingThatIsRememberedIsMissing) {
  add_items();
  check();
  set_epoch(12);
  another_identity();
  const auto moved = check(12, true);
  EXPECT_EQ(moved.answer, Answer::moved_on);
  EXPECT_EQ(moved.epoch, 12);
  EXPECT_FALSE(paused());
  EXPECT_EQ(check().answer, Answer::same);
}

TEST_P(IdentityTest, Rule13_AnotherIdentityWithoutAMemoryPauses) {
  add_items();
  check();
  another_identity();
  const auto found = check();
  EXPECT_EQ(found.answer, Answer::paused);
  EXPECT_EQ(found.marked, 1);
  EXPECT_NE(found.reason.find("another/00000009"), std::string::npos) << found.reason;
  expect_paused_once();
  EXPECT_EQ(check().answer, Answer::same) << "another process: it is done";
  expect_paused_once();
}

TEST_P(IdentityTest, Rule13_AnEpochBehindTheMemoryPauses) {
  add_items();
  check();
  set_epoch(11);
  another_identity();
  EXPECT_EQ(check(12, true).answer, Answer::paused);
  expect_paused_once();
  EXPECT_EQ(check(12, true).answer, Answer::same) << "the same memory has said it already";
  EXPECT_EQ(check(7, true).answer, Answer::same);
  expect_paused_once();
}

TEST_P(IdentityTest, Rule13_AnEpochBehindPausesAlsoUnderTheSameIdentity) {
  add_items();
  check();
  set_epoch(11);
  EXPECT_EQ(check(12, true).answer, Answer::paused);
  expect_paused_once();
}

TEST_P(IdentityTest, Rule13_AQueueThatTheFirstProgramDoesNotKnowIsPausedByTheOneThatDoes) {
  add_items();
  check();
  mark_restored(world_.b());
  EXPECT_EQ(check_identity(world_.b(), {}, 0, false).answer, Answer::paused);
  EXPECT_FALSE(paused()) << "the first program does not know its words";
  EXPECT_EQ(word("1"), "queued");
  EXPECT_EQ(check_identity(world_.b(), {}, 0, false).answer, Answer::same);
  const auto found = check();
  EXPECT_EQ(found.answer, Answer::paused);
  EXPECT_EQ(found.marked, 1);
  expect_paused_once();
  EXPECT_EQ(resume(world_.a(), queues(), "ann"), 1) << "its reason is one of ours";
  EXPECT_EQ(check().answer, Answer::same);
  EXPECT_FALSE(paused());
}

TEST_P(IdentityTest, Rule13_ARestoredDatabasePausesWhateverIsRemembered) {
  add_items();
  check();
  set_epoch(12);
  mark_restored(world_.b());
  EXPECT_EQ(check(12, true).answer, Answer::paused);
  expect_paused_once();
  EXPECT_EQ(check(12, true).answer, Answer::same);
}

TEST_P(IdentityTest, Rule13_APersonResumesAndWhatWasDueStaysUnknown) {
  add_items();
  check();
  mark_restored(world_.b());
  check();
  EXPECT_EQ(resume(world_.a(), queues(), "ann"), 1);
  EXPECT_FALSE(paused());
  EXPECT_EQ(word("1"), "unknown");
  world_.add("3");
  EXPECT_EQ(world_.fence().claim(world_.b(), 10, std::chrono::seconds(60), 1).size(), 1U);
  EXPECT_EQ(resume(world_.a(), queues(), "ann"), 0);
  const auto event = world_.run("SELECT actor FROM fencepost_events WHERE kind = 'queue_resumed'");
  ASSERT_EQ(event.size(), 1U);
  EXPECT_EQ(event[0][0].text(), "ann");
}

TEST_P(IdentityTest, Rule13_AQueueThatAPersonHasPausedStaysPaused) {
  add_items();
  check();
  world_.fence().pause(world_.a(), true, "maintenance");
  mark_restored(world_.b());
  EXPECT_EQ(check().marked, 1);
  EXPECT_EQ(resume(world_.a(), queues(), "ann"), 0);
  EXPECT_TRUE(paused());
}

TEST_P(IdentityTest, Rule13_RepeatableQueuesGoOn) {
  World repeatable(GetParam(), core::Kind::repeatable);
  const std::span<const Fence> all(&repeatable.fence(), 1);
  repeatable.add();
  check_identity(repeatable.a(), all, 0, false);
  mark_restored(repeatable.a());
  EXPECT_EQ(check_identity(repeatable.a(), all, 0, false).answer, Answer::paused);
  EXPECT_EQ(repeatable.fence().claim(repeatable.a(), 1, std::chrono::seconds(60), 1).size(), 1U);
}

TEST_P(IdentityTest, Rule13_SeveralProcessesPauseOnce) {
  add_items();
  check();
  set_epoch(3);
  mark_restored(world_.b());
  std::latch start(8);
  std::atomic<int> answered = 0;
  {
    std::vector<std::jthread> processes;
    for (int n = 0; n < 8; ++n)
      processes.emplace_back([&, n] {
        auto connection = world_.database().acquire();
        start.arrive_and_wait();
        answered += check_identity(*connection, queues(), n % 4, n % 2 == 0).answer == Answer::paused;
      });
  }
  EXPECT_EQ(answered, 1);
  expect_paused_once();
}

// A gate that is under way holds its queue; the check must let it finish, or it would pause behind its back.
TEST_P(IdentityTest, Rule13_TheCheckWaitsForGates) {
  world_.add("1");
  check();
  mark_restored(world_.b());
  const auto claims = world_.fence().claim(world_.b(), 1, std::chrono::seconds(60), 1);
  world_.b().begin();
  const EffectRequest request{"key", "{}", "nowhere", std::chrono::seconds(5), std::chrono::seconds(60)};
  ASSERT_TRUE(world_.fence().begin_effect(world_.b(), claims.at(0), request));
  const int pid = postgres() ? backend_pid(world_.a()) : 0;
  std::atomic<bool> finished = false;
  IdentityCheck found;
  std::jthread other([&] {
    found = check();
    finished = true;
  });
  if (postgres()) {
    EXPECT_TRUE(waits_for_lock(world_, pid, [&] { return finished.load(); }));
  }
  world_.b().commit();
  other.join();
  EXPECT_EQ(found.answer, Answer::paused);
  EXPECT_EQ(found.marked, 0) << "its effect is known to have begun";
  EXPECT_EQ(word("1"), "sending");
}

class PostgresIdentityTest : public ::testing::Test {
 protected:
  PostgresIdentityTest() : world_(Dialect::postgres, core::Kind::once), role_("t_" + base::random_hex(6)) {
    world_.onlooker().script("CREATE ROLE " + role_ +
                             " LOGIN PASSWORD 'plain'; GRANT ALL ON ALL TABLES IN SCHEMA public TO " + role_ +
                             "; GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO " + role_);
    const auto& url = world_.url();
    plain_ = Database::open("postgresql://" + role_ + ":plain" + url.substr(url.rfind('@')));
  }
  ~PostgresIdentityTest() override {
    plain_.reset();
    world_.onlooker().script("DROP OWNED BY " + role_ + "; DROP ROLE " + role_);
  }
  IdentityCheck check() {
    auto connection = plain_->acquire();
    return check_identity(*connection, {&world_.fence(), 1}, 0, false);
  }

  World world_;
  const std::string role_;
  std::unique_ptr<Database> plain_;
};

TEST_F(PostgresIdentityTest, Rule13_APlainRoleMaySeeTheIdentity) {
  const auto number = world_.run("SELECT system_identifier::text FROM pg_control_system()")[0][0].text();
  EXPECT_EQ(check().identity, number + "/00000001");
}

TEST_F(PostgresIdentityTest, Rule13_WhereItIsForbiddenTheDatabasesOidTakesItsPlace) {
  world_.onlooker().script("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC");
  const auto first = check();
  EXPECT_EQ(first.answer, Answer::first_start);
  const auto oid =
      world_.run("SELECT oid::text FROM pg_database WHERE datname = current_database()")[0][0].text();
  EXPECT_EQ(first.identity, "oid " + oid + "/00000001");
  EXPECT_EQ(check().answer, Answer::same);
}

ON_BOTH_DATABASES(IdentityTest);

}  // namespace
}  // namespace fencepost::store::testing
