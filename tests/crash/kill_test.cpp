// SIGKILL at every named point, in its first and its second pass; then another process goes on. Leases last
// ten minutes, so that only what is known of a gone process can explain that it goes on at once.

#include <signal.h>

#include <algorithm>

#include "scene.hpp"

namespace fencepost::crash {
namespace {

using core::State;

// How many effects of the killed process may be open at its death.
struct Point {
  const char* name;
  int least, most;
};

// "arrived" is the receiver's: it has counted, and its sender dies before the answer.
std::vector<Point> points_of(Flavour flavour, int pass) {
  switch (flavour) {
    case Flavour::once:
    case Flavour::refusing:
      // Results wait for company: of the earlier ones, some may not be written yet.
      return {{"bundle.begin", 0, pass}, {"bundle.commit", 1, pass + 1}, {"bundle.committed", 0, pass},
              {"claimed", 0, pass - 1},  {"gate.begin", 0, pass - 1},    {"gate.commit", 0, pass - 1},
              {"gate.passed", 1, pass},  {"arrived", 1, pass},           {"sent", 1, pass}};
    case Flavour::once_own:
      return {{"bundle.begin", 0, 0},  {"bundle.committed", 0, 0}, {"claimed", 0, 0}, {"gate.begin", 0, 0},
              {"gate.commit", 0, 0},   {"gate.passed", 1, 1},      {"arrived", 1, 1}, {"sent", 1, 1},
              {"settle.commit", 1, 1}, {"settled", 0, 0}};
    case Flavour::repeatable: {
      std::vector<Point> points{{"bundle.begin", 0, 0}, {"bundle.committed", 0, 0}, {"claimed", 0, 0},
                                {"handle.begin", 0, 0}, {"arrived", 0, 0},          {"handled", 0, 0}};
      // Results that come together, or with no claim beside them, are one statement: this commit may come
      // once.
      if (pass == 1) points.push_back({"bundle.commit", 0, 0});
      return points;
    }
    case Flavour::repeatable_own:
      return {{"bundle.begin", 0, 0},  {"bundle.committed", 0, 0}, {"claimed", 0, 0},
              {"handle.begin", 0, 0},  {"arrived", 0, 0},          {"handled", 0, 0},
              {"settle.commit", 0, 0}, {"settled", 0, 0}};
  }
  return {};
}

class Kill : public ::testing::TestWithParam<std::tuple<Dialect, Flavour>> {
 protected:
  Dialect dialect() const { return std::get<0>(GetParam()); }
  Flavour flavour() const { return std::get<1>(GetParam()); }

  void kill_at(const Point& point, int pass) {
    SCOPED_TRACE(std::string(point.name) + ", pass " + std::to_string(pass));
    std::atomic<pid_t> victim{0};
    Scene scene(dialect(), flavour(), 4);
    const std::string plan = std::string(point.name) + ":" + std::to_string(pass) + ":kill";
    const bool by_receiver = std::string(point.name) == "arrived";
    if (by_receiver)
      scene.receiver().on_arrival([&](int number) {
        if (number != pass) return;
        victim.wait(0);  // it may be sending before we are told who it is; 0 would be ourselves
        ::kill(victim, SIGKILL);
      });
    auto& first = scene.start({.at = {by_receiver ? "ready:1:kill" : plan}});
    victim = first.pid();
    victim.notify_all();
    if (!scene.killed_at(first, by_receiver ? "" : point.name)) return;
    const int open = scene.in_state(State::sending);
    EXPECT_GE(open, point.least) << "effects open at the death";
    EXPECT_LE(open, point.most) << "effects open at the death";
    scene.start();
    scene.until_all_ended();
    // What was in the receiver's hands is found by asking it, where it can be asked.
    if (flavour() == Flavour::refusing)
      scene.until("the unknown are asked about", [&] { return scene.in_state(State::unknown) <= open; });
    scene.end();
    if (flavour() == Flavour::refusing)
      scene.judge(0, open);
    else
      scene.judge(open, open);
    tally("SIGKILL " + store::testing::dialect_name(dialect()) + " " + name(flavour()));
  }
};

TEST_P(Kill, AtEveryPoint) {
  for (const int pass : {1, 2})
    for (const auto& point : points_of(flavour(), pass)) kill_at(point, pass);
}

// Who rescues dies, too.
class KillRescuer : public ::testing::TestWithParam<Dialect> {
 protected:
  void kill_both(Flavour flavour, const std::string& point, const std::string& rescuers_point) {
    SCOPED_TRACE(name(flavour) + " " + point + ", then " + rescuers_point);
    Scene scene(GetParam(), flavour, 2);
    auto& first = scene.start({.at = {point + ":1:kill"}});
    if (!scene.killed_at(first, point)) return;
    // All others are done by then, perhaps; what the first held is not.
    auto& second = scene.start({.at = {rescuers_point + ":1:kill"}});
    scene.until("the rescuer is killed", [&] { return second.ended(); });
    EXPECT_EQ(second.wait(), -SIGKILL);
    scene.start();
    scene.until_all_ended();
    if (flavour == Flavour::refusing) {
      // Past the deadline of the request, and past the lease of whoever asked.
      scene.shift_clock(std::chrono::hours(1));
      scene.until("the platform's word counts", [&] { return scene.in_state(State::done) == 2; });
    }
    scene.end();
    // The rescuer may have been sending the other item.
    const bool begun = flavour == Flavour::once && point == "gate.passed";
    scene.judge(begun ? 1 : 0, flavour == Flavour::once ? 2 : 0);
    tally("SIGKILL twice " + store::testing::dialect_name(GetParam()) + " " + name(flavour));
  }
};

TEST_P(KillRescuer, OfAnItemWithoutEffect) {
  for (const auto* point : {"rescue.commit", "rescued"}) {
    kill_both(Flavour::once, "claimed", point);
    kill_both(Flavour::repeatable_own, "handled", point);
  }
}

TEST_P(KillRescuer, OfAnEffectNobodyCanAskAbout) {
  for (const auto* point : {"rescue.commit", "rescued", "reconcile.begun", "reconcile.commit", "reconciled"})
    kill_both(Flavour::once, "gate.passed", point);
}

// Rule 10: only here may it be sent again, and never is it there twice.
TEST_P(KillRescuer, OfAnEffectThatThePlatformKnows) {
  for (const auto* before : {"gate.passed", "sent"})
    for (const auto* point :
         {"rescue.commit", "rescued", "reconcile.begun", "reconcile.commit", "reconciled"})
      kill_both(Flavour::refusing, before, point);
}

// Rule 8: what a person wanted now stays due when the process dies.
TEST_P(KillRescuer, RunNow) {
  for (const auto flavour : {Flavour::once, Flavour::repeatable_own})
    for (const auto* point : {"run_now.commit", "run_now.committed"}) {
      SCOPED_TRACE(name(flavour) + " " + point);
      Scene scene(GetParam(), flavour, 2);
      scene.world().run("UPDATE {table} SET {run_at} = ?1", {std::int64_t{1} << 60});
      auto& first = scene.start({.at = {std::string(point) + ":1:kill"}, .run_now = "1"});
      if (!scene.killed_at(first, point)) return;
      scene.start(How{.run_now = std::string(point) == "run_now.commit" ? "1" : ""});
      scene.until("it ran", [&] { return scene.in_state(State::done) == 1; });
      EXPECT_EQ(scene.read("1").state, State::done);
      scene.world().run("UPDATE {table} SET {run_at} = 0 WHERE {key} = '2'");
      scene.until_all_ended();
      scene.end();
      scene.judge();
      tally("SIGKILL run_now " + store::testing::dialect_name(GetParam()));
    }
}

INSTANTIATE_TEST_SUITE_P(Crash, KillRescuer, ::testing::Values(Dialect::sqlite, Dialect::postgres),
                         [](const auto& database) { return store::testing::dialect_name(database.param); });

std::string name_of(const ::testing::TestParamInfo<std::tuple<Dialect, Flavour>>& info) {
  return store::testing::dialect_name(std::get<0>(info.param)) + "_" + name(std::get<1>(info.param));
}

INSTANTIATE_TEST_SUITE_P(Crash, Kill,
                         ::testing::Combine(::testing::Values(Dialect::sqlite, Dialect::postgres),
                                            ::testing::ValuesIn(kFlavours)),
                         name_of);

}  // namespace
}  // namespace fencepost::crash
