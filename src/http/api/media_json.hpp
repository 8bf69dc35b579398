#pragma once
// Files, videos and templates as the API shows them. Inside api/ only.

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "apps/upload/media/media.hpp"
#include "apps/upload/media/templates.hpp"
#include "http/api/api.hpp"

namespace fencepost::http {

nlohmann::json file_json(const media::File& file);
std::vector<Field> file_fields();

nlohmann::json video_json(const media::Video& video, const media::Rules& rules);
std::vector<Field> video_fields();

nlohmann::json metadata_json(const media::Metadata& metadata);
std::vector<Field> metadata_fields(bool required);
nlohmann::json template_json(const media::Template& one);
std::vector<Field> template_fields();

}  // namespace fencepost::http
