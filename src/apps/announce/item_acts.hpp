#pragma once
// Acts on an announcement as an item of its queue: for acts on many, and on the database itself, without an
// engine. `fence`: of the announcements.

#include <string>

#include "apps/announce/service.hpp"
#include "core/state.hpp"
#include "store/bulk.hpp"

namespace fencepost::announce {

// As those of Service, in a transaction of their own, or the caller's. `doubt`: of store::until_certain. Each
// holds the whole thread from its first part on before it decides: so a part of it that is settled meanwhile
// is seen as posted here, or its settlement sees what was done here.
EnableResult enable(store::Connection& connection, const store::Fence& fence, std::int64_t id,
                    const std::string& actor, bool doubt);
core::StopAnswer remove(store::Connection& connection, const store::Fence& fence, std::int64_t id,
                        const std::string& actor, bool doubt);

// A store::Arm: as Service::enable, of this item alone, also of a thread's, where each is named by itself.
// Answers also `too_late`, and throws as that does.
std::string rearm(store::Database& database, const store::Fence& fence, const store::Arming& one);
// The same, in a transaction as enable() has it.
std::string rearm_item(store::Connection& connection, const store::Fence& fence, const store::Arming& one,
                       bool doubt);

// As Service::resolve.
core::ResolveAnswer resolve(store::Database& database, const store::Fence& fence, std::int64_t id,
                            bool happened, const std::string& actor, const std::string& post_url);

}  // namespace fencepost::announce
