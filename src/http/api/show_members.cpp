// Who is in a show, and what they want there.

#include <nlohmann/json.hpp>

#include "accounts/shows.hpp"
#include "apps/announce/shows.hpp"
#include "base/error.hpp"
#include "http/api/common.hpp"
#include "http/api/episode_json.hpp"
#include "http/api/people_json.hpp"
#include "store/certain.hpp"

namespace fencepost::http {

namespace {
using accounts::Member;
using accounts::MemberAnswer;
using nlohmann::json;

bool shown(Services& services, std::int64_t show) {
  return services.database.retrying(
      [&](store::Connection& connection) { return accounts::get_show(connection, show).has_value(); });
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
  if (all.empty() && !shown(services, id)) return not_found(request, "show");
  return page_of(request, std::move(all), member_json, [](const Member& one) { return one.person; });
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
  const auto [answer, stopped] =
      store::until_certain(services.database, [&](store::Connection& connection, bool doubt) {
        auto removed =
            announce::remove_member(connection, announcement_fence(services), id, person, actor_of(request));
        if (removed.first == MemberAnswer::no_person && doubt) {
          store::Fence::confirm(connection);  // the removal that was in doubt is there
          removed.first = MemberAnswer::done;
        }
        return removed;
      });
  return answer == MemberAnswer::done ? json_response(200, prevented_json(stopped))
                                      : refused(request, answer);
}

Response own(Services& services, const Request& request) {
  const auto said = services.database.retrying([&](store::Connection& connection) {
    return announce::own_words(connection, id_of(request), person_of(request));
  });
  return said ? json_response(200, {{"opted_in", said->opted_in}, {"style", said->style}})
              : not_found(request, "membership of yours");
}

// Nobody else's word counts: the path names no person.
Response set_own(Services& services, const Request& request) {
  const auto in = flag_member(request, "opted_in");
  const auto style = text_member(request, "style");
  if (!in && !style) throw base::UserError("invalid_field", "the body says opted_in, style or both");
  const auto show = id_of(request), person = person_of(request);
  announce::Prevented stopped;
  if (in) {
    const auto counts = store::until_certain(services.database, [&](store::Connection& connection, bool) {
      return announce::opt(connection, announcement_fence(services), show, person, *in, actor_of(request));
    });
    stopped = counts.value_or(announce::Prevented{});
  }
  const auto said = services.database.retrying([&](store::Connection& connection) {
    if (style) announce::set_style(connection, show, person, *style);
    return announce::own_words(connection, show, person);
  });
  if (!said) return not_found(request, "membership of yours");
  return json_response(
      200, {{"opted_in", said->opted_in}, {"style", said->style}, {"stopped", prevented_json(stopped)}});
}
}  // namespace

void add_show_members(std::vector<Route>& routes, Services& services) {
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
       .answers = {{200, "in the show no more; what was to be posted for them is stopped",
                    prevented_fields()},
                   {404, "not_found", {}},
                   {409, "last_admin", {}}},
       .summary = "Takes somebody out of a show"},
      remove_member);
  const auto own_fields = [](bool required) {
    return std::vector<Field>{
        {.name = "opted_in",
         .type = FieldType::boolean,
         .required = required,
         .description = "whether admins may make announcements over your connections that are on",
         .example = "true"},
        {.name = "style",
         .required = required,
         .max_length = 500,
         .description = "how you want to sound in this show, where a language model writes for you",
         .example = "\"dry, no emoji\""}};
  };
  auto said = own_fields(true);
  said.push_back(
      {.name = "stopped", .type = FieldType::object, .required = true, .fields = prevented_fields()});
  add({.method = "GET",
       .pattern = "/api/v1/shows/{id}/members/me",
       .access = Access::show(Relation::host, Scope::read),
       .limit = kReads,
       .answers = {{200, "as you said", own_fields(true)},
                   {404, "not_found; you are not in the show", {}},
                   {409, "no_person", {}}},
       .summary = "Whether you want to be announced, and in which style"},
      own);
  add({.method = "PUT",
       .pattern = "/api/v1/shows/{id}/members/me",
       .access = Access::show(Relation::host, Scope::announce),
       .limit = kWrites,
       .fields = own_fields(false),
       .answers = {{200, "recorded; who opts out has stopped what was to be posted for them in this show",
                    said},
                   {404, "not_found; you are not in the show", {}},
                   {409, "no_person", {}}},
       .summary = "Opts in or out of announcements made for all, or says in which style to write"},
      set_own);
}

}  // namespace fencepost::http
