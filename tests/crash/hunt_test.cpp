// Workers that are killed, stopped and continued anywhere, under a clock that jumps, on connections that are
// lost. FENCEPOST_CRASH_RUNS=N hunts longer;
// FENCEPOST_CRASH_SEED=S begins with the run of that seed.

#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <random>
#include <set>

#include "base/error.hpp"
#include "commit_cutter.hpp"
#include "scene.hpp"

namespace fencepost::crash {
namespace {

using core::State;
using store::testing::CommitCutter;
using Cut = CommitCutter::Cut;
using namespace std::chrono_literals;

constexpr std::array kPoints{
    "bundle.begin",  "bundle.commit", "bundle.committed", "claimed",          "gate.begin",    "gate.commit",
    "gate.passed",   "sent",          "handle.begin",     "handled",          "settle.commit", "settled",
    "rescue.commit", "rescued",       "reconcile.begun",  "reconcile.commit", "reconciled",    "swept"};

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text ? std::stoull(text) : otherwise;
}

class Round {
 public:
  explicit Round(std::uint64_t seed)
      : random_(seed),
        dialect_(below(2) == 0 ? Dialect::sqlite : Dialect::postgres),
        flavour_(kFlavours[below(kFlavours.size())]),
        scene_(dialect_, flavour_, static_cast<int>(4 + below(7))) {}

  void run() {
    if (cutter_ && below(2) == 0) scene_.go_by(cutter_->url());
    const bool clocks = below(3) == 0;
    const auto workers = 2 + below(2);
    for (std::uint64_t i = 0; i < workers; ++i) start(3);
    // What stands goes on after a while, who was killed is replaced; after some deaths nobody dies any more.
    int deaths = 0;
    scene_.until("the hunt ends", [&] {
      scene_.listen(std::chrono::milliseconds(below(300)));
      for (std::size_t i = 0; i < scene_.processes().size(); ++i) {
        auto& process = *scene_.processes()[i];
        if (process.waited()) continue;
        if (process.ended()) {
          EXPECT_EQ(process.wait(), -SIGKILL);
          start(++deaths < 4 ? 2 : 0);
        } else if (below(4) == 0) {
          process.signal(SIGCONT);
        }
      }
      if (cutter_ && below(3) == 0) cutter_->arm(below(2) == 0 ? Cut::before : Cut::after);
      if (clocks && below(4) == 0) scene_.shift_clock(std::chrono::hours(below(3)) - 1h);
      if (below(3) == 0) a_person_stops(scene_.items()[below(scene_.items().size())]);
      return deaths >= 4 || all_ended();
    });
    for (auto& process : scene_.processes()) process->signal(SIGCONT);
    // What was put off while the clock was ahead is due then.
    if (clocks) scene_.shift_clock(2h);
    start(0);
    // Who stops from here on goes on at once.
    scene_.until("all items end", [&] {
      for (auto& process : scene_.processes()) {
        if (!process->waited() && process->ended()) {
          EXPECT_EQ(process->wait(), -SIGKILL);
        }
        process->signal(SIGCONT);
      }
      return all_ended();
    });
    finish();
    const int items = static_cast<int>(scene_.items().size());
    scene_.judge(0, is_once(flavour_) ? items : 0);
    for (const auto& item : prevented_) {
      // A repeatable item may have run before, and not to its end.
      if (is_once(flavour_)) {
        EXPECT_EQ(scene_.receiver().arrivals(item), 0) << "F2: item " << item << " was prevented";
      }
      EXPECT_EQ(scene_.read(item).state, State::stopped) << "F2: item " << item << " was prevented";
    }
    tally("hunt " + store::testing::dialect_name(dialect_) + " " + name(flavour_));
  }

 private:
  std::uint64_t below(std::uint64_t n) { return random_() % n; }
  void start(std::uint64_t plans) {
    How how{.concurrency = static_cast<int>(1 + below(4)), .lease = 1s};
    for (std::uint64_t i = 0; i < plans; ++i)
      how.at.push_back(std::string(kPoints[below(kPoints.size())]) + ":" + std::to_string(1 + below(6)) +
                       (below(2) == 0 ? ":kill" : ":stop"));
    scene_.start(how);
  }
  // Where somebody stands on the row, or in SQLite's file, the person gives up.
  void a_person_stops(const std::string& item) {
    try {
      const auto answer = scene_.world().fence().stop(*impatient_->acquire(), item, "person");
      if (answer == core::StopAnswer::prevented) prevented_.insert(item);
    } catch (const base::InfraError& error) {
      EXPECT_TRUE(error.retryable()) << error.what();
    }
  }
  bool all_ended() {
    return scene_.in_state(State::done) + scene_.in_state(State::unknown) + scene_.in_state(State::failed) +
               scene_.in_state(State::stopped) ==
           static_cast<int>(scene_.items().size());
  }
  // On their way out they may still come to a point where they kill or stop themselves.
  void finish() {
    auto& processes = scene_.processes();
    for (auto& process : processes) process->end_input();
    scene_.until("the workers end", [&] {
      for (auto& process : processes) process->signal(SIGCONT);
      return std::all_of(processes.begin(), processes.end(), [](auto& process) { return process->ended(); });
    });
    for (auto& process : processes) {
      const int status = process->ended() ? process->wait() : -1;
      EXPECT_TRUE(status == 0 || status == -SIGKILL) << "a worker ended with " << status;
    }
  }

  std::mt19937_64 random_;
  const Dialect dialect_;
  const Flavour flavour_;
  Scene scene_;
  const std::unique_ptr<CommitCutter> cutter_ =
      dialect_ == Dialect::postgres ? std::make_unique<CommitCutter>(scene_.world().url()) : nullptr;
  const std::unique_ptr<store::Database> impatient_ =
      store::Database::open(scene_.world().url(), {.lock_timeout = 50ms});
  std::set<std::string> prevented_;
};

TEST(Hunt, AtRandom) {
  const auto rounds = number_from("FENCEPOST_CRASH_RUNS", 40);
  const auto first = number_from("FENCEPOST_CRASH_SEED", std::random_device()());
  for (std::uint64_t seed = first; seed < first + rounds && !HasFailure(); ++seed) {
    const auto again = "FENCEPOST_CRASH_SEED=" + std::to_string(seed) +
                       " FENCEPOST_CRASH_RUNS=1 scripts/lib/with-postgres build/dev/bin/crash_test "
                       "--gtest_filter=Hunt.AtRandom";
    SCOPED_TRACE("again: " + again);
    Round(seed).run();
    if (HasFailure()) std::cout << "again: " << again << std::endl;
  }
}

}  // namespace
}  // namespace fencepost::crash
