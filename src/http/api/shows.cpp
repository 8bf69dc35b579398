// Shows: their names, and what they want of their announcements. Who is in them: show_members.cpp.

#include "apps/announce/shows.hpp"

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "http/api/common.hpp"
#include "http/api/episode_json.hpp"
#include "http/api/etag.hpp"
#include "store/certain.hpp"

namespace fencepost::http {

namespace {
using accounts::Show;
using accounts::ShowAnswer;
using nlohmann::json;

struct Shown {
  Show show;
  announce::ShowSettings settings;
};

std::vector<Shown> with_settings(store::Connection& connection, std::vector<Show> shows) {
  std::vector<std::int64_t> ids;
  for (const auto& one : shows) ids.push_back(one.id);
  auto settings = announce::show_settings(connection, ids);
  std::vector<Shown> all;
  for (auto& one : shows) {
    const auto id = one.id;
    all.push_back({std::move(one), std::move(settings[id])});
  }
  return all;
}

Response show_response(int status, const Shown& shown,
                       const std::optional<announce::Prevented>& prevented = {}) {
  auto body = show_json(shown.show, shown.settings);
  if (prevented) body["stopped"] = prevented_json(*prevented);
  Response response = json_response(status, body);
  response.headers.set("ETag", etag_of(shown.show.version));
  return response;
}

Response list(Services& services, const Request& request) {
  auto shows = services.database.retrying([&](store::Connection& connection) {
    return with_settings(connection,
                         accounts::list_shows(connection, whose(request), cursor_of(request).value_or(0),
                                              limit_of(request) + 1));
  });
  return page_of(
      request, std::move(shows), [](const auto& one) { return show_json(one.show, one.settings); },
      [](const Shown& one) { return one.show.id; });
}

[[noreturn]] void slug_taken() {
  throw base::UserError("duplicate_slug", "there is a show with this slug: choose another one");
}

Response create(Services& services, const Request& request) {
  return make_once(services, request, [&](store::Connection& connection) {
    const auto made = announce::create_show(connection, show_change(request), request.principal->person);
    if (made.answer == ShowAnswer::duplicate_slug) slug_taken();
    if (made.answer != ShowAnswer::done)
      throw base::UserError("unauthorized", "you were removed in this moment");
    Response response = show_response(201, with_settings(connection, {*made.show}).at(0));
    response.headers.set("Location", "/api/v1/shows/" + std::to_string(made.show->id));
    return response;
  });
}

std::optional<Shown> find(Services& services, std::int64_t id) {
  return services.database.retrying([&](store::Connection& connection) -> std::optional<Shown> {
    const auto found = accounts::get_show(connection, id);
    if (!found) return std::nullopt;
    return with_settings(connection, {*found}).at(0);
  });
}

Response show(Services& services, const Request& request) {
  const auto found = find(services, id_of(request));
  return found ? show_response(200, *found) : not_found(request, "show");
}

Response edit(Services& services, const Request& request) {
  const auto id = id_of(request);
  const auto seen = find(services, id);
  if (!seen) return not_found(request, "show");
  if (!matches(request, seen->show.version)) return version_conflict(request, seen->show.version);
  const auto edit = services.database.retrying([&](store::Connection& connection) {
    return announce::edit_show(connection, announcement_fence(services), id, seen->show.version,
                               show_change(request), actor_of(request));
  });
  const auto& [answer, now] = edit.result;
  switch (answer) {
    case ShowAnswer::done:
      services.engine.wake(announcement_fence(services).queue().name);
      return show_response(200, {*now, edit.settings}, edit.prevented);
    case ShowAnswer::stale:
      return version_conflict(request, now->version);
    case ShowAnswer::duplicate_slug:
      slug_taken();
    case ShowAnswer::not_found:
      break;
  }
  return not_found(request, "show");
}

Response remove(Services& services, const Request& request) {
  using announce::RemoveShow;
  const auto answer = store::until_certain(services.database, [&](store::Connection& connection, bool doubt) {
    const auto removed =
        announce::remove_show(connection, announcement_fence(services), id_of(request), actor_of(request));
    if (removed != RemoveShow::not_found || !doubt) return removed;
    store::Fence::confirm(connection);  // the removal that was in doubt is there
    return RemoveShow::done;
  });
  switch (answer) {
    case RemoveShow::done:
      return no_content();
    case RemoveShow::in_flight:
      return problem(request, 409, "in_flight",
                     "an announcement of it is being sent at this moment: wait for its outcome");
    case RemoveShow::outcome_unknown:
      return problem(request, 409, "outcome_unknown",
                     "nobody knows whether an announcement of it was posted: resolve that one first");
    case RemoveShow::not_found:
      break;
  }
  return not_found(request, "show");
}

// A show that was switched off says what that came to.
std::vector<Field> edited_fields() {
  auto fields = show_fields();
  fields.push_back({.name = "stopped",
                    .type = FieldType::object,
                    .description = "where this threw the kill switch",
                    .fields = prevented_fields()});
  return fields;
}
}  // namespace

void add_shows(std::vector<Route>& routes, Services& services) {
  const auto add = [&](Route route, Response (*handler)(Services&, const Request&)) {
    route.handler = [&services, handler](const Request& request) { return handler(services, request); };
    routes.push_back(std::move(route));
  };
  add({.method = "GET",
       .pattern = "/api/v1/shows",
       .access = Access::signed_in(Scope::read),
       .limit = kReads,
       .query = paging(),
       .answers = {{200, "a page, by id; of members those they are in", page_fields(show_fields())}},
       .summary = "Shows"},
      list);
  add({.method = "POST",
       .pattern = "/api/v1/shows",
       .access = Access::role(Role::operator_, Scope::announce),
       .limit = kSeldom,
       .fields = show_body(true),
       .answers =
           {{201, "made; who asks is its admin", show_fields()},
            {409, "duplicate_slug", {}},
            {422,
             "invalid_field, invalid_name, invalid_slug, invalid_channel, invalid_zone or invalid_text",
             {}}},
       .summary = "Makes a show"},
      create);
  add({.method = "GET",
       .pattern = "/api/v1/shows/{id}",
       .access = Access::show(Relation::host, Scope::read),
       .limit = kReads,
       .answers = {{200, "the show; ETag is its version", show_fields()}, {404, "not_found", {}}},
       .summary = "One show"},
      show);
  add({.method = "PATCH",
       .pattern = "/api/v1/shows/{id}",
       .access = Access::show(Relation::admin, Scope::announce),
       .limit = kWrites,
       .fields = show_body(false),
       .headers = {if_match()},
       .answers =
           {{200, "changed", edited_fields()},
            {404, "not_found", {}},
            {409, "duplicate_slug", {}},
            {412, "version_conflict: somebody was faster", {}},
            {422,
             "invalid_field, invalid_name, invalid_slug, invalid_channel, invalid_zone or invalid_text",
             {}}},
       .summary = "Changes a show, and switches it off and on"},
      edit);
  add({.method = "DELETE",
       .pattern = "/api/v1/shows/{id}",
       .access = Access::show(Relation::admin, Scope::admin),
       .limit = kWrites,
       .answers = {{204, "gone, with its members, invitations and episodes; what was posted stays", {}},
                   {404, "not_found", {}},
                   {409, "in_flight or outcome_unknown: of one of its announcements", {}}},
       .summary = "Removes a show"},
      remove);
}

}  // namespace fencepost::http
