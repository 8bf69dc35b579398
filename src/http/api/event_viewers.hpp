#pragma once
// Who may listen to which events.

#include <functional>

#include "http/api/event_hub.hpp"

namespace fencepost::http {

// Whose an announcement is: of the person whose connection it goes out over; nullopt: of nobody.
using OwnerOf = std::function<std::optional<std::int64_t>(std::int64_t announcement)>;

// Operators see everything, everybody else what becomes of their own announcements and, by `uploader_of`, of
// the uploads that they scheduled. A token or session that
// has ended, or whose person is disabled, sees nothing any more. `owner_of` is called on the hub's thread,
// seldom twice for one announcement, and may throw as a handler does.
EventHub::Viewers event_viewers(store::Database& database, OwnerOf owner_of, OwnerOf uploader_of = {});

}  // namespace fencepost::http
