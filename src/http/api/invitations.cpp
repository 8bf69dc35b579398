// Invitations: links that make somebody a person of this instance, a member of a show, or both.

#include "accounts/invitations.hpp"

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "http/api/common.hpp"
#include "http/api/people_json.hpp"
#include "http/api/signed_in.hpp"

namespace fencepost::http {

namespace {
using accounts::AcceptAnswer;
using accounts::InviteAnswer;
using nlohmann::json;

// In the fragment, which no browser sends to a server: the code is in no log of a proxy.
std::string link_of(const base::Secret& code) { return "/welcome#code=" + code.reveal(); }

Response list(Services& services, const Request& request) {
  const accounts::InvitationFilter filter{.inviter = whose(request)};
  auto invitations = services.database.retrying([&](store::Connection& connection) {
    return accounts::list_invitations(connection, filter, cursor_of(request).value_or(0),
                                      limit_of(request) + 1);
  });
  return page_of(request, std::move(invitations), invitation_json);
}

Response create(Services& services, const Request& request) {
  accounts::NewInvitation wanted;
  wanted.role = role_member(request, "role").value_or(Role::member);
  if (const auto at = request.json->find("show_id"); at != request.json->end() && !at->is_null())
    wanted.show = at->get<std::int64_t>();
  wanted.show_role = show_role_member(request, "show_role").value_or(accounts::ShowRole::host);
  wanted.note = text_member(request, "note").value_or("");
  return make_once(services, request, [&](store::Connection& connection) {
    const auto made = accounts::create_invitation(connection, *request.principal, wanted);
    switch (made.answer) {
      case InviteAnswer::made:
        break;
      case InviteAnswer::not_allowed:
        throw base::UserError("forbidden",
                              "you can give no more than you have: an operator invites up to "
                              "operator, an admin of a show to that show");
      case InviteAnswer::no_show:
        throw base::UserError("not_found", "there is no such show");
    }
    json body = invitation_json(*made.invitation);
    body["code"] = made.code.reveal();
    body["link"] = link_of(made.code);
    return json_response(201, body);
  });
}

Response revoke(Services& services, const Request& request) {
  const auto id = id_of(request);
  const bool known = services.database.retrying(
      [&](store::Connection& connection) { return accounts::revoke_invitation(connection, id); });
  return known ? no_content() : not_found(request, "open invitation");
}

Response accept(Services& services, const Request& request) {
  return joined(services, request,
                accounts::accept_invitation(services.database, services.passwords,
                                            *text_member(request, "code"), new_person(request)));
}

Response join(Services& services, const Request& request) {
  const auto code = *text_member(request, "code");
  const auto person = person_of(request);
  return make_once(services, request, [&](store::Connection& connection) {
    const auto accepted = accounts::accept_invitation(connection, code, person);
    if (accepted.answer != AcceptAnswer::joined)
      throw base::UserError("not_open",
                            "this link was used, was revoked or has expired: ask for another one");
    return person_response(200, *accepted.person);
  });
}

Field code_field() {
  return {.name = "code", .required = true, .description = "of the link", .example = "\"fpi_…\""};
}

Route create_route() {
  Route route{.method = "POST",
              .pattern = "/api/v1/invitations",
              .access = Access::signed_in(Scope::admin),
              .limit = kSeldom};
  route.fields = {{.name = "role", .description = "member where not given", .choices = role_names()},
                  {.name = "show_id",
                   .type = FieldType::integer,
                   .description = "a show that it opens too",
                   .example = "1",
                   .nullable = true,
                   .minimum = 1},
                  {.name = "show_role", .description = "host where not given", .choices = show_role_names()},
                  {.name = "note", .max_length = 100, .description = "for whom, as lists show it"}};
  auto answer = invitation_fields();
  answer.push_back({.name = "code", .required = true, .description = "shown this once"});
  answer.push_back({.name = "link", .required = true, .description = "on this server; shown this once"});
  route.answers = {{201, "made", std::move(answer)},
                   {403, "forbidden: it would give more than you have", {}},
                   {404, "not_found: no such show", {}}};
  route.summary = "Invites somebody";
  return route;
}
}  // namespace

void add_invitations(std::vector<Route>& routes, Services& services) {
  const auto add = [&](Route route, Response (*handler)(Services&, const Request&)) {
    route.handler = [&services, handler](const Request& request) { return handler(services, request); };
    routes.push_back(std::move(route));
  };
  add({.method = "GET",
       .pattern = "/api/v1/invitations",
       .access = Access::signed_in(Scope::admin),
       .limit = kReads,
       .query = paging(),
       .answers = {{200, "a page, by id; of members their own", page_fields(invitation_fields())}},
       .summary = "Invitations, but not their links"},
      list);
  add(create_route(), create);
  add({.method = "DELETE",
       .pattern = "/api/v1/invitations/{id}",
       .access = Access::own(Thing::invitation, Scope::admin),
       .limit = kWrites,
       .answers = {{204, "revoked: its link opens nothing any more", {}}, {404, "not_found", {}}},
       .summary = "Revokes an invitation"},
      revoke);
  auto fields = new_person_fields();
  fields.insert(fields.begin(), code_field());
  add({.method = "POST",
       .pattern = "/api/v1/invitations/accept",
       .access = Access::anyone,
       .limit = kSeldom,
       .fields = std::move(fields),
       .answers = {{201, "a person of this instance now, signed in", signed_in_fields(false)},
                   {409, "email_taken, or disabled", {}},
                   {410, "not_open: used, revoked or expired", {}}},
       .summary = "Accepts an invitation as a new person"},
      accept);
  add({.method = "POST",
       .pattern = "/api/v1/invitations/join",
       .access = Access::signed_in(Scope::admin),
       .limit = kSeldom,
       .fields = {code_field()},
       .answers = {{200, "roles were raised, never lowered", person_fields()},
                   {409, "no_person", {}},
                   {410, "not_open: used, revoked or expired", {}}},
       .summary = "Accepts an invitation as who one is"},
      join);
}

}  // namespace fencepost::http
