#pragma once
// An announcement as the API shows it. Inside api/ only.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "apps/announce/service.hpp"
#include "http/fields.hpp"
#include "http/message.hpp"

namespace fencepost::http {

nlohmann::json announcement_json(const announce::Announcement& announcement);
// Its members, described.
std::vector<Field> announcement_fields();
// {"answer": …, "announcement": …}, described.
std::vector<Field> acted_fields(std::vector<std::string> answers);

// The statuses that people see.
std::vector<std::string> announcement_statuses();

// The announcement with its ETag.
Response announcement_response(int status, const announce::Announcement& announcement);
// {"answer": …} and, where it is known, the announcement.
Response acted(int status, const std::string& answer,
               const std::optional<announce::Announcement>& announcement);

// The refusals that several acts have in common, in the users' words. 409.
Response refused_in_flight(const Request& request);
Response refused_unknown(const Request& request);
// With post_id and post_url, so that nobody has to ask again.
Response refused_posted(const Request& request, const std::optional<announce::Announcement>& announcement);

}  // namespace fencepost::http
