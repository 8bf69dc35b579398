#pragma once
// The parts of one noun. Inside cli/ only.

#include "cli/commands.hpp"

namespace fencepost::cli {

// enable, disable, post-now, generate, delete, resolve.
void add_announcement_acts(CLI::App& noun, Chosen& chosen);

// image add, image list, image edit, image remove.
void add_announcement_images(CLI::App& noun, Chosen& chosen);

}  // namespace fencepost::cli
