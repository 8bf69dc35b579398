// The connection is lost in COMMIT, before the server gets it or after it has answered, at each commit of a
// worker. PostgreSQL: SQLite has no connection to lose.

#include <signal.h>

#include "commit_cutter.hpp"
#include "scene.hpp"

namespace fencepost::crash {
namespace {

using store::testing::CommitCutter;
using Cut = CommitCutter::Cut;

void cut_at(Flavour flavour, const std::string& point, Cut cut) {
  SCOPED_TRACE(name(flavour) + " " + point + (cut == Cut::before ? " before" : " after"));
  Scene scene(Dialect::postgres, flavour, 3);
  CommitCutter cutter(scene.world().url());
  scene.go_by(cutter.url());
  auto& worker = scene.start({.at = {point + ":1:stop"}});
  if (!scene.stopped_at(worker, point)) return;
  cutter.arm(cut);
  worker.signal(SIGCONT);
  scene.until_all_ended();
  EXPECT_FALSE(cutter.armed());
  scene.end();
  scene.judge();
  tally("COMMIT cut " + name(flavour));
}

TEST(CutInCommit, Gate) {
  for (const auto cut : {Cut::before, Cut::after})
    for (const auto flavour : {Flavour::once, Flavour::once_own}) cut_at(flavour, "gate.commit", cut);
}

TEST(CutInCommit, Settlement) {
  for (const auto cut : {Cut::before, Cut::after})
    for (const auto flavour : {Flavour::once_own, Flavour::repeatable_own})
      cut_at(flavour, "settle.commit", cut);
}

TEST(CutInCommit, SettlementsWithTheNextClaim) {
  for (const auto cut : {Cut::before, Cut::after})
    for (const auto flavour : {Flavour::once, Flavour::repeatable}) cut_at(flavour, "bundle.commit", cut);
}

}  // namespace
}  // namespace fencepost::crash
