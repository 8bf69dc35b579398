#pragma once
// The history of all queues as one stream in the order of its ids, from which nothing is missing.
//
// Ids are drawn before their transactions commit, so that 99 may appear after 100 was read: a reader that
// goes on from the highest id it saw loses 99. Here nothing is read beyond the horizon, the highest id up to
// which every id is settled: committed and visible, or never to come.

#include <deque>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "store/database.hpp"

namespace fencepost::store {

struct Event {
  std::int64_t id = 0;
  base::Micros at = 0;  // database time
  std::string queue, item, kind;
  std::optional<std::string> from, to;  // the words of the queue's table
  std::optional<std::int64_t> fence;
  std::optional<std::string> actor, detail;
};

// Of a statement that selects the members in their order.
Event event_of(const Row& row);
// Of one item, also of one that is gone: at most `limit` with an id above `after`, the oldest first.
std::vector<Event> history_of(Connection& connection, const std::string& queue, const std::string& item,
                              std::int64_t after, int limit);

// Where the horizon is. Not thread-safe. All throw InfraError.
//
// On PostgreSQL a transaction that has written an event and stays open holds the horizon where it was; other
// transactions, of other tables or databases, do not.
class EventHorizon {
 public:
  // Looks again, on any connection outside a transaction, and answers the horizon. Costs two small statements
  // while something is new, else one. It goes back only where the database did: a backup was restored.
  std::int64_t look(Connection& connection);
  std::int64_t now() const { return horizon_; }
  // The last id that had been drawn at that look; it is settled some time later.
  std::int64_t issued() const { return issued_; }

 private:
  // Ids up to `id` are settled once none of `writers` is at work any more.
  struct Candidate {
    std::int64_t id;
    std::set<std::string> writers;
  };
  void settle(const std::set<std::string>& writers);

  std::int64_t horizon_ = 0, issued_ = 0;
  std::deque<Candidate> candidates_;
};

struct EventPage {
  std::vector<Event> events;
  // Not 0: events after the id that was asked for, and up to this one, were deleted before they were read
  // here. The events of this page follow it; what is left before it is old, and is not shown.
  std::int64_t lost_until = 0;
};

// The first `limit` events after `after` and up to `horizon`.
EventPage events_page(Connection& connection, std::int64_t after, std::int64_t horizon, int limit);

}  // namespace fencepost::store
