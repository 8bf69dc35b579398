#pragma once
// What can forbid an announcement's post, beside the announcement itself: its show's kill switch and
// approval, who its host is, its connection, its episode, its deadline (rule 3). Looked at twice: when it is
// rendered, to say why, and in the gate's transaction, under locks that last until the gate has committed.

#include <optional>
#include <string>

#include "apps/announce/compose.hpp"
#include "connect/connector.hpp"
#include "store/database.hpp"

namespace fencepost::announce {

// What is needed to send an announcement, or to ask about it: one moment of the database.
struct ToPublish {
  std::string text, url;  // its own; may be empty
  std::int64_t connection_id = 0;
  std::string platform, target;
  std::string detail;  // why the outcome of its effect is unknown; may be empty
  bool include_url = true;
  std::string generated_text;            // may be empty
  std::optional<base::Micros> deadline;  // µs since 1970 UTC
  std::string trigger;
  bool approved = false;
  struct OfEpisode {
    std::int64_t id = 0, version = 0;
    std::string status;
    std::int64_t show = 0, show_version = 0;
    bool show_enabled = true, needs_approval = false;
    std::string show_template;
    std::optional<std::int64_t> host;
    bool host_is_member = false;
  };
  std::optional<OfEpisode> episode;
  Facts facts;  // of its episode
  std::int64_t part = 1;
  std::optional<connect::Thread> reply_to;  // of a part behind the first; nullopt: that before is not posted
  base::Micros now = 0;
};
std::optional<ToPublish> to_publish(store::Connection& connection, std::int64_t id);

// What left of it, as its gate has written it down: while it is being sent, once it was posted, and where
// nobody knows. nullopt: nothing did, or that was forgotten (retention).
std::optional<connect::Rendered> sent(store::Connection& connection, std::int64_t id);

// The words and the URL that go out: its own text, else the generated one, else its show's template.
struct Words {
  std::string text, url;
};
Words words_of(const ToPublish& item);

// Why it must not be posted now: a stable code, and what a person reads.
struct Obstacle {
  const char* code;
  std::string text;
};
// Codes: show_disabled, not_a_member, stream_ended, deadline_passed, needs_approval, part_waits.
std::optional<Obstacle> obstacle(const ToPublish& item);

// In the gate's transaction: locks FOR SHARE host, show, membership, episode and connection, in this order,
// and answers whether all of them still are what was rendered and allow it. False: look at it again.
bool gate_allows(store::Connection& connection, const ToPublish& rendered);

// How the announcements stand at one moment.
struct ScheduleNow {
  std::int64_t due = 0, late = 0, pending = 0, in_flight = 0,
               unknown = 0;          // late: due for more than a minute
  std::optional<base::Micros> next;  // of those that are not due
};
ScheduleNow schedule_now(store::Connection& connection);

}  // namespace fencepost::announce
