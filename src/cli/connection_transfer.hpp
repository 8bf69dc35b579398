#pragma once

#include <string>

#include "cli/commands.hpp"

namespace fencepost::cli {

// `fencepost connection export`, `import` and `connect`.
void add_connection_transfer(CLI::App& noun, Chosen& chosen);
// The first line of a file that has a secret. Throws UserError("no_secret").
std::string secret_of(const std::string& path);

}  // namespace fencepost::cli
