#include "engine/seats.hpp"

#include "base/log.hpp"

namespace fencepost::engine {

void SeatSweeper::sweep(store::Connection& connection, const std::set<std::int64_t>& gone) {
  const auto& fence = runner_.fence();
  if (!fence.limited()) return;
  int freed = 0;
  for (const auto worker : gone) freed += fence.free_gone(connection, worker);

  // A database clock that jumped ahead ends every seat's time; so it must also have looked so for a while on
  // our own clock, as with leases (rule 11).
  constexpr int kBatch = 200;
  const auto now = context_.clock.boot();
  std::map<std::int64_t, Seen> still;
  for (const auto& seat : fence.expired_seats(connection, kBatch)) {
    const auto known = seen_.find(seat.claim);
    const bool same = known != seen_.end() && known->second.seat == seat;
    const auto since = same ? known->second.since : now;
    if (same && now - since >= runner_.options().lease * 2 / 3)
      freed += fence.free_expired(connection, seat);
    else
      still[seat.claim] = {seat, since};
  }
  seen_ = std::move(still);
  fence.tidy_tokens(connection);
  if (freed == 0) return;
  base::log(base::LogLevel::warn, "seats freed", {{"queue", fence.queue().name}, {"seats", freed}});
  runner_.wake();
}

}  // namespace fencepost::engine
