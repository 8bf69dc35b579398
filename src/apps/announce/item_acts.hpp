#pragma once
// Acts on an announcement as an item of its queue: for acts on many, and on the database itself, without an
// engine. `fence`: of the announcements.

#include <string>

#include "core/state.hpp"
#include "store/bulk.hpp"

namespace fencepost::announce {

// A store::Arm: as Service::enable, of this item alone, also of a thread's, where each is named by itself.
// Answers also `too_late`, and throws as that does.
std::string rearm(store::Database& database, const store::Fence& fence, const store::Arming& one);

// As Service::resolve.
core::ResolveAnswer resolve(store::Database& database, const store::Fence& fence, std::int64_t id,
                            bool happened, const std::string& actor, const std::string& post_url);

}  // namespace fencepost::announce
