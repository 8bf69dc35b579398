#pragma once
// Shows and episodes as the API shows them. Inside api/ only.

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "accounts/shows.hpp"
#include "apps/announce/episodes.hpp"
#include "apps/announce/shows.hpp"
#include "http/api/api.hpp"

namespace fencepost::http {

nlohmann::json show_json(const accounts::Show& show, const announce::ShowSettings& settings);
std::vector<Field> show_fields();
// The body of a show that is made, or changed.
std::vector<Field> show_body(bool creating);
announce::ShowChange show_change(const Request& request);

nlohmann::json episode_json(const announce::Episode& episode);
std::vector<Field> episode_fields();
Response episode_response(int status, const announce::Episode& episode);  // with its ETag

// What somebody's no came to.
nlohmann::json prevented_json(const announce::Prevented& prevented);
std::vector<Field> prevented_fields();

// The queue of announcements, whose items are stopped.
const store::Fence& announcement_fence(const Services& services);

}  // namespace fencepost::http
