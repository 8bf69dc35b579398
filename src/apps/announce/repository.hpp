#pragma once
// The announcements' own statements. Nothing here writes a column of the protocol.

#include <optional>
#include <string>
#include <vector>

#include "apps/announce/service.hpp"

namespace fencepost::announce {

// All on the caller's connection, in its transaction where it has one. They throw InfraError.

// Of no episode: due at its time, or now.
std::int64_t add(store::Connection& connection, const Draft& draft);
// Of an episode, pending; release() says when it goes out. nullopt: the connection has one there.
std::optional<std::int64_t> add_to_episode(store::Connection& connection, const Draft& draft,
                                           std::optional<std::int64_t> host);
std::optional<Announcement> load(store::Connection& connection, std::int64_t id);
// What a list shows, and nothing beyond it that is not asked for.
struct Filter {
  std::string status{};  // the users' word, or empty
  std::optional<std::int64_t> person{};
};
// Newest first, below `before`. UserError("invalid_field") for another status.
std::vector<Announcement> load_page(store::Connection& connection, std::int64_t before, int limit,
                                    const Filter& filter);
std::vector<Announcement> load_page_of_episode(store::Connection& connection, std::int64_t episode,
                                               std::int64_t before, int limit);
// The soonest first, behind that time and id.
std::vector<Announcement> load_due(store::Connection& connection, base::Micros after, std::int64_t after_id,
                                   int limit, std::optional<std::int64_t> person);
// Whose connection it goes out over.
std::optional<std::int64_t> owner_of(store::Connection& connection, std::int64_t id);
// Locks its show FOR SHARE and its episode (`to_write`: lock_episode), where it has one, before it is locked
// itself. Its episode.
std::optional<std::int64_t> lock_parents(store::Connection& connection, std::int64_t id, bool to_write);
// Writes the next version, under the lock that Fence::edit took. False: it is another version by now, or it
// is at work.
bool write_change(store::Connection& connection, const Announcement& seen, const Change& change);
// What a settlement or a person's word adds to an announcement that was posted.
void set_posted(store::Connection& connection, std::int64_t id, const std::string& post_id,
                const std::string& post_url);

}  // namespace fencepost::announce
