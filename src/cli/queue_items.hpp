#pragma once
// The part of `fencepost queue` that concerns items: items, stop, retry, requeue, drain.

#include "cli/commands.hpp"

namespace fencepost::cli {

void add_queue_items(CLI::App& noun, Chosen& chosen);

}  // namespace fencepost::cli
