// SIGSTOP at the points that matter, for longer than the lease: another process takes over, and then the
// stopped one goes on. It believes in its lease to the end (ten minutes by its own clock), so that what holds
// it back is the fence and not its own caution; the database's clock is put an hour ahead instead.

#include <signal.h>

#include "base/error.hpp"
#include "scene.hpp"

namespace fencepost::crash {
namespace {

using core::State;
using core::StopAnswer;
using namespace std::chrono_literals;

const How kRescuer{.lease = 1s};
constexpr std::chrono::milliseconds kPatient = 60s;

class Stop : public ::testing::TestWithParam<Dialect> {
 protected:
  bool postgres() const { return GetParam() == Dialect::postgres; }

  // The stopped process is in a transaction. PostgreSQL ends such a session after a minute; here it is ended
  // at once.
  static void end_its_session(Scene& scene) {
    scene.world().run(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = current_database() "
        "AND state = 'idle in transaction' AND pid <> pg_backend_pid()");
  }
  // On SQLite nobody can write while it stands in a transaction; whoever tries hears that soon.
  static void nobody_can_write(Scene& scene) {
    const auto impatient = store::Database::open(scene.world().url(), {.lock_timeout = 50ms});
    try {
      scene.world().fence().stop(*impatient->acquire(), scene.items()[0], "person");
      ADD_FAILURE() << "somebody wrote";
    } catch (const base::InfraError& error) {
      EXPECT_TRUE(error.retryable()) << error.what();
      EXPECT_FALSE(error.in_doubt()) << error.what();
    }
  }

  // On SQLite a process that is stopped while one of its threads writes keeps everybody from writing. So it
  // has done all that it does by itself before there are items, and stops where it is meant to.
  static Process& stop_first(Scene& scene, const std::string& point, const How& how, int items = 3) {
    auto& first = scene.start(how);
    scene.until("it has swept", [&] { return first.said("swept") > 0; });
    scene.add(items);
    scene.stopped_at(first, point);
    return first;
  }
  // It has done what it was about to do: an engine that ends hands back what has not begun.
  static void goes_on(Scene& scene, Process& first) {
    scene.until("the first goes on",
                [&] { return first.said("gate.passed") > 0 || first.said("handled") > 0; });
  }

  void stop_at(Flavour flavour, const std::string& point, std::chrono::milliseconds timeout = kPatient) {
    SCOPED_TRACE(name(flavour) + " " + point);
    Scene scene(GetParam(), flavour);
    auto& first = stop_first(scene, point, {.at = {point + ":1:stop"}, .timeout = timeout, .sweep = 1h});
    if (HasFailure()) return;
    const auto stopped = base::BootClock::now();
    const bool in_transaction = point.ends_with(".commit");
    if (in_transaction && !postgres()) {
      nobody_can_write(scene);
    } else {
      if (in_transaction) end_its_session(scene);
      scene.shift_clock(1h);
      scene.start(kRescuer);
      scene.until_all_ended();
      // Begun, and nobody knows: not before the stopped one says so.
      const bool begun = is_once(flavour) && (point == "gate.passed" || point == "sent" ||
                                              point == "settle.commit" || point == "bundle.commit");
      EXPECT_EQ(scene.in_state(State::unknown), begun ? 1 : 0);
    }
    // Past the deadline of its request, which was set before it stopped.
    if (timeout < kPatient)
      scene.until("its deadline", [&] { return base::BootClock::now() > stopped + timeout; });
    first.signal(SIGCONT);
    goes_on(scene, first);
    scene.until("all is known",
                [&] { return scene.in_state(State::done) == static_cast<int>(scene.items().size()); });
    scene.end();
    scene.judge();
    tally("SIGSTOP " + store::testing::dialect_name(GetParam()) + " " + name(flavour));
  }
};

TEST_P(Stop, OnceBeforeItsGate) {
  for (const auto flavour : {Flavour::once, Flavour::once_own})
    for (const auto* point : {"claimed", "gate.begin", "gate.commit"}) stop_at(flavour, point);
}

TEST_P(Stop, OnceAfterItsGate) {
  for (const auto* point : {"gate.passed", "sent", "bundle.commit"}) stop_at(Flavour::once, point);
  for (const auto* point : {"gate.passed", "sent", "settle.commit"}) stop_at(Flavour::once_own, point);
}

// Past the request's hard deadline nothing leaves any more: a certain no, and somebody sends it then, once.
// That may be the same process, so the answer has 5 s, too.
TEST_P(Stop, OnceAfterItsGateAndPastItsDeadline) {
  for (const auto flavour : {Flavour::once, Flavour::once_own}) stop_at(flavour, "gate.passed", 5s);
}

TEST_P(Stop, Repeatable) {
  for (const auto* point : {"claimed", "handle.begin", "handled"}) stop_at(Flavour::repeatable, point);
  for (const auto* point : {"claimed", "handle.begin", "handled", "settle.commit"})
    stop_at(Flavour::repeatable_own, point);
}

// Nothing is moved but time: leases of a second lapse while the process stands.
TEST_P(Stop, PastALeaseThatReallyLapses) {
  for (const auto* point : {"claimed", "gate.begin"}) {
    SCOPED_TRACE(point);
    Scene scene(GetParam(), Flavour::once);
    auto& first =
        stop_first(scene, point, {.at = {std::string(point) + ":1:stop"}, .lease = 1s, .sweep = 1h});
    if (HasFailure()) return;
    scene.start(kRescuer);
    scene.until_all_ended();
    EXPECT_EQ(scene.in_state(State::done), 3);
    first.signal(SIGCONT);
    // Its own clock told it: it does not even come to its gate.
    scene.until("the first goes on", [&] { return first.said("bundle.committed") > 1; });
    scene.end();
    scene.judge();
    tally("SIGSTOP " + store::testing::dialect_name(GetParam()) + " once");
  }
}

// F2: whoever was told `prevented` is never belied, however long the process stood before its gate.
TEST_P(Stop, PreventedMeanwhile) {
  for (const auto* point : {"claimed", "gate.begin"}) {
    SCOPED_TRACE(point);
    Scene scene(GetParam(), Flavour::once);
    auto& first = stop_first(scene, point, {.at = {std::string(point) + ":1:stop"}, .sweep = 1h}, 1);
    if (HasFailure()) return;
    ASSERT_EQ(scene.stop("1"), StopAnswer::prevented);
    first.signal(SIGCONT);
    scene.until("it came to its gate", [&] { return first.said("gate.passed") > 0; });
    scene.until("it goes on", [&] { return first.said("bundle.committed") > 1; });
    scene.start(kRescuer);
    scene.until("another looked, too", [&] { return scene.processes()[1]->said("swept") > 1; });
    scene.end();
    EXPECT_EQ(scene.read("1").state, State::stopped);
    EXPECT_EQ(scene.receiver().total(), 0);
    scene.judge();
    tally("SIGSTOP " + store::testing::dialect_name(GetParam()) + " stopped by a person");
  }
}

INSTANTIATE_TEST_SUITE_P(Crash, Stop, ::testing::Values(Dialect::sqlite, Dialect::postgres),
                         [](const auto& database) { return store::testing::dialect_name(database.param); });

}  // namespace
}  // namespace fencepost::crash
