// What machines ask: is it alive, is it ready, how is it doing.

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.hpp"
#include "base/log.hpp"
#include "http/api/common.hpp"
#include "store/sql.hpp"

namespace fencepost::http {

namespace {

Response healthz(Services&, const Request&) { return json_response(200, {{"status", "ok"}}); }

Response unready(const Request& request, const char* detail) {
  Response response = problem(request, 503, "unavailable", detail);
  response.headers.set("Retry-After", "5");
  return response;
}

// Ready: the database answers, and its schema is this program's. No second try: a balancer asks again.
Response readyz(Services& services, const Request& request) {
  std::set<std::int64_t> wanted, applied;
  for (const auto& migration : services.migrations) wanted.insert(migration.number);
  try {
    const auto connection = services.database.acquire();
    for (const auto& row : connection->run(store::sql::applied_migrations)) applied.insert(row[0].integer());
  } catch (const std::exception& error) {
    base::log(base::LogLevel::warn, "not ready",
              {{"request_id", request.request_id}, {"error", error.what()}});
    return unready(request, "the database cannot be reached");
  }
  if (applied != wanted)
    return unready(request, "the database's schema is not this program's: run fencepost migrate");
  return json_response(200, {{"status", "ready"}});
}

// Counts are as old as their last reading; words without items are 0, not forgotten.
void count_items(Services& services, store::Connection& connection) {
  for (const auto& fence : services.queues) {
    const auto& queue = fence.queue();
    std::map<std::string, std::pair<double, double>> items;
    for (const auto& word : {queue.words.queued, queue.words.claimed, queue.words.sending, queue.words.done,
                             queue.words.failed, queue.words.unknown, queue.words.stopped})
      items[word] = {0, 0};
    for (const auto& count : fence.counts(connection))
      items[count.word] = {static_cast<double>(count.items),
                           std::max(0.0, static_cast<double>(count.oldest.count()) / 1e6)};
    for (const auto& [word, values] : items)
      services.engine.metrics().set_items(queue.name, word, values.first, values.second);
  }
}

bool is_loopback(const std::string& address) {
  return address.starts_with("127.") || address == "::1" || address.starts_with("::ffff:127.");
}

// Open to this host alone; a proxy on this host speaks for others, so what came through one is not local.
// Others need a token like everybody.
bool may_read_metrics(Services& services, const Request& request) {
  const bool forwarded = request.headers.find("X-Forwarded-For") != nullptr ||
                         request.headers.find("Forwarded") != nullptr ||
                         request.headers.find("Via") != nullptr;
  if (is_loopback(request.peer) && !forwarded) return true;
  const auto token = bearer_token(request.headers);
  if (!token) return false;
  const auto who = known(services, {Credential::Kind::token, *token});
  return who && who->at_least(Role::operator_) && who->scopes.has(Scope::read);
}

Response metrics(Services& services, const Request& request) {
  if (!may_read_metrics(services, request)) {
    Response response = problem(
        request, 401, "unauthorized",
        "metrics are open to this host; from elsewhere send an operator's token: Authorization: Bearer …");
    response.headers.set("WWW-Authenticate", "Bearer realm=\"fencepost\"");
    return response;
  }
  bool up = true;
  try {
    const auto connection = services.database.acquire();
    count_items(services, *connection);
  } catch (const std::exception& error) {
    // The process's own figures matter most just now.
    base::log(base::LogLevel::warn, "items not counted", {{"error", error.what()}});
    up = false;
  }
  services.engine.metrics().set_up("database", up);
  return {
      200, {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"}}, services.engine.metrics().text()};
}
}  // namespace

void add_system(std::vector<Route>& routes, Services& services) {
  const auto add = [&](const char* pattern, const char* summary, std::vector<Answer> answers,
                       Response (*handler)(Services&, const Request&)) {
    Route route{.method = "GET", .pattern = pattern, .access = Access::anyone, .limit = kReads};
    route.answers = std::move(answers);
    route.summary = summary;
    route.handler = [&services, handler](const Request& request) { return handler(services, request); };
    routes.push_back(std::move(route));
  };
  const std::vector<Field> status{{.name = "status", .required = true}};
  add("/healthz", "Whether the process answers", {{200, "ok", status}}, healthz);
  add("/readyz", "Whether the database is reachable and its schema current",
      {{200, "ready", status}, {503, "not ready", {}}}, readyz);
  add("/metrics", "Prometheus text; open to this host, elsewhere with a token",
      {{200, "the metrics", {}, "text/plain"}, {401, "unauthorized", {}}}, metrics);
}

}  // namespace fencepost::http
