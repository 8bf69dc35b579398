#pragma once
// The OpenAPI 3.1 document, made from the route table alone.

#include <string>
#include <vector>

#include "http/routes.hpp"

namespace fencepost::http {

constexpr const char* kOpenApiPath = "/api/v1/openapi.json";

// The document as JSON text. Only routes under /api/v1/ are in it.
std::string openapi(const std::vector<Route>& routes, const std::string& version);

// The table with one route more: GET /api/v1/openapi.json for anyone, which describes itself too.
std::vector<Route> with_openapi(std::vector<Route> routes, const std::string& version);

}  // namespace fencepost::http
