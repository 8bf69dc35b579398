// The live check: what is watched, a look by hand, and a test that explains what it sees.

#include <nlohmann/json.hpp>

#include "apps/announce/live/watcher.hpp"
#include "http/api/common.hpp"
#include "live/sql.hpp"

namespace fencepost::http {

namespace {
using nlohmann::json;

constexpr std::chrono::seconds kPatience{25};  // of a test detection

std::string answer_text(live::Answer answer) { return std::string(live::name(answer)); }

json optional_id(const std::optional<std::int64_t>& id) { return id ? json(*id) : json(nullptr); }

json stream_json(const live::SeenStream& seen) {
  return {{"video_id", seen.video},
          {"url", connect::youtube::watch_url(seen.video)},
          {"title", seen.title},
          {"stage", seen.stage},
          {"answer", answer_text(seen.answer)},
          {"why", text_or_null(seen.trouble)},
          {"episode_id", optional_id(seen.episode)},
          {"scheduled_at", time_or_null(seen.scheduled_at)},
          {"live_at", time_or_null(seen.live_at)},
          {"ended_at", time_or_null(seen.ended_at)},
          {"looked_at", time_or_null(seen.looked_at)},
          {"next_look_at", time_or_null(seen.next_look)}};
}

json channel_json(const live::SeenChannel& seen) {
  json streams = json::array();
  for (const auto& stream : seen.streams) streams.push_back(stream_json(stream));
  return {{"channel_id", seen.channel},
          {"watched", seen.watched},
          {"answer", answer_text(seen.answer)},
          {"way", text_or_null(seen.way)},
          {"why", text_or_null(seen.trouble)},
          {"failures", seen.failures},
          {"slow", seen.slow},
          {"looked_at", time_or_null(seen.looked_at)},
          {"next_look_at", time_or_null(seen.next_look)},
          {"streams", std::move(streams)}};
}

Response channels(Services& services, const Request& request) {
  auto seen = services.database.retrying([&](store::Connection& connection) {
    return live::list_channels(connection, cursor_of(request).value_or(0), limit_of(request) + 1);
  });
  return page_of(request, std::move(seen), channel_json);
}

// Of a show: its channel as it was seen last.
Response of_show(Services& services, const Request& request) {
  const auto id = id_of(request);
  return services.database.retrying([&](store::Connection& connection) {
    const auto rows = connection.run(live::sql::channel_of_show, {id});
    if (rows.empty()) return not_found(request, "show");
    const auto channel = rows[0][0].maybe_text();
    const auto seen =
        channel ? live::list_channels(connection, 0, 1, channel) : std::vector<live::SeenChannel>{};
    return json_response(200, {{"channel_id", text_or_null(channel)},
                               {"channel", seen.empty() ? json(nullptr) : channel_json(seen[0])}});
  });
}

Response check(Services& services, const Request& request) {
  return act_once(services, request, [&] {
    const auto checked = services.live.check_now();
    services.engine.wake(live::channel_queue().name);
    services.engine.wake(live::stream_queue().name);
    return json_response(200, {{"channels", checked.channels}, {"streams", checked.streams}});
  });
}

json report_json(const live::Report& report) {
  json ways = json::array(), streams = json::array();
  for (const auto& way : report.ways)
    ways.push_back({{"way", way.way},
                    {"answer", answer_text(way.answer)},
                    {"why", way.why},
                    {"units", way.units},
                    {"milliseconds", std::chrono::floor<std::chrono::milliseconds>(way.took).count()}});
  for (const auto& stream : report.streams)
    streams.push_back({{"video_id", stream.video.id},
                       {"url", connect::youtube::watch_url(stream.video.id)},
                       {"title", stream.video.title},
                       {"why", stream.why},
                       {"episode_id", optional_id(stream.episode)},
                       {"announces", stream.announces}});
  return {{"channel_id", report.channel},
          {"answer", answer_text(report.answer)},
          {"ways", std::move(ways)},
          {"streams", std::move(streams)}};
}

Response test(Services& services, const Request& request) {
  return act_once(services, request, [&] {
    const auto report = live::test_detection(services.live, id_of(request),
                                             services.live.youtube().clock().boot() + kPatience);
    return report ? json_response(200, report_json(*report)) : not_found(request, "show");
  });
}

Field answer_field() {
  return {.name = "answer",
          .required = true,
          .description = "unknown: nobody could tell; it never means that nobody is live",
          .choices = {"live", "not_live", "unknown"}};
}

Field why_field(bool nullable, const char* description) {
  return {
      .name = "why", .required = true, .max_length = 2000, .description = description, .nullable = nullable};
}

Field video_field() { return {.name = "video_id", .required = true, .example = "\"dQw4w9WgXcQ\""}; }
Field url_field() { return {.name = "url", .required = true, .format = Format::uri}; }
Field title_field() { return {.name = "title", .required = true, .max_length = 500}; }
Field episode_field(const char* description) {
  return {.name = "episode_id",
          .type = FieldType::integer,
          .required = true,
          .description = description,
          .nullable = true};
}
Field channel_id_field(bool nullable = false) {
  return {.name = "channel_id",
          .required = true,
          .example = "\"UCabcdefghijklmnopqrstuv\"",
          .nullable = nullable};
}

std::vector<Field> stream_fields() {
  return {video_field(),
          url_field(),
          title_field(),
          {.name = "stage",
           .required = true,
           .description = "as it was seen last; new: not yet",
           .choices = {"new", "video", "upcoming", "live", "ended", "gone"}},
          answer_field(),
          why_field(true, "why the last look told nothing"),
          episode_field("whose stream it is: given once"),
          nullable(time_field("scheduled_at")),
          nullable(time_field("live_at")),
          nullable(time_field("ended_at")),
          nullable(time_field("looked_at")),
          nullable(time_field("next_look_at"))};
}

std::vector<Field> channel_fields() {
  return {channel_id_field(),
          {.name = "watched",
           .type = FieldType::boolean,
           .required = true,
           .description = "false: no show of it has an episode within a day"},
          answer_field(),
          {.name = "way",
           .required = true,
           .description = "of the last look that told something: feed, page or uploads",
           .nullable = true},
          why_field(true, "why the last look told nothing"),
          {.name = "failures",
           .type = FieldType::integer,
           .required = true,
           .description = "looks that told nothing, one after the other"},
          {.name = "slow",
           .type = FieldType::boolean,
           .required = true,
           .description = "its last look took long: it has a lane of its own"},
          nullable(time_field("looked_at")),
          nullable(time_field("next_look_at")),
          {.name = "streams",
           .type = FieldType::objects,
           .required = true,
           .description = "the newest 20",
           .fields = stream_fields()}};
}

std::vector<Field> report_fields() {
  return {channel_id_field(),
          answer_field(),
          {.name = "ways",
           .type = FieldType::objects,
           .required = true,
           .description = "every way that is configured",
           .fields = {{.name = "way", .required = true, .choices = {"feed", "page", "uploads", "api"}},
                      answer_field(),
                      why_field(false, "what it saw"),
                      {.name = "units",
                       .type = FieldType::integer,
                       .required = true,
                       .description = "of the API's quota day"},
                      {.name = "milliseconds", .type = FieldType::integer, .required = true}}},
          {.name = "streams",
           .type = FieldType::objects,
           .required = true,
           .description = "streams, and what would be made of them",
           .fields = {video_field(),
                      url_field(),
                      title_field(),
                      why_field(false, "which episode, or why none"),
                      episode_field("the episode that it would be given to"),
                      {.name = "announces",
                       .type = FieldType::boolean,
                       .required = true,
                       .description = "it would bring that episode to life"}}}};
}
}  // namespace

void add_live(std::vector<Route>& routes, Services& services) {
  const auto add = [&](Route route, Response (*handler)(Services&, const Request&)) {
    route.handler = [&services, handler](const Request& request) { return handler(services, request); };
    routes.push_back(std::move(route));
  };
  add({.method = "GET",
       .pattern = "/api/v1/shows/{id}/live",
       .access = Access::show(Relation::host, Scope::read),
       .limit = kReads,
       .answers = {{200,
                    "its channel as it was seen last; null: it has none, or none was ever watched",
                    {channel_id_field(true),
                     {.name = "channel",
                      .type = FieldType::object,
                      .required = true,
                      .nullable = true,
                      .fields = channel_fields()}}},
                   {404, "not_found", {}}},
       .summary = "What was seen of a show's channel"},
      of_show);
  add({.method = "POST",
       .pattern = "/api/v1/shows/{id}/live-check",
       .access = Access::show(Relation::host, Scope::announce),
       .limit = {10, std::chrono::seconds(60)},
       .answers = {{200, "what every way sees now; nothing is bound or announced", report_fields()},
                   {404, "not_found", {}},
                   {409, "no_channel", {}}},
       .summary = "Tests the detection of a show's stream"},
      test);
  add({.method = "POST",
       .pattern = "/api/v1/scheduler/check",
       .access = Access::role(Role::operator_, Scope::announce),
       .limit = kSeldom,
       .answers = {{200,
                    "due now",
                    {{.name = "channels", .type = FieldType::integer, .required = true},
                     {.name = "streams", .type = FieldType::integer, .required = true}}}},
       .summary = "Looks at all watched channels and their streams now"},
      check);
  add({.method = "GET",
       .pattern = "/api/v1/scheduler/channels",
       .access = Access::role(Role::operator_, Scope::read),
       .limit = kReads,
       .query = paging(),
       .answers = {{200, "a page", page_fields(channel_fields())}},
       .summary = "Channels that are watched, and what was seen"},
      channels);
}

}  // namespace fencepost::http
