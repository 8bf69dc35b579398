// Who asks: their own name, address and password.

#include <nlohmann/json.hpp>

#include "accounts/people.hpp"
#include "base/error.hpp"
#include "http/api/common.hpp"
#include "http/api/etag.hpp"
#include "http/api/people_json.hpp"
#include "http/api/signed_in.hpp"

namespace fencepost::http {

namespace {
using accounts::PasswordAnswer;
using nlohmann::json;

Response me(Services& services, const Request& request) {
  const Principal& who = *request.principal;
  json body = {{"token_id", who.token_id != 0 ? json(who.token_id) : json()},
               {"name", who.name},
               {"role", accounts::name(who.role)},
               {"scopes", who.scopes.words()},
               {"person", nullptr}};
  if (!who.person) return json_response(200, body);
  const auto person = services.database.retrying(
      [&](store::Connection& connection) { return accounts::get_person(connection, *who.person); });
  if (!person) return not_found(request, "person");
  body["person"] = person_json(*person);
  Response response = json_response(200, body);
  response.headers.set("ETag", etag_of(person->version));
  return response;
}

Response edit(Services& services, const Request& request) {
  const auto id = person_of(request);
  const accounts::PersonEdit change{.name = text_member(request, "name"),
                                    .email = text_member(request, "email")};
  return edited(services, request, id, change);
}

Response change_password(Services& services, const Request& request) {
  const auto done = accounts::change_password(services.database, services.passwords, person_of(request),
                                              base::Secret(*text_member(request, "current_password")),
                                              base::Secret(*text_member(request, "new_password")),
                                              request.client, request.principal->session_id);
  switch (done.answer) {
    case PasswordAnswer::changed:
      return no_content();
    case PasswordAnswer::wrong:
      return problem(request, 403, "wrong_password", "the current password is another one");
    case PasswordAnswer::locked_out:
      return locked_out(request, done.retry_after);
    case PasswordAnswer::not_found:
      break;
  }
  return not_found(request, "person");
}

std::vector<Field> me_fields() {
  return {{.name = "token_id",
           .type = FieldType::integer,
           .required = true,
           .description = "null: asks by a session",
           .example = "1",
           .nullable = true},
          {.name = "name", .required = true, .description = "the actor in histories", .example = "\"admin\""},
          {.name = "role", .required = true, .choices = role_names()},
          {.name = "scopes", .type = FieldType::strings, .required = true, .choices = scope_names()},
          {.name = "person",
           .type = FieldType::object,
           .required = true,
           .description = "null: a token of the instance itself",
           .nullable = true,
           .fields = person_fields()}};
}
}  // namespace

void add_me(std::vector<Route>& routes, Services& services) {
  const auto add = [&](Route route, Response (*handler)(Services&, const Request&)) {
    route.handler = [&services, handler](const Request& request) { return handler(services, request); };
    routes.push_back(std::move(route));
  };
  add({.method = "GET",
       .pattern = "/api/v1/me",
       .access = Access::signed_in(Scope::read),
       .limit = kReads,
       .answers = {{200, "who asks; ETag is the person's version", me_fields()}, {404, "not_found", {}}},
       .summary = "Who asks"},
      me);
  add({.method = "PATCH",
       .pattern = "/api/v1/me",
       .access = Access::signed_in(Scope::admin),
       .limit = kWrites,
       .fields = {name_field(false), email_field(false)},
       .headers = {if_match()},
       .answers = {{200, "changed", person_fields()},
                   {404, "not_found", {}},
                   {409, "email_taken or no_person", {}},
                   {412, "version_conflict: somebody was faster", {}}},
       .summary = "Changes one's own name or address"},
      edit);
  // No key is kept for it: its answer holds nothing, and a repetition finds the old password gone.
  add({.method = "PUT",
       .pattern = "/api/v1/me/password",
       .access = Access::signed_in(Scope::admin),
       .limit = kSeldom,
       .fields = {password_field("current_password", ""),
                  password_field("new_password", "10 characters at least")},
       .answers = {{204, "changed; all other sessions have ended", {}},
                   {403, "wrong_password", {}},
                   {404, "not_found", {}},
                   {409, "no_person", {}},
                   {429, "locked_out, or rate_limited", {}}},
       .summary = "Changes one's own password"},
      change_password);
}

}  // namespace fencepost::http
