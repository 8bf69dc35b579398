#pragma once
// Threads: an announcement that goes out as several posts, each an answer to the one before. Every part is an
// item of its own, with its own gate, effect and outcome; part 1 is the announcement itself.
//
// All of it is a part of the caller's transaction. Whoever arms, adds or deletes parts of a thread holds all
// of its items first, in the order of their keys: so a part that is just being posted is seen, or sees.

#include <optional>
#include <string>
#include <vector>

#include "connect/connector.hpp"
#include "core/state.hpp"
#include "store/database.hpp"
#include "store/fence.hpp"

namespace fencepost::announce {

inline constexpr std::size_t kMostParts = 25;

// The first part of the thread that it is in; itself where it is in none.
std::int64_t first_part(store::Connection& connection, std::int64_t id);
// The items that an act on this announcement is about, held: of a first part all of the thread, else itself.
// Empty: there is none.
std::vector<store::Snapshot> hold_items(store::Connection& connection, const store::Fence& fence,
                                        std::int64_t id);
// The same items, but the whole thread is held, from its first part on: for who arms or deletes, by which a
// part may come behind another one that is posted.
std::vector<store::Snapshot> hold_thread(store::Connection& connection, const store::Fence& fence,
                                         std::int64_t id);
// What a thread answers to a stop: the gravest of its parts' answers, because that is what a person has to
// look at. in_flight before outcome_unknown before prevented before already_stopped before already_done.
core::StopAnswer gravest(const std::vector<core::StopAnswer>& answers);

// Adds parts 2, 3, … The first part is held. `enabled`: false: disabled like the first.
void add_parts(store::Connection& connection, std::int64_t first, const std::vector<std::string>& texts,
               bool enabled, const std::string& actor);
// Lets go out what follows a part that is posted, and wait what follows one that is not. Call it wherever a
// part was posted, armed, added or deleted, behind the lock of the part that was posted, or of the whole
// thread. Answers whether anything goes out now that waited.
bool release_thread(store::Connection& connection, std::int64_t any_part);

// What a part answers, as the platform knows it; nullopt: the part before it is not posted.
std::optional<connect::Thread> thread_before(store::Connection& connection, std::int64_t part);

}  // namespace fencepost::announce
