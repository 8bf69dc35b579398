// The race matrix: every ordered pair of operations on one item, from every start state, on both databases.
// Each case runs once as two transactions one after the other; on PostgreSQL also truly blocked: A has
// written and not committed, B waits for it or passes it over, then A commits, or rolls back.
//
// One case again, or all that begin so:
//   FENCEPOST_CASE='sending | stop | rescue' store_race_matrix_test --gtest_filter='RaceMatrix.Once*'

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <future>
#include <mutex>

#include "matrix/operations.hpp"
#include "thread_of_b.hpp"

namespace fencepost::store::testing {
namespace {

struct Matrix {
  explicit Matrix(core::Kind k) : kind(k), all_starts(starts(k)), all_operations(operations(k)) {}
  core::Kind kind;
  std::vector<Start> all_starts;
  std::vector<Operation> all_operations;
};

std::string answer_of(const Operation& operation, Case& c, Connection& connection) {
  try {
    return operation.run(c, connection);
  } catch (const std::exception& error) {
    return std::string("error: ") + error.what();
  }
}

// A line of what went wrong; empty: nothing. Each case is named as FENCEPOST_CASE takes it.
std::string told(const std::string& what, const std::string& answer, const std::string& expected) {
  return answer == expected ? "" : what + " answered '" + answer + "', not '" + expected + "'; ";
}

std::string step(Case& c, const Operation& operation, Connection& connection) {
  const auto answer = answer_of(operation, c, connection);
  auto wrong = told(operation.name, answer, operation.expect(c.oracle()));
  c.note(operation.name, answer);
  return wrong + c.check(Case::says_unchanged(answer));
}

std::string one_after_the_other(World& world, const Start& start, const Operation& a, const Operation& b) {
  Case c(world, start);
  const auto first = step(c, a, world.a());
  return first.empty() ? step(c, b, world.b()) : "after the first: " + first;
}

// A holds the row. What B may answer: a statement that waited sees what A left; one that skips saw nothing;
// one that did not match the row as it was before A wrote nothing and need not have waited.
std::string blocked(World& world, ThreadOfB& thread, const Start& start, const Operation& a,
                    const Operation& b, bool commit) {
  Case c(world, start);
  auto before = c.oracle();
  auto alone = before;
  const auto b_alone = b.expect(alone);
  world.a().begin();
  const auto a_answer = answer_of(a, c, world.a());
  auto wrong = told(a.name, a_answer, a.expect(c.oracle()));
  if (!wrong.empty()) {
    world.a().rollback();
    return wrong;
  }
  auto b_answer = thread.run([&] { return answer_of(b, c, world.b()); });
  const bool waited = waits_for_lock(world, thread.pid(), [&] { return ready(b_answer); });
  if (!waited) b_answer.wait();
  if (commit)
    world.a().commit();
  else
    world.a().rollback();
  const auto answer = b_answer.get();
  if (commit) c.note(a.name, a_answer);
  if (!commit) c.oracle() = before;

  if (b.skips) {
    if (waited) wrong += b.name + " waited although it skips; ";
    wrong += told(b.name, answer, "nothing");
  } else if (!waited) {
    wrong += told(b.name + ", without waiting,", answer, b_alone);
    if (!(alone.item == before.item)) wrong += b.name + " should have waited; ";
  } else {
    wrong += told(b.name + ", having waited,", answer, b.expect(c.oracle()));
  }
  c.note(b.name, answer);
  return wrong + c.check(false);
}

class Runner {
 public:
  explicit Runner(Dialect dialect, core::Kind kind) : dialect_(dialect), matrix_(kind) {
    const char* only = std::getenv("FENCEPOST_CASE");
    only_ = only ? only : "";
  }

  // Halves of the start states on two threads, each with a database of its own.
  int run() {
    constexpr std::size_t kThreads = 2;
    std::vector<std::future<void>> threads;
    for (std::size_t part = 0; part < kThreads; ++part)
      threads.push_back(std::async(std::launch::async, [this, part] { run_part(part, kThreads); }));
    for (auto& thread : threads) thread.get();
    return cases_;
  }
  const std::vector<std::string>& failures() const { return failures_; }

 private:
  bool wanted(const std::string& name) const { return name.starts_with(only_) || only_.starts_with(name); }

  void run_part(std::size_t part, std::size_t parts) {
    std::vector<const Start*> mine;
    for (std::size_t i = part; i < matrix_.all_starts.size(); i += parts)
      if (wanted(matrix_.all_starts[i].name + " | ")) mine.push_back(&matrix_.all_starts[i]);
    if (mine.empty()) return;
    World world(dialect_, matrix_.kind);
    std::unique_ptr<ThreadOfB> thread;
    if (dialect_ == Dialect::postgres) thread = std::make_unique<ThreadOfB>(backend_pid(world.b()));
    for (const auto* start : mine) {
      for (const auto& a : matrix_.all_operations) {
        for (const auto& b : matrix_.all_operations) {
          if (failed_enough()) return;
          run_case(world, thread.get(), *start, a, b);
        }
        if (only_.empty()) world.vacuum();
      }
    }
  }

  void run_case(World& world, ThreadOfB* thread, const Start& start, const Operation& a, const Operation& b) {
    const auto name = start.name + " | " + a.name + " | " + b.name;
    if (!wanted(name)) return;
    report(name, one_after_the_other(world, start, a, b));
    auto oracle = start.oracle;
    a.expect(oracle);
    const bool a_writes = !(oracle.item == start.oracle.item);
    if (thread == nullptr || !a_writes) return;
    report(name + " (blocked, A commits)", blocked(world, *thread, start, a, b, true));
    report(name + " (blocked, A rolls back)", blocked(world, *thread, start, a, b, false));
  }

  void report(const std::string& name, const std::string& wrong) {
    ++cases_;
    if (wrong.empty()) return;
    const std::lock_guard lock(mutex_);
    failures_.push_back(name + ": " + wrong);
  }
  bool failed_enough() {
    const std::lock_guard lock(mutex_);
    return failures_.size() >= limit_;
  }

  const Dialect dialect_;
  const Matrix matrix_;
  std::string only_;
  std::mutex mutex_;
  std::vector<std::string> failures_;
  const std::size_t limit_ = std::getenv("FENCEPOST_MUTANT") ? 1 : 30;
  std::atomic<int> cases_{0};
};

void run_matrix(Dialect dialect, core::Kind kind) {
  Runner runner(dialect, kind);
  const int cases = runner.run();
  std::printf("%d cases\n", cases);
  for (const auto& failure : runner.failures()) ADD_FAILURE() << failure;
}

TEST(RaceMatrix, OnceSqlite) { run_matrix(Dialect::sqlite, core::Kind::once); }
TEST(RaceMatrix, RepeatableSqlite) { run_matrix(Dialect::sqlite, core::Kind::repeatable); }
TEST(RaceMatrix, OncePostgres) { run_matrix(Dialect::postgres, core::Kind::once); }
TEST(RaceMatrix, RepeatablePostgres) { run_matrix(Dialect::postgres, core::Kind::repeatable); }

}  // namespace
}  // namespace fencepost::store::testing
