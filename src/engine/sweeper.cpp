#include "engine/sweeper.hpp"

#include "base/log.hpp"
#include "base/random.hpp"
#include "base/testpoint.hpp"

namespace fencepost::engine {

namespace {
constexpr int kBatch = 200;
// No lease is longer: gates add a request's deadline to it.
constexpr base::Duration kLongestLease = std::chrono::hours(24);
}  // namespace

void Sweeper::rescue(store::Connection& connection, const store::Lapsed& row, bool gone) {
  const auto& queue = runner_.fence().queue().name;
  std::optional<core::State> to;
  try {
    to = runner_.fence().rescue(connection, row, gone, base::random_unit());
  } catch (const base::InfraError& error) {
    // The table refuses this very row (a constraint, a foreign trigger): that is the operator's to see, and
    // the others must not wait for it.
    if (worth_repeating(error)) throw;
    base::log(base::LogLevel::error, "item not rescued",
              {{"queue", queue}, {"item", row.item}, {"error", error.what()}});
  }
  if (!to) return;
  context_.metrics.count(queue, *to == core::State::unknown ? "unknown" : "rescued");
  // Done: it was so before, and a foreign writer had put another word there.
  if (*to != core::State::done) context_.ended(queue, store::ending_of(*to));
  base::log(base::LogLevel::warn, "item rescued",
            {{"queue", queue},
             {"item", row.item},
             {"claim", row.claim.value_or(0)},
             {"to", core::name(*to)},
             {"why", gone ? "its process is gone" : "its lease lapsed"}});
  base::testpoint("rescued");
  runner_.wake();
}

void Sweeper::rescue_gone(store::Connection& connection, const std::set<std::int64_t>& gone) {
  for (const auto worker : gone)
    for (const auto& row : runner_.fence().held_by(connection, worker)) rescue(connection, row, true);
}

void Sweeper::rescue_lapsed(store::Connection& connection) {
  const auto now = context_.clock.boot();
  std::map<std::string, Seen> still;
  auto rows = runner_.fence().lapsed(connection, kBatch);
  for (auto& row : runner_.fence().misplaced(connection, kBatch)) rows.push_back(row);
  for (const auto& row : rows) {
    // A database clock that jumped ahead makes every lease look lapsed. So a row must also have looked the
    // same on our own clock for longer than a live worker leaves it alone, which renews at every third of a
    // lease (rule 11).
    const auto known = seen_.find(row.item);
    const bool same = known != seen_.end() && known->second.row == row;
    const auto since = same ? known->second.since : now;
    if (same && now - since >= runner_.options().lease * 2 / 3)
      rescue(connection, row, false);
    else
      still[row.item] = {row, since};
  }
  seen_ = std::move(still);
}

void Sweeper::sweep(const std::set<std::int64_t>& gone) {
  auto connection = context_.database.acquire();
  try {
    runner_.fence().clamp_leases(*connection, kLongestLease);
  } catch (const base::InfraError& error) {
    // A row that refuses every write: the others are rescued all the same.
    if (!connection->usable()) throw;
    base::log(base::LogLevel::error, "leases not clamped",
              {{"queue", runner_.fence().queue().name}, {"error", error.what()}});
  }
  rescue_gone(*connection, gone);
  rescue_lapsed(*connection);
  seats_.sweep(*connection, gone);
  for (const auto& item : runner_.fence().reconcile_due(*connection, kBatch)) runner_.submit_reconcile(item);
}

}  // namespace fencepost::engine
