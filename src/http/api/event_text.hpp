#pragma once
// How events look on the wire (WHATWG HTML §9.2.6). Inside api/ only.

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "http/fields.hpp"
#include "store/event_feed.hpp"

namespace fencepost::http {

// The members of event_fields().
nlohmann::json event_json(const store::Event& event);
// "id: 7\nevent: transition\ndata: {…}\n\n"
std::string event_text(const store::Event& event);
// Events up to `id` may be missing: whoever reads this looks at the state anew. The stream goes on after it.
std::string reset_text(std::int64_t id);
// No event; but whoever comes back begins after `id`.
std::string mark_text(std::int64_t id);
// Nothing happened, and the line is alive: a named event, because a browser tells its page of no comment.
// With `id`, as mark_text().
std::string beat_text(std::optional<std::int64_t> id);
// The members of a transition's data.
std::vector<Field> event_fields();

}  // namespace fencepost::http
