// A process dies on one machine, and nobody on another can know it: what it held is rescued when its lease
// has lapsed, and not before; at the latest two leases after its death, where sweeps come in time (F5, rule
// 11).

#include <signal.h>

#include <algorithm>

#include "scene.hpp"

namespace fencepost::crash {
namespace {

using core::State;
using namespace std::chrono_literals;

constexpr auto kLease = 6s;
constexpr int kItems = 3;

class Elsewhere : public ::testing::TestWithParam<std::tuple<Dialect, Flavour>> {
 protected:
  Dialect dialect() const { return std::get<0>(GetParam()); }
  Flavour flavour() const { return std::get<1>(GetParam()); }

  // A whole sweep, begun behind this moment.
  static void await_sweep(Scene& scene, Process& process) {
    for (int i = 0; i < 20; ++i) scene.listen(0ms);  // what it has said before: a pipe's worth
    const int before = process.said("swept");
    scene.until("it sweeps", [&] { return process.said("swept") >= before + 2; });
  }
};

TEST_P(Elsewhere, WhatItHeldIsRescuedWithinTwoLeases) {
  Scene scene(dialect(), flavour());
  // It has swept before there are items, so that it does not stand in a transaction of its own.
  auto& first = scene.start({.at = {"claimed:1:stop"}, .lease = kLease, .sweep = 1h, .boot = "machine-a"});
  ASSERT_TRUE(scene.until("it has swept", [&] { return first.said("swept") > 0; }));
  scene.add(kItems);
  ASSERT_TRUE(scene.stopped_at(first, "claimed"));
  const auto number = [&](const std::string& sql) { return scene.world().run(sql)[0][0].integer(); };
  const auto held = number("SELECT count(*) FROM {table} WHERE {lease_until} IS NOT NULL");
  ASSERT_GT(held, 0);
  // From here on it renews nothing, so this is its death by the database's clock.
  const auto death = number("SELECT fencepost_now()");
  const auto first_end = number("SELECT min({lease_until}) FROM {table} WHERE {lease_until} IS NOT NULL");
  const auto last_end = number("SELECT max({lease_until}) FROM {table}");
  EXPECT_LE(last_end, death + base::Duration(kLease).count());
  first.signal(SIGKILL);
  EXPECT_EQ(first.wait(), -SIGKILL);

  auto& second = scene.start({.lease = kLease, .history = true, .boot = "machine-b"});
  ASSERT_TRUE(scene.ready(second));
  // One sweep behind the lapse sees what lapsed, and the first behind two thirds of a lease rescues it: a
  // third is left for both. That they come in time is the machine's business, and no clock decides here.
  ASSERT_TRUE(scene.until("it lapses", [&] { return number("SELECT fencepost_now()") > last_end; }));
  await_sweep(scene, second);
  const auto seen = base::BootClock::now();
  ASSERT_TRUE(scene.until("it is seen", [&] { return base::BootClock::now() >= seen + kLease * 2 / 3; }));
  await_sweep(scene, second);
  EXPECT_EQ(number("SELECT count(*) FROM fencepost_events WHERE queue = {q} AND kind = 'rescued'"), held);
  scene.until_all_ended();
  const auto rescues = scene.world().run(
      "SELECT at, detail FROM fencepost_events WHERE queue = {q} AND kind = 'rescued' ORDER BY at");
  EXPECT_EQ(static_cast<std::int64_t>(rescues.size()), held);
  for (const auto& row : rescues) {
    EXPECT_GT(row[0].integer(), first_end) << "nothing was known of its process";
    EXPECT_EQ(row[1].text(), "its lease lapsed");
  }
  EXPECT_EQ(scene.in_state(State::done), kItems);
  scene.end();
  scene.judge();
  tally("SIGKILL elsewhere " + store::testing::dialect_name(dialect()) + " " + name(flavour()));
}

INSTANTIATE_TEST_SUITE_P(Crash, Elsewhere,
                         ::testing::Combine(::testing::Values(Dialect::sqlite, Dialect::postgres),
                                            ::testing::Values(Flavour::once, Flavour::repeatable)),
                         [](const auto& one) {
                           return store::testing::dialect_name(std::get<0>(one.param)) + "_" +
                                  name(std::get<1>(one.param));
                         });

}  // namespace
}  // namespace fencepost::crash
