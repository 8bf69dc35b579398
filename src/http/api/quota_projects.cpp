// Quota projects: how many calls of YouTube's API a day has, and how many are taken.

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "http/api/common.hpp"
#include "http/api/etag.hpp"
#include "http/api/upload_json.hpp"
#include "store/budget.hpp"
#include "store/certain.hpp"
#include "store/sql.hpp"

namespace fencepost::http {

namespace {
using nlohmann::json;
using upload::Project;

Response project_response(int status, const Project& project) {
  Response response = json_response(status, project_json(project));
  response.headers.set("ETag", etag_of(project.version));
  return response;
}

std::optional<Project> find(Services& services, std::int64_t id) {
  return services.database.retrying(
      [&](store::Connection& connection) { return upload::get_project(connection, id); });
}

Response list(Services& services, const Request& request) {
  auto projects = services.database.retrying([&](store::Connection& connection) {
    return upload::page_of_projects(connection, cursor_of(request).value_or(0), limit_of(request) + 1);
  });
  return page_of(request, std::move(projects), project_json);
}

Response create(Services& services, const Request& request) {
  return make_once(services, request, [&](store::Connection& connection) {
    const auto made =
        upload::add_project(connection, *text_member(request, "name"), project_change(*request.json));
    Response response = project_response(201, made);
    response.headers.set("Location", "/api/v1/quota-projects/" + std::to_string(made.id));
    return response;
  });
}

Response show(Services& services, const Request& request) {
  const auto found = find(services, id_of(request));
  return found ? project_response(200, *found) : not_found(request, "quota project");
}

Response edit(Services& services, const Request& request) {
  const auto id = id_of(request);
  const auto seen = find(services, id);
  if (!seen) return not_found(request, "quota project");
  if (!matches(request, seen->version)) return version_conflict(request, seen->version);
  const auto edited = services.database.retrying([&](store::Connection& connection) {
    return upload::edit_project(connection, id, seen->version, project_change(*request.json));
  });
  if (edited) return project_response(200, *edited);
  const auto now = find(services, id);
  return now ? version_conflict(request, now->version) : not_found(request, "quota project");
}

Response days(Services& services, const Request& request) {
  const auto project = find(services, id_of(request));
  if (!project) return not_found(request, "quota project");
  const auto from = request.query.find("from");
  const auto count = request.query.find("days");
  json items = json::array();
  services.database.retrying([&](store::Connection& connection) {
    const auto now = connection.run(store::sql::now)[0][0].integer();
    items = json::array();
    for (const auto& one : upload::status_of(
             connection, *project, from == request.query.end() ? upload::quota_day(now) : from->second,
             count == request.query.end() ? 7 : std::stoi(count->second)))
      items.push_back({{"day", one.day},
                       {"scope", one.scope},
                       {"limit", one.limit},
                       {"used", one.used},
                       {"spent", one.spent},
                       {"warned", one.warned}});
    return 0;
  });
  return json_response(200, {{"project", project->name}, {"buckets", std::move(items)}});
}

Response recalculate(Services& services) {
  const auto differences = store::until_certain(services.database, [](store::Connection& connection, bool) {
    store::Transaction transaction(connection);
    auto found = store::recalculate(connection);
    transaction.commit();
    return found;
  });
  json items = json::array();
  for (const auto& one : differences)
    items.push_back({{"scope", one.key.scope},
                     {"name", one.key.name},
                     {"day", one.key.window},
                     {"limit", one.quota},
                     {"was", one.used},
                     {"is", one.ledger}});
  return json_response(200, {{"corrected", differences.size()}, {"items", std::move(items)}});
}

Response recalculate_once(Services& services, const Request& request) {
  return act_once(services, request, [&] { return recalculate(services); });
}

std::vector<Field> days_fields() {
  return {{.name = "project", .required = true, .example = "\"default\""},
          {.name = "buckets",
           .type = FieldType::objects,
           .required = true,
           .fields = {{.name = "day",
                       .required = true,
                       .description = "of America/Los_Angeles",
                       .example = "\"2026-11-25\""},
                      {.name = "scope",
                       .required = true,
                       .choices = {upload::kSearchCalls, upload::kUnits, upload::kUploadCalls}},
                      {.name = "limit", .type = FieldType::integer, .required = true, .example = "100"},
                      {.name = "used",
                       .type = FieldType::integer,
                       .required = true,
                       .description = "taken, for calls that are still to be made too",
                       .example = "3"},
                      {.name = "spent",
                       .type = FieldType::integer,
                       .required = true,
                       .description = "by calls that were made",
                       .example = "1"},
                      {.name = "warned", .type = FieldType::boolean, .required = true, .example = "false"}}}};
}

std::vector<Field> difference_fields() {
  const auto number = [](const char* name) {
    return Field{.name = name, .type = FieldType::integer, .required = true, .example = "3"};
  };
  return {number("corrected"),
          {.name = "items",
           .type = FieldType::objects,
           .required = true,
           .description = "buckets that were not what their ledger says",
           .fields = {{.name = "scope", .required = true, .example = "\"youtube.upload\""},
                      {.name = "name", .required = true, .example = "\"default\""},
                      {.name = "day", .required = true, .example = "\"2026-11-25\""},
                      number("limit"),
                      number("was"),
                      number("is")}}};
}
}  // namespace

void add_quota_projects(std::vector<Route>& routes, Services& services) {
  const auto add = [&](Route route, Response (*handler)(Services&, const Request&)) {
    route.handler = [&services, handler](const Request& request) { return handler(services, request); };
    routes.push_back(std::move(route));
  };
  add({.method = "GET",
       .pattern = "/api/v1/quota-projects",
       .access = Access::signed_in(Scope::read),
       .limit = kReads,
       .query = paging(),
       .answers = {{200, "a page, by id", page_fields(project_fields())}},
       .summary = "Quota projects"},
      list);
  add({.method = "POST",
       .pattern = "/api/v1/quota-projects",
       .access = Access::role(Role::operator_, Scope::upload),
       .limit = kSeldom,
       .fields = project_body(true),
       .answers = {{201, "made", project_fields()},
                   {409, "duplicate_name", {}},
                   {422, "invalid_field or invalid_name", {}}},
       .summary = "Makes a quota project, by default of the profile `current`"},
      create);
  add({.method = "GET",
       .pattern = "/api/v1/quota-projects/{id}",
       .access = Access::signed_in(Scope::read),
       .limit = kReads,
       .answers = {{200, "the project; ETag is its version", project_fields()}, {404, "not_found", {}}},
       .summary = "One quota project"},
      show);
  add({.method = "PATCH",
       .pattern = "/api/v1/quota-projects/{id}",
       .access = Access::role(Role::operator_, Scope::upload),
       .limit = kWrites,
       .fields = project_body(false),
       .headers = {if_match()},
       .answers = {{200, "changed, also for days that have begun", project_fields()},
                   {404, "not_found", {}},
                   {412, "version_conflict: somebody was faster", {}},
                   {422, "invalid_field", {}}},
       .summary = "Changes a quota project's limits"},
      edit);
  add({.method = "GET",
       .pattern = "/api/v1/quota-projects/{id}/days",
       .access = Access::signed_in(Scope::read),
       .limit = kReads,
       .query = {{.name = "from",
                  .description = "a date of America/Los_Angeles; today where not given",
                  .example = "\"2026-11-25\""},
                 {.name = "days",
                  .type = FieldType::integer,
                  .description = "7 where not given",
                  .example = "7",
                  .minimum = 1,
                  .maximum = 62}},
       .answers = {{200, "each bucket of each day", days_fields()},
                   {404, "not_found", {}},
                   {422, "invalid_date or out_of_range", {}}},
       .summary = "What is taken of a project's quota, by bucket and day"},
      days);
  add({.method = "POST",
       .pattern = "/api/v1/quota/recalculate",
       .access = Access::role(Role::operator_, Scope::upload),
       .limit = kSeldom,
       .answers = {{200, "every bucket is what its ledger says; these were not", difference_fields()}},
       .summary = "Corrects the counters of all budgets by their ledger"},
      recalculate_once);
}

}  // namespace fencepost::http
