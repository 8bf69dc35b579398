// Announcements as things: list, create, show, edit, delete, history. What acts on them:
// announcement_acts.cpp.

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "http/api/announcement_json.hpp"
#include "http/api/common.hpp"
#include "http/api/etag.hpp"

namespace fencepost::http {

namespace {
using announce::Announcement;
using announce::EditResult;
using core::StopAnswer;
using nlohmann::json;

Response list(Services& services, const Request& request) {
  const auto status = request.query.find("status");
  const auto page =
      services.announcements.list(cursor_of(request), limit_of(request),
                                  status == request.query.end() ? "" : status->second, whose(request));
  json items = json::array();
  for (const auto& one : page.items) items.push_back(announcement_json(one));
  return page_response(std::move(items), page.next);
}

Response create(Services& services, const Request& request) {
  announce::Draft draft;
  draft.connection_id = request.json->at("connection_id").get<std::int64_t>();
  draft.text = request.json->at("text").get<std::string>();
  draft.url = text_member(request, "url").value_or("");
  draft.run_at = time_member(request, "run_at");
  const Principal& who = *request.principal;
  const auto key = std::to_string(draft.connection_id);
  if (!who.at_least(Role::operator_) && relation_to(services, who, Thing::connection, key) != Relation::self)
    throw base::UserError("unknown_connection", "there is no such connection of yours");
  return make_keeping(services, request, [&](const Keep& keep) {
    services.announcements.create(
        draft, actor_of(request), [&](store::Connection& connection, const Announcement& made) {
          Response response = announcement_response(201, made);
          response.headers.set("Location", "/api/v1/announcements/" + std::to_string(made.id));
          keep(connection, response);
        });
  });
}

Response show(Services& services, const Request& request) {
  const auto found = services.announcements.get(id_of(request));
  return found ? announcement_response(200, *found) : not_found(request, "announcement");
}

Response edit(Services& services, const Request& request) {
  const auto id = id_of(request);
  const auto seen = services.announcements.get(id);
  if (!seen) return not_found(request, "announcement");
  if (!matches(request, seen->version)) return version_conflict(request, seen->version);
  announce::Change change;
  change.text = text_member(request, "text");
  change.url = clearable_member(request, "url");
  change.run_at = time_member(request, "run_at");
  const auto [result, now] = services.announcements.edit(id, seen->version, change, actor_of(request));
  switch (result) {
    case EditResult::changed:
      return announcement_response(200, now ? *now : *seen);
    case EditResult::version_conflict:
      return version_conflict(request, (now ? *now : *seen).version);
    case EditResult::in_flight:
      return refused_in_flight(request);
    case EditResult::outcome_unknown:
      return refused_unknown(request);
    case EditResult::already_posted:
      return refused_posted(request, now);
    case EditResult::not_found:
      break;
  }
  return not_found(request, "announcement");
}

Response remove(Services& services, const Request& request) {
  switch (services.announcements.remove(id_of(request), actor_of(request))) {
    case StopAnswer::prevented:
      return acted(200, "prevented", std::nullopt);
    case StopAnswer::already_stopped:
      return acted(200, "already_stopped", std::nullopt);
    case StopAnswer::already_done:
      return acted(200, "already_posted", std::nullopt);
    case StopAnswer::in_flight:
      return refused_in_flight(request);
    case StopAnswer::outcome_unknown:
      return refused_unknown(request);
    case StopAnswer::not_found:
      break;
  }
  return not_found(request, "announcement");
}

Response history(Services& services, const Request& request) {
  const auto id = id_of(request);
  const auto limit = limit_of(request);
  auto entries = services.announcements.history(id, cursor_of(request).value_or(0), limit + 1);
  if (entries.empty() && !services.announcements.get(id)) return not_found(request, "announcement");
  const bool more = entries.size() > static_cast<std::size_t>(limit);
  if (more) entries.pop_back();
  json items = json::array();
  for (const auto& entry : entries)
    items.push_back({{"id", entry.id},
                     {"at", base::format_utc(entry.at)},
                     {"kind", entry.kind},
                     {"from", text_or_null(entry.from)},
                     {"to", text_or_null(entry.to)},
                     {"actor", text_or_null(entry.actor)},
                     {"detail", text_or_null(entry.detail)},
                     {"fence", entry.fence ? json(*entry.fence) : json()}});
  return page_response(std::move(items), more ? std::optional(entries.back().id) : std::nullopt);
}

std::vector<Field> history_fields() {
  const auto maybe = [](const char* name) { return Field{.name = name, .required = true, .nullable = true}; };
  return {{.name = "id", .type = FieldType::integer, .required = true},
          {.name = "at", .required = true, .format = Format::date_time},
          {.name = "kind", .required = true, .example = "\"stop\""},
          maybe("from"),
          maybe("to"),
          maybe("actor"),
          maybe("detail"),
          {.name = "fence", .type = FieldType::integer, .required = true, .nullable = true}};
}

// The body of create and, with nothing required and null to remove, of edit. The longest text of any platform
// is shorter; the connection's own limit is the connector's business.
std::vector<Field> body_fields(bool creating) {
  return {{.name = "text",
           .required = creating,
           .max_length = 5000,
           .example = "\"We are live!\"",
           .min_length = 1},
          {.name = "url",
           .max_length = 2048,
           .format = Format::uri,
           .description = "of the show",
           .example = "\"https://example.com/live\"",
           .nullable = true},
          {.name = "run_at",
           .max_length = 40,
           .format = Format::date_time,
           .description = creating ? "not before; now where not given" : "not before"}};
}

Route list_route() {
  Route route{.method = "GET",
              .pattern = "/api/v1/announcements",
              .access = Access::signed_in(Scope::read),
              .limit = kReads,
              .query = paging()};
  route.query.push_back({.name = "status", .description = "only these", .choices = announcement_statuses()});
  route.summary = "Announcements, the newest first";
  route.answers = {{200, "a page", page_fields(announcement_fields())}};
  return route;
}

Route create_route() {
  Route route{.method = "POST",
              .pattern = "/api/v1/announcements",
              .access = Access::signed_in(Scope::announce),
              .limit = kWrites,
              .fields = body_fields(true)};
  route.fields.insert(route.fields.begin(), Field{.name = "connection_id",
                                                  .type = FieldType::integer,
                                                  .required = true,
                                                  .description = "what it is posted to",
                                                  .example = "1",
                                                  .minimum = 1});
  route.summary = "Makes an announcement, which is posted once at its time";
  route.answers = {{201, "made; Location and ETag say where and which version", announcement_fields()},
                   {409, "connection_disconnected", {}},
                   {422, "invalid_field, invalid_text, invalid_url, invalid_time or unknown_connection", {}}};
  return route;
}

Route edit_route() {
  Route route{.method = "PATCH",
              .pattern = "/api/v1/announcements/{id}",
              .access = Access::own(Thing::announcement, Scope::announce),
              .limit = kWrites,
              .fields = body_fields(false)};
  route.headers = {if_match()};
  route.summary = "Changes what is not posted yet";
  route.answers = {{200, "changed", announcement_fields()},
                   {404, "not_found", {}},
                   {409, "in_flight, outcome_unknown or already_posted", {}},
                   {412, "version_conflict: somebody was faster", {}}};
  return route;
}

Route remove_route() {
  Route route{.method = "DELETE",
              .pattern = "/api/v1/announcements/{id}",
              .access = Access::own(Thing::announcement, Scope::announce),
              .limit = kWrites};
  route.summary = "Deletes it; prevented: nothing was or will be posted";
  route.answers = {
      {200,
       "deleted",
       {{.name = "answer", .required = true, .choices = {"prevented", "already_stopped", "already_posted"}}}},
      {404, "not_found", {}},
      {409, "in_flight (it is not tried again, but was not deleted) or outcome_unknown", {}}};
  return route;
}
}  // namespace

void add_announcements(std::vector<Route>& routes, Services& services) {
  const auto add = [&](Route route, Response (*handler)(Services&, const Request&)) {
    route.handler = [&services, handler](const Request& request) { return handler(services, request); };
    routes.push_back(std::move(route));
  };
  add(list_route(), list);
  add(create_route(), create);
  add({.method = "GET",
       .pattern = "/api/v1/announcements/{id}",
       .access = Access::own(Thing::announcement, Scope::read),
       .limit = kReads,
       .answers = {{200, "the announcement; ETag is its version", announcement_fields()},
                   {404, "not_found", {}}},
       .summary = "One announcement"},
      show);
  add(edit_route(), edit);
  add(remove_route(), remove);
  add({.method = "GET",
       .pattern = "/api/v1/announcements/{id}/history",
       .access = Access::own(Thing::announcement, Scope::read),
       .limit = kReads,
       .query = paging(),
       .answers = {{200, "a page, the oldest first", page_fields(history_fields())}, {404, "not_found", {}}},
       .summary = "Everything that happened to it"},
      history);
}

}  // namespace fencepost::http
