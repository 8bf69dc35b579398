#pragma once
// Pages of the whole history, the newest first. Inside api/ only.

#include <optional>
#include <string>
#include <vector>

#include "store/event_feed.hpp"

namespace fencepost::http {

// Which events somebody looks for; empty: any.
struct EventFilter {
  std::string queue = {}, item = {}, kind = {};
};
struct HistoryPage {
  std::vector<store::Event> events;  // the newest first
  std::optional<std::int64_t> next;  // go on before this id; nullopt: that was all
};

// At most `limit` events before the id `before` (nullopt: the newest). Looks at no more than `window` ids, so
// that a filter that matches seldom takes no longer than one that matches always: a page may be short, even
// empty, and still have a `next`. What commits late may appear behind what was read: this is no stream.
// Throws InfraError.
HistoryPage history_page(store::Connection& connection, const EventFilter& filter,
                         std::optional<std::int64_t> before, int limit, std::int64_t window = 100'000);

}  // namespace fencepost::http
