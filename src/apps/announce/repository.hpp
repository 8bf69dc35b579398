#pragma once
// The announcements' own statements. Nothing here writes a column of the protocol.

#include <optional>
#include <string>
#include <vector>

#include "apps/announce/service.hpp"

namespace fencepost::announce {

// All on the caller's connection, in its transaction where it has one. They throw InfraError.
std::int64_t add(store::Connection& connection, const Draft& draft);
std::optional<Announcement> load(store::Connection& connection, std::int64_t id);
// Newest first, below `before`. `status` is the users' word or empty; UserError("invalid_field") for another
// one.
std::vector<Announcement> load_page(store::Connection& connection, std::int64_t before, int limit,
                                    const std::string& status, std::optional<std::int64_t> person);
// Whose connection it goes out over.
std::optional<std::int64_t> owner_of(store::Connection& connection, std::int64_t id);
// Writes the next version, under the lock that Fence::edit took. False: it is another version by now, or it
// is at work.
bool write_change(store::Connection& connection, const Announcement& seen, const Change& change);
// What a settlement or a person's word adds to an announcement that was posted.
void set_posted(store::Connection& connection, std::int64_t id, const std::string& post_id,
                const std::string& post_url);

// What is needed to send an announcement, or to ask about it.
struct ToPublish {
  std::string text, url;
  std::int64_t connection_id = 0;
  std::string platform, target;
  std::string detail;  // why the outcome of its effect is unknown; may be empty
};
std::optional<ToPublish> to_publish(store::Connection& connection, std::int64_t id);

}  // namespace fencepost::announce
