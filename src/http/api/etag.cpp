#include "http/api/etag.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.hpp"

namespace fencepost::http {

std::string etag_of(std::int64_t version) { return '"' + std::to_string(version) + '"'; }

bool matches(const std::string& if_match, std::int64_t version) {
  if (if_match == "*") return true;
  const std::string wanted = etag_of(version);
  std::size_t from = 0;
  while (from <= if_match.size()) {
    const auto comma = std::min(if_match.find(',', from), if_match.size());
    const auto first = if_match.find_first_not_of(" \t", from);
    const auto last = if_match.find_last_not_of(" \t", comma == 0 ? 0 : comma - 1);
    if (first < comma && if_match.compare(first, last - first + 1, wanted) == 0) return true;
    from = comma + 1;
  }
  return false;
}

bool matches(const Request& request, std::int64_t version) {
  const std::string* if_match = request.headers.find("If-Match");
  FENCEPOST_ASSERT(if_match != nullptr);
  return matches(*if_match, version);
}

Field if_match() {
  return {.name = "If-Match",
          .required = true,
          .description = "the ETag that you have seen",
          .example = "\"\\\"1\\\"\""};
}

Response version_conflict(const Request& request, std::int64_t now) {
  Response response =
      problem(request, 412, "version_conflict",
              "somebody has changed it since you read it: read it again, then repeat your change",
              {{"version", now}});
  response.headers.set("ETag", etag_of(now));
  return response;
}

}  // namespace fencepost::http
