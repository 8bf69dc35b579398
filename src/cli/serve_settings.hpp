#pragma once
// The settings that a server reads.

#include <string_view>
#include <vector>

namespace fencepost::cli {

const std::vector<std::string_view>& serve_settings();

}  // namespace fencepost::cli
