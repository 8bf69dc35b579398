// GET /api/v1/events: the history as server-sent events.

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "http/api/common.hpp"
#include "http/api/event_hub.hpp"
#include "http/api/event_text.hpp"

namespace fencepost::http {

namespace {
using nlohmann::json;

std::optional<std::int64_t> place_of(const Request& request) {
  // A browser that comes back repeats its URL, and says in the header how far it got.
  if (const auto* header = request.headers.find("Last-Event-ID")) return std::stoll(*header);
  const auto at = request.query.find("after");
  return at == request.query.end() ? std::nullopt : std::optional<std::int64_t>(std::stoll(at->second));
}

Response events(Services& services, const Request& request) {
  const auto& who = *request.principal;
  if (!services.events.admit(who)) {
    auto response =
        problem(request, 429, "too_many_streams", "you have too many streams open: close some, or share one");
    response.headers.set("Retry-After", "5");
    return response;
  }
  // Before the answer begins: whoever has its head, and then does something, is told of it.
  const auto place = place_of(request);
  const auto after = place ? place : services.events.newest();
  if (!after)
    throw base::InfraError("nobody knows where the events are: a writer does not end", {.retryable = true});
  Response response{200, {{"Content-Type", "text/event-stream"}, {"X-Accel-Buffering", "no"}}, ""};
  response.stream = [&services, who, after = *after](std::shared_ptr<Sink> sink) {
    services.events.listen(who, after, std::move(sink));
  };
  return response;
}

Field place_field(const char* name, const char* description) {
  return {.name = name,
          .type = FieldType::integer,
          .description = description,
          .example = "42",
          .minimum = 0,
          .maximum = std::numeric_limits<std::int64_t>::max()};
}
}  // namespace

json event_json(const store::Event& event) {
  return {{"id", event.id},
          {"at", base::format_utc(event.at)},
          {"queue", event.queue},
          {"item", event.item},
          {"kind", event.kind},
          {"from", text_or_null(event.from)},
          {"to", text_or_null(event.to)},
          {"actor", text_or_null(event.actor)},
          {"detail", text_or_null(event.detail)},
          {"fence", event.fence ? json(*event.fence) : json()}};
}

std::string event_text(const store::Event& event) {
  // One line: dump() escapes line ends, and whatever is not UTF-8 becomes U+FFFD.
  return "id: " + std::to_string(event.id) + "\nevent: transition\ndata: " +
         event_json(event).dump(-1, ' ', false, json::error_handler_t::replace) + "\n\n";
}

std::string reset_text(std::int64_t id) {
  return "id: " + std::to_string(id) + "\nevent: reset\ndata: {\"lost_until\":" + std::to_string(id) +
         "}\n\n";
}

std::string mark_text(std::int64_t id) { return "id: " + std::to_string(id) + "\n\n"; }

std::string beat_text(std::optional<std::int64_t> id) {
  // An event without data would not be dispatched.
  return "event: beat\ndata: {}\n" + (id ? mark_text(*id) : "\n");
}

std::vector<Field> event_fields() {
  const auto maybe = [](const char* name) { return Field{.name = name, .required = true, .nullable = true}; };
  return {{.name = "id", .type = FieldType::integer, .required = true},
          {.name = "at", .required = true, .format = Format::date_time},
          {.name = "queue", .required = true, .example = "\"announcements\""},
          {.name = "item", .required = true, .example = "\"42\""},
          {.name = "kind", .required = true, .example = "\"stop\""},
          maybe("from"),
          maybe("to"),
          maybe("actor"),
          maybe("detail"),
          {.name = "fence", .type = FieldType::integer, .required = true, .nullable = true}};
}

void add_events(std::vector<Route>& routes, Services& services) {
  Route route{.method = "GET",
              .pattern = "/api/v1/events",
              .access = Access::signed_in(Scope::read),
              .limit = kWrites};
  route.query = {place_field("after", "begin behind this event; now where not given")};
  route.headers = {place_field("Last-Event-ID", "as `after`, and before it: how far the stream was read")};
  route.answers = {
      {200,
       "transition: the data is described here; reset: events up to `lost_until` may be missing, "
       "look anew; beat: nothing happened, every 15 s",
       event_fields(), "text/event-stream"},
      {429, "rate_limited or too_many_streams", {}}};
  route.summary = "What happens, as it happens (server-sent events)";
  route.handler = [&services](const Request& request) { return events(services, request); };
  routes.push_back(std::move(route));
}

}  // namespace fencepost::http
