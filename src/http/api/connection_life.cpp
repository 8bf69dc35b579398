// The life of connections: letting us in on a platform's pages, asking the platform who an account is, limits
// of what posting costs.

#include <nlohmann/json.hpp>

#include "accounts/spend.hpp"
#include "base/error.hpp"
#include "http/api/common.hpp"
#include "http/api/connection_json.hpp"

namespace fencepost::http {

namespace {
using nlohmann::json;

constexpr const char* kCallback = "/api/v1/connections/callback";

// Where the platform sends people back to: as the operator names this server, else as the request did.
std::string callback_of(const Services& services, const Request& request) {
  if (!services.origin.empty()) return services.origin + kCallback;
  const auto* host = request.headers.find("Host");
  if (host == nullptr)
    throw base::UserError("invalid_field", "the request has no Host: set public-url on the server");
  return (services.secure_cookies ? "https://" : "http://") + *host + kCallback;
}

std::string query_text(const Request& request, const char* name) {
  const auto at = request.query.find(name);
  return at == request.query.end() ? "" : at->second;
}

Response authorize(Services& services, const Request& request) {
  accounts::Authorising what{.name = text_member(request, "name").value_or(""),
                             .platform = text_member(request, "platform").value_or(""),
                             .target = text_member(request, "url").value_or("")};
  const auto& who = *request.principal;
  if (const auto at = request.json->find("connection_id"); at != request.json->end() && !at->is_null()) {
    what.connection = at->get<std::int64_t>();
    // Like a path that names it: who has nothing to do with it does not learn that it is there.
    const auto key = std::to_string(*what.connection);
    if (!who.at_least(Role::operator_) &&
        relation_to(services, who, Thing::connection, key) != Relation::self)
      return not_found(request, "connection");
  } else if (what.name.empty() || what.platform.empty()) {
    throw base::UserError("invalid_field",
                          "give name and platform, or the connection_id of one that is there");
  }
  return act_once(services, request, [&] {
    const auto begun = services.connections.begin(who, what, callback_of(services, request));
    return json_response(201, {{"url", begun.url}, {"expires_at", base::format_utc(begun.expires_at)}});
  });
}

Response callback(Services& services, const Request& request) {
  const auto made = services.connections.finish(*request.principal, query_text(request, "state"),
                                                query_text(request, "code"), query_text(request, "error"),
                                                callback_of(services, request));
  // A browser came here from the platform's page: nothing of its address is kept in the history.
  Response response{303, {}, {}};
  response.headers.set("Location", "/?connected=" + std::to_string(made.id));
  response.headers.set("Cache-Control", "no-store");
  return response;
}

Response verify(Services& services, const Request& request) {
  const auto id = id_of(request);
  return act_once(services, request, [&] {
    const auto info = services.connections.verify(id);
    return info ? json_response(200, connection_json(*info)) : not_found(request, "connection");
  });
}

std::optional<std::int64_t> amount(const Request& request, const char* name) {
  const auto at = request.json->find(name);
  return at == request.json->end() || at->is_null() ? std::nullopt : std::optional(at->get<std::int64_t>());
}

Response limit_spend(Services& services, const Request& request) {
  const auto id = id_of(request);
  return services.database.retrying([&](store::Connection& connection) {
    if (!accounts::set_spend_limits(connection, id, amount(request, "daily"), amount(request, "monthly")))
      return not_found(request, "connection");
    return json_response(
        200, connection_json(*accounts::get_connection(connection, id), accounts::spend_of(connection, id)));
  });
}

Field limit_field(const char* name, const char* what) {
  return {.name = name,
          .type = FieldType::integer,
          .description = what,
          .example = "5000000",
          .nullable = true,
          .minimum = 0,
          .maximum = 1'000'000'000'000'000};
}

Route authorize_route() {
  Route route{.method = "POST",
              .pattern = "/api/v1/connections/authorize",
              .access = Access::signed_in(Scope::announce),
              .limit = kSeldom};
  route.summary = "Begins an authorisation on a platform's own pages (OAuth 2 with PKCE)";
  route.fields = {{.name = "name", .example = "\"Fans\"", .nullable = true},
                  {.name = "platform", .example = "\"x\"", .nullable = true},
                  {.name = "url",
                   .max_length = 2048,
                   .format = Format::uri,
                   .description = "the server, where the platform has more than one",
                   .example = "\"https://mastodon.example\"",
                   .nullable = true},
                  {.name = "connection_id",
                   .type = FieldType::integer,
                   .description = "instead of these: new credentials for the same account",
                   .example = "1",
                   .nullable = true,
                   .minimum = 1}};
  route.answers = {
      {201,
       "open the URL in the browser that is signed in here; it can be finished once, within ten minutes",
       {{.name = "url", .required = true, .max_length = 8192, .format = Format::uri},
        {.name = "expires_at", .required = true, .format = Format::date_time}}},
      {404, "not_found", {}},
      {422,
       "invalid_field, invalid_platform, invalid_destination or not_authorisable: it takes `secret`",
       {}},
      {503, "platform_unavailable", {}}};
  return route;
}

Route callback_route() {
  Route route{
      .method = "GET", .pattern = kCallback, .access = Access::signed_in(Scope::announce), .limit = kSeldom};
  route.summary = "Where a platform sends people back to";
  route.query = {{.name = "state", .required = true, .max_length = 200},
                 {.name = "code", .max_length = 4096},
                 {.name = "error", .max_length = 200}};
  // What platforms add, and nobody reads.
  for (const auto* name : {"error_description", "error_uri", "iss", "scope", "authuser", "prompt", "hd"})
    route.query.push_back({.name = name, .max_length = 4096});
  route.answers = {{303, "connected", {}},
                   {409, "duplicate_name, duplicate_account or other_account", {}},
                   {422, "authorisation_unknown, authorisation_refused or invalid_credentials", {}},
                   {503, "platform_unavailable", {}}};
  return route;
}

Route verify_route() {
  Route route{.method = "POST",
              .pattern = "/api/v1/connections/{id}/verify",
              .access = Access::own(Thing::connection, Scope::announce),
              .limit = kSeldom};
  route.summary = "Asks the platform whose account it is; a broken connection that it knows is whole again";
  route.answers = {{200, "the platform knows it", connection_fields()},
                   {404, "not_found", {}},
                   {409, "connection_disconnected", {}},
                   {422, "invalid_credentials", {}},
                   {503, "platform_unavailable", {}}};
  return route;
}

Route spend_route() {
  Route route{.method = "PUT",
              .pattern = "/api/v1/connections/{id}/spend-limits",
              .access = Access::own(Thing::connection, Scope::announce),
              .limit = kWrites};
  route.summary = "The most that posting over a connection may cost; nothing is sent above it";
  route.fields = {limit_field("daily", "a UTC day, in millionths of a US dollar; null: no limit"),
                  limit_field("monthly", "the same of a UTC month")};
  route.answers = {{200, "in force", connection_fields()}, {404, "not_found", {}}};
  return route;
}
}  // namespace

void add_connection_life(std::vector<Route>& routes, Services& services) {
  const auto add = [&](Route route, Response (*handler)(Services&, const Request&)) {
    route.handler = [&services, handler](const Request& request) { return handler(services, request); };
    routes.push_back(std::move(route));
  };
  add(authorize_route(), authorize);
  add(callback_route(), callback);
  add(verify_route(), verify);
  add(spend_route(), limit_spend);
}

}  // namespace fencepost::http
