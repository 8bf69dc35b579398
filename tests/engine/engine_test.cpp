// The engine over both databases: claims, gates, sends, settles, stops and ends gracefully.

#include "engine/engine.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <set>

#include "base/random.hpp"
#include "engine/effect_work.hpp"
#include "engine/handler_work.hpp"
#include "store/migrate.hpp"
#include "store/sql.hpp"
#include "store/testing/fresh_database.hpp"

namespace fencepost::engine {
namespace {

using namespace std::chrono_literals;
using store::Claim;
using store::EffectResult;
using store::Verdict;

// Waits on what tests are about: events, never time.
class Signals {
 public:
  void add(const std::string& what) {
    const std::lock_guard lock(mutex_);
    seen_.push_back(what);
    changed_.notify_all();
  }
  // Whether `what` was added n times within a time that only a broken build needs.
  bool wait(const std::string& what, int n = 1) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 60s, [&] { return count(what) >= n; });
  }
  int seen(const std::string& what) {
    const std::lock_guard lock(mutex_);
    return count(what);
  }

 private:
  int count(const std::string& what) const {
    return static_cast<int>(std::count(seen_.begin(), seen_.end(), what));
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> seen_;
};

// A door that holds handlers until the test opens it.
class Door {
 public:
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void pass() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, 60s, [this] { return open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

class Platform : public EffectApp {
 public:
  Signals signals;
  std::function<EffectResult(const store::Effect&)> on_send = [](const auto&) {
    return EffectResult{Verdict::happened, "r1", "", "", {}};
  };
  std::function<EffectResult(const store::Reconcile&)> on_look = [](const auto&) {
    return EffectResult{Verdict::unknown, "", "", "cannot tell", {}};
  };
  std::function<std::optional<NotNow>()> on_prepare;
  std::function<bool(store::Connection&)> allowed;
  std::atomic<bool> refuses{false};

  std::variant<Rendered, NotNow> render(store::Connection&, const Claim& claim, const std::string&) override {
    signals.add("render " + claim.item);
    return Rendered{"{}", "test", 5s, allowed, {}};
  }
  std::optional<NotNow> prepare(const Claim& claim, const std::string&, Rendered&, base::BootTime,
                                std::stop_token) override {
    if (!on_prepare) return std::nullopt;
    signals.add("prepare " + claim.item);
    return on_prepare();
  }
  EffectResult send(const store::Effect& effect, const Rendered&, base::BootTime) override {
    signals.add("send " + effect.item);
    return on_send(effect);
  }
  EffectResult look(const store::Reconcile& reconcile, std::stop_token) override {
    signals.add("look " + reconcile.item);
    return on_look(reconcile);
  }
  bool refuses_second_arrival(const store::Effect&, base::Duration) override { return refuses; }
  void settled(store::Connection&, const store::Effect& effect, const EffectResult& result) override {
    constexpr const char* kVerdicts[] = {"happened", "did_not_happen", "unknown"};
    signals.add(std::string("settled ") + kVerdicts[static_cast<int>(result.verdict)] + " " + effect.item);
  }
};

core::Queue queue_of(core::Kind kind) {
  core::Queue queue;
  queue.name = kind == core::Kind::once ? "posts" : "jobs";
  queue.table = queue.name;
  queue.kind = kind;
  queue.payload = {"text"};
  queue.backoff = {std::chrono::milliseconds(10), std::chrono::milliseconds(50), 3};
  return queue;
}

class EngineTest : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    folder_ = store::testing::files_folder() / ("fencepost-engine-" + base::random_hex(6));
    std::filesystem::create_directories(folder_);
    std::string url = "sqlite:" + (folder_ / "test.db").string();
    const std::vector<store::Migration> known{std::begin(store::sql::migrations),
                                              std::end(store::sql::migrations)};
    if (std::string(GetParam()) == "postgres") {
      const char* server = std::getenv("FENCEPOST_TEST_POSTGRES");
      ASSERT_NE(server, nullptr) << "run this through scripts/test, which starts a PostgreSQL";
      name_ = "engine_" + base::random_hex(6);
      admin_ = store::Database::open(server);
      store::testing::make_database(server, name_, known);
      url = store::testing::with_database(server, name_);
    } else {
      store::testing::make_file(folder_ / "test.db", known);
    }
    database_ = store::Database::open(url, {.connections = 24});
    auto connection = database_->acquire();
    for (const auto kind : {core::Kind::once, core::Kind::repeatable}) {
      const bool postgres = database_->dialect() == store::Dialect::postgres;
      const auto queue = queue_of(kind);
      connection->script(
          "CREATE TABLE " + queue.table + " (id " +
          (postgres ? "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY"
                    : "INTEGER PRIMARY KEY AUTOINCREMENT") +
          ", text TEXT NOT NULL DEFAULT '', status TEXT NOT NULL DEFAULT 'queued',"
          " fence BIGINT NOT NULL DEFAULT 0, claim_id BIGINT, effect BIGINT, lease_until BIGINT,"
          " run_at BIGINT NOT NULL DEFAULT 0, attempt INTEGER NOT NULL DEFAULT 0,"
          " stop_wanted BOOLEAN NOT NULL DEFAULT FALSE, last_error TEXT, effect_key TEXT)");
      auto& fence = kind == core::Kind::once ? once_ : repeatable_;
      fence = std::make_unique<store::Fence>(queue, database_->dialect(), store::own_schema(*connection));
      fence->install(*connection);
      fence->check(*connection);
    }
  }
  void TearDown() override {
    engine_.reset();
    database_.reset();
    if (admin_) (*admin_->acquire()).script("DROP DATABASE " + name_ + " WITH (FORCE)");
    std::filesystem::remove_all(folder_);
  }

  void make_engine() {
    engine_ =
        std::make_unique<Engine>(*database_, base::system_clock(),
                                 EngineOptions{.sweep = 50ms, .state_folder = (folder_ / "state").string()});
  }
  void add(const std::string& table, int n = 1) {
    auto connection = database_->acquire();
    for (int i = 0; i < n; ++i)
      connection->run(store::Sql{"insert " + table, "INSERT INTO " + table + " (text) VALUES ('hello')"});
  }
  store::Snapshot read(const store::Fence& fence, const std::string& item) {
    auto connection = database_->acquire();
    return fence.read(*connection, item).value();
  }
  QueueRunner& start_once(Platform& platform, QueueOptions options = {}) {
    make_engine();
    work_ = std::make_unique<EffectWork>(engine_->context(), *once_, platform);
    options.poll = 20ms;
    auto& runner = engine_->add(*work_, options);
    engine_->start();
    return runner;
  }

  std::filesystem::path folder_;
  std::string name_;
  std::unique_ptr<store::Database> admin_, database_;
  std::unique_ptr<store::Fence> once_, repeatable_;
  std::unique_ptr<Work> work_;
  std::unique_ptr<Engine> engine_;
};

TEST_P(EngineTest, RunsEachRepeatableItemOnce) {
  make_engine();
  Signals signals;
  work_ = std::make_unique<HandlerWork>(engine_->context(), *repeatable_, [&](const Attempt& attempt) {
    signals.add("ran " + attempt.claim().item);
    return Outcome::done([&signals](store::Connection&) { signals.add("done"); });
  });
  engine_->add(*work_, {.concurrency = 4, .poll = 20ms});
  add("jobs", 50);
  engine_->start();
  ASSERT_TRUE(signals.wait("done", 50));
  engine_->stop(base::BootClock::now() + 10s);
  for (int i = 1; i <= 50; ++i) {
    EXPECT_EQ(signals.seen("ran " + std::to_string(i)), 1);
    EXPECT_EQ(read(*repeatable_, std::to_string(i)).state, core::State::done);
  }
}

TEST_P(EngineTest, RetriesWithBackOffAndThenFails) {
  make_engine();
  Signals signals;
  work_ = std::make_unique<HandlerWork>(engine_->context(), *repeatable_, [&](const Attempt&) -> Outcome {
    signals.add("ran");
    throw std::runtime_error("secret internal text");
  });
  engine_->add(*work_, {.concurrency = 1, .poll = 10ms});
  add("jobs");
  engine_->start();
  ASSERT_TRUE(signals.wait("ran", 4));  // the first attempt and three retries
  engine_->stop(base::BootClock::now() + 10s);
  const auto s = read(*repeatable_, "1");
  EXPECT_EQ(s.state, core::State::failed);
  EXPECT_EQ(s.attempt, 4);
  EXPECT_EQ(s.last_error, "internal error");
}

TEST_P(EngineTest, SendsAnEffectOnceAndKeepsItsOutcome) {
  Platform platform;
  add("posts");
  start_once(platform);
  ASSERT_TRUE(platform.signals.wait("settled happened 1"));
  engine_->stop(base::BootClock::now() + 10s);
  EXPECT_EQ(platform.signals.seen("send 1"), 1);
  const auto s = read(*once_, "1");
  EXPECT_EQ(s.state, core::State::done);
  EXPECT_EQ(s.outcome, core::EffectOutcome::done);
}

TEST_P(EngineTest, ACertainFailureIsRetriedWithTheSameKey) {
  Platform platform;
  std::set<std::string> keys;
  platform.on_send = [&, n = 0](const store::Effect& effect) mutable {
    keys.insert(effect.key);
    return ++n < 3 ? EffectResult{Verdict::did_not_happen, "", "", "429", base::Duration(0)}
                   : EffectResult{Verdict::happened, "r", "", "", {}};
  };
  add("posts");
  start_once(platform);
  ASSERT_TRUE(platform.signals.wait("settled happened 1"));
  EXPECT_EQ(platform.signals.seen("send 1"), 3);
  EXPECT_EQ(keys.size(), 1U);
}

// What comes before the gate: waiting costs nothing, a try that failed is an attempt, and they end.
TEST_P(EngineTest, WaitingBeforeTheGateCountsNothingAndTryingDoes) {
  Platform platform;
  platform.on_prepare = [n = 0]() mutable -> std::optional<NotNow> {
    return ++n <= 6 ? NotNow{"resting", base::Duration(0)} : NotNow{"not uploaded", base::Duration(0), true};
  };
  add("posts");
  start_once(platform, {.concurrency = 1});
  ASSERT_TRUE(platform.signals.wait("prepare 1", 10));  // six that wait, the first try and three retries
  engine_->stop(base::BootClock::now() + 10s);
  EXPECT_EQ(platform.signals.seen("prepare 1"), 10);
  EXPECT_EQ(platform.signals.seen("send 1"), 0);
  const auto s = read(*once_, "1");
  EXPECT_EQ(s.state, core::State::failed);
  EXPECT_EQ(s.attempt, 4);
  EXPECT_EQ(s.last_error, "not uploaded");
}

TEST_P(EngineTest, AnUnknownOutcomeIsAskedAboutAndNeverResent) {
  Platform platform;
  platform.on_send = [](const auto&) -> EffectResult { throw std::runtime_error("cut"); };
  add("posts");
  start_once(platform);
  ASSERT_TRUE(platform.signals.wait("look 1"));
  engine_->stop(base::BootClock::now() + 10s);
  EXPECT_EQ(platform.signals.seen("send 1"), 1);
  EXPECT_EQ(read(*once_, "1").state, core::State::unknown);
}

TEST_P(EngineTest, ReconcileFindsThePost) {
  Platform platform;
  platform.on_send = [](const auto&) { return EffectResult{Verdict::unknown, "", "", "time-out", {}}; };
  platform.on_look = [](const auto&) { return EffectResult{Verdict::happened, "found", "", "", {}}; };
  add("posts");
  start_once(platform);
  ASSERT_TRUE(platform.signals.wait("settled happened 1"));
  engine_->stop(base::BootClock::now() + 10s);
  EXPECT_EQ(platform.signals.seen("send 1"), 1);
  EXPECT_EQ(read(*once_, "1").state, core::State::done);
}

TEST_P(EngineTest, AParentThatForbidsRevokesAtTheGate) {
  Platform platform;
  std::atomic<int> asked{0};
  platform.allowed = [&](store::Connection&) {
    ++asked;
    platform.signals.add("forbidden");
    return false;
  };
  add("posts");
  start_once(platform);
  ASSERT_TRUE(platform.signals.wait("forbidden"));
  engine_->stop(base::BootClock::now() + 10s);
  EXPECT_EQ(platform.signals.seen("send 1"), 0);
  EXPECT_EQ(read(*once_, "1").state, core::State::queued);
}

TEST_P(EngineTest, AStopBeforeTheGateIsPreventedAndDuringTheSendIsInFlight) {
  Platform platform;
  Door door;
  platform.on_send = [&](const auto&) {
    door.pass();
    return EffectResult{Verdict::did_not_happen, "", "", "refused", base::Duration(0)};
  };
  add("posts", 2);
  auto connection = database_->acquire();
  EXPECT_EQ(once_->stop(*connection, "2", "test"), core::StopAnswer::prevented);
  start_once(platform);
  ASSERT_TRUE(platform.signals.wait("send 1"));
  EXPECT_EQ(once_->stop(*connection, "1", "test"), core::StopAnswer::in_flight);
  door.open();
  ASSERT_TRUE(platform.signals.wait("settled did_not_happen 1"));
  engine_->stop(base::BootClock::now() + 10s);
  EXPECT_EQ(read(*once_, "1").state, core::State::stopped);
  EXPECT_EQ(platform.signals.seen("send 1"), 1);
  EXPECT_EQ(platform.signals.seen("send 2"), 0);
}

TEST_P(EngineTest, AGracefulEndFinishesWhatRunsAndHandsBackTheRest) {
  Platform platform;
  Door door;
  platform.on_send = [&](const auto&) {
    door.pass();
    return EffectResult{Verdict::happened, "", "", "", {}};
  };
  add("posts", 3);
  auto& runner = start_once(platform, {.concurrency = 1});
  ASSERT_TRUE(platform.signals.wait("send 1"));
  auto connection = database_->acquire();
  const auto mine = once_->run_now(*connection, "2", "test", 60s, engine_->context().worker);
  ASSERT_EQ(mine.answer, core::RunNowAnswer::started);
  const auto waiting = runner.submit(*mine.claim);
  std::jthread ending([&] { engine_->stop(base::BootClock::now() + 30s); });
  waiting.wait();  // handed back at once, before the running one ends
  EXPECT_EQ(read(*once_, "2").state, core::State::queued);
  door.open();
  ending.join();
  EXPECT_EQ(read(*once_, "1").state, core::State::done);
  EXPECT_EQ(platform.signals.seen("send 2"), 0);
}

TEST_P(EngineTest, WhatAGoneProcessHeldGoesOnAtOnce) {
  Platform platform;
  add("posts");
  pid_t child = fork();
  if (child == 0) {
    // A process of its own: it claims and dies. Nothing of the parent's is used but the URL.
    execl("/proc/self/exe", "engine_test", "--claim-and-die", database_->label().c_str(), GetParam(),
          folder_.c_str(), name_.c_str(), nullptr);
    _exit(127);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status)) << "the helper did not claim";
  ASSERT_EQ(read(*once_, "1").state, core::State::claimed);
  start_once(platform);
  ASSERT_TRUE(platform.signals.wait("settled happened 1"));
  EXPECT_EQ(platform.signals.seen("send 1"), 1);
}

// A table may refuse a row (its owner's constraint): the rows and the queues behind it do not wait for that.
TEST_P(EngineTest, Rule09_ARowThatCannotBeRescuedStopsNoOther) {
  add("jobs", 3);
  add("posts");
  const auto worker = (std::int64_t{1} << 19);  // nobody's
  {
    auto connection = database_->acquire();
    ASSERT_EQ(repeatable_->claim(*connection, 3, 1us, worker).size(), 3U);
    ASSERT_EQ(once_->claim(*connection, 1, 1us, worker).size(), 1U);
    const bool postgres = database_->dialect() == store::Dialect::postgres;
    connection->script(
        postgres ? "ALTER TABLE jobs ADD CHECK (id <> 2 OR status = 'claimed')"
                 : "CREATE TRIGGER own_rule BEFORE UPDATE ON jobs WHEN NEW.id = 2 AND NEW.status <> "
                   "'claimed' BEGIN SELECT RAISE(ABORT, 'not so'); END");
  }
  Platform platform;
  Signals done;
  make_engine();
  HandlerWork jobs(engine_->context(), *repeatable_, [&](const Attempt& attempt) {
    done.add(attempt.claim().item);
    return Outcome::done();
  });
  work_ = std::make_unique<EffectWork>(engine_->context(), *once_, platform);
  const QueueOptions options{.lease = 1s, .poll = 20ms};
  engine_->add(jobs, options);
  engine_->add(*work_, options);
  engine_->start();
  EXPECT_TRUE(done.wait("1"));
  EXPECT_TRUE(done.wait("3"));
  EXPECT_TRUE(platform.signals.wait("settled happened 1"));
  engine_->stop(base::BootClock::now() + 10s);
  EXPECT_EQ(done.seen("2"), 0);
  engine_.reset();  // before its work
}

// The same of a claim: one at work of each text, as the table's owner wants it.
TEST_P(EngineTest, Rule14_ARowThatCannotBeClaimedStopsNoOther) {
  add("jobs", 4);
  {
    auto connection = database_->acquire();
    connection->script(
        "UPDATE jobs SET text = 'other' WHERE id > 2;"
        "CREATE UNIQUE INDEX one_at_work ON jobs (text) WHERE status = 'claimed'");
  }
  Signals done;
  make_engine();
  work_ = std::make_unique<HandlerWork>(engine_->context(), *repeatable_, [&](const Attempt& attempt) {
    done.add(attempt.claim().item);
    return Outcome::done();
  });
  engine_->add(*work_, {.poll = 20ms});
  engine_->start();
  for (const auto* item : {"1", "2", "3", "4"}) EXPECT_TRUE(done.wait(item)) << item;
  engine_->stop(base::BootClock::now() + 10s);
}

TEST_P(EngineTest, Rule01_NothingIsHeldWhileASendRuns) {
  Platform platform;
  Door door;
  platform.on_send = [&](const auto&) {
    door.pass();
    return EffectResult{Verdict::happened, "", "", "", {}};
  };
  add("posts", 2);
  start_once(platform, {.concurrency = 1});
  ASSERT_TRUE(platform.signals.wait("send 1"));
  // Whoever wants the row, or the whole file, gets it at once.
  auto connection = database_->acquire();
  EXPECT_EQ(once_->stop(*connection, "1", "test"), core::StopAnswer::in_flight);
  if (database_->dialect() == store::Dialect::postgres) {
    const auto open = connection->run(
        store::Sql{"transactions",
                   "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE "
                   "'idle in transaction%' AND xact_start < clock_timestamp() - interval '1 second'"});
    EXPECT_EQ(open[0][0].integer(), 0);
  }
  door.open();
  ASSERT_TRUE(platform.signals.wait("settled happened 1"));
}

TEST_P(EngineTest, Rule16_TheRunnerAloneClassifiesWhatItDoesNotKnow) {
  Platform platform;
  // An application that throws after the gate has said nothing certain; the runner never takes it for a
  // failure.
  platform.on_send = [](const auto&) -> EffectResult { throw base::UserError("rejected", "no"); };
  add("posts");
  start_once(platform);
  ASSERT_TRUE(platform.signals.wait("settled unknown 1"));
  engine_->stop(base::BootClock::now() + 10s);
  EXPECT_EQ(platform.signals.seen("render 1"), 1);
  EXPECT_EQ(platform.signals.seen("send 1"), 1);
  EXPECT_EQ(read(*once_, "1").state, core::State::unknown);
}

INSTANTIATE_TEST_SUITE_P(Both, EngineTest, ::testing::Values("sqlite", "postgres"),
                         [](const auto& database) { return database.param; });

// The child of WhatAGoneProcessHeldGoesOnAtOnce: registers as a worker, claims, and is killed.
void claim_and_die(char** argv) {
  const std::string kind = argv[3], folder = argv[4], name = argv[5];
  const std::string server = kind == "postgres" ? std::getenv("FENCEPOST_TEST_POSTGRES") : "";
  const auto url = kind == "sqlite" ? std::string(argv[2]) : server.substr(0, server.rfind('/') + 1) + name;
  auto database = store::Database::open(url);
  store::WorkerRegistration registration(*database, folder + "/state");
  auto connection = database->acquire();
  const store::Fence fence(queue_of(core::Kind::once), database->dialect(), store::own_schema(*connection));
  if (fence.claim(*connection, 1, 60s, registration.number()).size() == 1) kill(getpid(), SIGKILL);
}

}  // namespace
}  // namespace fencepost::engine

int main(int argc, char** argv) {
  if (argc > 1 && std::string(argv[1]) == "--claim-and-die") {
    fencepost::engine::claim_and_die(argv);
    return 1;
  }
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
