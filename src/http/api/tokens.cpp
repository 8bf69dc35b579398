// API tokens.

#include "accounts/tokens.hpp"

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "http/api/common.hpp"
#include "http/api/people_json.hpp"

namespace fencepost::http {

namespace {
using accounts::TokenAnswer;
using accounts::TokenInfo;
using nlohmann::json;

// An owner's view goes over all tokens, also the instance's own; everybody else's over the own ones.
std::optional<std::int64_t> whose_tokens(const Request& request) {
  const Principal& who = *request.principal;
  return who.at_least(Role::owner) ? std::nullopt : who.person;
}

json token_json(const TokenInfo& token) {
  return {{"id", token.id},
          {"name", token.name},
          {"person_id", token.person ? json(*token.person) : json()},
          {"scopes", token.scopes.words()},
          {"prefix", token.prefix},
          {"created_at", base::format_utc(token.created_at)},
          {"expires_at", time_or_null(token.expires_at)},
          {"last_used_at", time_or_null(token.last_used_at)},
          {"revoked", token.revoked}};
}

Response list(Services& services, const Request& request) {
  auto tokens = services.database.retrying([&](store::Connection& connection) {
    return accounts::page_of_tokens(connection, whose_tokens(request), cursor_of(request).value_or(0),
                                    limit_of(request) + 1);
  });
  return page_of(request, std::move(tokens), token_json);
}

// Where nothing is said: all that the maker may give away.
accounts::Scopes scopes_wanted(const Request& request) {
  if (const auto at = request.json->find("scopes"); at != request.json->end() && !at->is_null())
    return accounts::Scopes::named(at->get<std::vector<std::string>>());
  accounts::Scopes all;
  for (const auto scope : accounts::kScopes)
    if (request.principal->scopes.has(scope) && request.principal->at_least(accounts::least_role(scope)))
      all = all.with(scope);
  return all;
}

Response create(Services& services, const Request& request) {
  accounts::NewToken wanted{.name = *text_member(request, "name"), .scopes = scopes_wanted(request)};
  if (const auto at = request.json->find("expires_in"); at != request.json->end() && !at->is_null())
    wanted.life = std::chrono::seconds(at->get<std::int64_t>());
  return make_once(services, request, [&](store::Connection& connection) {
    const auto made = accounts::create_token(connection, *request.principal, wanted);
    if (made.answer != TokenAnswer::made)
      throw base::UserError("forbidden", "a token can be for no more than its maker: leave scopes out");
    return json_response(201, {{"id", made.id},
                               {"name", wanted.name},
                               {"scopes", wanted.scopes.words()},
                               {"expires_at", time_or_null(made.expires_at)},
                               {"token", made.token.reveal()}});
  });
}

Response revoke(Services& services, const Request& request) {
  const auto id = id_of(request);
  const bool known = services.database.retrying([&](store::Connection& connection) {
    return accounts::revoke_token(connection, id, whose_tokens(request));
  });
  return known ? no_content() : not_found(request, "token");
}

Field scopes_field(bool required) {
  return {.name = "scopes",
          .type = FieldType::strings,
          .required = required,
          .description = "what it may be used for; where not given, all that its maker may",
          .max_items = 20,
          .choices = scope_names()};
}

std::vector<Field> token_fields() {
  const auto maybe_time = [](const char* name) {
    return Field{.name = name, .required = true, .format = Format::date_time, .nullable = true};
  };
  return {
      {.name = "id", .type = FieldType::integer, .required = true, .example = "2"},
      {.name = "name", .required = true, .example = "\"deploy\""},
      {.name = "person_id",
       .type = FieldType::integer,
       .required = true,
       .description = "whose it is; null: the instance's own",
       .example = "1",
       .nullable = true},
      scopes_field(true),
      {.name = "prefix", .required = true, .description = "to recognise it by", .example = "\"fp_Ab3x9\""},
      {.name = "created_at", .required = true, .format = Format::date_time},
      maybe_time("expires_at"),
      maybe_time("last_used_at"),
      {.name = "revoked", .type = FieldType::boolean, .required = true}};
}

Route create_route() {
  Route route{.method = "POST",
              .pattern = "/api/v1/tokens",
              .access = Access::signed_in(Scope::admin),
              .limit = kSeldom};
  route.fields = {{.name = "name",
                   .required = true,
                   .max_length = 100,
                   .description = "the actor of what is done with it, in histories",
                   .example = "\"deploy\"",
                   .min_length = 1},
                  scopes_field(false),
                  {.name = "expires_in",
                   .type = FieldType::integer,
                   .description = "seconds; until it is revoked where not given",
                   .example = "86400",
                   .nullable = true,
                   .minimum = 60,
                   .maximum = 315'360'000}};
  route.answers = {{201,
                    "made; the token is shown this once",
                    {{.name = "id", .type = FieldType::integer, .required = true, .example = "2"},
                     {.name = "name", .required = true, .example = "\"deploy\""},
                     scopes_field(true),
                     {.name = "expires_at", .required = true, .format = Format::date_time, .nullable = true},
                     {.name = "token", .required = true}}},
                   {403, "forbidden: a scope that its maker has not", {}}};
  route.summary = "Makes a token of the person who asks";
  return route;
}
}  // namespace

void add_tokens(std::vector<Route>& routes, Services& services) {
  const auto add = [&](Route route, Response (*handler)(Services&, const Request&)) {
    route.handler = [&services, handler](const Request& request) { return handler(services, request); };
    routes.push_back(std::move(route));
  };
  add({.method = "GET",
       .pattern = "/api/v1/tokens",
       .access = Access::signed_in(Scope::admin),
       .limit = kReads,
       .query = paging(),
       .answers = {{200, "a page, by id; of owners everybody's", page_fields(token_fields())}},
       .summary = "Tokens, revoked ones too; never what they are"},
      list);
  add(create_route(), create);
  add({.method = "DELETE",
       .pattern = "/api/v1/tokens/{id}",
       .access = Access::signed_in(Scope::admin),
       .limit = kWrites,
       .answers = {{204, "revoked: it opens nothing any more", {}}, {404, "not_found", {}}},
       .summary = "Revokes a token"},
      revoke);
}

}  // namespace fencepost::http
