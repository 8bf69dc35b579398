#include "http/openapi.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <set>

#include "http/dispatch.hpp"

namespace fencepost::http {
namespace {

using nlohmann::json;

constexpr Access kMember = Access::signed_in(Scope::read);
constexpr RateLimit kLimit{120, std::chrono::seconds(60)};

std::vector<Route> table() {
  const Handler handler = [](const Request&) { return Response{}; };
  std::vector<Route> routes = {
      {.method = "GET",
       .pattern = "/api/v1/shows",
       .access = kMember,
       .limit = kLimit,
       .query = {{.name = "limit", .type = FieldType::integer, .minimum = 1, .maximum = 100}},
       .answers = {{200, "a page of shows", {{.name = "title"}}}},
       .summary = "List shows",
       .handler = handler},
      {.method = "POST",
       .pattern = "/api/v1/shows",
       .access = kMember,
       .limit = {10, std::chrono::seconds(60)},
       .fields = {{.name = "title", .required = true}, {.name = "next_at", .format = Format::date_time}},
       .headers = {{.name = "Idempotency-Key", .example = "\"6b1f\""}},
       .answers = {{201, "the show", {}}, {409, "already_exists: there is one with that title", {}}},
       .summary = "Make a show",
       .handler = handler},
      {.method = "PATCH",
       .pattern = "/api/v1/shows/{id}",
       .access = Access::show(Relation::admin, Scope::announce),
       .limit = kLimit,
       .fields = {{.name = "title"}},
       .headers = {{.name = "If-Match", .required = true}},
       .summary = "Change a show",
       .handler = handler},
      {.method = "POST",
       .pattern = "/api/v1/places",
       .access = kMember,
       .limit = kLimit,
       .summary = "Import",
       .handler = handler,
       .raw_body = "text/csv"},
      {.method = "GET",
       .pattern = "/healthz",
       .access = Access::anyone,
       .limit = kLimit,
       .summary = "Alive?",
       .handler = handler}};
  return with_openapi(std::move(routes), "1.2.3");
}

json document() {
  const base::Clock& clock = base::system_clock();
  const Dispatcher dispatcher(table(), nullptr, clock);
  const auto response = dispatcher.handle({.method = "GET", .target = kOpenApiPath});
  EXPECT_EQ(response.status, 200);
  return json::parse(response.body);
}

TEST(OpenApi, HasEveryApiRouteWithSecurityAndErrors) {
  const auto doc = document();
  EXPECT_EQ(doc["openapi"], "3.1.0");
  EXPECT_EQ(doc["info"]["version"], "1.2.3");
  std::set<std::string> ids;
  for (const auto& route : table()) {
    if (!route.pattern.starts_with("/api/")) continue;
    std::string method = route.method;
    for (char& c : method) c = static_cast<char>(std::tolower(c));
    ASSERT_TRUE(doc["paths"].contains(route.pattern)) << route.pattern;
    ASSERT_TRUE(doc["paths"][route.pattern].contains(method)) << route.pattern;
    const auto& operation = doc["paths"][route.pattern][method];
    EXPECT_EQ(operation["summary"], route.summary);
    EXPECT_EQ(operation["security"].empty(), route.access.open);
    EXPECT_EQ(operation["responses"].contains("401"), !route.access.open);
    EXPECT_EQ(operation["x-access"], describe(route.access));
    for (const auto* status : {"400", "429", "500", "503"})
      EXPECT_TRUE(operation["responses"].contains(status));
    EXPECT_EQ(operation["x-rate-limit"]["count"], route.limit.count);
    EXPECT_EQ(operation.contains("requestBody"), !route.fields.empty() || !route.raw_body.empty());
    EXPECT_TRUE(ids.insert(operation["operationId"]).second);
    for (const auto& name : pattern_params(route.pattern))
      EXPECT_EQ(operation["parameters"][0]["name"], name);
  }
  EXPECT_FALSE(doc["paths"].contains("/healthz"));
  EXPECT_TRUE(doc["paths"].contains(kOpenApiPath));
}

TEST(OpenApi, EveryFieldHasAnExampleAndEveryReferenceATarget) {
  const auto doc = document();
  const auto& body = doc["paths"]["/api/v1/shows"]["post"]["requestBody"];
  EXPECT_EQ(body["required"], true);
  const auto& content = body["content"]["application/json"];
  EXPECT_EQ(content["schema"]["required"], json::array({"title"}));
  for (const auto& [name, property] : content["schema"]["properties"].items())
    EXPECT_FALSE(property["examples"].empty()) << name;
  EXPECT_EQ(content["example"]["next_at"], "2026-11-22T18:00:00Z");
  const auto& limit = doc["paths"]["/api/v1/shows"]["get"]["parameters"][0];
  EXPECT_EQ(limit["in"], "query");
  EXPECT_EQ(limit["schema"]["maximum"], 100);
  EXPECT_EQ(doc["paths"]["/api/v1/shows"]["post"]["responses"]["409"]["description"],
            "already_exists: there is one with that title");
  EXPECT_TRUE(doc["paths"]["/api/v1/shows/{id}"]["patch"]["responses"].contains("428"));
  EXPECT_TRUE(doc["paths"]["/api/v1/places"]["post"]["requestBody"]["content"].contains("text/csv"));

  const auto flat = doc.flatten();
  for (const auto& [where, value] : flat.items()) {
    if (!where.ends_with("/$ref")) continue;
    EXPECT_TRUE(doc.contains(json::json_pointer(value.get<std::string>().substr(1)))) << value;
  }
}

}  // namespace
}  // namespace fencepost::http
