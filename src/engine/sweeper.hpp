#pragma once
// Upkeep of one queue: rescue, clamp, reconcile (rules 9–11). Any number of instances may sweep; the row's
// lock decides.

#include <map>
#include <set>
#include <string>

#include "engine/queue_runner.hpp"
#include "engine/seats.hpp"

namespace fencepost::engine {

// Not thread-safe: one thread sweeps.
class Sweeper {
 public:
  Sweeper(const Context& context, QueueRunner& runner)
      : context_(context), runner_(runner), seats_(context, runner) {}

  // `gone`: numbers of workers whose process is known to be gone.
  void sweep(const std::set<std::int64_t>& gone);
  const std::string& queue() const { return runner_.fence().queue().name; }

 private:
  struct Seen {
    store::Lapsed row;
    base::BootTime since;
  };
  void rescue_gone(store::Connection& connection, const std::set<std::int64_t>& gone);
  void rescue_lapsed(store::Connection& connection);
  void rescue(store::Connection& connection, const store::Lapsed& row, bool gone);

  const Context& context_;
  QueueRunner& runner_;
  SeatSweeper seats_;
  std::map<std::string, Seen> seen_;  // lapsed rows, and since when they look as they do on our own clock
};

}  // namespace fencepost::engine
