#pragma once
// Lists that come in pages.

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "cli/client.hpp"

namespace fencepost::cli {

// All pages of a list as one: {"items": […]}. `path` without a query.
nlohmann::json all_pages(Client& client, const std::string& path);

}  // namespace fencepost::cli
