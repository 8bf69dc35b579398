// Connections: accounts on outside platforms. Their secrets go in and, but for one that we have made, never
// out.

#include "accounts/connection_import.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "connect/webhook/signature.hpp"
#include "http/api/common.hpp"

namespace fencepost::http {

namespace {
using accounts::ConnectionInfo;
using nlohmann::json;

json connection_json(const ConnectionInfo& info) {
  return {{"id", info.id},
          {"name", info.name},
          {"platform", info.platform},
          {"url", info.target},
          {"status", info.disconnected_at ? "disconnected" : "connected"},
          {"created_at", base::format_utc(info.created_at)},
          {"disconnected_at", time_or_null(info.disconnected_at)},
          {"last_error", text_or_null(info.last_error)},
          {"person_id", info.person ? json(*info.person) : json()}};
}

std::vector<Field> connection_fields() {
  return {{.name = "id", .type = FieldType::integer, .required = true, .example = "1"},
          {.name = "name", .required = true, .example = "\"Fans\""},
          {.name = "platform", .required = true, .example = "\"webhook\""},
          {.name = "url", .required = true, .max_length = 2048, .format = Format::uri},
          {.name = "status", .required = true, .choices = {"connected", "disconnected"}},
          {.name = "created_at", .required = true, .format = Format::date_time},
          {.name = "disconnected_at", .required = true, .format = Format::date_time, .nullable = true},
          {.name = "last_error", .required = true, .nullable = true},
          {.name = "person_id",
           .type = FieldType::integer,
           .required = true,
           .description = "whose it is; null: the instance's own",
           .example = "1",
           .nullable = true}};
}

connect::Connector& connector_of(Services& services, const std::string& platform) {
  const auto at = std::find_if(services.connectors.begin(), services.connectors.end(),
                               [&](const auto* connector) { return connector->platform() == platform; });
  if (at == services.connectors.end())
    throw base::UserError("invalid_platform", "this platform is not known here: take webhook");
  return **at;
}

Response list(Services& services, const Request& request) {
  auto connections = services.database.retrying([&](store::Connection& connection) {
    return accounts::page_of_connections(connection, whose(request), cursor_of(request).value_or(0),
                                         limit_of(request) + 1);
  });
  return page_of(
      request, std::move(connections),
      [](const auto& all) {
        json items = json::array();
        for (const auto& one : all) items.push_back(connection_json(one));
        return items;
      },
      [](const ConnectionInfo& one) { return one.id; });
}

Response create(Services& services, const Request& request) {
  const auto name = *text_member(request, "name");
  const auto platform = *text_member(request, "platform");
  const auto url = *text_member(request, "url");
  const auto given = text_member(request, "secret");
  const auto secret = given ? base::Secret(*given) : connect::webhook::SigningSecret::generate();
  connector_of(services, platform).check(url, {secret});
  return make_once(services, request, [&](store::Connection& connection) {
    const auto made = accounts::create_connection(connection, services.vault, name, platform, url, secret,
                                                  request.principal->person);
    json body = connection_json(made);
    if (!given) body["secret"] = secret.reveal();
    Response response = json_response(201, body);
    response.headers.set("Location", "/api/v1/connections/" + std::to_string(made.id));
    return response;
  });
}

Response show(Services& services, const Request& request) {
  const auto id = id_of(request);
  const auto found = services.database.retrying(
      [&](store::Connection& connection) { return accounts::get_connection(connection, id); });
  return found ? json_response(200, connection_json(*found)) : not_found(request, "connection");
}

Response remove(Services& services, const Request& request) {
  const auto id = id_of(request);
  const bool known = services.database.retrying(
      [&](store::Connection& connection) { return accounts::disconnect(connection, id); });
  return known ? no_content() : not_found(request, "connection");
}

Response import_all(Services& services, const Request& request) {
  std::vector<accounts::ImportedConnection> wanted;
  for (const auto& item : request.json->at("connections")) {
    wanted.push_back({item.at("name"), item.at("platform"), item.at("url")});
    // A secret of the right form stands in for the one that will come.
    connector_of(services, wanted.back().platform)
        .check(wanted.back().target, {connect::webhook::SigningSecret::generate()});
  }
  return make_once(services, request, [&](store::Connection& connection) {
    json items = json::array();
    for (const auto& item : accounts::import_connections(connection, wanted))
      items.push_back({{"id", item.id}, {"name", item.name}, {"answer", item.answer}});
    return json_response(200, {{"items", std::move(items)}});
  });
}

Response connect_again(Services& services, const Request& request) {
  const auto id = id_of(request);
  const auto given = text_member(request, "secret");
  const auto secret = given ? base::Secret(*given) : connect::webhook::SigningSecret::generate();
  const auto found = services.database.retrying(
      [&](store::Connection& connection) { return accounts::get_connection(connection, id); });
  if (!found) return not_found(request, "connection");
  connector_of(services, found->platform).check(found->target, {secret});
  return make_once(services, request, [&](store::Connection& connection) {
    const auto made = accounts::reconnect(connection, services.vault, id, secret);
    if (!made) return not_found(request, "connection");
    json body = connection_json(*made);
    if (!given) body["secret"] = secret.reveal();
    return json_response(200, body);
  });
}

Field secret_field() {
  return {.name = "secret",
          .description = "signs what is posted (Standard Webhooks); made where not given",
          .example = "\"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"",
          .nullable = true};
}

Route connect_again_route() {
  Route route{.method = "POST",
              .pattern = "/api/v1/connections/{id}/connect",
              .access = Access::own(Thing::connection, Scope::announce),
              .limit = kSeldom};
  route.summary = "Gives a connection its credentials: an imported or disconnected one is connected then";
  route.fields = {secret_field()};
  auto answer = connection_fields();
  answer.push_back({.name = "secret", .description = "shown this once, where it was made here"});
  route.answers = {{200, "connected", std::move(answer)},
                   {404, "not_found", {}},
                   {409, "duplicate_name", {}},
                   {422, "invalid_field or invalid_secret", {}}};
  return route;
}

Route import_route() {
  // They are the instance's own, like those that its own tokens make.
  Route route{.method = "POST",
              .pattern = "/api/v1/connections/import",
              .access = Access::role(Role::operator_, Scope::announce),
              .limit = kSeldom};
  route.summary = "Makes connections without credentials, disconnected until they are given";
  route.fields = {{.name = "connections",
                   .type = FieldType::objects,
                   .required = true,
                   .max_items = 1000,
                   .fields = {{.name = "name", .required = true, .example = "\"Fans\"", .min_length = 1},
                              {.name = "platform", .required = true, .example = "\"webhook\""},
                              {.name = "url",
                               .required = true,
                               .max_length = 2048,
                               .format = Format::uri,
                               .example = "\"https://example.com/hook\""}}}};
  route.answers = {
      {200,
       "of each one: imported, present (it was there) or conflict (its name has another target)",
       {{.name = "items",
         .type = FieldType::objects,
         .required = true,
         .fields = {{.name = "id", .type = FieldType::integer, .required = true, .example = "1"},
                    {.name = "name", .required = true, .example = "\"Fans\""},
                    {.name = "answer", .required = true, .choices = {"imported", "present", "conflict"}}}}}},
      {409, "duplicate_name", {}},
      {422, "invalid_field, invalid_name, invalid_platform or invalid_destination", {}}};
  return route;
}

Route create_route() {
  Route route{.method = "POST",
              .pattern = "/api/v1/connections",
              .access = Access::signed_in(Scope::announce),
              .limit = kSeldom};
  route.summary = "Connects an account";
  route.fields = {{.name = "name", .required = true, .example = "\"Fans\"", .min_length = 1},
                  {.name = "platform", .required = true, .example = "\"webhook\""},
                  {.name = "url",
                   .required = true,
                   .max_length = 2048,
                   .format = Format::uri,
                   .description = "what is posted to",
                   .example = "\"https://example.com/hook\""},
                  secret_field()};
  auto answer = connection_fields();
  answer.push_back({.name = "secret", .description = "shown this once, where it was made here"});
  route.answers = {
      {201, "connected", std::move(answer)},
      {409, "duplicate_name", {}},
      {422, "invalid_field, invalid_name, invalid_platform, invalid_destination or invalid_secret", {}}};
  return route;
}
}  // namespace

void add_connections(std::vector<Route>& routes, Services& services) {
  const auto add = [&](Route route, Response (*handler)(Services&, const Request&)) {
    route.handler = [&services, handler](const Request& request) { return handler(services, request); };
    routes.push_back(std::move(route));
  };
  add({.method = "GET",
       .pattern = "/api/v1/connections",
       .access = Access::signed_in(Scope::read),
       .limit = kReads,
       .query = paging(),
       .answers = {{200, "a page, by id; of members their own", page_fields(connection_fields())}},
       .summary = "Connections, disconnected ones too"},
      list);
  add(create_route(), create);
  add(import_route(), import_all);
  add(connect_again_route(), connect_again);
  add({.method = "GET",
       .pattern = "/api/v1/connections/{id}",
       .access = Access::own(Thing::connection, Scope::read),
       .limit = kReads,
       .answers = {{200, "the connection, without its secret", connection_fields()}, {404, "not_found", {}}},
       .summary = "One connection"},
      show);
  add({.method = "DELETE",
       .pattern = "/api/v1/connections/{id}",
       .access = Access::own(Thing::connection, Scope::announce),
       .limit = kWrites,
       .answers = {{204, "disconnected, its secret forgotten; nothing more is sent to it", {}},
                   {404, "not_found", {}}},
       .summary = "Disconnects an account"},
      remove);
}

}  // namespace fencepost::http
