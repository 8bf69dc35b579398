// Announcements as things: list, create, show, edit, delete, history. What acts on them:
// announcement_acts.cpp.

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "http/api/announcement_json.hpp"
#include "http/api/common.hpp"
#include "http/api/etag.hpp"
#include "http/api/event_text.hpp"

namespace fencepost::http {

namespace {
using announce::Announcement;
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
  return create_announcement(services, request, draft_of(request));
}
}  // namespace

namespace {
// A thread needs a platform where a post can answer another.
void refuse_without_threads(Services& services, std::int64_t id) {
  const auto connection = services.database.retrying(
      [&](store::Connection& lease) { return accounts::get_connection(lease, id); });
  if (connection && !services.connections.outside().connector(connection->platform).threads())
    throw base::UserError("invalid_field",
                          connection->platform + " has no threads: leave `parts` out, and make it one post");
}

// Over a connection that who asks may use, to a platform that takes it.
void refuse_unfit(Services& services, const Request& request, const announce::Draft& draft) {
  const Principal& who = *request.principal;
  const auto key = std::to_string(draft.connection_id);
  if (!who.at_least(Role::operator_) && relation_to(services, who, Thing::connection, key) != Relation::self)
    throw base::UserError("unknown_connection", "there is no such connection of yours");
  if (!draft.parts.empty()) refuse_without_threads(services, draft.connection_id);
}
}  // namespace

announce::Draft draft_of(const Request& request) {
  announce::Draft draft;
  draft.connection_id = request.json->at("connection_id").get<std::int64_t>();
  draft.text = text_member(request, "text").value_or("");
  draft.url = text_member(request, "url").value_or("");
  draft.run_at = time_member(request, "run_at");
  draft.trigger = text_member(request, "trigger").value_or(draft.trigger);
  draft.at = time_member(request, "at");
  draft.minutes = number_member(request, "minutes");
  draft.stagger = number_member(request, "stagger");
  draft.include_url = flag_member(request, "include_url").value_or(true);
  draft.deadline = time_member(request, "deadline");
  draft.enabled = flag_member(request, "enabled").value_or(true);
  draft.parts = texts_member(request, "parts").value_or(draft.parts);
  return draft;
}

Response create_announcement(Services& services, const Request& request, const announce::Draft& draft) {
  return make_keeping(services, request, [&](const Keep& keep) {
    refuse_unfit(services, request, draft);
    services.announcements.create(
        draft, actor_of(request), [&](store::Connection& connection, const Announcement& made) {
          Response response = announcement_response(201, made);
          response.headers.set("Location", "/api/v1/announcements/" + std::to_string(made.id));
          keep(connection, response);
        });
    return std::nullopt;
  });
}

std::vector<Field> announcement_body(bool creating, bool of_episode) {
  std::vector<Field> fields{
      {.name = "text",
       .required = creating && !of_episode,
       .max_length = 5000,
       .description = of_episode
                          ? "with {title} {url} {number} {host} {show}; none: the generated one, or the "
                            "show's template"
                          : "",
       .example = "\"We are live!\"",
       .min_length = creating && !of_episode ? 1U : 0U},
      {.name = "url",
       .max_length = 2048,
       .format = Format::uri,
       .description = "of the show",
       .example = "\"https://example.com/live\"",
       .nullable = true}};
  fields.push_back(
      {.name = "parts",
       .type = FieldType::strings,
       .max_length = 5000,
       .description = creating ? "of a thread: what follows the text, each an answer to the one before"
                               : "instead of the parts behind the first, if none has begun",
       .example = "[\"And there is more.\"]",
       .min_length = 1,
       .max_items = 24});
  if (creating)
    fields.insert(fields.begin(), {.name = "connection_id",
                                   .type = FieldType::integer,
                                   .required = true,
                                   .description = "what it is posted to",
                                   .example = "1",
                                   .minimum = 1});
  if (!of_episode || !creating)
    fields.push_back({.name = "run_at",
                      .max_length = 40,
                      .format = Format::date_time,
                      .description = creating ? "not before; now where not given" : "not before"});
  if (!of_episode && creating) return fields;
  fields.push_back({.name = "trigger",
                    .description =
                        "what lets it out: the stream (the default), a time, minutes before the start, "
                        "or the stream's end",
                    .choices = {"live", "at", "before", "ended"}});
  fields.push_back(
      {.name = "at", .max_length = 40, .format = Format::date_time, .description = "of the trigger at"});
  fields.push_back({.name = "minutes",
                    .type = FieldType::integer,
                    .description = "of the trigger before",
                    .example = "30",
                    .minimum = 1,
                    .maximum = 20160});
  fields.push_back(
      {.name = "stagger",
       .type = FieldType::integer,
       .description = "seconds behind live or ended; where not given, behind the episode's others",
       .example = "30",
       .minimum = 0,
       .maximum = 86400});
  fields.push_back({.name = "include_url",
                    .type = FieldType::boolean,
                    .description = "whether the URL is posted with it",
                    .example = "true"});
  fields.push_back({.name = "deadline",
                    .max_length = 40,
                    .format = Format::date_time,
                    .description = "not posted after this",
                    .nullable = true});
  if (creating) fields.push_back({.name = "enabled", .type = FieldType::boolean, .example = "true"});
  return fields;
}

namespace {
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
  change.trigger = text_member(request, "trigger");
  change.at = time_member(request, "at");
  change.minutes = number_member(request, "minutes");
  change.stagger = number_member(request, "stagger");
  change.include_url = flag_member(request, "include_url");
  change.parts = texts_member(request, "parts");
  if (change.parts && !change.parts->empty()) refuse_without_threads(services, seen->connection_id);
  if (request.json->contains("deadline")) change.deadline = time_member(request, "deadline");
  return edit_response(request, services.announcements.edit(id, seen->version, change, actor_of(request)));
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
  return page_of(request, std::move(entries), event_json);
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
              .fields = announcement_body(true, false)};
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
              .fields = announcement_body(false, true)};
  route.headers = {if_match()};
  route.summary = "Changes what is not posted yet";
  route.answers = {{200, "changed", announcement_fields()},
                   {404, "not_found", {}},
                   {409, "in_flight, outcome_unknown, already_posted or stream_ended", {}},
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
       .access = Access::of(Thing::announcement, Relation::host, Scope::read),
       .limit = kReads,
       .answers = {{200, "the announcement; ETag is its version", announcement_fields()},
                   {404, "not_found", {}}},
       .summary = "One announcement"},
      show);
  add(edit_route(), edit);
  add(remove_route(), remove);
  add({.method = "GET",
       .pattern = "/api/v1/announcements/{id}/history",
       .access = Access::of(Thing::announcement, Relation::host, Scope::read),
       .limit = kReads,
       .query = paging(),
       .answers = {{200, "a page, the oldest first", page_fields(event_fields())}, {404, "not_found", {}}},
       .summary = "Everything that happened to it"},
      history);
}

}  // namespace fencepost::http
