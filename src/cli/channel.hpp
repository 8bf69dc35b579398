#pragma once
// Channels by their names.

#include <string>

#include "cli/client.hpp"

namespace fencepost::cli {

// A channel's id by that, by its name, or, of "", by its being the only one. Throws UserError.
std::string channel_id(Client& client, const std::string& given);

}  // namespace fencepost::cli
