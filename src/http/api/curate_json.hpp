#pragma once
// Records and contacts as JSON, described. Inside api/ only.

#include <nlohmann/json_fwd.hpp>

#include "apps/curate/import.hpp"
#include "apps/curate/records.hpp"
#include "http/api/common.hpp"

namespace fencepost::http {

// `whole`: with its evidence, which a list leaves out.
nlohmann::json record_json(const curate::Record& record, bool whole);
std::vector<Field> record_fields(curate::Kind kind, bool whole);
// With its ETag.
Response record_response(int status, const curate::Record& record);

nlohmann::json contact_json(const curate::Contact& contact);
std::vector<Field> contact_fields();

nlohmann::json report_json(const curate::ImportReport& report);
std::vector<Field> report_fields();

// "place": of a message.
std::string noun_of(curate::Kind kind);

}  // namespace fencepost::http
