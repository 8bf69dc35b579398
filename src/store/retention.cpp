#include "store/retention.hpp"

#include <nlohmann/json.hpp>

#include "base/log.hpp"
#include "core/window.hpp"
#include "store/fence_write.hpp"
#include "store/sql.hpp"
#include "store/throughput.hpp"

namespace fencepost::store {

namespace {
constexpr Duration kRest = std::chrono::hours(1);
// A bucket has as many rows as its limit lets in; a step takes whole ones.
constexpr int kBuckets = 50;

std::string json_of_keys(const std::vector<std::string>& keys) {
  return nlohmann::json(keys).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}
}  // namespace

Retention::Retention(std::vector<const Fence*> fences, const RetentionOptions& options)
    : fences_(std::move(fences)), options_(options) {
  if (options.keep_history && *options.keep_history < std::chrono::hours(24))
    throw base::UserError("invalid_option", "the history is kept for a day at least");
  if (options.keep_budgets && *options.keep_budgets < std::chrono::hours(32 * 24))
    throw base::UserError("invalid_option", "budgets are kept for 32 days at least");
  FENCEPOST_ASSERT(options.step > 0);
}

// The last id of the rows behind `after` that are old, at most a step of them. Ids follow the time of their
// making; the first that is young ends the window.
std::optional<std::int64_t> Retention::end_of_window(Connection& connection, const Statement& window,
                                                     std::int64_t after) const {
  std::optional<std::int64_t> end;
  for (const auto& row : connection.run(window, {after, options_.step, micros(options_.keep_history)})) {
    if (!row[1].boolean()) break;
    end = row[0].integer();
  }
  return end;
}

bool Retention::prune_effects(Connection& connection, const Fence& fence, Deleted& deleted) {
  auto& after = effects_after_[fence.queue().name];
  const auto end = end_of_window(connection, sql::effects_window, after);
  if (end)
    deleted.effects +=
        connection.run(fence.over(sql::prune_effects), {after, *end, micros(options_.keep_history)}).changed;
  after = end.value_or(0);
  return end.has_value();
}

bool Retention::prune_events(Connection& connection, Deleted& deleted) {
  const auto end = end_of_window(connection, sql::events_window, events_after_);
  if (end) deleted.events += connection.run(sql::prune_events, {events_after_, *end}).changed;
  events_after_ = end.value_or(0);
  return end.has_value();
}

bool Retention::prune_budgets(Connection& connection, Deleted& deleted) const {
  Transaction transaction(connection);
  // A day that is over in UTC for a day is over in every zone.
  const auto now = connection.run(sql::now)[0][0].integer();
  const auto first_kept = core::day_window(
      now - std::chrono::duration_cast<Duration>(*options_.keep_budgets + std::chrono::hours(24)).count(),
      "UTC");
  std::vector<Params> buckets;
  for (const auto& row : connection.run(sql::lock_old_buckets,
                                        {first_kept, "~" + first_kept, std::min(options_.step, kBuckets)}))
    buckets.push_back({row[0], row[1], row[2]});
  if (buckets.empty()) return false;
  connection.run_batch(sql::drop_old_seats, buckets);
  connection.run_batch(sql::drop_old_takes, buckets);
  deleted.buckets += connection.run_batch(sql::drop_old_buckets, buckets).changed;
  transaction.commit();
  return true;
}

int Retention::delete_items(Connection& connection, const Fence& fence,
                            const std::vector<std::string>& items) {
  const auto& queue = fence.queue();
  Transaction transaction(connection);
  std::vector<std::string> locked;
  for (const auto& row : connection.run(fence.over(sql::lock_finished), {json_of_keys(items)}))
    locked.push_back(key_text(row[0]));
  const auto gone =
      connection.run(fence.over(sql::delete_finished), {json_of_keys(locked), micros(queue.keep_finished)});
  if (queue.history || queue.kind == core::Kind::once)
    for (const auto& row : gone)
      connection.run(sql::add_event, {queue.name, key_text(row[0]), "deleted",
                                      core::name(core::state_of(queue, row[2].text())), "", row[1].integer(),
                                      Value(), "retention", Value()});
  connection.run(fence.over(sql::drop_finished), {json_of_keys(items)});
  // What is still there is looked at again when it is as old once more, and not first in every run.
  connection.run(fence.over(sql::postpone_finished), {json_of_keys(items)});
  transaction.commit();
  return static_cast<int>(gone.size());
}

bool Retention::prune_items(Connection& connection, const Fence& fence, Deleted& deleted) {
  if (!fence.queue().keep_finished) return false;
  std::vector<std::string> items;
  for (const auto& row :
       connection.run(fence.over(sql::finished_due), {micros(fence.queue().keep_finished), options_.step}))
    items.push_back(row[0].text());
  if (items.empty()) return false;
  try {
    deleted.items += delete_items(connection, fence, items);
  } catch (const base::InfraError& error) {
    if (!refused_by_table(error)) throw;
    // Somebody's foreign key or trigger keeps one of them: the others need not stay for that.
    for (const auto& item : items) {
      try {
        deleted.items += delete_items(connection, fence, {item});
      } catch (const base::InfraError& refused) {
        if (!refused_by_table(refused)) throw;
        connection.run(fence.over(sql::postpone_finished), {json_of_keys({item})});
        base::log(base::LogLevel::warn, "finished item kept",
                  {{"queue", fence.queue().name}, {"item", item}, {"error", refused.what()}});
      }
    }
  }
  return true;
}

template <typename Step>
void Retention::steps(const std::string& what, const base::Clock& clock, base::BootTime until, Step&& step) {
  if (const auto at = rests_until_.find(what); at != rests_until_.end() && clock.boot() < at->second) return;
  while (clock.boot() < until) {
    if (step()) continue;
    rests_until_[what] = clock.boot() + kRest;
    return;
  }
}

Deleted Retention::run(Connection& connection, const base::Clock& clock, Duration budget) {
  Deleted deleted;
  const auto until = clock.boot() + budget;
  for (const auto* fence : fences_)
    while (clock.boot() < until && prune_items(connection, *fence, deleted)) {
    }
  if (options_.keep_budgets)
    steps("budgets", clock, until, [&] { return prune_budgets(connection, deleted); });
  steps("throughput", clock, until, [&] {
    const int minutes = prune_throughput(connection, options_.step);
    deleted.minutes += minutes;
    return minutes > 0;
  });
  if (!options_.keep_history) return deleted;
  for (const auto* fence : fences_)
    steps("effects of " + fence->queue().name, clock, until,
          [&] { return prune_effects(connection, *fence, deleted); });
  steps("events", clock, until, [&] { return prune_events(connection, deleted); });
  return deleted;
}

}  // namespace fencepost::store
