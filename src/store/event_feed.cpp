#include "store/event_feed.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "store/sql.hpp"

namespace fencepost::store {

namespace {
// Of a writer that stays, each look would add a candidate that waits for the same end.
constexpr std::size_t kCandidates = 16;
}  // namespace

Event event_of(const Row& row) {
  return {.id = row[0].integer(),
          .at = row[1].integer(),
          .queue = row[2].text(),
          .item = row[3].text(),
          .kind = row[4].text(),
          .from = row[5].maybe_text(),
          .to = row[6].maybe_text(),
          .fence = row[7].maybe_integer(),
          .actor = row[8].maybe_text(),
          .detail = row[9].maybe_text()};
}

std::vector<Event> history_of(Connection& connection, const std::string& queue, const std::string& item,
                              std::int64_t after, int limit) {
  std::vector<Event> events;
  for (const auto& row : connection.run(sql::events_of, {queue, item, after, limit}))
    events.push_back(event_of(row));
  return events;
}

std::int64_t EventHorizon::look(Connection& connection) {
  FENCEPOST_ASSERT(!connection.in_transaction());  // a snapshot would be as old as its first statement
  issued_ = connection.run(sql::feed_issued)[0][0].integer();
  if (issued_ < horizon_) {
    horizon_ = issued_;
    candidates_.clear();
  }
  const auto known = candidates_.empty() ? horizon_ : candidates_.back().id;
  const bool more = issued_ > known && candidates_.size() < kCandidates;
  if (!more && candidates_.empty()) return horizon_;
  // After the last id was read, so that whoever drew an id up to it is seen here, or has committed.
  std::set<std::string> writers;
  for (const auto& row : connection.run(sql::feed_writers)) writers.insert(row[0].text());
  if (more) candidates_.push_back({issued_, writers});
  settle(writers);
  return horizon_;
}

void EventHorizon::settle(const std::set<std::string>& writers) {
  // A prepared transaction has lost the name that it had: whichever it was, it is waited for.
  const bool prepared = std::any_of(writers.begin(), writers.end(),
                                    [](const std::string& name) { return name.starts_with("-1/"); });
  if (prepared) return;
  for (auto& candidate : candidates_)
    std::erase_if(candidate.writers, [&](const std::string& name) { return !writers.contains(name); });
  while (!candidates_.empty() && candidates_.front().writers.empty()) {
    horizon_ = candidates_.front().id;
    candidates_.pop_front();
  }
}

EventPage events_page(Connection& connection, std::int64_t after, std::int64_t horizon, int limit) {
  EventPage page;
  for (;;) {
    page.events.clear();
    for (const auto& row : connection.run(sql::feed_page, {after, horizon, limit}))
      page.events.push_back(event_of(row));
    // Afterwards: what is deleted only now was read above, and what was deleted before is said here.
    const auto lost = connection.run(sql::feed_lost)[0][0].integer();
    if (lost <= after) return page;
    page.lost_until = after = lost;
  }
}

}  // namespace fencepost::store
