#include "http/openapi.hpp"
#include "http/credentials.hpp"

#include <functional>
#include <nlohmann/json.hpp>
#include <utility>

namespace fencepost::http {

namespace {
using nlohmann::json;

constexpr std::string_view kPrefix = "/api/v1/";

json problem_schema() {
  const auto text = [](const char* what, const char* example) {
    return json{{"type", "string"}, {"description", what}, {"examples", json::array({example})}};
  };
  return {
      {"type", "object"},
      {"description", "RFC 9457 problem details; answers may add members"},
      {"required", {"type", "title", "status", "detail", "code", "request_id"}},
      {"properties",
       {{"type", text("always about:blank: see code", "about:blank")},
        {"title", text("the status in words", "Unprocessable Content")},
        {"status", {{"type", "integer"}, {"examples", json::array({422})}}},
        {"detail", text("what to do about it", "the field 'title' is missing and must be given")},
        {"code", text("stable and machine-readable", "invalid_field")},
        {"request_id", text("leads to the request in the server's log", "9f2b6c0d4e8a41d7b3f5a6c7d8e9f001")},
        {"errors",
         {{"type", "array"},
          {"items",
           {{"type", "object"},
            {"required", {"field", "detail"}},
            {"properties",
             {{"field", text("where", "links[2].url")},
              {"detail", text("what to do", "must be a string")}}}}}}}}}};
}

json problem_response(const std::string& description, bool retry) {
  json response = {
      {"description", description},
      {"headers",
       {{"X-Request-Id",
         {{"schema", {{"type", "string"}}}, {"description", "names the request in the log"}}}}},
      {"content", {{"application/problem+json", {{"schema", {{"$ref", "#/components/schemas/Problem"}}}}}}}};
  if (retry)
    response["headers"]["Retry-After"] = {{"schema", {{"type", "integer"}}},
                                          {"description", "seconds to wait"}};
  return response;
}

// What the dispatcher and the server answer by themselves, whatever the route.
json common_problems() {
  return {{"400", problem_response("the request cannot be read", false)},
          {"401", problem_response("nobody is signed in, or not any more", false)},
          {"403", problem_response("they may not", false)},
          {"413", problem_response("the body is too long", false)},
          {"415", problem_response("the body has another Content-Type", false)},
          {"422", problem_response("a field is wrong", false)},
          {"428", problem_response("If-Match is missing", false)},
          {"429", problem_response("too many requests", true)},
          {"431", problem_response("the headers are too long", false)},
          {"500", problem_response("a fault of the server", false)},
          {"503", problem_response("busy or stopping: try again", true)}};
}

std::vector<const char*> problems_of(const Route& route) {
  std::vector<const char*> statuses = {"400", "422", "429", "431", "500", "503"};
  if (!route.access.open)
    statuses.insert(statuses.end(), {"401", "403"});
  else if (route.method != "GET")
    statuses.push_back("403");
  if (route.method != "GET") statuses.insert(statuses.end(), {"413", "415"});
  for (const auto& field : route.headers)
    if (field.required && iequals(field.name, "If-Match")) statuses.push_back("428");
  return statuses;
}

json parameters(const Route& route) {
  json list = json::array();
  for (const auto& name : pattern_params(route.pattern))
    list.push_back({{"name", name},
                    {"in", "path"},
                    {"required", true},
                    {"schema", {{"type", "string"}, {"examples", json::array({"1"})}}}});
  const auto add = [&](const std::vector<Field>& fields, const char* in) {
    for (const auto& field : fields)
      list.push_back(
          {{"name", field.name}, {"in", in}, {"required", field.required}, {"schema", field_schema(field)}});
  };
  add(route.query, "query");
  add(route.headers, "header");
  return list;
}

json request_body(const Route& route) {
  // A file may also come in pieces, the first of them later.
  if (!route.raw_body.empty())
    return {{"required", !route.streamed}, {"content", {{route.raw_body, json::object()}}}};
  bool required = false;
  for (const auto& field : route.fields) required = required || field.required;
  const json content = {{"schema", object_schema(route.fields)}, {"example", example_of(route.fields)}};
  return {{"required", required}, {"content", {{"application/json", content}}}};
}

// What is answered may be as long as what was stored, also by a program that checks less: limits are for what
// is sent to us.
json answer_schema(const std::vector<Field>& fields) {
  auto schema = object_schema(fields);
  const std::function<void(json&)> without_limits = [&](json& part) {
    if (!part.is_structured()) return;
    for (const auto* limit : {"maxLength", "minLength", "maxItems"})
      if (part.is_object() && part.contains(limit) && part[limit].is_number()) part.erase(limit);
    for (auto& [name, inner] : part.items()) without_limits(inner);
  };
  without_limits(schema);
  return schema;
}

json responses(const Route& route) {
  json out = json::object();
  for (const auto* status : problems_of(route))
    out[status] = {{"$ref", std::string("#/components/responses/") + status}};
  const auto answers = route.answers.empty() ? std::vector<Answer>{{200, "done", {}}} : route.answers;
  for (const auto& answer : answers) {
    json& slot = out[std::to_string(answer.status)];
    if (answer.status >= 400) {
      slot = problem_response(answer.description, answer.status == 503 || answer.status == 429);
      continue;
    }
    slot = {{"description", answer.description}};
    const bool bytes = answer.fields.empty() && answer.media != "application/json";
    if (bytes) slot["content"][answer.media] = json::object();
    if (answer.fields.empty()) continue;
    // A stream is no JSON document: a validator would compare the text of it with the schema of its data.
    const bool json_document = answer.media == "application/json";
    slot["content"][answer.media] = {
        {json_document ? "schema" : "x-data-schema", answer_schema(answer.fields)},
        {json_document ? "example" : "x-data-example", example_of(answer.fields)}};
  }
  return out;
}

// "GET /api/v1/shows/{id}" as "get_shows_id": stable as long as method and pattern are.
std::string operation_id(const Route& route) {
  std::string id = route.method;
  for (char& c : id) c = static_cast<char>(c - 'A' + 'a');
  for (const char c : route.pattern.substr(kPrefix.size() - 1)) {
    if (c == '{' || c == '}') continue;
    id += c == '/' || c == '-' || c == '.' ? '_' : c;
  }
  return id;
}

json operation(const Route& route) {
  json out = {{"operationId", operation_id(route)},
              {"summary", route.summary},
              {"responses", responses(route)},
              {"security", json::array()},
              {"x-access", describe(route.access)},
              {"x-rate-limit", {{"count", route.limit.count}, {"seconds", route.limit.per.count()}}}};
  if (route.person_limit)
    out["x-rate-limit-of-a-person"] = {{"count", route.person_limit->count},
                                       {"seconds", route.person_limit->per.count()}};
  if (!route.access.open) {
    out["security"].push_back({{"bearer", {std::string(name(route.access.scope))}}});
    for (const char* cookie : {"session", "session_on_loopback"}) {
      json session = {{cookie, json::array()}};
      if (route.method != "GET") session["csrf"] = json::array();
      out["security"].push_back(std::move(session));
    }
  }
  if (auto list = parameters(route); !list.empty()) out["parameters"] = std::move(list);
  if (!route.fields.empty() || !route.raw_body.empty()) out["requestBody"] = request_body(route);
  return out;
}

Route openapi_route(std::shared_ptr<const std::string> document) {
  Route route{.method = "GET",
              .pattern = kOpenApiPath,
              .access = Access::anyone,
              .limit = {600, std::chrono::seconds(60)}};
  route.summary = "This document";
  const auto part = [](const char* name, const char* example) {
    return Field{.name = name, .type = FieldType::object, .required = true, .example = example};
  };
  route.answers = {{200,
                    "the OpenAPI 3.1 document",
                    {{.name = "openapi", .required = true, .example = "\"3.1.0\""},
                     part("info", "{\"title\": \"Fencepost\"}"),
                     part("paths", "{}"),
                     part("components", "{}")}}};
  route.handler = [document = std::move(document)](const Request&) {
    return Response{200, {{"Content-Type", "application/json"}, {"Cache-Control", "max-age=60"}}, *document};
  };
  return route;
}
}  // namespace

std::string openapi(const std::vector<Route>& routes, const std::string& version) {
  json paths = json::object();
  for (const auto& route : routes) {
    if (!route.pattern.starts_with(kPrefix)) continue;
    std::string method = route.method;
    for (char& c : method) c = static_cast<char>(c - 'A' + 'a');
    paths[route.pattern][method] = operation(route);
  }
  const json document = {
      {"openapi", "3.1.0"},
      {"info",
       {{"title", "Fencepost"},
        {"version", version},
        {"description",
         "Publishes on time, exactly as often as it was asked to, and never after somebody said no."}}},
      {"paths", paths},
      {"components",
       {{"schemas", {{"Problem", problem_schema()}}},
        {"responses", common_problems()},
        {"securitySchemes",
         {{"bearer", {{"type", "http"}, {"scheme", "bearer"}}},
          {"session", {{"type", "apiKey"}, {"in", "cookie"}, {"name", session_cookie_name(true)}}},
          {"session_on_loopback",
           {{"type", "apiKey"}, {"in", "cookie"}, {"name", session_cookie_name(false)}}},
          {"csrf", {{"type", "apiKey"}, {"in", "header"}, {"name", "X-CSRF-Token"}}}}}}}};
  return document.dump(2);
}

std::vector<Route> with_openapi(std::vector<Route> routes, const std::string& version) {
  auto document = std::make_shared<std::string>();
  routes.push_back(openapi_route(document));
  *document = openapi(routes, version);
  return routes;
}

}  // namespace fencepost::http
