#pragma once
// Uploads, channels and quota projects as JSON, and what describes them. Inside api/ only.

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "apps/upload/service.hpp"
#include "http/fields.hpp"
#include "http/message.hpp"

namespace fencepost::http {

nlohmann::json upload_json(const upload::Upload& upload);
std::vector<Field> upload_fields();
std::vector<std::string> upload_statuses();
// With its ETag.
Response upload_response(int status, const upload::Upload& upload);
// {"answer": …, "upload": …}
Response upload_acted(int status, const std::string& answer, const std::optional<upload::Upload>& upload);
std::vector<Field> upload_acted_fields(std::vector<std::string> answers);

// What YouTube is told: members of a body, over `from`.
std::vector<Field> metadata_body();
upload::Metadata metadata_of(const nlohmann::json& body, upload::Metadata from = {});

// 409 with the limit and the next free slot; 404 and 422 where it is no matter of limits.
Response refused_place(const Request& request, const upload::Refused& refused);
nlohmann::json refused_json(const upload::Refused& refused);
std::vector<Field> refused_fields();

nlohmann::json channel_json(const upload::Channel& channel);
std::vector<Field> channel_fields();
std::vector<Field> channel_body(bool make);
upload::ChannelChange channel_change(const nlohmann::json& body);

nlohmann::json project_json(const upload::Project& project);
std::vector<Field> project_fields();
std::vector<Field> project_body(bool make);
upload::ProjectChange project_change(const nlohmann::json& body);

}  // namespace fencepost::http
