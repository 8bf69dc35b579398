// How attempts end is counted where it is known, and written by whoever sweeps, at the latest at a graceful
// end.

#include "engine/throughput.hpp"

#include <gtest/gtest.h>
#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <mutex>
#include <utility>

#include "base/random.hpp"
#include "base/testpoint.hpp"
#include "both_databases.hpp"
#include "engine/effect_work.hpp"
#include "engine/engine.hpp"
#include "engine/handler_work.hpp"
#include "store/testing/forwarding.hpp"

namespace fencepost::engine {
namespace {

using namespace std::chrono_literals;
using store::Ended;
using store::Ending;
using store::testing::BothDatabases;
using store::testing::World;

constexpr auto kNever = std::chrono::hours(1);  // of sweeps: but for the one at the start

// Answers by the item's name; of look(), what was found.
class Answers final : public EffectApp {
 public:
  explicit Answers(bool writes) : writes_(writes) {}
  std::variant<Rendered, NotNow> render(store::Connection&, const store::Claim& claim,
                                        const std::string&) override {
    if (claim.item == "5") return NotNow{"never", {}};
    return Rendered{"hello", "test", 30s, {}, {}};
  }
  store::EffectResult send(const store::Effect& effect, const Rendered&, base::BootTime) override {
    auto result = answer_to(effect);
    if (meanwhile) meanwhile(effect, result);
    return result;
  }
  static store::EffectResult answer_to(const store::Effect& effect) {
    using store::Verdict;
    if (effect.item == "2") return {Verdict::did_not_happen, "", "", "no", {}};
    if (effect.item == "3") return {Verdict::did_not_happen, "", "", "later", base::Duration(kNever)};
    if (effect.item == "4") return {Verdict::unknown, "", "", "cut", {}};
    return {Verdict::happened, "r", "", "", {}};
  }
  store::EffectResult look(const store::Reconcile&, std::stop_token) override {
    return {store::Verdict::happened, "r", "", "", {}};
  }
  bool refuses_second_arrival(const store::Effect&, base::Duration) override { return false; }
  void settled(store::Connection&, const store::Effect&, const store::EffectResult&) override {}
  bool writes_its_own() const override { return writes_; }

  // Before it answers.
  std::function<void(const store::Effect&, const store::EffectResult&)> meanwhile;

 private:
  const bool writes_;
};

class CountedEngines : public BothDatabases {
 public:
  ~CountedEngines() override { std::filesystem::remove_all(folder_); }

  void make(core::Kind kind) {
    world_ = std::make_unique<World>(GetParam(), kind, store::testing::patient(24));
    std::filesystem::create_directories(folder_);
  }
  EngineOptions options(base::Duration sweep = kNever) const {
    return {.sweep = sweep, .state_folder = folder_.string()};
  }
  bool becomes(const std::string& item, core::State wanted) {
    const auto until = base::system_clock().boot() + 60s;
    while (world_->fence().read(world_->onlooker(), item).value().state != wanted)
      if (base::system_clock().boot() > until) return false;
    return true;
  }
  bool was_tried(const std::string& item) {
    const auto until = base::system_clock().boot() + 60s;
    for (;;) {
      const auto seen = world_->fence().read(world_->onlooker(), item).value();
      if (seen.state == core::State::queued && seen.attempt == 1) return true;
      if (base::system_clock().boot() > until) return false;
    }
  }
  Ended written() {
    Ended sum;
    for (auto& row :
         store::throughput(world_->onlooker(), world_->queue().name, 0, std::int64_t{1} << 60, 1min))
      for (const auto how : {Ending::done, Ending::failed, Ending::retried, Ending::unknown})
        sum[how] += row.ended[how];
    return sum;
  }
  // What /metrics says of the same.
  std::int64_t shown(Engine& engine, Ending how) const {
    const auto text = engine.metrics().text();
    const auto line = "fencepost_attempts_total{outcome=\"" + std::string(name(how)) + "\",queue=\"" +
                      world_->queue().name + "\"} ";
    const auto at = text.find(line);
    return at == std::string::npos ? 0 : std::stoll(text.substr(at + line.size()));
  }
  void expect_written(Engine& engine, const Ended& expected) {
    auto sum = written();
    EXPECT_EQ(sum, expected) << sum.done << " " << sum.failed << " " << sum.retried << " " << sum.unknown;
    for (const auto how : {Ending::done, Ending::failed, Ending::retried, Ending::unknown})
      EXPECT_EQ(shown(engine, how), sum[how]) << name(how);
  }

  std::unique_ptr<World> world_;
  const std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("fencepost-throughput-" + base::random_hex(6));
};

// Results with writes of their own and without, in batches of 1 and of 20, and one whose own writes are
// refused.
TEST_P(CountedEngines, EachEndOfAnAttemptIsCountedAndWrittenAtTheEnd) {
  make(core::Kind::repeatable);
  for (const auto* item : {"done", "own", "own too", "failed", "retried", "snoozed"}) world_->add(item);
  std::atomic<bool> snoozed = false;
  Engine engine(world_->database(), base::system_clock(), options());
  HandlerWork work(
      engine.context(), world_->fence(),
      [&](const std::vector<Attempt>& attempts) {
        std::vector<Outcome> outcomes;
        for (const auto& attempt : attempts) {
          const auto& item = attempt.claim().item;
          if (item == "snoozed") snoozed = true;
          outcomes.push_back(item == "failed"    ? Outcome::failed("no")
                             : item == "retried" ? Outcome::retry("later", kNever)
                             : item == "snoozed" ? Outcome::snooze(kNever)
                             : item == "done"    ? Outcome::done()
                                                 : Outcome::done([item](store::Connection&) {
                                                  if (item == "refused")
                                                    throw base::UserError("refused", "no");
                                                }));
        }
        return outcomes;
      },
      20);
  engine.add(work, {.concurrency = 1, .poll = 20ms});
  engine.start();
  for (const auto* item : {"done", "own", "own too"}) ASSERT_TRUE(becomes(item, core::State::done)) << item;
  ASSERT_TRUE(becomes("failed", core::State::failed));
  ASSERT_TRUE(was_tried("retried"));
  world_->add("refused");
  ASSERT_TRUE(was_tried("refused"));
  EXPECT_TRUE(snoozed);
  engine.stop(base::system_clock().boot() + 30s);
  expect_written(engine, {.done = 3, .failed = 1, .retried = 2, .unknown = 0});
}

// A group's results, and those that are settled one by one; what was never sent; an unknown one that is found
// later.
TEST_P(CountedEngines, EffectsAreCountedAsWhatIsKnownOfThem) {
  for (const bool writes : {false, true}) {
    make(core::Kind::once);
    for (const auto* item : {"1", "2", "3", "4", "5"}) world_->add(item);
    Answers answers(writes);
    Engine engine(world_->database(), base::system_clock(), options(50ms));
    EffectWork work(engine.context(), world_->fence(), answers);
    engine.add(work, {.concurrency = 2, .poll = 20ms});
    engine.start();
    for (const auto* item : {"1", "4"}) ASSERT_TRUE(becomes(item, core::State::done)) << item;
    for (const auto* item : {"2", "5"}) ASSERT_TRUE(becomes(item, core::State::failed)) << item;
    ASSERT_TRUE(was_tried("3"));
    engine.stop(base::system_clock().boot() + 30s);
    expect_written(engine, {.done = 2, .failed = 2, .retried = 1, .unknown = 1});
  }
}

TEST_P(CountedEngines, TwoAtOnceAddUpAndSweepsWriteBeforeTheEnd) {
  constexpr int kItems = 60;
  make(core::Kind::repeatable);
  for (int i = 0; i < kItems; ++i) world_->add("i" + std::to_string(i));
  struct Instance {
    explicit Instance(CountedEngines& test)
        : engine(test.world_->database(), base::system_clock(), test.options(50ms)),
          work(engine.context(), test.world_->fence(), [](const Attempt&) { return Outcome::done(); }) {
      engine.add(work, {.concurrency = 2, .poll = 20ms, .largest_batch = 5});
      engine.start();
    }
    Engine engine;
    HandlerWork work;
  };
  Instance one(*this), two(*this);
  const auto until = base::system_clock().boot() + 60s;
  while (written().done < kItems && base::system_clock().boot() < until) {
  }
  EXPECT_EQ(written(), (Ended{.done = kItems})) << "nobody has stopped yet";
  one.engine.stop(base::system_clock().boot() + 30s);
  two.engine.stop(base::system_clock().boot() + 30s);
  EXPECT_EQ(written(), (Ended{.done = kItems}));
  EXPECT_EQ(shown(one.engine, Ending::done) + shown(two.engine, Ending::done), kItems);
}

TEST_P(CountedEngines, WhatItsWorkerHasLeftIsCountedByWhoRescuesIt) {
  make(core::Kind::repeatable);
  world_->add("left");
  world_->fence().claim(world_->a(), 1, 1ms, 5);
  Engine engine(world_->database(), base::system_clock(), options(50ms));
  HandlerWork work(engine.context(), world_->fence(), [](const Attempt&) { return Outcome::done(); });
  engine.add(work, {.concurrency = 1, .lease = 1s, .poll = 20ms});
  engine.start();
  ASSERT_TRUE(was_tried("left"));
  engine.stop(base::system_clock().boot() + 30s);
  expect_written(engine, {.retried = 1});
}

// A rescuer, or a look at the platform, was quicker than who sent it. What is unknown is found later: that
// counts.
TEST_P(CountedEngines, AnOutcomeThatWasRecordedBeforeIsNotCountedAgain) {
  for (const bool writes : {false, true}) {
    make(core::Kind::once);
    for (const auto* item : {"1", "4"}) world_->add(item);
    Answers answers(writes);
    answers.meanwhile = [&](const store::Effect& effect, const store::EffectResult& result) {
      EXPECT_EQ(world_->fence().settle_effect(*world_->connect(), effect, result, "another"),
                store::EffectAnswer::recorded);
    };
    Engine engine(world_->database(), base::system_clock(), options(50ms));
    EffectWork work(engine.context(), world_->fence(), answers);
    engine.add(work, {.concurrency = 2, .poll = 20ms});
    engine.start();
    for (const auto* item : {"1", "4"}) ASSERT_TRUE(becomes(item, core::State::done)) << item;
    engine.stop(base::system_clock().boot() + 30s);
    expect_written(engine, {.done = 1});
  }
}

TEST_P(CountedEngines, ARetryThatARescuerWasQuickerWithIsNotCountedAgain) {
  make(core::Kind::repeatable);
  world_->add("late");
  std::atomic<bool> rescued = false;
  Engine engine(world_->database(), base::system_clock(), options());
  HandlerWork work(engine.context(), world_->fence(), [&](const Attempt& attempt) {
    if (rescued) return Outcome::snooze(kNever);
    const auto rescuer = world_->connect();
    // Again where a renewal came between.
    for (std::optional<core::State> to; !to;)
      for (const auto& seen : world_->fence().held_by(*rescuer, store::worker_of(attempt.claim().claim)))
        to = world_->fence().rescue(*rescuer, seen, true, 0.5);
    rescued = true;
    return Outcome::retry("later", kNever);
  });
  engine.add(work, {.concurrency = 1, .poll = 20ms});
  engine.start();
  ASSERT_TRUE(was_tried("late"));
  engine.stop(base::system_clock().boot() + 30s);
  EXPECT_TRUE(rescued);
  expect_written(engine, {});
}

// The next commit of this thread is told to nobody.
thread_local bool lose_next = false;

class DoubtedConnection final : public store::testing::ForwardingConnection {
 public:
  using ForwardingConnection::ForwardingConnection;
  void commit() override {
    ForwardingConnection::commit();
    if (!std::exchange(lose_next, false)) return;
    usable_ = false;
    throw base::InfraError("the connection was lost",
                           {.retryable = true, .poisoned = true, .in_doubt = true});
  }
  bool usable() const override { return usable_ && ForwardingConnection::usable(); }

 private:
  bool usable_ = true;
};

class DoubtedDatabase final : public store::testing::ForwardingDatabase {
 public:
  using ForwardingDatabase::ForwardingDatabase;
  std::unique_ptr<store::Connection> connect() override {
    return std::make_unique<DoubtedConnection>(inner().connect());
  }
};

// What was recorded before is then its own: nobody else has counted it. Alone, and in a batch.
TEST_P(CountedEngines, WhatWasInDoubtIsCountedOnce) {
  for (const int items : {1, 5}) {
    make(core::Kind::repeatable);
    for (int i = 0; i < items; ++i) world_->add("i" + std::to_string(i));
    DoubtedDatabase doubted(store::Database::open(world_->url(), world_->database().options()));
    std::atomic<int> written_by_them = 0;
    Engine engine(doubted, base::system_clock(), options());
    HandlerWork work(
        engine.context(), world_->fence(),
        [&](const std::vector<Attempt>& attempts) {
          return std::vector<Outcome>(attempts.size(), Outcome::done([&](store::Connection&) {
                                        lose_next = true;
                                        ++written_by_them;
                                      }));
        },
        5);
    engine.add(work, {.concurrency = 1, .poll = 20ms});
    engine.start();
    for (int i = 0; i < items; ++i) ASSERT_TRUE(becomes("i" + std::to_string(i), core::State::done));
    engine.stop(base::system_clock().boot() + 30s);
    EXPECT_EQ(written_by_them, items);
    expect_written(engine, {.done = items});
  }
}

// In a group of results that are written for the works: each of its commits is in doubt until it is there.
TEST_P(CountedEngines, AGroupThatWasInDoubtIsCountedOnce) {
  make(core::Kind::once);
  world_->add("1");
  DoubtedDatabase doubted(store::Database::open(world_->url(), world_->database().options()));
  std::atomic<bool> sent = false;
  std::atomic<int> lost = 0;
  Answers answers(false);
  answers.meanwhile = [&](const store::Effect&, const store::EffectResult&) { sent = true; };
  const auto onlooker = world_->connect();
  std::mutex looking;
  base::on_testpoint([&](std::string_view point) {
    if (point != "bundle.commit" || !sent) return;
    const std::lock_guard lock(looking);
    if (world_->fence().read(*onlooker, "1")->state == core::State::done) return;
    lose_next = true;
    ++lost;
  });
  {
    Engine engine(doubted, base::system_clock(), options());
    EffectWork work(engine.context(), world_->fence(), answers);
    engine.add(work, {.concurrency = 1, .poll = 20ms});
    engine.start();
    EXPECT_TRUE(becomes("1", core::State::done));
    engine.stop(base::system_clock().boot() + 30s);
    EXPECT_GE(lost, 1);
    expect_written(engine, {.done = 1});
  }
  base::on_testpoint({});
}

// -- the counter by itself

class Counted : public CountedEngines {
 protected:
  void SetUp() override {
    make(core::Kind::repeatable);
    registration_ = std::make_unique<store::WorkerRegistration>(world_->database(), folder_.string());
  }
  void flush(store::Connection& connection, base::BootTime now) {
    throughput_.flush(connection, registration_->number(), now);
  }
  std::vector<store::EndedIn> minutes() {
    return store::throughput(world_->onlooker(), "", 0, std::int64_t{1} << 60, 1min);
  }
  std::int64_t done() {
    std::int64_t sum = 0;
    for (const auto& minute : minutes()) sum += minute.ended.done;
    return sum;
  }
  std::int64_t batches() { return world_->run("SELECT max(counted) FROM fencepost_workers")[0][0].integer(); }

  std::unique_ptr<store::WorkerRegistration> registration_;
  Throughput throughput_;
  const base::BootTime start_{100h};
};

TEST_P(Counted, NothingIsWrittenWhereNothingEnded) {
  flush(world_->a(), start_);
  EXPECT_TRUE(throughput_.empty());
  EXPECT_EQ(batches(), 0);
  throughput_.count("q", Ending::done, start_);
  EXPECT_FALSE(throughput_.empty());
  flush(world_->a(), start_);
  flush(world_->a(), start_ + 1h);
  EXPECT_EQ(batches(), 1) << "one write, and none for the second";
  EXPECT_EQ(minutes().size(), 1U);
}

// A process that was held up, or whose database was away.
TEST_P(Counted, WhatIsWrittenLateGoesToItsOwnMinute) {
  throughput_.count("q", Ending::done, start_);
  throughput_.count("q", Ending::failed, start_ + 10min, 2);
  flush(world_->a(), start_ + 25min);
  const auto found = minutes();
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[1].from - found[0].from, base::Duration(10min).count());
  const auto now = world_->run("SELECT fencepost_now()")[0][0].integer();
  EXPECT_GE(now - found[1].from, base::Duration(15min).count());
  EXPECT_LT(now - found[1].from, base::Duration(17min).count());
  EXPECT_EQ(found[1].ended, (Ended{.failed = 2}));
}

// Loses its connection in the next commit, before or after the database has it.
class Losing final : public store::testing::ForwardingConnection {
 public:
  enum class Lose { before, after };
  Losing(std::unique_ptr<store::Connection> inner, Lose lose)
      : ForwardingConnection(std::move(inner)), lose_(lose) {}
  void commit() override {
    if (lose_ == Lose::after)
      ForwardingConnection::commit();
    else
      ForwardingConnection::rollback();
    throw base::InfraError("the connection was lost",
                           {.retryable = true, .poisoned = true, .in_doubt = true});
  }

 private:
  const Lose lose_;
};

TEST_P(Counted, ABatchInDoubtIsThereOnce) {
  std::int64_t counted = 0;
  for (const auto lose : {Losing::Lose::before, Losing::Lose::after}) {
    throughput_.count("q", Ending::done, start_, 5);
    Losing losing(world_->connect(), lose);
    EXPECT_THROW(flush(losing, start_), base::InfraError);
    EXPECT_FALSE(throughput_.empty());
    // What ends meanwhile goes with a batch of its own.
    throughput_.count("q", Ending::done, start_, 2);
    flush(world_->a(), start_);
    counted += 7;
    EXPECT_EQ(done(), counted) << (lose == Losing::Lose::before ? "before" : "after");
    EXPECT_TRUE(throughput_.empty());
  }
}

// It would never be taken: it must not be kept for ever.
TEST_P(Counted, WhatTheDatabaseRefusesForGoodIsDropped) {
  world_->script("ALTER TABLE fencepost_throughput RENAME TO elsewhere");
  throughput_.count("q", Ending::done, start_, 5);
  EXPECT_THROW(flush(world_->a(), start_), base::InfraError);
  EXPECT_TRUE(throughput_.empty());
}

ON_BOTH_DATABASES(CountedEngines);
ON_BOTH_DATABASES(Counted);

}  // namespace
}  // namespace fencepost::engine
