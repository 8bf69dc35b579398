// Queues as operators see them: how much stands in them, and the switch.

#include <nlohmann/json.hpp>

#include "http/api/common.hpp"
#include "store/sql.hpp"

namespace fencepost::http {

namespace {
using nlohmann::json;

struct Paused {
  bool paused = false;
  std::string why;
};

std::map<std::string, Paused> paused_queues(store::Connection& connection) {
  std::map<std::string, Paused> found;
  for (const auto& row : connection.run(store::sql::queues))
    found[row[0].text()] = {row[2].boolean(), row[3].maybe_text().value_or("")};
  return found;
}

json queue_json(store::Connection& connection, const store::Fence& fence, const Paused& paused) {
  json counts = json::object(), at_least = json::array();
  std::optional<store::Duration> oldest;  // of what waits; only what is due already
  for (const auto& count : fence.counts(connection)) {
    counts[count.word] = count.items;
    if (count.at_least) at_least.push_back(count.word);
    if (count.word == fence.queue().words.queued && count.items > 0 && count.oldest.count() >= 0)
      oldest = count.oldest;
  }
  return {{"name", fence.queue().name},
          {"paused", paused.paused},
          {"paused_why", text_or_null(paused.why)},
          {"counts", std::move(counts)},
          {"counted_at_least", std::move(at_least)},
          {"oldest_due_seconds", oldest ? json(oldest->count() / 1'000'000) : json()}};
}

Response list(Services& services, const Request& request) {
  return services.database.retrying([&](store::Connection& connection) {
    const auto paused = paused_queues(connection);
    json items = json::array();
    for (const auto& fence : services.queues) {
      const auto at = paused.find(fence.queue().name);
      items.push_back(queue_json(connection, fence, at == paused.end() ? Paused{} : at->second));
    }
    return page_of_whole(request, std::move(items), "name");
  });
}

Response set_paused(Services& services, const Request& request, bool pause) {
  const auto& name = request.param("name");
  const auto* at = queue_of(services, request);
  if (at == nullptr) return not_found(request, "queue");
  const auto why = text_member(request, "why").value_or("paused by " + actor_of(request));
  const auto response = services.database.retrying([&](store::Connection& connection) {
    at->pause(connection, pause, pause ? why : "");
    return json_response(200, queue_json(connection, *at, paused_queues(connection)[name]));
  });
  services.engine.wake(name);
  return response;
}

Response pause(Services& services, const Request& request) {
  return act_once(services, request, [&] { return set_paused(services, request, true); });
}

Response resume(Services& services, const Request& request) {
  return act_once(services, request, [&] { return set_paused(services, request, false); });
}

std::vector<Field> queue_fields() {
  return {{.name = "name", .required = true, .example = "\"announcements\""},
          {.name = "paused", .type = FieldType::boolean, .required = true},
          {.name = "paused_why", .required = true, .nullable = true},
          {.name = "counts",
           .type = FieldType::object,
           .required = true,
           .description = "items by status",
           .example = "{\"queued\": 3, \"posted\": 40}"},
          {.name = "counted_at_least",
           .type = FieldType::strings,
           .required = true,
           .description =
               "words of finished items that were not counted to their end: there are at least so many",
           .example = "[\"posted\"]"},
          {.name = "oldest_due_seconds",
           .type = FieldType::integer,
           .required = true,
           .description = "how long what has waited longest is due; null: nothing is due",
           .example = "12",
           .nullable = true,
           .minimum = 0}};
}
}  // namespace

void add_queues(std::vector<Route>& routes, Services& services) {
  const auto add = [&](Route route, Response (*handler)(Services&, const Request&)) {
    route.handler = [&services, handler](const Request& request) { return handler(services, request); };
    routes.push_back(std::move(route));
  };
  add({.method = "GET",
       .pattern = "/api/v1/queues",
       .access = Access::role(Role::operator_, Scope::read),
       .limit = kReads,
       .query = paging(),
       .answers = {{200, "a page, by name", page_fields(queue_fields())}},
       .summary = "Queues and what stands in them"},
      list);
  add({.method = "POST",
       .pattern = "/api/v1/queues/{name}/pause",
       .access = Access::role(Role::operator_, Scope::queues),
       .limit = kWrites,
       .fields = {{.name = "why", .description = "shown to everybody", .nullable = true}},
       .answers = {{200, "paused: nothing is claimed and no send begins", queue_fields()},
                   {404, "not_found", {}}},
       .summary = "Pauses a queue"},
      pause);
  add({.method = "POST",
       .pattern = "/api/v1/queues/{name}/resume",
       .access = Access::role(Role::operator_, Scope::queues),
       .limit = kWrites,
       .answers = {{200, "at work again", queue_fields()}, {404, "not_found", {}}},
       .summary = "Resumes a queue"},
      resume);
}

}  // namespace fencepost::http
