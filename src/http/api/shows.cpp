// Shows and who is in them.

#include "accounts/shows.hpp"

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "http/api/common.hpp"
#include "http/api/etag.hpp"
#include "http/api/people_json.hpp"

namespace fencepost::http {

namespace {
using accounts::Member;
using accounts::MemberAnswer;
using accounts::Show;
using accounts::ShowAnswer;
using nlohmann::json;

Response show_response(int status, const Show& show) {
  Response response = json_response(status, show_json(show));
  response.headers.set("ETag", etag_of(show.version));
  return response;
}

Response list(Services& services, const Request& request) {
  auto shows = services.database.retrying([&](store::Connection& connection) {
    return accounts::list_shows(connection, whose(request), cursor_of(request).value_or(0),
                                limit_of(request) + 1);
  });
  return page_of(
      request, std::move(shows),
      [](const auto& all) {
        json items = json::array();
        for (const auto& one : all) items.push_back(show_json(one));
        return items;
      },
      [](const Show& one) { return one.id; });
}

[[noreturn]] void slug_taken() {
  throw base::UserError("duplicate_slug", "there is a show with this slug: choose another one");
}

Response create(Services& services, const Request& request) {
  return make_once(services, request, [&](store::Connection& connection) {
    const auto made = accounts::create_show(connection, *text_member(request, "name"),
                                            *text_member(request, "slug"), request.principal->person);
    if (made.answer == ShowAnswer::duplicate_slug) slug_taken();
    if (made.answer != ShowAnswer::done)
      throw base::UserError("unauthorized", "you were removed in this moment");
    Response response = show_response(201, *made.show);
    response.headers.set("Location", "/api/v1/shows/" + std::to_string(made.show->id));
    return response;
  });
}

std::optional<Show> find(Services& services, std::int64_t id) {
  return services.database.retrying(
      [&](store::Connection& connection) { return accounts::get_show(connection, id); });
}

Response show(Services& services, const Request& request) {
  const auto found = find(services, id_of(request));
  return found ? show_response(200, *found) : not_found(request, "show");
}

Response edit(Services& services, const Request& request) {
  const auto seen = find(services, id_of(request));
  if (!seen) return not_found(request, "show");
  if (!matches(request, seen->version)) return version_conflict(request, seen->version);
  const auto result = services.database.retrying([&](store::Connection& connection) {
    return accounts::edit_show(connection, seen->id, seen->version, text_member(request, "name"),
                               text_member(request, "slug"));
  });
  switch (result.answer) {
    case ShowAnswer::done:
      return show_response(200, *result.show);
    case ShowAnswer::stale:
      return version_conflict(request, result.show->version);
    case ShowAnswer::duplicate_slug:
      slug_taken();
    case ShowAnswer::not_found:
      break;
  }
  return not_found(request, "show");
}

Response remove(Services& services, const Request& request) {
  const auto id = id_of(request);
  const auto result = services.database.retrying(
      [&](store::Connection& connection) { return accounts::remove_show(connection, id, std::nullopt); });
  return result.answer == ShowAnswer::done ? no_content() : not_found(request, "show");
}

json member_json(const Member& member) {
  return {{"person_id", member.person},
          {"name", member.name},
          {"email", member.email},
          {"role", accounts::name(member.role)},
          {"since", base::format_utc(member.since)},
          {"disabled", member.disabled}};
}

std::vector<Field> member_fields() {
  return {{.name = "person_id", .type = FieldType::integer, .required = true, .example = "1"},
          {.name = "name", .required = true, .max_length = 100, .example = "\"Ada\""},
          {.name = "email", .required = true, .max_length = 254, .format = Format::email},
          {.name = "role", .required = true, .choices = show_role_names()},
          {.name = "since", .required = true, .format = Format::date_time},
          {.name = "disabled", .type = FieldType::boolean, .required = true}};
}

Response members(Services& services, const Request& request) {
  const auto id = id_of(request);
  auto all = services.database.retrying([&](store::Connection& connection) {
    return accounts::list_members(connection, id, cursor_of(request).value_or(0), limit_of(request) + 1);
  });
  if (all.empty() && !find(services, id)) return not_found(request, "show");
  return page_of(
      request, std::move(all),
      [](const auto& page) {
        json items = json::array();
        for (const auto& one : page) items.push_back(member_json(one));
        return items;
      },
      [](const Member& one) { return one.person; });
}

Response refused(const Request& request, MemberAnswer answer) {
  if (answer == MemberAnswer::last_admin)
    return problem(request, 409, "last_admin", "this is the show's only admin: make another one first");
  return not_found(request, answer == MemberAnswer::no_show ? "show" : "member");
}

// Adding is for operators, who know the people of the instance: an admin of a show could else read off names
// and addresses by trying numbers. Admins invite.
Response set_member(Services& services, const Request& request) {
  const auto id = id_of(request), person = id_of(request, "person");
  const auto role = *show_role_member(request, "role");
  const bool may_add = request.principal->at_least(Role::operator_);
  const auto answer = services.database.retrying([&](store::Connection& connection) {
    store::Transaction transaction(connection);
    const accounts::Principal other{.name = {}, .person = person, .role = Role::member};
    if (!may_add && !accounts::show_role(connection, other, id)) return MemberAnswer::no_person;
    const auto set = accounts::set_member(connection, id, person, role);
    if (set == MemberAnswer::done) transaction.commit();
    return set;
  });
  return answer == MemberAnswer::done ? no_content() : refused(request, answer);
}

Response remove_member(Services& services, const Request& request) {
  const auto id = id_of(request), person = id_of(request, "person");
  const auto answer = services.database.retrying(
      [&](store::Connection& connection) { return accounts::remove_member(connection, id, person); });
  return answer == MemberAnswer::done ? no_content() : refused(request, answer);
}

std::vector<Field> body_fields(bool creating) {
  return {name_field(creating),
          {.name = "slug",
           .required = creating,
           .max_length = 60,
           .description = "in addresses: a–z, 0–9 and single hyphens between them",
           .example = "\"night-talk\"",
           .min_length = 1}};
}

void add_members(std::vector<Route>& routes, Services& services) {
  const auto add = [&](Route route, Response (*handler)(Services&, const Request&)) {
    route.handler = [&services, handler](const Request& request) { return handler(services, request); };
    routes.push_back(std::move(route));
  };
  add({.method = "GET",
       .pattern = "/api/v1/shows/{id}/members",
       .access = Access::show(Relation::host, Scope::read),
       .limit = kReads,
       .query = paging(),
       .answers = {{200, "a page, by the person's id", page_fields(member_fields())}, {404, "not_found", {}}},
       .summary = "Who is in a show"},
      members);
  add({.method = "PUT",
       .pattern = "/api/v1/shows/{id}/members/{person}",
       .access = Access::show(Relation::admin, Scope::admin),
       .limit = kWrites,
       .fields = {{.name = "role", .required = true, .choices = show_role_names()}},
       .answers = {{204, "in the show, as that", {}},
                   {404, "not_found; who is not in the show yet is invited, or added by an operator", {}},
                   {409, "last_admin", {}}},
       .summary = "What somebody is in a show"},
      set_member);
  add({.method = "DELETE",
       .pattern = "/api/v1/shows/{id}/members/{person}",
       .access = Access::show(Relation::admin, Scope::admin),
       .limit = kWrites,
       .answers = {{204, "in the show no more", {}}, {404, "not_found", {}}, {409, "last_admin", {}}},
       .summary = "Takes somebody out of a show"},
      remove_member);
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
       .fields = body_fields(true),
       .answers = {{201, "made; who asks is its admin", show_fields()},
                   {409, "duplicate_slug", {}},
                   {422, "invalid_field, invalid_name or invalid_slug", {}}},
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
       .fields = body_fields(false),
       .headers = {if_match()},
       .answers = {{200, "changed", show_fields()},
                   {404, "not_found", {}},
                   {409, "duplicate_slug", {}},
                   {412, "version_conflict: somebody was faster", {}}},
       .summary = "Changes a show"},
      edit);
  add({.method = "DELETE",
       .pattern = "/api/v1/shows/{id}",
       .access = Access::show(Relation::admin, Scope::admin),
       .limit = kWrites,
       .answers = {{204, "gone, with its memberships and invitations", {}}, {404, "not_found", {}}},
       .summary = "Removes a show"},
      remove);
  add_members(routes, services);
}

}  // namespace fencepost::http
