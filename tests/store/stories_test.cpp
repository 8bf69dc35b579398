// Longer stories of the same operations: every triple of the nastiest on SQLite, and seeded random walks on
// both. A failure prints the story, and its seed:  FENCEPOST_SEED=17 store_race_matrix_test
// --gtest_filter='Stories.*' FENCEPOST_STORIES=100000 walks longer.

#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <set>
#include <thread>

#include "matrix/operations.hpp"

namespace fencepost::store::testing {
namespace {

// Tells the story on the world; empty, or what went wrong and after which steps.
std::string tell(World& world, const Start& start, const std::vector<const Operation*>& story) {
  Case c(world, start);
  std::string told = start.name;
  for (const auto* operation : story) {
    std::string answer;
    try {
      answer = operation->run(c, world.a());
    } catch (const std::exception& error) {
      answer = std::string("error: ") + error.what();
    }
    const auto expected = operation->expect(c.oracle());
    told += " | " + operation->name;
    if (answer != expected) return told + ": answered '" + answer + "', not '" + expected + "'";
    c.note(operation->name, answer);
    const auto wrong = c.check(Case::says_unchanged(answer));
    if (!wrong.empty()) return told + ": " + wrong;
  }
  return "";
}

std::vector<Operation> everything(core::Kind kind) {
  auto all = operations(kind);
  for (auto& more : more_operations(kind)) all.push_back(std::move(more));
  return all;
}

void walk(Dialect dialect, core::Kind kind, int stories) {
  World world(dialect, kind);
  const auto all = everything(kind);
  const auto from = starts(kind);
  const char* given = std::getenv("FENCEPOST_SEED");
  const unsigned first = given ? static_cast<unsigned>(std::stoul(given)) : 1;
  const char* more = std::getenv("FENCEPOST_STORIES");
  const unsigned last = given  ? first
                        : more ? static_cast<unsigned>(std::stoul(more))
                               : static_cast<unsigned>(stories);
  for (unsigned seed = first; seed <= last; ++seed) {
    std::mt19937 random(seed);
    std::vector<const Operation*> story;
    for (int i = 0; i < 16; ++i) story.push_back(&all[random() % all.size()]);
    const auto wrong = tell(world, from[random() % from.size()], story);
    ASSERT_EQ(wrong, "") << "seed " << seed;
    if (seed % 200 == 0) world.vacuum();
  }
}

const std::set<std::string> kNasty{"claim",
                                   "gate",
                                   "stop",
                                   "rearm",
                                   "settle effect: retry",
                                   "foreign Queued",
                                   "foreign Cancelled",
                                   "foreign save of a very old copy",
                                   "reconcile: absent, platform refuses a second",
                                   "time passes",
                                   "sweep",
                                   "the newest's gate",
                                   "settle: done",
                                   "settle: retry",
                                   "acknowledge",
                                   "edit",
                                   "the newest settles: done"};

void tell_triples(core::Kind kind) {
  World world(Dialect::sqlite, kind);
  const auto all = everything(kind);
  std::vector<const Operation*> nasty;
  for (const auto& operation : all)
    if (kNasty.contains(operation.name)) nasty.push_back(&operation);
  int told = 0;
  for (const auto& start : starts(kind)) {
    if (start.name == "done" || start.name == "disabled" || start.name == "queued in the future") continue;
    for (const auto* a : nasty)
      for (const auto* b : nasty)
        for (const auto* c : nasty) {
          ASSERT_EQ(tell(world, start, {a, b, c}), "");
          ++told;
        }
  }
  std::printf("%d triples\n", told);
}

TEST(Stories, TriplesOfTheNastiest) {
  const std::jthread other([] { tell_triples(core::Kind::repeatable); });
  tell_triples(core::Kind::once);
}

TEST(Stories, OnceSqlite) { walk(Dialect::sqlite, core::Kind::once, 3000); }
TEST(Stories, RepeatableSqlite) { walk(Dialect::sqlite, core::Kind::repeatable, 1500); }
TEST(Stories, OncePostgres) { walk(Dialect::postgres, core::Kind::once, 1000); }
TEST(Stories, RepeatablePostgres) { walk(Dialect::postgres, core::Kind::repeatable, 500); }

}  // namespace
}  // namespace fencepost::store::testing
