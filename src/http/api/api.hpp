#pragma once
// The API's routes: every noun adds its own to one table, from which the router, the checks, the limits and
// the OpenAPI document are made. Handlers are pure functions of a request and of these services.

#include <map>
#include <span>
#include <string>
#include <vector>

#include "accounts/vault.hpp"
#include "apps/announce/service.hpp"
#include "connect/connector.hpp"
#include "engine/engine.hpp"
#include "http/dispatch.hpp"
#include "http/routes.hpp"
#include "store/database.hpp"
#include "store/fence.hpp"

namespace fencepost::http {

class EventHub;

// What handlers work with. All of it outlives the routes and is thread-safe.
struct Services {
  store::Database& database;
  const accounts::Vault& vault;
  announce::Service& announcements;
  engine::Engine& engine;
  std::span<const store::Fence> queues;         // those that this program works
  std::vector<connect::Connector*> connectors;  // one a platform
  std::vector<store::Migration> migrations;     // of the whole program: what the schema must have
  std::string version;
  EventHub& events;
};

// The whole table, with /api/v1/openapi.json and /api/docs. `services` must outlive it.
std::vector<Route> routes(Services& services);

// Tokens of the database.
Authenticator authenticator(Services& services);

// Statuses of the UserError codes of accounts and apps, for Dispatcher::Options.
std::map<std::string, int> api_statuses();

}  // namespace fencepost::http
