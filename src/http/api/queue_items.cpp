// The items of a queue as operators see them, and acts on many of them at once: stop, retry, requeue, drain.

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "core/window.hpp"
#include "http/api/arms.hpp"
#include "http/api/common.hpp"
#include "store/bulk.hpp"
#include "store/sql.hpp"

namespace fencepost::http {

const store::Fence* queue_of(const Services& services, const Request& request) {
  const auto& name = request.param("name");
  const auto at = std::find_if(services.queues.begin(), services.queues.end(),
                               [&](const auto& fence) { return fence.queue().name == name; });
  return at == services.queues.end() ? nullptr : &*at;
}

namespace {
using core::State;
using nlohmann::json;

constexpr State kStates[] = {State::queued, State::claimed, State::sending, State::done,
                             State::failed, State::unknown, State::stopped};

std::vector<std::string> state_names() {
  std::vector<std::string> names;
  for (const auto state : kStates) names.emplace_back(core::name(state));
  return names;
}

State state_named(const std::string& text) {
  const auto at =
      std::find_if(std::begin(kStates), std::end(kStates), [&](State s) { return core::name(s) == text; });
  if (at == std::end(kStates))
    throw base::UserError("invalid_field", "'" + text + "' is no state: see the choices of ?state=");
  return *at;
}

json item_json(const store::Snapshot& s) {
  return {{"item", s.item},
          {"state", core::name(s.state)},
          {"status", s.word},
          // Later than any time that can be given: nobody gave it.
          {"run_at", s.run_at < core::kEndOfTime ? json(base::format_utc(s.run_at)) : json()},
          {"attempt", s.attempt},
          {"enabled", s.enabled},
          {"stop_wanted", s.stop_wanted},
          {"lease_until", time_or_null(s.lease_until)},
          {"error", text_or_null(s.last_error)}};
}

std::vector<Field> item_fields() {
  return {
      {.name = "item", .required = true, .description = "its key", .example = "\"42\""},
      {.name = "state", .required = true, .choices = state_names()},
      {.name = "status", .required = true, .description = "the table's own word"},
      {.name = "run_at",
       .required = true,
       .format = Format::date_time,
       .description = "not before; null: until something releases it",
       .nullable = true},
      {.name = "attempt", .type = FieldType::integer, .required = true},
      {.name = "enabled", .type = FieldType::boolean, .required = true},
      {.name = "stop_wanted", .type = FieldType::boolean, .required = true},
      {.name = "lease_until", .required = true, .format = Format::date_time, .nullable = true},
      {.name = "error", .required = true, .description = "why its last attempt failed", .nullable = true}};
}

Response list(Services& services, const Request& request) {
  const auto* fence = queue_of(services, request);
  if (fence == nullptr) return not_found(request, "queue");
  store::ItemFilter filter;
  if (const auto at = request.query.find("state"); at != request.query.end())
    filter.states.push_back(state_named(at->second));
  const auto after = position_of(request);
  const auto limit = limit_of(request);
  auto page = services.database.retrying([&](store::Connection& connection) {
    return store::items_page(connection, *fence, filter, after, limit + 1);
  });
  const bool more = page.size() > static_cast<std::size_t>(limit);
  if (more) page.resize(static_cast<std::size_t>(limit));
  json items = json::array();
  for (const auto& item : page) items.push_back(item_json(item));
  return page_response(std::move(items), more ? std::optional(page.back().item) : std::nullopt);
}

store::ItemFilter filter_of(const Request& request) {
  store::ItemFilter filter;
  const auto& body = *request.json;
  for (const auto& state : body.value("states", json::array()))
    filter.states.push_back(state_named(state.get<std::string>()));
  filter.items = body.value("items", std::vector<std::string>());
  filter.error = text_member(request, "error").value_or("");
  filter.due_from = time_member(request, "due_from");
  filter.due_until = time_member(request, "due_until");
  if (const auto at = body.find("overdue_seconds"); at != body.end())
    filter.overdue = std::chrono::seconds(at->get<std::int64_t>());
  return filter;
}

Response bulk(Services& services, const Request& request, store::BulkAct act) {
  const auto* fence = queue_of(services, request);
  if (fence == nullptr) return not_found(request, "queue");
  const auto filter = filter_of(request);
  const auto max = request.json->value("max", 10'000);
  const bool preview = request.json->value("preview", false);
  const auto answer = [&](const store::BulkResult& result) {
    return json_response(200, {{"preview", preview},
                               {"items", result.items},
                               {"states", result.states},
                               {"answers", result.answers},
                               {"more", result.more}});
  };
  const auto arm = arm_of(services.database, *fence);
  if (preview) return answer(store::preview(services.database, *fence, act, filter, max, arm));
  return act_once(services, request, [&] {
    const auto result = store::act(services.database, *fence, act, filter, max, actor_of(request), arm);
    services.engine.wake(fence->queue().name);
    return answer(result);
  });
}

Response stop(Services& services, const Request& request) {
  return bulk(services, request, store::BulkAct::stop);
}
Response retry(Services& services, const Request& request) {
  return bulk(services, request, store::BulkAct::retry);
}
Response requeue(Services& services, const Request& request) {
  return bulk(services, request, store::BulkAct::requeue);
}

// Waits outside the pool, so that nobody who works waits for this one; on PostgreSQL a queue's notifications
// wake it, else it looks four times a second.
store::AtWork wait_for_rest(Services& services, const store::Fence& fence, base::Duration wait) {
  const auto& clock = base::system_clock();
  const auto until = clock.boot() + wait;
  const auto connection = services.database.connect();
  connection->listen("fencepost");
  for (;;) {
    const auto now = store::at_work(*connection, fence);
    if (now.none() || clock.boot() >= until) return now;
    connection->wait_notifications(
        std::min<base::BootTime>(until, clock.boot() + std::chrono::milliseconds(250)));
  }
}

Response drain(Services& services, const Request& request) {
  const auto* fence = queue_of(services, request);
  if (fence == nullptr) return not_found(request, "queue");
  const auto wait = wait_of(request, base::Duration(0));
  return act_once(services, request, [&] {
    services.database.retrying([&](store::Connection& connection) {
      fence->pause(connection, true, store::kDrain);
      return true;
    });
    services.engine.wake(fence->queue().name);
    const auto now = wait_for_rest(services, *fence, wait);
    return json_response(now.none() ? 200 : 202, {{"answer", now.none() ? "drained" : "draining"},
                                                  {"claimed", now.claimed},
                                                  {"sending", now.sending}});
  });
}

std::vector<Field> filter_fields() {
  return {{.name = "preview",
           .type = FieldType::boolean,
           .description = "only say what would be answered; nothing is written"},
          {.name = "states",
           .type = FieldType::strings,
           .description =
               "items in one of these states: queued, claimed, sending, done, failed, unknown, stopped",
           .example = "[\"failed\"]",
           .max_items = 7},
          {.name = "items",
           .type = FieldType::strings,
           .description = "items with one of these keys",
           .example = "[\"42\"]",
           .max_items = 1000},
          {.name = "error", .description = "items whose last error contains this", .example = "\"503\""},
          {.name = "due_from", .format = Format::date_time, .description = "due at or after this"},
          {.name = "due_until", .format = Format::date_time, .description = "due before this"},
          {.name = "overdue_seconds",
           .type = FieldType::integer,
           .description = "due for at least this long",
           .minimum = 0,
           .maximum = 1'000'000'000},
          {.name = "max",
           .type = FieldType::integer,
           .description = "items at most, in the order of their keys; 10000 where not given",
           .example = "10000",
           .minimum = 1,
           .maximum = store::kBulkMost}};
}

std::vector<Field> result_fields() {
  return {
      {.name = "preview", .type = FieldType::boolean, .required = true},
      {.name = "items", .type = FieldType::integer, .required = true, .description = "how many were meant"},
      {.name = "states",
       .type = FieldType::object,
       .required = true,
       .description = "them by state",
       .example = "{\"failed\": 7}"},
      {.name = "answers",
       .type = FieldType::object,
       .required = true,
       .description = "them by the answer of each",
       .example = "{\"rearmed\": 7}"},
      {.name = "more",
       .type = FieldType::boolean,
       .required = true,
       .description = "there were others beyond `max`"}};
}

std::vector<Field> drain_fields() {
  return {{.name = "answer", .required = true, .choices = {"drained", "draining"}},
          {.name = "claimed", .type = FieldType::integer, .required = true},
          {.name = "sending", .type = FieldType::integer, .required = true}};
}
}  // namespace

void add_queue_items(std::vector<Route>& routes, Services& services) {
  const auto add = [&](Route route, Response (*handler)(Services&, const Request&)) {
    route.handler = [&services, handler](const Request& request) { return handler(services, request); };
    routes.push_back(std::move(route));
  };
  auto query = paging();
  query.push_back({.name = "state", .description = "only items in this state", .choices = state_names()});
  add({.method = "GET",
       .pattern = "/api/v1/queues/{name}/items",
       .access = Access::role(Role::operator_, Scope::read),
       .limit = kReads,
       .query = std::move(query),
       .answers = {{200, "a page, in the order of the keys", page_fields(item_fields())},
                   {404, "not_found", {}},
                   {422, "invalid_field", {}}},
       .summary = "Items of a queue"},
      list);
  const auto act = [&](const char* word, const char* summary, const char* done, const auto handler) {
    add({.method = "POST",
         .pattern = std::string("/api/v1/queues/{name}/") + word,
         .access = Access::role(Role::operator_, Scope::queues),
         .limit = kSeldom,
         .fields = filter_fields(),
         .answers = {{200, done, result_fields()}, {404, "not_found", {}}, {422, "invalid_filter", {}}},
         .summary = summary},
        handler);
  };
  act("stop", "Stops items by a filter",
      "each answered by itself: prevented, in_flight, outcome_unknown, already_done, already_stopped", stop);
  act("retry", "Lets failed items begin anew",
      "each answered by itself: rearmed, in_flight, changed …; of announcements and uploads also what "
      "forbids them: too_late, stream_ended, slot_past, quota_full, duplicate_upload …",
      retry);
  act("requeue", "Lets items begin anew that are over, also done ones where that is harmless",
      "each answered by itself: rearmed, already_armed, already_done, in_flight …, as retry", requeue);
  add({.method = "POST",
       .pattern = "/api/v1/queues/{name}/drain",
       .access = Access::role(Role::operator_, Scope::queues),
       .limit = kSeldom,
       .query = {wait_field("seconds to wait until nothing is at work")},
       .answers = {{200, "drained: the queue is paused, and nothing is claimed or sending", drain_fields()},
                   {202, "draining: paused, and what is at work may finish; ask again", drain_fields()},
                   {404, "not_found", {}}},
       .summary = "Pauses a queue and says when nothing is at work"},
      drain);
}

}  // namespace fencepost::http
