#pragma once
// The queue of uploads.

#include "base/clock.hpp"
#include "core/state.hpp"

namespace fencepost::upload {

inline constexpr const char* kQueue = "uploads";

// The queue over fencepost_uploads: `once`, words scheduled · uploading · finishing · uploaded · failed ·
// unknown · cancelled. Its payload is what YouTube is told, and when.
// What fails or loses its process is tried again until its slot, `longest_wait` apart at most: it goes on
// where YouTube has it.
core::Queue upload_queue(base::Duration longest_wait = std::chrono::minutes(5));

}  // namespace fencepost::upload
