#pragma once
// Lists that come in pages.

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "cli/client.hpp"

namespace fencepost::cli {

// All pages of a list as one: {"items": […]}. `path` without a query.
nlohmann::json all_pages(Client& client, const std::string& path);

// One page: `path` with or without a query; `cursor` may be empty. As JSON it is printed, and nothing is
// answered: there is no more to show.
std::optional<nlohmann::json> one_page(Client& client, bool as_json, const std::string& path, int limit,
                                       const std::string& cursor);
// Under a page's table: how to go on, if there is more.
void say_more(const nlohmann::json& page);

// What happened to a thing, the oldest first; `path` is the thing's. Answers the exit code.
int show_history(Client& client, bool as_json, const std::string& path);

}  // namespace fencepost::cli
