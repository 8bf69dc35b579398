#include "apps/announce/threads.hpp"

#include <algorithm>
#include <array>

#include "announce/sql.hpp"
#include "apps/announce/episodes.hpp"
#include "apps/announce/queue.hpp"
#include "store/guards.hpp"
#include "store/sql.hpp"

namespace fencepost::announce {

using core::StopAnswer;
using store::guard;

std::int64_t first_part(store::Connection& connection, std::int64_t id) {
  const auto rows = connection.run(sql::thread_of, {id});
  return rows.empty() ? id : rows[0][0].integer();
}

std::vector<store::Snapshot> hold_items(store::Connection& connection, const store::Fence& fence,
                                        std::int64_t id) {
  // Who changes the parts holds the first one: what is listed behind its lock is what there is.
  if (guard("thread_first")) fence.hold(connection, {std::to_string(id)});
  std::vector<std::string> items;
  for (const auto& row : connection.run(sql::items_of, {id}))
    items.push_back(std::to_string(row[0].integer()));
  auto held = fence.hold(connection, items);
  const auto key = [](const store::Snapshot& one) { return std::stoll(one.item); };
  std::sort(held.begin(), held.end(),
            [&](const auto& one, const auto& other) { return key(one) < key(other); });
  return held;
}

std::vector<store::Snapshot> hold_thread(store::Connection& connection, const store::Fence& fence,
                                         std::int64_t id) {
  const auto first = first_part(connection, id);
  auto held = hold_items(connection, fence, guard("thread_whole") ? first : id);
  if (first != id)
    std::erase_if(held, [&](const store::Snapshot& one) { return one.item != std::to_string(id); });
  return held;
}

StopAnswer gravest(const std::vector<StopAnswer>& answers) {
  for (const auto answer : {StopAnswer::in_flight, StopAnswer::outcome_unknown, StopAnswer::prevented,
                            StopAnswer::already_stopped, StopAnswer::already_done})
    if (std::find(answers.begin(), answers.end(), answer) != answers.end()) return answer;
  return StopAnswer::not_found;
}

void add_parts(store::Connection& connection, std::int64_t first, const std::vector<std::string>& texts,
               bool enabled, const std::string& actor) {
  std::vector<store::Params> events;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto part = static_cast<std::int64_t>(i) + 2;
    const auto id =
        connection.run(sql::add_part, {first, part, texts[i], kNever, enabled ? "queued" : "disabled"})
            .rows.at(0)[0]
            .integer();
    events.push_back({kQueue, std::to_string(id), "created", store::Value(), enabled ? "queued" : "stopped",
                      0, store::Value(), actor, "part " + std::to_string(part)});
  }
  connection.run_batch(store::sql::add_events, events);
}

bool release_thread(store::Connection& connection, std::int64_t any_part) {
  store::Rows released;
  for (const auto& row : connection.run(sql::release_thread, {any_part, kNever}))
    if (row[1].integer() != kNever) released.rows.push_back(row);
  note(connection, released, "released", "queued", "thread", "the part before it was posted");
  return !released.rows.empty();
}

std::optional<connect::Thread> thread_before(store::Connection& connection, std::int64_t part) {
  const auto rows = connection.run(sql::thread_before, {part});
  if (rows.empty() || !rows[0][4].boolean()) return std::nullopt;
  const auto text = [&](std::size_t column) { return rows[0][column].maybe_text().value_or(""); };
  return connect::Thread{{text(0), text(1)}, {text(2), text(3)}};
}

}  // namespace fencepost::announce
