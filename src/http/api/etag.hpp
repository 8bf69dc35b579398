#pragma once
// Versions as ETags (RFC 9110, section 8.8.3): a row's version grows with every edit by a person. Inside api/
// only.

#include <cstdint>
#include <string>

#include "http/fields.hpp"
#include "http/message.hpp"

namespace fencepost::http {

std::string etag_of(std::int64_t version);
// Whether an If-Match names this version. Weak tags never do (section 13.1.1).
bool matches(const std::string& if_match, std::int64_t version);
// Whether the request's If-Match does. It must have one: its route says so (asserted).
bool matches(const Request& request, std::int64_t version);

Field if_match();
// 412, with the version of now.
Response version_conflict(const Request& request, std::int64_t now);

}  // namespace fencepost::http
