// API tokens, and who asks.

#include "accounts/tokens.hpp"

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "http/api/common.hpp"

namespace fencepost::http {

namespace {
using nlohmann::json;

Response list(Services& services, const Request&) {
  json items = json::array();
  for (const auto& token : services.database.retrying(accounts::list_tokens))
    items.push_back({{"id", token.id},
                     {"name", token.name},
                     {"created_at", base::format_utc(token.created_at)},
                     {"revoked", token.revoked}});
  return json_response(200, {{"items", std::move(items)}});
}

Response create(Services& services, const Request& request) {
  const auto name = *text_member(request, "name");
  return make_once(services, request, [&](store::Connection& connection) {
    const auto token = accounts::create_token(connection, name);
    const auto principal = accounts::authenticate(connection, token.reveal());
    FENCEPOST_ASSERT(principal.has_value());
    return json_response(201, {{"id", principal->token_id}, {"name", name}, {"token", token.reveal()}});
  });
}

Response revoke(Services& services, const Request& request) {
  const auto id = id_of(request);
  const bool known = services.database.retrying(
      [&](store::Connection& connection) { return accounts::revoke_token(connection, id); });
  return known ? no_content() : not_found(request, "token");
}

Response me(Services&, const Request& request) {
  return json_response(200, {{"token_id", request.principal->id}, {"name", request.principal->name}});
}

std::vector<Field> token_fields() {
  return {{.name = "id", .type = FieldType::integer, .required = true, .example = "2"},
          {.name = "name", .required = true, .example = "\"deploy\""},
          {.name = "created_at", .required = true, .format = Format::date_time},
          {.name = "revoked", .type = FieldType::boolean, .required = true}};
}
}  // namespace

std::optional<Principal> token_owner(Services& services, const base::Secret& token) {
  const auto known = services.database.retrying(
      [&](store::Connection& connection) { return accounts::authenticate(connection, token.reveal()); });
  if (!known) return std::nullopt;
  return Principal{.id = known->token_id, .name = known->name};
}

void add_tokens(std::vector<Route>& routes, Services& services) {
  const auto add = [&](Route route, Response (*handler)(Services&, const Request&)) {
    route.handler = [&services, handler](const Request& request) { return handler(services, request); };
    routes.push_back(std::move(route));
  };
  add({.method = "GET",
       .pattern = "/api/v1/tokens",
       .access = Access::signed_in(Scope::admin),
       .limit = kReads,
       .answers =
           {{200,
             "all of them",
             {{.name = "items", .type = FieldType::objects, .required = true, .fields = token_fields()}}}},
       .summary = "Tokens, revoked ones too; never what they are"},
      list);
  add({.method = "POST",
       .pattern = "/api/v1/tokens",
       .access = Access::signed_in(Scope::admin),
       .limit = kSeldom,
       .fields = {{.name = "name",
                   .required = true,
                   .max_length = 100,
                   .description = "the actor of what is done with it, in histories",
                   .example = "\"deploy\"",
                   .min_length = 1}},
       .answers = {{201,
                    "made; the token is shown this once",
                    {{.name = "id", .type = FieldType::integer, .required = true, .example = "2"},
                     {.name = "name", .required = true, .example = "\"deploy\""},
                     {.name = "token", .required = true}}}},
       .summary = "Makes a token"},
      create);
  add({.method = "DELETE",
       .pattern = "/api/v1/tokens/{id}",
       .access = Access::signed_in(Scope::admin),
       .limit = kWrites,
       .answers = {{204, "revoked: it opens nothing any more", {}}, {404, "not_found", {}}},
       .summary = "Revokes a token"},
      revoke);
  add({.method = "GET",
       .pattern = "/api/v1/me",
       .access = Access::signed_in(Scope::read),
       .limit = kReads,
       .answers = {{200,
                    "the token that asks",
                    {{.name = "token_id", .type = FieldType::integer, .required = true, .example = "1"},
                     {.name = "name", .required = true, .example = "\"admin\""}}}},
       .summary = "Who asks"},
      me);
}

}  // namespace fencepost::http
