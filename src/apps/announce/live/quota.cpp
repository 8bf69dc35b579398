#include "apps/announce/live/quota.hpp"

#include "accounts/notices.hpp"
#include "base/log.hpp"
#include "base/testpoint.hpp"
#include "core/window.hpp"
#include "store/guards.hpp"
#include "store/sql.hpp"

namespace fencepost::live {

using connect::youtube::Trouble;

namespace {
// What makes a bucket. Where people have said what a project has, that holds.
std::int64_t limit_of(store::Connection& connection, const Quota& quota) {
  if (!quota.of_project || !store::guard("live_project")) return quota.units;
  return quota.of_project(connection, quota.project).value_or(quota.units);
}

// Operators, once in a quota day, by whichever process comes first: a bucket of one.
void tell_of_key(store::Connection& connection, const Units& units, const std::string& why) {
  const store::BucketKey key{"youtube.key_refused", units.key.name, units.key.window};
  const auto told = store::take(connection, key, 1, 1, units.queue, units.item, "tell", 0);
  if (told.outcome != store::Take::Outcome::granted) return;
  store::mark_spent(connection, units.queue, units.item, "tell", 0);
  accounts::raise(connection, {.kind = accounts::NoticeKind::credentials_refused,
                               .queue = units.queue,
                               .item = units.key.name,
                               .detail = why + " of the live check, which goes by pages meanwhile"});
}
}  // namespace

store::BucketKey units_key(const Quota& quota, base::Micros now) {
  return {"youtube.units", quota.project, core::day_window(now, connect::youtube::kQuotaZone)};
}

std::optional<Units> take_units(store::Database& database, const Quota& quota, const std::string& queue,
                                const std::string& item, const std::string& purpose) {
  auto units = database.retrying([&](store::Connection& connection) -> std::optional<Units> {
    if (quota.units == 0) return std::nullopt;
    store::Transaction transaction(connection);
    const auto limit = limit_of(connection, quota);
    const auto now = connection.run(store::sql::now)[0][0].integer();
    Units taken{units_key(quota, now), queue, item, purpose};
    const auto answer =
        store::take(connection, taken.key, limit, connect::youtube::kListUnits, queue, item, purpose, 0);
    if (answer.full()) return std::nullopt;
    transaction.commit();
    return taken;
  });
  base::testpoint("units.taken");
  return units;
}

void settle_units(store::Database& database, const Units& units,
                  const std::optional<Trouble>& trouble) noexcept try {
  database.retrying([&](store::Connection& connection) {
    store::Transaction transaction(connection);
    if (trouble && !trouble->left)
      store::release(connection, units.queue, units.item, units.purpose, 0);
    else
      store::mark_spent(connection, units.queue, units.item, units.purpose, 0);
    if (trouble && trouble->kind == Trouble::Kind::quota)
      if (const auto bucket = store::bucket(connection, units.key))
        store::set_quota(connection, units.key, bucket->used);
    if (trouble && trouble->kind == Trouble::Kind::credentials) tell_of_key(connection, units, trouble->why);
    transaction.commit();
    return 0;
  });
} catch (const std::exception& error) {
  base::log(base::LogLevel::warn, "units not settled", {{"queue", units.queue}, {"error", error.what()}});
}

}  // namespace fencepost::live
