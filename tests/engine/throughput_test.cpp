// How attempts end is counted where it is known, and written by whoever sweeps, at the latest at a graceful
// end.

#include "engine/throughput.hpp"

#include <gtest/gtest.h>
#include <atomic>
#include <condition_variable>
#include <filesystem>

#include "base/random.hpp"
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

 private:
  const bool writes_;
};

class CountedEngines : public BothDatabases {
 public:
  ~CountedEngines() override { std::filesystem::remove_all(folder_); }

  void make(core::Kind kind) {
    auto options = World::patient();
    options.connections = 24;
    world_ = std::make_unique<World>(GetParam(), kind, options);
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
