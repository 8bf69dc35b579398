#include "store/schedules.hpp"

#include <limits>

#include "core/cron.hpp"
#include "store/sql.hpp"

namespace fencepost::store {

namespace {

Micros database_now(Connection& connection) { return connection.run(sql::now)[0][0].integer(); }

constexpr Micros kHour = 3'600'000'000;

// The next tick, and the error to show with it.
std::pair<Micros, std::optional<std::string>> next_tick(const std::string& spec, const std::string& zone,
                                                        Micros tick, Micros now,
                                                        std::optional<std::string> error) {
  try {
    return {core::Schedule::parse(spec, zone).next(tick, now), std::move(error)};
  } catch (const base::UserError& why) {
    return {now + kHour, std::string("its next tick cannot be computed: ") + why.what()};
  }
}

}  // namespace

core::Queue schedule_queue() {
  core::Queue queue;
  queue.name = "schedules";
  queue.table = "fencepost_schedules";
  queue.enabled = "enabled";
  // Not the spec: changing it must not revoke a tick that is running.
  queue.payload = {"name"};
  queue.backoff.retries = std::numeric_limits<int>::max() - 1;
  return queue;
}

bool upsert_schedule(Connection& connection, const std::string& name, const std::string& spec,
                     const std::string& zone) {
  const auto schedule = core::Schedule::parse(spec, zone);
  Transaction transaction(connection);
  auto now = database_now(connection);
  bool changed = connection.run(sql::add_schedule, {name, spec, zone, schedule.next(now, now)}).changed > 0;
  if (!changed) {
    const auto rows = connection.run(sql::lock_schedule, {name});
    // Deleted in this moment: the next start makes it.
    if (rows.empty()) return false;
    const auto& row = rows[0];
    changed = row[1].text() != spec || row[2].text() != zone;
    if (changed && row[3].text() == schedule_queue().words.claimed) {
      connection.run(sql::change_running_schedule, {row[0], spec, zone, row[4]});
    } else if (changed) {
      now = database_now(connection);
      connection.run(sql::change_schedule, {row[0], spec, zone, schedule.next(now, now), row[4]});
    }
  }
  transaction.commit();
  return changed;
}

SettleAnswer settle_tick(Connection& connection, const Fence& fence, const Claim& claim,
                         const std::optional<std::string>& error) {
  Transaction transaction(connection);
  const auto rows = connection.run(sql::lock_tick, {claim.item});
  if (rows.empty() || rows[0][5].maybe_integer() != claim.claim) return SettleAnswer::stale;
  const auto& words = fence.queue().words;
  const auto& status = rows[0][3].text();
  const auto seen = rows[0][4].integer();
  // One's own recorded outcome is success (rule 4): settlement and tick each moved the fence once.
  if (seen == claim.fence + 2 && status == words.queued) return SettleAnswer::settled;
  if (seen == claim.fence + 2 && status == words.stopped) return SettleAnswer::stopped;
  if (seen != claim.fence || status != words.claimed) return SettleAnswer::stale;

  const auto [next, shown] =
      next_tick(rows[0][1].text(), rows[0][2].text(), rows[0][0].integer(), database_now(connection), error);
  const auto answer = fence.settle(connection, {Settlement::next_tick(claim, next, shown)}).at(0);
  FENCEPOST_ASSERT(answer != SettleAnswer::stale);
  const auto stored = connection.run(sql::store_tick, {claim.item, next, claim.claim, claim.fence + 1});
  FENCEPOST_ASSERT(stored.changed == 1);
  transaction.commit();
  return answer;
}

}  // namespace fencepost::store
