#pragma once
// How long a failed attempt waits before the next one. Pure: the random number comes from the caller.

#include "base/clock.hpp"
#include "fencepost/queue.hpp"

namespace fencepost::core {

using fencepost::Backoff;

}  // namespace fencepost::core
