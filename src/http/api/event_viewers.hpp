#pragma once
// Who may listen to which events.

#include <memory>

#include "http/api/event_hub.hpp"

namespace fencepost::http {

enum class Uploads { heard, absent };  // absent: there are no tables of them

// Operators see everything. Everybody else sees what he may read: the events of announcements that go out
// over his connections or are of his shows, and of the uploads of channels that he may schedule on. A token
// or session that has ended, or whose person is disabled, sees nothing any more.
std::unique_ptr<EventViewers> event_viewers(Uploads uploads);

}  // namespace fencepost::http
