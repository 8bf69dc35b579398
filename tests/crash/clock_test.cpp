// The database's clock goes ahead and back by an hour while workers run. PostgreSQL runs under libfaketime,
// which reads the time from a file that the test writes, so this runs beside a server of its own
// (scripts/lib/with-postgres). On SQLite every process brings the clock.

#include <signal.h>

#include <condition_variable>
#include <cstdlib>
#include <fstream>
#include <mutex>

#include "scene.hpp"

namespace fencepost::crash {
namespace {

using core::State;
using namespace std::chrono_literals;
constexpr const char* kLibrary = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";

std::string needed(const char* variable) {
  const char* text = std::getenv(variable);
  if (text == nullptr)
    throw std::runtime_error(std::string(variable) + " is not set: run this by scripts/test");
  return text;
}

// The server's clock, for all tests of this program; the file belongs to the server's data directory.
class FakeServerTime {
 public:
  FakeServerTime() : file_(needed("FENCEPOST_TEST_PGDATA") + "/faketime") {
    set(0s);
    const auto command = "LD_PRELOAD=" + std::string(kLibrary) + " FAKETIME_TIMESTAMP_FILE=" + file_ +
                         " FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1 DONT_FAKE_MONOTONIC=1 " +
                         needed("FENCEPOST_TEST_PGCTL") + " restart -m fast >/dev/null 2>&1";
    if (std::system(command.c_str()) != 0)
      throw std::runtime_error("the server does not run under libfaketime");
  }
  // Replaced whole, so that nobody reads half of it.
  void set(std::chrono::seconds by) const {
    {
      std::ofstream out(file_ + ".new");
      out << (by.count() < 0 ? "" : "+") << by.count() << "s\n";
    }
    std::filesystem::permissions(file_ + ".new", std::filesystem::perms(0644));
    std::filesystem::rename(file_ + ".new", file_);
  }

 private:
  const std::string file_;
};

class ClockTest : public ::testing::TestWithParam<Dialect> {
 protected:
  static void SetUpTestSuite() {
    if (server_ == nullptr) server_ = std::make_unique<FakeServerTime>();
  }
  void TearDown() override { shift_to_start(); }
  static void shift_to_start() { server_->set(0s); }

  static std::int64_t database_now(Scene& scene) {
    return scene.world().run("SELECT fencepost_now()")[0][0].integer();
  }
  void shift(Scene& scene, std::chrono::seconds by) const {
    if (GetParam() == Dialect::sqlite)
      scene.shift_clock(by);
    else
      server_->set(by);
    const auto ahead = std::chrono::microseconds(database_now(scene) - base::system_clock().wall());
    EXPECT_LT(std::chrono::abs(ahead - by), 60s) << "the database's clock does not follow";
  }

  static std::unique_ptr<FakeServerTime> server_;
};
std::unique_ptr<FakeServerTime> ClockTest::server_;

// The receiver holds an answer back until the test has moved the clock.
class Holding {
 public:
  explicit Holding(Scene& scene) {
    scene.receiver().on_arrival([this](int number) {
      std::unique_lock lock(mutex_);
      arrived_ = number;
      changed_.wait_for(lock, 60s, [&] { return released_ >= number; });
    });
  }
  int arrived() {
    const std::lock_guard lock(mutex_);
    return arrived_;
  }
  void release(int number) {
    const std::lock_guard lock(mutex_);
    released_ = number;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int arrived_ = 0, released_ = 0;
};

class Clocks : public ClockTest {
 protected:
  // Two workers, whose clock is moved at every other arrival, while a request is in flight.
  void move_about(Flavour flavour, const std::vector<std::chrono::seconds>& shifts) {
    SCOPED_TRACE(name(flavour));
    constexpr int kItems = 8;
    Scene scene(GetParam(), flavour, kItems);
    Holding holding(scene);
    scene.start({.lease = 2s});
    scene.start({.lease = 2s});
    std::size_t next = 0;
    for (int arrival = 1; arrival <= kItems && !HasFailure(); ++arrival) {
      scene.until("an item arrives", [&] { return holding.arrived() >= arrival || ended(scene); });
      if (arrival % 2 == 0 && next < shifts.size()) shift(scene, shifts[next++]);
      holding.release(arrival);
    }
    holding.release(1 << 20);
    // What was put off while the clock was ahead is due when it comes there again, and not lost.
    scene.until("all items end", [&] { return scene.in_state(State::done) == kItems; });
    scene.end();
    scene.judge();
    tally("clock " + store::testing::dialect_name(GetParam()) + " " + name(flavour));
  }
  static bool ended(Scene& scene) {
    return scene.in_state(State::done) == static_cast<int>(scene.items().size());
  }

  // A worker lives, and its item is not taken from it: the clock's jump makes its lease look lapsed for all.
  void live_work_goes_on(Flavour flavour, std::chrono::seconds by) {
    SCOPED_TRACE(name(flavour) + " " + std::to_string(by.count()));
    // What is renewed must be renewed in time, also where the machine does nothing for some seconds.
    const auto lease = is_once(flavour) ? 2s : 10s;
    Scene scene(GetParam(), flavour, 1);
    Holding holding(scene);
    scene.start({.lease = lease});
    scene.until("the item arrives", [&] { return holding.arrived() == 1; });
    auto& other = scene.start({.lease = lease});
    scene.until("the other sweeps", [&] { return other.said("swept") > 0; });
    shift(scene, by);
    // As long as its lease, by the machine's own clock: twenty sweeps a second at most, 50 ms between them.
    const int before = other.said("swept"), enough = before + static_cast<int>(lease / 50ms);
    scene.until("the other has looked long enough", [&] { return other.said("swept") >= enough; });
    // A handler's lease is renewed, so nobody takes it for dead. A send is not: it may be called unknown for
    // a while, and is then put right by its own answer; it is never sent again.
    if (!is_once(flavour)) {
      EXPECT_EQ(other.said("rescued"), 0);
    }
    EXPECT_EQ(scene.receiver().total(), 1);
    holding.release(1 << 20);
    scene.until("it is done", [&] { return scene.in_state(State::done) == 1; });
    scene.end();
    EXPECT_EQ(scene.receiver().total(), 1);
    scene.judge();
    tally("clock, live work " + store::testing::dialect_name(GetParam()));
  }

  // Killed at one time, rescued at another.
  void killed_and_rescued(Flavour flavour, const std::string& point, std::chrono::seconds by) {
    SCOPED_TRACE(name(flavour) + " " + point + " " + std::to_string(by.count()));
    Scene scene(GetParam(), flavour, 3);
    auto& first = scene.start({.at = {point + ":1:stop"}, .lease = 2s});
    if (!scene.stopped_at(first, point)) return;
    shift(scene, by);
    first.signal(SIGKILL);
    first.wait();
    scene.start({.lease = 2s});
    scene.until_all_ended();
    scene.end();
    const int unknown = point == "sent" ? 1 : 0;
    scene.judge(unknown, unknown);
    tally("clock, SIGKILL " + store::testing::dialect_name(GetParam()));
  }
};

TEST_P(Clocks, GoAheadAndBackWhileWorkersRun) {
  for (const auto flavour : {Flavour::once, Flavour::once_own, Flavour::repeatable_own}) {
    move_about(flavour, {-3600s, 0s, 3600s});
    shift_to_start();
  }
}

TEST_P(Clocks, DoNotKillLiveWork) {
  for (const auto flavour : {Flavour::repeatable_own, Flavour::once})
    for (const auto by : {3600s, -3600s}) {
      live_work_goes_on(flavour, by);
      shift_to_start();
    }
}

TEST_P(Clocks, DoNotHoldUpTheRescue) {
  for (const auto by : {3600s, -3600s}) {
    killed_and_rescued(Flavour::once, "claimed", by);
    shift_to_start();
    killed_and_rescued(Flavour::once, "sent", by);
    shift_to_start();
    killed_and_rescued(Flavour::repeatable_own, "handled", by);
    shift_to_start();
  }
}

INSTANTIATE_TEST_SUITE_P(Crash, Clocks, ::testing::Values(Dialect::sqlite, Dialect::postgres),
                         [](const auto& database) { return store::testing::dialect_name(database.param); });

}  // namespace
}  // namespace fencepost::crash
