// run_now of a process whose loop, at the same moment, does not know whether its own claims were committed.

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "base/error.hpp"
#include "base/testpoint.hpp"
#include "fixture.hpp"

namespace fencepost::testing {
namespace {

class RunNowTest : public LibraryTest {};

// The loop hands back what its worker holds in the database and nobody here knows of. Between the commit of
// run_now and its handler that is this claim; handed back, the item would run twice, the first time with a
// stale claim.
TEST_P(RunNowTest, IsNotTakenForALostClaim) {
  std::mutex mutex;
  std::condition_variable changed;
  bool committed = false, looked_again = false;
  std::optional<std::thread::id> in_doubt;
  base::on_testpoint([&](std::string_view point) {
    std::unique_lock lock(mutex);
    const auto self = std::this_thread::get_id();
    if (point == "run_now.committed") {
      committed = true;
      // Where nothing holds it back, the feeder has handed back by its next round.
      EXPECT_TRUE(changed.wait_for(lock, 60s, [&] { return in_doubt.has_value(); }));
      changed.wait_for(lock, 1s, [&] { return looked_again; });
    } else if (point == "bundle.committed" && committed && !in_doubt) {
      in_doubt = self;
      changed.notify_all();
      throw base::InfraError("the connection was lost in COMMIT", {false, true, true});
    } else if (point == "bundle.begin" && in_doubt == self) {
      looked_again = true;
      changed.notify_all();
    }
  });
  auto store = open();
  Signals signals;
  auto options = quick();
  options.concurrency = 2;
  {
    JobLoop loop(store, links(), options, [&](Job&) {
      signals.add("ran");
      return Outcome::done();
    });
    add();
    sql("UPDATE links SET run_at = $1 WHERE id = 1 AND status = 'queued'", {std::int64_t{1} << 60});
    loop.start();
    EXPECT_EQ(store.run_now(links(), "1", "ann"), RunNowAnswer::started);
    EXPECT_TRUE(signals.wait("ran"));
    loop.wait_until_empty({});
    loop.stop();
  }
  base::on_testpoint({});
  EXPECT_EQ(signals.seen("ran"), 1);
  EXPECT_EQ(status("1"), "done");
}

ON_BOTH(RunNowTest);

}  // namespace
}  // namespace fencepost::testing
