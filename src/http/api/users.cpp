// People, as operators and owners see them. An operator reaches up to operators, an owner everybody.

#include <nlohmann/json.hpp>

#include "accounts/people.hpp"
#include "base/error.hpp"
#include "http/api/common.hpp"
#include "http/api/etag.hpp"
#include "http/api/people_json.hpp"

namespace fencepost::http {

namespace {
using accounts::Person;
using accounts::PersonAnswer;
using accounts::PersonResult;
using nlohmann::json;

Response list(Services& services, const Request& request) {
  auto people = services.database.retrying([&](store::Connection& connection) {
    return accounts::list_people(connection, cursor_of(request).value_or(0), limit_of(request) + 1);
  });
  return page_of(request, std::move(people), person_json);
}

std::optional<Person> find(Services& services, std::int64_t id) {
  return services.database.retrying(
      [&](store::Connection& connection) { return accounts::get_person(connection, id); });
}

Response show(Services& services, const Request& request) {
  const auto person = find(services, id_of(request));
  return person ? person_response(200, *person) : not_found(request, "person");
}

Response above(const Request& request) {
  return problem(request, 403, "forbidden", "this person's role, or the one you give, is above yours");
}

Response refused(const Request& request, const PersonResult& result) {
  switch (result.answer) {
    case PersonAnswer::stale:
      return version_conflict(request, result.person->version);
    case PersonAnswer::last_owner:
      return problem(request, 409, "last_owner",
                     "this is the last owner who can sign in: make another one first");
    case PersonAnswer::last_admin:
      return problem(request, 409, "last_admin", "this is the only admin of a show: make another one first");
    case PersonAnswer::email_taken:
      return problem(request, 409, "email_taken", "there is a person with this address");
    case PersonAnswer::done:
    case PersonAnswer::not_found:
      break;
  }
  return not_found(request, "person");
}

// The version that was seen pins the role that was judged: who was raised meanwhile is another version.
Response edit(Services& services, const Request& request) {
  const auto seen = find(services, id_of(request));
  if (!seen) return not_found(request, "person");
  if (!matches(request, seen->version)) return version_conflict(request, seen->version);
  accounts::PersonEdit change;
  change.role = role_member(request, "role");
  if (const auto at = request.json->find("disabled"); at != request.json->end())
    change.disabled = at->get<bool>();
  const Principal& who = *request.principal;
  if (!who.at_least(seen->role) || (change.role && !who.at_least(*change.role))) return above(request);
  const auto result = services.database.retrying([&](store::Connection& connection) {
    return accounts::edit_person(connection, seen->id, seen->version, change);
  });
  return result.answer == PersonAnswer::done ? person_response(200, *result.person)
                                             : refused(request, result);
}

Response remove(Services& services, const Request& request) {
  const auto seen = find(services, id_of(request));
  if (!seen) return not_found(request, "person");
  if (!request.principal->at_least(seen->role)) return above(request);
  const auto result = services.database.retrying([&](store::Connection& connection) {
    return accounts::remove_person(connection, seen->id, seen->version);
  });
  return result.answer == PersonAnswer::done ? no_content() : refused(request, result);
}
}  // namespace

Response edited(Services& services, const Request& request, std::int64_t id,
                const accounts::PersonEdit& change) {
  const auto seen = find(services, id);
  if (!seen) return not_found(request, "person");
  if (!matches(request, seen->version)) return version_conflict(request, seen->version);
  const auto result = services.database.retrying([&](store::Connection& connection) {
    return accounts::edit_person(connection, id, seen->version, change);
  });
  return result.answer == PersonAnswer::done ? person_response(200, *result.person)
                                             : refused(request, result);
}

void add_users(std::vector<Route>& routes, Services& services) {
  const auto add = [&](Route route, Response (*handler)(Services&, const Request&)) {
    route.handler = [&services, handler](const Request& request) { return handler(services, request); };
    routes.push_back(std::move(route));
  };
  add({.method = "GET",
       .pattern = "/api/v1/users",
       .access = Access::role(Role::operator_, Scope::read),
       .limit = kReads,
       .query = paging(),
       .answers = {{200, "a page, by id", page_fields(person_fields())}},
       .summary = "People"},
      list);
  add({.method = "GET",
       .pattern = "/api/v1/users/{id}",
       .access = Access::role(Role::operator_, Scope::read),
       .limit = kReads,
       .answers = {{200, "the person; ETag is the version", person_fields()}, {404, "not_found", {}}},
       .summary = "One person"},
      show);
  add({.method = "PATCH",
       .pattern = "/api/v1/users/{id}",
       .access = Access::role(Role::operator_, Scope::admin),
       .limit = kWrites,
       .fields = {{.name = "role", .choices = role_names()},
                  {.name = "disabled",
                   .type = FieldType::boolean,
                   .description = "sessions end and tokens are revoked at once"}},
       .headers = {if_match()},
       .answers = {{200, "changed", person_fields()},
                   {403, "forbidden: somebody above", {}},
                   {404, "not_found", {}},
                   {409, "last_owner or last_admin", {}},
                   {412, "version_conflict: somebody was faster", {}}},
       .summary = "Changes a person's role, or whether they may sign in"},
      edit);
  add({.method = "DELETE",
       .pattern = "/api/v1/users/{id}",
       .access = Access::role(Role::operator_, Scope::admin),
       .limit = kWrites,
       .answers = {{204, "removed; sessions, tokens and connections have ended", {}},
                   {403, "forbidden: somebody above", {}},
                   {404, "not_found", {}},
                   {409, "last_owner or last_admin", {}},
                   {412, "version_conflict: changed in this moment", {}}},
       .summary = "Removes a person"},
      remove);
}

}  // namespace fencepost::http
