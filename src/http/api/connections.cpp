// Connections: accounts on outside platforms. Their secrets go in and, but for one that we have made, never
// out.

#include <nlohmann/json.hpp>

#include "accounts/connection_import.hpp"
#include "accounts/spend.hpp"
#include "base/error.hpp"
#include "connect/webhook/signature.hpp"
#include "http/api/common.hpp"
#include "http/api/connection_json.hpp"
#include "http/api/episode_json.hpp"

namespace fencepost::http {

namespace {
using accounts::ConnectionInfo;
using connections::Wish;
using nlohmann::json;

Response list(Services& services, const Request& request) {
  auto connections = services.database.retrying([&](store::Connection& connection) {
    return accounts::page_of_connections(connection, whose(request), cursor_of(request).value_or(0),
                                         limit_of(request) + 1);
  });
  return page_of(request, std::move(connections), [](const auto& one) { return connection_json(one); });
}

// A webhook's secret is ours to make; any other is the platform's.
std::optional<base::Secret> made_here(const std::string& platform, const std::optional<std::string>& given) {
  if (given) return std::nullopt;
  if (platform == "webhook") return connect::webhook::SigningSecret::generate();
  throw base::UserError("invalid_credentials",
                        "give this account's credentials in `secret`, or begin an authorisation");
}

Response create(Services& services, const Request& request) {
  const auto given = text_member(request, "secret");
  Wish wish{*text_member(request, "name"), *text_member(request, "platform"),
            text_member(request, "url").value_or("")};
  services.connections.outside().connector(wish.platform);
  const auto made = made_here(wish.platform, given);
  wish.secret = made ? *made : base::Secret(*given);
  return make_keeping(services, request, [&](const Keep& keep) {
    const auto known = services.connections.ask(wish);
    services.database.retrying([&](store::Connection& connection) {
      store::Transaction transaction(connection);
      const auto info = services.connections.create(connection, wish, known, request.principal->person);
      json body = connection_json(info);
      if (made) body["secret"] = made->reveal();
      Response response = json_response(201, body);
      response.headers.set("Location", "/api/v1/connections/" + std::to_string(info.id));
      keep(connection, response);
      transaction.commit();
      return true;
    });
    return std::nullopt;
  });
}

Response show(Services& services, const Request& request) {
  const auto id = id_of(request);
  return services.database.retrying([&](store::Connection& connection) {
    const auto found = accounts::get_connection(connection, id);
    if (!found) return not_found(request, "connection");
    return json_response(200, connection_json(*found, accounts::spend_of(connection, id)));
  });
}

Response remove(Services& services, const Request& request) {
  const auto id = id_of(request);
  announce::Prevented counts;
  const bool there = services.connections.disconnect(id, [&](store::Connection& connection) {
    counts = announce::stop_over(connection, announcement_fence(services), id, actor_of(request));
  });
  return there ? json_response(200, prevented_json(counts)) : not_found(request, "connection");
}

Response import_all(Services& services, const Request& request) {
  std::vector<accounts::ImportedConnection> wanted;
  for (const auto& item : request.json->at("connections")) {
    const auto url = item.find("url");
    wanted.push_back({item.at("name"), item.at("platform"),
                      url == item.end() || url->is_null() ? "" : url->get<std::string>()});
    auto& connector = services.connections.outside().connector(wanted.back().platform);
    // A secret of the right form stands in for the one that will come; other platforms judge both together.
    if (wanted.back().platform == "webhook")
      connector.check(wanted.back().target, {connect::webhook::SigningSecret::generate()});
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
  const auto found = services.database.retrying(
      [&](store::Connection& connection) { return accounts::get_connection(connection, id); });
  if (!found) return not_found(request, "connection");
  const auto made = made_here(found->platform, given);
  const Wish wish{found->name, found->platform, found->target, made ? *made : base::Secret(*given)};
  return make_keeping(services, request, [&](const Keep& keep) {
    const auto known = services.connections.ask(wish);
    services.database.retrying([&](store::Connection& connection) {
      store::Transaction transaction(connection);
      const auto info = services.connections.reconnect(connection, id, known);
      if (!info) throw base::UserError("not_found", "there is no such connection");
      json body = connection_json(*info);
      if (made) body["secret"] = made->reveal();
      keep(connection, json_response(200, body));
      transaction.commit();
      return true;
    });
    return std::nullopt;
  });
}

Field secret_field() {
  return {.name = "secret",
          .max_length = 16384,
          .description =
              "what the account proves itself with: an app password, a token; a webhook's signs what "
              "is posted (Standard Webhooks), and is made where not given",
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
                   {409, "duplicate_name, duplicate_account or other_account", {}},
                   {422, "invalid_field or invalid_credentials", {}},
                   {503, "platform_unavailable", {}}};
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
                               .max_length = 2048,
                               .format = Format::uri,
                               .example = "\"https://example.com/hook\"",
                               .nullable = true}}}};
  route.answers = {
      {200,
       "of each one: imported, present (it was there) or conflict (its name has another target)",
       {{.name = "items",
         .type = FieldType::objects,
         .required = true,
         .fields = {id_field(),
                    {.name = "name", .required = true, .example = "\"Fans\""},
                    {.name = "answer", .required = true, .choices = {"imported", "present", "conflict"}}}}}},
      {409, "duplicate_name or duplicate_account", {}},
      {422, "invalid_field, invalid_name, invalid_platform or invalid_destination", {}}};
  return route;
}

Route create_route() {
  Route route{.method = "POST",
              .pattern = "/api/v1/connections",
              .access = Access::signed_in(Scope::announce),
              .limit = kSeldom};
  route.summary = "Connects an account";
  route.fields = {
      {.name = "name", .required = true, .example = "\"Fans\"", .min_length = 1},
      {.name = "platform", .required = true, .example = "\"webhook\""},
      {.name = "url",
       .max_length = 2048,
       .format = Format::uri,
       .description = "what is posted to, where the platform has more than one place: a webhook's "
                      "receiver, a Mastodon server",
       .example = "\"https://example.com/hook\"",
       .nullable = true},
      secret_field()};
  auto answer = connection_fields();
  answer.push_back({.name = "secret", .description = "shown this once, where it was made here"});
  route.answers = {
      {201, "connected", std::move(answer)},
      {409, "duplicate_name or duplicate_account", {}},
      {422, "invalid_field, invalid_name, invalid_platform, invalid_destination or invalid_credentials", {}},
      {503, "platform_unavailable", {}}};
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
       .answers = {{200, "disconnected, its secret forgotten; what this has come to", prevented_fields()},
                   {404, "not_found", {}}},
       .summary = "Disconnects an account"},
      remove);
}

}  // namespace fencepost::http
