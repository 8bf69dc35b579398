// Signing in and out, the first person, and somebody's own sessions.

#include "accounts/sessions.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "accounts/first_run.hpp"
#include "accounts/sign_in.hpp"
#include "base/log.hpp"
#include "http/api/common.hpp"
#include "http/api/people_json.hpp"
#include "http/api/signed_in.hpp"

namespace fencepost::http {

namespace {
using accounts::SignInAnswer;
using nlohmann::json;

std::optional<base::Secret> cookie_of(const Services& services, const Request& request) {
  return cookie(request.headers, session_cookie_name(services.secure_cookies));
}

json session_json(std::int64_t id, base::Micros expires_at, const base::Secret& token) {
  return {{"session_id", id},
          {"expires_at", base::format_utc(expires_at)},
          {"csrf_token", accounts::csrf_token(token.reveal())}};
}

std::optional<accounts::Person> person_of_id(Services& services, std::int64_t id) {
  return services.database.retrying(
      [&](store::Connection& connection) { return accounts::get_person(connection, id); });
}

Response sign_in(Services& services, const Request& request) {
  accounts::SignIn wanted{*text_member(request, "email"), base::Secret(*text_member(request, "password")),
                          client_of(request)};
  if (const auto old = cookie_of(services, request)) wanted.replaces = old->reveal();
  const auto done = accounts::sign_in(services.database, services.passwords, wanted);
  switch (done.answer) {
    case SignInAnswer::signed_in:
      return signed_in(services, request, *done.session);
    case SignInAnswer::locked_out:
      return locked_out(request, done.retry_after);
    case SignInAnswer::refused:
      break;
  }
  // Not what was typed: people type passwords into the wrong field.
  base::log(base::LogLevel::warn, "sign-in refused",
            {{"client", request.client}, {"request_id", request.request_id}});
  Response response =
      problem(request, 401, "wrong_credentials", "the e-mail address or the password is wrong");
  response.headers.set("WWW-Authenticate", "Bearer realm=\"fencepost\"");
  return response;
}

Response first_run(Services& services, const Request& request) {
  return joined(services, request,
                accounts::use_first_run_code(services.database, services.passwords,
                                             *text_member(request, "code"), new_person(request)));
}

Response show(Services& services, const Request& request) {
  const auto person = person_of_id(services, person_of(request));
  if (!person) return not_found(request, "person");
  json body = {{"person", person_json(*person)},
               {"session_id", nullptr},
               {"expires_at", nullptr},
               {"csrf_token", nullptr}};
  const auto token = cookie_of(services, request);
  const auto id = request.principal->session_id;
  if (id == 0 || !token) return json_response(200, body);
  const auto sessions = services.database.retrying(
      [&](store::Connection& connection) { return accounts::list_sessions(connection, person->id); });
  const auto at = std::find_if(sessions.begin(), sessions.end(), [&](const auto& s) { return s.id == id; });
  if (at != sessions.end()) body.update(session_json(id, at->expires_at, *token));
  return json_response(200, body);
}

Response sign_out(Services& services, const Request& request) {
  const Principal& who = *request.principal;
  if (who.session_id == 0)
    return problem(request, 409, "no_session", "this is a token: DELETE /api/v1/tokens/{id} revokes it");
  services.database.retrying([&](store::Connection& connection) {
    return accounts::end_session(connection, *who.person, who.session_id);
  });
  Response response = no_content();
  response.headers.add("Set-Cookie", session_cookie(services.secure_cookies, base::Secret(), {}));
  return response;
}

Response list(Services& services, const Request& request) {
  const auto person = person_of(request);
  json items = json::array();
  for (const auto& one : services.database.retrying(
           [&](store::Connection& connection) { return accounts::list_sessions(connection, person); }))
    items.push_back({{"id", one.id},
                     {"current", one.id == request.principal->session_id},
                     {"created_at", base::format_utc(one.created_at)},
                     {"seen_at", base::format_utc(one.seen_at)},
                     {"expires_at", base::format_utc(one.expires_at)},
                     {"address", one.address},
                     {"agent", one.agent}});
  return json_response(200, {{"items", std::move(items)}});
}

Response end(Services& services, const Request& request) {
  const auto id = id_of(request);
  const auto person = person_of(request);
  const bool known = services.database.retrying(
      [&](store::Connection& connection) { return accounts::end_session(connection, person, id); });
  return known ? no_content() : not_found(request, "session");
}

Response end_others(Services& services, const Request& request) {
  const auto person = person_of(request);
  const auto ended = services.database.retrying([&](store::Connection& connection) {
    return accounts::end_other_sessions(connection, person, request.principal->session_id);
  });
  return json_response(200, {{"ended", ended}});
}

std::vector<Field> listed_fields() {
  return {id_field(),
          {.name = "current", .type = FieldType::boolean, .required = true},
          time_field("created_at"),
          time_field("seen_at"),
          time_field("expires_at"),
          {.name = "address", .required = true, .example = "\"192.0.2.1\""},
          {.name = "agent", .required = true, .description = "the browser, as it calls itself"}};
}

void add_own(std::vector<Route>& routes, Services& services) {
  const auto add = [&](Route route, Response (*handler)(Services&, const Request&)) {
    route.handler = [&services, handler](const Request& request) { return handler(services, request); };
    routes.push_back(std::move(route));
  };
  add({.method = "GET",
       .pattern = "/api/v1/me/sessions",
       .access = Access::signed_in(Scope::read),
       .limit = kReads,
       .answers =
           {{200,
             "where one is signed in",
             {{.name = "items", .type = FieldType::objects, .required = true, .fields = listed_fields()}}},
            {409, "no_person", {}}},
       .summary = "One's own sessions"},
      list);
  add({.method = "DELETE",
       .pattern = "/api/v1/me/sessions",
       .access = Access::signed_in(Scope::admin),
       .limit = kWrites,
       .answers = {{200,
                    "ended; the one that asks goes on",
                    {{.name = "ended", .type = FieldType::integer, .required = true, .example = "2"}}},
                   {409, "no_person", {}}},
       .summary = "Ends all one's other sessions"},
      end_others);
  add({.method = "DELETE",
       .pattern = "/api/v1/me/sessions/{id}",
       .access = Access::signed_in(Scope::admin),
       .limit = kWrites,
       .answers = {{204, "ended", {}}, {404, "not_found", {}}, {409, "no_person", {}}},
       .summary = "Ends one of one's own sessions"},
      end);
}
}  // namespace

accounts::Client client_of(const Request& request) {
  const std::string* agent = request.headers.find("User-Agent");
  return {request.client, agent != nullptr ? *agent : ""};
}

Response signed_in(Services& services, const Request& request, const accounts::NewSession& session) {
  const auto person = person_of_id(services, session.person);
  // Removed since: the session ended with them.
  if (!person) return problem(request, 401, "wrong_credentials", "there is no such person any more");
  json body = session_json(session.id, session.expires_at, session.token);
  body["person"] = person_json(*person);
  Response response = json_response(201, body);
  response.headers.add(
      "Set-Cookie", session_cookie(services.secure_cookies, session.token,
                                   std::chrono::duration_cast<std::chrono::seconds>(accounts::kSessionLife)));
  return response;
}

Response locked_out(const Request& request, base::Duration wait) {
  base::log(base::LogLevel::warn, "sign-in locked out",
            {{"client", request.client}, {"request_id", request.request_id}});
  Response response = problem(request, 429, "locked_out",
                              "too many wrong tries: wait as long as Retry-After says, then try again");
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
  response.headers.set("Retry-After", std::to_string(std::max<std::int64_t>(1, seconds)));
  return response;
}

Response joined(Services& services, const Request& request, const accounts::Accepted& accepted) {
  switch (accepted.answer) {
    case accounts::AcceptAnswer::joined:
      break;
    case accounts::AcceptAnswer::email_taken:
      return problem(request, 409, "email_taken",
                     "there is a person with this address: sign in, then accept the invitation");
    case accounts::AcceptAnswer::not_open:
    case accounts::AcceptAnswer::not_a_person:
      return problem(request, 410, "not_open",
                     "this link was used, was revoked or has expired: ask for another one");
  }
  const auto session = services.database.retrying([&](store::Connection& connection) {
    return accounts::open_session(connection, accepted.person->id, client_of(request));
  });
  if (session) return signed_in(services, request, *session);
  return problem(request, 409, "disabled", "you were let in and disabled again: ask an operator");
}

std::vector<Field> signed_in_fields(bool maybe) {
  return {
      {.name = "person", .type = FieldType::object, .required = true, .fields = person_fields()},
      {.name = "session_id", .type = FieldType::integer, .required = true, .example = "1", .nullable = maybe},
      {.name = "expires_at", .required = true, .format = Format::date_time, .nullable = maybe},
      {.name = "csrf_token",
       .required = true,
       .description = "send it as X-CSRF-Token with every change",
       .nullable = maybe}};
}

void add_sessions(std::vector<Route>& routes, Services& services) {
  const auto add = [&](Route route, Response (*handler)(Services&, const Request&)) {
    route.handler = [&services, handler](const Request& request) { return handler(services, request); };
    routes.push_back(std::move(route));
  };
  add({.method = "POST",
       .pattern = "/api/v1/session",
       .access = Access::anyone,
       .limit = kSeldom,
       .fields = {email_field(true), password_field("password", "")},
       .answers = {{201, "signed in: the cookie is a new session's", signed_in_fields(false)},
                   {401, "wrong_credentials: the address or the password", {}},
                   {429, "locked_out, or rate_limited", {}}},
       .summary = "Signs in"},
      sign_in);
  auto first = new_person_fields();
  first.insert(first.begin(),
               {.name = "code", .required = true, .description = "of the link that serve prints"});
  add({.method = "POST",
       .pattern = "/api/v1/session/first-run",
       .access = Access::anyone,
       .limit = kSeldom,
       .fields = std::move(first),
       .answers = {{201, "the first owner, signed in", signed_in_fields(false)},
                   {409, "email_taken", {}},
                   {410, "not_open: there is an owner, or this is no code", {}}},
       .summary = "Makes the first person of an instance"},
      first_run);
  add({.method = "GET",
       .pattern = "/api/v1/session",
       .access = Access::signed_in(Scope::read),
       .limit = kReads,
       .answers = {{200, "who is signed in; by a token: no session", signed_in_fields(true)},
                   {404, "not_found", {}},
                   {409, "no_person", {}}},
       .summary = "Who is signed in, and the token against foreign pages"},
      show);
  add({.method = "DELETE",
       .pattern = "/api/v1/session",
       .access = Access::signed_in(Scope::read),
       .limit = kWrites,
       .answers = {{204, "signed out", {}}, {409, "no_session", {}}},
       .summary = "Signs out"},
      sign_out);
  add_own(routes, services);
}

}  // namespace fencepost::http
