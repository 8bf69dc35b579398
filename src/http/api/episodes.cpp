// Episodes of a show, and the announcements of an episode.

#include "apps/announce/episodes.hpp"

#include <limits>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "core/local_time.hpp"
#include "http/api/announcement_json.hpp"
#include "http/api/common.hpp"
#include "http/api/episode_json.hpp"
#include "http/api/etag.hpp"
#include "store/certain.hpp"

namespace fencepost::http {

namespace {
using announce::Episode;
using announce::EpisodeAnswer;
using nlohmann::json;

std::optional<Episode> find(Services& services, std::int64_t id) {
  return services.database.retrying(
      [&](store::Connection& connection) { return announce::get_episode(connection, id); });
}

// Of the body; without an offset it is of the show's zone.
std::optional<base::Micros> start_member(store::Connection& connection, const Request& request,
                                         std::int64_t show) {
  const auto text = text_member(request, "starts_at");
  if (!text) return std::nullopt;
  const auto settings = announce::show_settings(connection, {show});
  return core::parse_time(*text, settings.empty() ? "UTC" : settings.at(show).zone);
}

Response list(Services& services, const Request& request) {
  const auto status = request.query.find("status");
  auto episodes = services.database.retrying([&](store::Connection& connection) {
    return announce::list_episodes(
        connection, id_of(request), cursor_of(request).value_or(std::numeric_limits<std::int64_t>::max()),
        limit_of(request) + 1, status == request.query.end() ? "" : status->second);
  });
  return page_of(request, std::move(episodes), episode_json);
}

Response create(Services& services, const Request& request) {
  return make_once(services, request, [&](store::Connection& connection) {
    announce::EpisodeDraft draft;
    draft.show = id_of(request);
    draft.title = *text_member(request, "title");
    draft.number = number_member(request, "number");
    draft.starts_at = start_member(connection, request, draft.show);
    const auto status = text_member(request, "status");
    draft.scheduled = !status || *status == "scheduled";
    draft.notes = text_member(request, "notes").value_or("");
    draft.url = text_member(request, "url").value_or("");
    draft.topics = texts_member(request, "topics").value_or(draft.topics);
    if (status == "scheduled" && !draft.starts_at)
      throw base::UserError("invalid_field", "what is scheduled needs a start: give starts_at");
    const auto made = announce::create_episode(connection, draft);
    if (!made.episode) throw base::UserError("not_found", "there is no such show");
    Response response = episode_response(201, *made.episode);
    response.headers.set("Location", "/api/v1/episodes/" + std::to_string(made.episode->id));
    return response;
  });
}

Response show(Services& services, const Request& request) {
  const auto found = find(services, id_of(request));
  return found ? episode_response(200, *found) : not_found(request, "episode");
}

announce::EpisodeChange change_of(store::Connection& connection, const Request& request,
                                  const Episode& seen) {
  announce::EpisodeChange change;
  change.title = text_member(request, "title");
  change.status = text_member(request, "status");
  change.notes = text_member(request, "notes");
  change.url = clearable_member(request, "url");
  if (request.json->contains("number")) change.number = number_member(request, "number");
  if (request.json->contains("starts_at")) change.starts_at = start_member(connection, request, seen.show);
  change.topics = texts_member(request, "topics");
  return change;
}

Response refused(const Request& request, EpisodeAnswer answer) {
  switch (answer) {
    case EpisodeAnswer::wrong_status:
      return problem(request, 409, "wrong_status",
                     "an episode goes from draft or scheduled to live and then to ended, and not back");
    case EpisodeAnswer::no_start:
      return problem(request, 422, "invalid_field", "what is scheduled needs a start: give starts_at");
    case EpisodeAnswer::in_flight:
      return problem(request, 409, "in_flight",
                     "an announcement of it is being sent at this moment: wait for its outcome");
    case EpisodeAnswer::outcome_unknown:
      return problem(request, 409, "outcome_unknown",
                     "nobody knows whether an announcement of it was posted: resolve that one first");
    default:
      return not_found(request, "episode");
  }
}

Response edit(Services& services, const Request& request) {
  const auto seen = find(services, id_of(request));
  if (!seen) return not_found(request, "episode");
  if (!matches(request, seen->version)) return version_conflict(request, seen->version);
  const auto result = services.database.retrying([&](store::Connection& connection) {
    return announce::edit_episode(connection, seen->id, seen->version, change_of(connection, request, *seen),
                                  actor_of(request));
  });
  services.engine.wake(announcement_fence(services).queue().name);
  if (result.answer == EpisodeAnswer::done) return episode_response(200, *result.episode);
  if (result.answer == EpisodeAnswer::stale) return version_conflict(request, result.episode->version);
  return refused(request, result.answer);
}

Response remove(Services& services, const Request& request) {
  const auto answer = store::until_certain(services.database, [&](store::Connection& connection, bool doubt) {
    const auto result =
        announce::remove_episode(connection, announcement_fence(services), id_of(request), actor_of(request));
    if (result.answer != EpisodeAnswer::not_found || !doubt) return result.answer;
    store::Fence::confirm(connection);  // the removal that was in doubt is there
    return EpisodeAnswer::done;
  });
  return answer == EpisodeAnswer::done ? no_content() : refused(request, answer);
}

Response announcements(Services& services, const Request& request) {
  const auto page =
      services.announcements.list_of_episode(id_of(request), cursor_of(request), limit_of(request));
  json items = json::array();
  for (const auto& one : page.items) items.push_back(announcement_json(one));
  return page_response(std::move(items), page.next);
}

Response announce_it(Services& services, const Request& request) {
  auto draft = draft_of(request);
  draft.episode = id_of(request);
  return create_announcement(services, request, draft);
}

Response create_all(Services& services, const Request& request) {
  return act_once(services, request, [&] {
    const auto made = services.announcements.create_for_all(id_of(request), actor_of(request));
    if (!made) return not_found(request, "episode");
    return json_response(200, {{"enabled", made->enabled}, {"disabled", made->disabled}});
  });
}

std::vector<Field> body_fields(bool creating) {
  return {{.name = "title", .required = creating, .example = "\"Pilot\"", .min_length = 1},
          {.name = "number",
           .type = FieldType::integer,
           .description = "within the show",
           .example = "7",
           .nullable = true,
           .minimum = 0,
           .maximum = 1'000'000},
          {.name = "starts_at",
           .max_length = 40,
           .description = "RFC 3339; without an offset it is of the show's zone",
           .example = "\"2026-11-27T20:00\"",
           .nullable = true},
          {.name = "status",
           .description = creating ? "draft where there is no start" : "live and ended are for good",
           .choices = creating ? std::vector<std::string>{"draft", "scheduled"}
                               : std::vector<std::string>{"draft", "scheduled", "live", "ended"}},
          {.name = "notes", .max_length = 5000, .description = "for whoever writes texts, and for models"},
          {.name = "topics",
           .type = FieldType::strings,
           .max_length = 100,
           .example = "[\"C++\"]",
           .max_items = 50},
          {.name = "url",
           .max_length = 2048,
           .format = Format::uri,
           .description = "of the stream; filled when it is on the air",
           .nullable = true}};
}

void add_announcements_of(std::vector<Route>& routes, Services& services) {
  const auto add = [&](Route route, Response (*handler)(Services&, const Request&)) {
    route.handler = [&services, handler](const Request& request) { return handler(services, request); };
    routes.push_back(std::move(route));
  };
  add({.method = "GET",
       .pattern = "/api/v1/episodes/{id}/announcements",
       .access = Access::of(Thing::episode, Relation::host, Scope::read),
       .limit = kReads,
       .query = paging(),
       .answers = {{200, "a page, the newest first; looking makes none", page_fields(announcement_fields())},
                   {404, "not_found", {}}},
       .summary = "The announcements of an episode, everybody's"},
      announcements);
  add({.method = "POST",
       .pattern = "/api/v1/episodes/{id}/announcements",
       .access = Access::of(Thing::episode, Relation::host, Scope::announce),
       .limit = kWrites,
       .fields = announcement_body(true, true),
       .answers = {{201, "made; Location and ETag say where and which version", announcement_fields()},
                   {404, "not_found", {}},
                   {409, "connection_disconnected, duplicate_announcement, not_a_member or stream_ended", {}},
                   {422, "invalid_field, invalid_text, invalid_url, invalid_time or unknown_connection", {}}},
       .summary = "Announces an episode over a connection of yours"},
      announce_it);
  add({.method = "POST",
       .pattern = "/api/v1/episodes/{id}/announcements/create-all",
       .access = Access::of(Thing::episode, Relation::admin, Scope::announce),
       .limit = kWrites,
       .answers = {{200,
                    "made for each connection of each member that had none",
                    {{.name = "enabled",
                      .type = FieldType::integer,
                      .required = true,
                      .description = "of those who opted in",
                      .example = "4"},
                     {.name = "disabled",
                      .type = FieldType::integer,
                      .required = true,
                      .description = "of the others, who enable theirs by themselves",
                      .example = "1"}}},
                   {404, "not_found", {}},
                   {409, "stream_ended", {}}},
       .summary = "Makes an announcement for every member's connections",
       .person_limit = RateLimit{2, std::chrono::seconds(60)}},
      create_all);
}
}  // namespace

void add_episodes(std::vector<Route>& routes, Services& services) {
  const auto add = [&](Route route, Response (*handler)(Services&, const Request&)) {
    route.handler = [&services, handler](const Request& request) { return handler(services, request); };
    routes.push_back(std::move(route));
  };
  Route listed{
      .method = "GET",
      .pattern = "/api/v1/shows/{id}/episodes",
      .access = Access::show(Relation::host, Scope::read),
      .limit = kReads,
      .query = paging(),
      .answers = {{200, "a page, the newest first", page_fields(episode_fields())}, {404, "not_found", {}}},
      .summary = "Episodes of a show"};
  listed.query.push_back(
      {.name = "status", .description = "only these", .choices = {"draft", "scheduled", "live", "ended"}});
  add(std::move(listed), list);
  add({.method = "POST",
       .pattern = "/api/v1/shows/{id}/episodes",
       .access = Access::show(Relation::host, Scope::announce),
       .limit = kWrites,
       .fields = body_fields(true),
       .answers = {{201, "made; Location and ETag say where and which version", episode_fields()},
                   {404, "not_found", {}},
                   {422, "invalid_field, invalid_title, invalid_text, invalid_url or invalid_time", {}}},
       .summary = "Makes an episode"},
      create);
  add({.method = "GET",
       .pattern = "/api/v1/episodes/{id}",
       .access = Access::of(Thing::episode, Relation::host, Scope::read),
       .limit = kReads,
       .answers = {{200, "the episode; ETag is its version", episode_fields()}, {404, "not_found", {}}},
       .summary = "One episode"},
      show);
  add({.method = "PATCH",
       .pattern = "/api/v1/episodes/{id}",
       .access = Access::of(Thing::episode, Relation::host, Scope::announce),
       .limit = kWrites,
       .fields = body_fields(false),
       .headers = {if_match()},
       .answers = {{200, "changed, and its announcements moved with it", episode_fields()},
                   {404, "not_found", {}},
                   {409, "wrong_status", {}},
                   {412, "version_conflict: somebody was faster", {}},
                   {422, "invalid_field, invalid_title, invalid_text, invalid_url or invalid_time", {}}},
       .summary = "Changes an episode"},
      edit);
  add({.method = "DELETE",
       .pattern = "/api/v1/episodes/{id}",
       .access = Access::of(Thing::episode, Relation::admin, Scope::announce),
       .limit = kWrites,
       .answers = {{204, "gone with its announcements; what was posted stays, and so do histories", {}},
                   {404, "not_found", {}},
                   {409, "in_flight or outcome_unknown: of one of its announcements", {}}},
       .summary = "Deletes an episode"},
      remove);
  add_announcements_of(routes, services);
}

}  // namespace fencepost::http
