#pragma once
// Upkeep of a limited queue's seats: what is left behind by processes that are gone, and by time.

#include <map>
#include <set>

#include "engine/queue_runner.hpp"

namespace fencepost::engine {

// Not thread-safe: one thread sweeps. Does nothing where the queue has no limits.
class SeatSweeper {
 public:
  SeatSweeper(const Context& context, QueueRunner& runner) : context_(context), runner_(runner) {}

  // After the rescue of what the `gone` workers held.
  void sweep(store::Connection& connection, const std::set<std::int64_t>& gone);

 private:
  struct Seen {
    store::Fence::ExpiredSeat seat;
    base::BootTime since;
  };
  const Context& context_;
  QueueRunner& runner_;
  std::map<std::int64_t, Seen> seen_;  // by claim: since when its time is over, on our own clock
};

}  // namespace fencepost::engine
