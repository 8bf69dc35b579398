#pragma once
// An announcement as the API shows it. Inside api/ only.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "apps/announce/service.hpp"
#include "http/api/api.hpp"
#include "http/fields.hpp"

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

// What an edit came to: the announcement as it is now, or why it was refused.
Response edit_response(const Request& request,
                       const std::pair<announce::EditResult, std::optional<announce::Announcement>>& edited,
                       int status = 200);

// The refusals that several acts have in common, in the users' words. 409.
Response refused_in_flight(const Request& request);
Response refused_unknown(const Request& request);
// With post_id and post_url, so that nobody has to ask again.
Response refused_posted(const Request& request, const std::optional<announce::Announcement>& announcement);

// What a body describes.
announce::Draft draft_of(const Request& request);
// Throws UserError("unknown_connection") where who asks may not use its connection; not to a repetition.
Response create_announcement(Services& services, const Request& request, const announce::Draft& draft);
// The body of one that is made, or (of either kind) changed.
std::vector<Field> announcement_body(bool creating, bool of_episode);

}  // namespace fencepost::http
