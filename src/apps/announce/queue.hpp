#pragma once
// The queue of announcements.

#include "core/state.hpp"

namespace fencepost::announce {

inline constexpr const char* kQueue = "announcements";

// The queue over fencepost_announcements: `once`, words queued · claimed · sending · posted · failed ·
// unknown · disabled. Its payload is what goes into a post, and until when it may.
core::Queue announcement_queue();

}  // namespace fencepost::announce
