#include "http/api/history.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "http/api/common.hpp"
#include "http/api/event_text.hpp"
#include "http/sql.hpp"

namespace fencepost::http {

namespace {
using nlohmann::json;

Response history(Services& services, const Request& request) {
  const auto given = [&](const char* name) {
    const auto at = request.query.find(name);
    return at == request.query.end() ? std::string() : at->second;
  };
  const EventFilter filter{given("queue"), given("item"), given("kind")};
  const auto page = services.database.retrying([&](store::Connection& connection) {
    return history_page(connection, filter, cursor_of(request), limit_of(request));
  });
  json items = json::array();
  for (const auto& event : page.events) items.push_back(event_json(event));
  return page_response(std::move(items), page.next);
}
}  // namespace

HistoryPage history_page(store::Connection& connection, const EventFilter& filter,
                         std::optional<std::int64_t> before, int limit, std::int64_t window) {
  const auto bounds = connection.run(sql::history_bounds)[0];
  const auto first = bounds[1].integer() + 1;
  const auto end = before.value_or(bounds[0].integer() + 1);
  const auto from = std::max(first, end - window);
  HistoryPage page;
  for (const auto& row :
       connection.run(sql::history_page, {end, from, filter.queue, filter.item, filter.kind, limit + 1}))
    page.events.push_back(store::event_of(row));
  if (page.events.size() > static_cast<std::size_t>(limit)) {
    page.events.pop_back();
    page.next = page.events.back().id;
  } else if (from > first) {
    page.next = from;
  }
  return page;
}

void add_history(std::vector<Route>& routes, Services& services) {
  Route route{.method = "GET",
              .pattern = "/api/v1/events/history",
              .access = Access::role(Role::operator_, Scope::read),
              .limit = kReads};
  route.query = paging();
  route.query.push_back(
      {.name = "queue", .description = "only of this queue", .example = "\"announcements\""});
  route.query.push_back(
      {.name = "item", .max_length = 1000, .description = "only of this item", .example = "\"42\""});
  route.query.push_back({.name = "kind", .description = "only of this kind", .example = "\"stop\""});
  route.answers = {
      {200, "the newest first; a short page may have a `next` too", page_fields(event_fields())}};
  route.summary = "What has happened";
  route.handler = [&services](const Request& request) { return history(services, request); };
  routes.push_back(std::move(route));
}

}  // namespace fencepost::http
