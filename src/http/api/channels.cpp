// Channels that videos are uploaded to: what they want, their next slot, their calendar.

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "core/local_time.hpp"
#include "core/window.hpp"
#include "http/api/common.hpp"
#include "http/api/etag.hpp"
#include "http/api/upload_json.hpp"

namespace fencepost::http {

namespace {
using nlohmann::json;
using upload::Channel;

Response channel_response(int status, const Channel& channel) {
  Response response = json_response(status, channel_json(channel));
  response.headers.set("ETag", etag_of(channel.version));
  return response;
}

std::string query_text(const Request& request, const char* name, const std::string& otherwise = "") {
  const auto at = request.query.find(name);
  return at == request.query.end() ? otherwise : at->second;
}

std::optional<Channel> find(Services& services, std::int64_t id) {
  return services.database.retrying(
      [&](store::Connection& connection) { return upload::get_channel(connection, id); });
}

Response list(Services& services, const Request& request) {
  auto channels = services.database.retrying([&](store::Connection& connection) {
    return upload::page_of_channels(connection, whose(request), cursor_of(request).value_or(0),
                                    limit_of(request) + 1);
  });
  return page_of(request, std::move(channels), channel_json);
}

Response create(Services& services, const Request& request) {
  return make_once(services, request, [&](store::Connection& connection) {
    const auto made = upload::add_channel(connection, channel_change(*request.json));
    Response response = channel_response(201, made);
    response.headers.set("Location", "/api/v1/channels/" + std::to_string(made.id));
    return response;
  });
}

Response show(Services& services, const Request& request) {
  const auto found = find(services, id_of(request));
  return found ? channel_response(200, *found) : not_found(request, "channel");
}

Response edit(Services& services, const Request& request) {
  const auto id = id_of(request);
  const auto seen = find(services, id);
  if (!seen) return not_found(request, "channel");
  if (!matches(request, seen->version)) return version_conflict(request, seen->version);
  const auto edited = services.database.retrying([&](store::Connection& connection) {
    return upload::edit_channel(connection, id, seen->version, channel_change(*request.json));
  });
  if (edited) return channel_response(200, *edited);
  const auto now = find(services, id);
  return now ? version_conflict(request, now->version) : not_found(request, "channel");
}

Response next_slot(Services& services, const Request& request) {
  const auto id = id_of(request);
  const auto channel = find(services, id);
  if (!channel) return not_found(request, "channel");
  const auto after = query_text(request, "after");
  const auto place =
      services.uploads.next_slot(id, query_text(request, "kind"), after.empty() ? 0 : base::parse_utc(after));
  if (!place)
    return problem(request, 409, "no_free_slot",
                   "every slot of the next " + std::to_string(channel->horizon_days) +
                       " days is taken, or its day is full");
  return json_response(200, {{"at", base::format_utc(place->slot_at)},
                             {"local", core::format_local(place->slot_at, channel->zone)},
                             {"publish_day", place->publish_day},
                             {"quota_day", place->quota_day},
                             {"run_at", base::format_utc(place->run_at)}});
}

json use_json(const upload::Use& use) {
  return {{"used", use.used}, {"limit", use.limit == upload::kNoLimit ? json() : json(use.limit)}};
}

json day_json(const upload::CalendarDay& day, const std::string& zone) {
  json kinds = json::array();
  for (const auto& [kind, use] : day.kinds) {
    auto one = use_json(use);
    one["kind"] = kind;
    kinds.push_back(std::move(one));
  }
  json slots = json::array();
  for (const auto& slot : day.slots) {
    json uploads = json::array();
    for (const auto& one : slot.uploads)
      uploads.push_back({{"id", one.id},
                         {"kind", one.kind},
                         {"title", one.metadata.title},
                         {"status", one.status},
                         {"video_id", one.video_id},
                         {"version", one.version}});
    slots.push_back({{"at", base::format_utc(slot.at)},
                     {"local", core::format_local(slot.at, zone)},
                     {"taken", slot.taken},
                     {"capacity", slot.capacity},
                     {"uploads", std::move(uploads)}});
  }
  return {
      {"day", day.day}, {"all", use_json(day.all)}, {"kinds", std::move(kinds)}, {"slots", std::move(slots)}};
}

Response calendar(Services& services, const Request& request) {
  const auto id = id_of(request);
  const auto channel = find(services, id);
  if (!channel) return not_found(request, "channel");
  const auto zone = query_text(request, "zone", channel->zone);
  core::require_zone(zone);
  const auto from = query_text(request, "from", core::day_window(base::system_clock().wall(), channel->zone));
  json days = json::array();
  for (const auto& day : services.uploads.calendar(id, from, std::stoi(query_text(request, "days", "7"))))
    days.push_back(day_json(day, zone));
  return json_response(200, {{"channel_id", id}, {"zone", zone}, {"days", std::move(days)}});
}

std::vector<Field> use_fields(bool kind) {
  std::vector<Field> fields{
      {.name = "used", .type = FieldType::integer, .required = true, .example = "1"},
      {.name = "limit", .type = FieldType::integer, .required = true, .example = "5", .nullable = true}};
  if (kind) fields.push_back({.name = "kind", .required = true, .example = "\"short\""});
  return fields;
}

std::vector<Field> calendar_fields() {
  const std::vector<Field> upload{{.name = "id", .type = FieldType::integer, .required = true},
                                  {.name = "kind", .required = true, .example = "\"short\""},
                                  {.name = "title", .required = true},
                                  {.name = "status", .required = true, .choices = upload_statuses()},
                                  {.name = "video_id", .type = FieldType::integer, .required = true},
                                  {.name = "version",
                                   .type = FieldType::integer,
                                   .required = true,
                                   .description = "for a move of what was seen",
                                   .example = "1"}};
  const std::vector<Field> slot{
      {.name = "at", .required = true, .format = Format::date_time},
      {.name = "local",
       .required = true,
       .description = "in the zone that was asked for",
       .example = "\"2026-11-25T10:00:00\""},
      {.name = "taken", .type = FieldType::integer, .required = true, .example = "1"},
      {.name = "capacity", .type = FieldType::integer, .required = true, .example = "1"},
      {.name = "uploads", .type = FieldType::objects, .required = true, .fields = upload}};
  const std::vector<Field> day{
      {.name = "day", .required = true, .description = "of the channel's zone", .example = "\"2026-11-25\""},
      {.name = "all",
       .type = FieldType::object,
       .required = true,
       .description = "videos of the day",
       .fields = use_fields(false)},
      {.name = "kinds", .type = FieldType::objects, .required = true, .fields = use_fields(true)},
      {.name = "slots", .type = FieldType::objects, .required = true, .fields = slot}};
  return {{.name = "channel_id", .type = FieldType::integer, .required = true},
          {.name = "zone", .required = true, .example = "\"Europe/Berlin\""},
          {.name = "days", .type = FieldType::objects, .required = true, .fields = day}};
}

std::vector<Field> place_fields() {
  return {{.name = "at", .required = true, .format = Format::date_time},
          {.name = "local",
           .required = true,
           .description = "in the channel's zone",
           .example = "\"2026-11-25T10:00:00\""},
          {.name = "publish_day", .required = true, .example = "\"2026-11-25\""},
          {.name = "quota_day", .required = true, .example = "\"2026-11-25\""},
          {.name = "run_at", .required = true, .format = Format::date_time}};
}
}  // namespace

void add_channels(std::vector<Route>& routes, Services& services) {
  const auto add = [&](Route route, Response (*handler)(Services&, const Request&)) {
    route.handler = [&services, handler](const Request& request) { return handler(services, request); };
    routes.push_back(std::move(route));
  };
  const char* kRefused =
      "invalid_field, invalid_name, invalid_zone, invalid_channel, invalid_platform, unknown_connection, "
      "unknown_project or unknown_person";
  add({.method = "GET",
       .pattern = "/api/v1/channels",
       .access = Access::signed_in(Scope::read),
       .limit = kReads,
       .query = paging(),
       .answers = {{200, "a page, by id; of members those they may schedule on",
                    page_fields(channel_fields())}},
       .summary = "Channels that videos are uploaded to"},
      list);
  add({.method = "POST",
       .pattern = "/api/v1/channels",
       .access = Access::role(Role::operator_, Scope::upload),
       .limit = kSeldom,
       .fields = channel_body(true),
       .answers = {{201, "made", channel_fields()}, {409, "duplicate_name", {}}, {422, kRefused, {}}},
       .summary = "Makes a channel"},
      create);
  add({.method = "GET",
       .pattern = "/api/v1/channels/{id}",
       .access = Access::of(Thing::channel, Relation::host, Scope::read),
       .limit = kReads,
       .answers = {{200, "the channel; ETag is its version", channel_fields()}, {404, "not_found", {}}},
       .summary = "One channel"},
      show);
  add({.method = "PATCH",
       .pattern = "/api/v1/channels/{id}",
       .access = Access::role(Role::operator_, Scope::upload),
       .limit = kWrites,
       .fields = channel_body(false),
       .headers = {if_match()},
       .answers = {{200, "changed; caps and capacities are in force for days that have begun too",
                    channel_fields()},
                   {404, "not_found", {}},
                   {409, "duplicate_name or channel_has_uploads", {}},
                   {412, "version_conflict: somebody was faster", {}},
                   {422, kRefused, {}}},
       .summary = "Changes a channel, and switches it off and on"},
      edit);
  add({.method = "GET",
       .pattern = "/api/v1/channels/{id}/next-slot",
       .access = Access::of(Thing::channel, Relation::host, Scope::read),
       .limit = kReads,
       .query =
           {{.name = "kind", .required = true, .description = "the type of video", .example = "\"short\""},
            {.name = "after", .format = Format::date_time, .description = "not before; now where not given"}},
       .answers = {{200, "free at this moment, and nobody's", place_fields()},
                   {404, "not_found", {}},
                   {409, "no_free_slot within the horizon", {}},
                   {422, "unknown_kind", {}}},
       .summary = "The next slot that is free for a type of video"},
      next_slot);
  add({.method = "GET",
       .pattern = "/api/v1/channels/{id}/calendar",
       .access = Access::of(Thing::channel, Relation::host, Scope::read),
       .limit = kReads,
       .query = {{.name = "from",
                  .description = "a date of the channel's zone; today where not given",
                  .example = "\"2026-11-25\""},
                 {.name = "days",
                  .type = FieldType::integer,
                  .description = "7 where not given",
                  .example = "7",
                  .minimum = 1,
                  .maximum = 62},
                 {.name = "zone",
                  .description = "that local times are shown in; the channel's where not given",
                  .example = "\"Europe/Berlin\""}},
       .answers = {{200, "slots, caps and videos of each day", calendar_fields()},
                   {404, "not_found", {}},
                   {422, "invalid_date, invalid_zone or out_of_range", {}}},
       .summary = "Days of a channel, with their slots and what is in them"},
      calendar);
}

}  // namespace fencepost::http
