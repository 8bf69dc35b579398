#pragma once
// The queue of uploads.

#include "core/state.hpp"

namespace fencepost::upload {

inline constexpr const char* kQueue = "uploads";

// The queue over fencepost_uploads: `once`, words scheduled · uploading · finishing · uploaded · failed ·
// unknown · cancelled. Its payload is what YouTube is told, and when.
core::Queue upload_queue();

}  // namespace fencepost::upload
