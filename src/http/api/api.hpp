#pragma once
// The API's routes: every noun adds its own to one table, from which the router, the checks, the limits and
// the OpenAPI document are made. Handlers are pure functions of a request and of these services.

#include <span>
#include <string>
#include <vector>

#include "accounts/passwords.hpp"
#include "accounts/rate_limits.hpp"
#include "accounts/vault.hpp"
#include "apps/announce/live/watcher.hpp"
#include "apps/announce/service.hpp"
#include "apps/connections/service.hpp"
#include "apps/upload/service.hpp"
#include "engine/engine.hpp"
#include "http/dispatch.hpp"
#include "http/routes.hpp"
#include "store/database.hpp"
#include "store/fence.hpp"

namespace fencepost::announce {
class Texts;
}

namespace fencepost::media {
struct Media;
}

namespace fencepost::http {

class EventHub;

// What handlers work with. All of it outlives the routes and is thread-safe.
struct Services {
  store::Database& database;
  const accounts::Vault& vault;
  const accounts::Passwords& passwords;
  announce::Service& announcements;
  engine::Engine& engine;
  std::span<const store::Fence> queues;  // those that this program works
  connections::Service& connections;
  std::vector<store::Migration> migrations;  // of the whole program: what the schema must have
  std::string version;
  EventHub& events;
  live::Watcher& live;
  upload::Service& uploads;
  bool secure_cookies = true;  // false: plain HTTP on loopback; see session_cookie_name()
  std::string origin = {};     // --public-url; see site_of()
  std::vector<std::string> trusted_proxies = {};
  bool sends_mail = false;                 // notifications may go by e-mail
  announce::Texts* texts = nullptr;        // null: no language model is set up
  media::Media* media = nullptr;           // must be there
  accounts::RateLimits* limits = nullptr;  // shared by all instances; null: of this process alone
};

// The whole table, with /api/v1/openapi.json and /api/docs. `services` must outlive it.
std::vector<Route> routes(Services& services);

// Tokens and sessions of the database.
Authenticator authenticator(Services& services);

// What else the dispatcher needs of these services.
Dispatcher::Options dispatch_options(Services& services);

}  // namespace fencepost::http
