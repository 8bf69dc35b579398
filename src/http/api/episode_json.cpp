#include "http/api/episode_json.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "apps/announce/queue.hpp"
#include "http/api/common.hpp"
#include "http/api/etag.hpp"
#include "http/api/people_json.hpp"

namespace fencepost::http {

using nlohmann::json;

namespace {

Field maybe(const char* name, FieldType type, const char* description, const char* example) {
  return {.name = name,
          .type = type,
          .required = true,
          .description = description,
          .example = example,
          .nullable = true};
}
// What a show wants of its announcements; as it is shown, and where it is changed.
std::vector<Field> settings_fields(bool required) {
  return {{.name = "description", .required = required, .max_length = 5000, .example = "\"Every Friday\""},
          {.name = "channel_id",
           .required = required,
           .max_length = 24,
           .description = "of YouTube, whose streams are the show: UC and 22 characters",
           .example = "\"UC_abcdefghijklmnopqrst-\"",
           .nullable = true},
          {.name = "title_filter",
           .required = required,
           .description = "a part of a stream's title, in any case: others are not this show's",
           .example = "\"night talk\""},
          {.name = "filter_titles",
           .type = FieldType::boolean,
           .required = required,
           .description = "whether the filter counts"},
          {.name = "zone",
           .required = required,
           .max_length = 64,
           .description = "IANA; of times without an offset",
           .example = "\"Europe/Berlin\""},
          {.name = "enabled",
           .type = FieldType::boolean,
           .required = required,
           .description = "the kill switch: while it is false nothing of this show is posted",
           .example = "true"},
          {.name = "needs_approval",
           .type = FieldType::boolean,
           .required = required,
           .description = "an admin approves every announcement first"},
          {.name = "stagger",
           .type = FieldType::integer,
           .required = required,
           .description = "seconds between the announcements of one episode",
           .example = "30",
           .minimum = 0,
           .maximum = 3600},
          {.name = "template",
           .required = required,
           .max_length = 3000,
           .description = "of announcements without a text: {title} {url} {number} {host} {show}",
           .example = "\"{show} is live: {title}\""}};
}

}  // namespace

json show_json(const accounts::Show& show, const announce::ShowSettings& settings) {
  return {{"id", show.id},
          {"name", show.name},
          {"slug", show.slug},
          {"description", settings.description},
          {"channel_id", text_or_null(settings.channel_id)},
          {"title_filter", settings.title_filter},
          {"filter_titles", settings.filter_titles},
          {"zone", settings.zone},
          {"enabled", settings.enabled},
          {"needs_approval", settings.needs_approval},
          {"stagger", settings.stagger},
          {"template", settings.template_text},
          {"version", show.version},
          {"created_at", base::format_utc(show.created_at)}};
}

std::vector<Field> show_fields() {
  std::vector<Field> fields{
      id_field(),
      {.name = "name", .required = true, .max_length = 100, .example = "\"Night Talk\""},
      {.name = "slug", .required = true, .max_length = 60, .example = "\"night-talk\""}};
  for (auto& field : settings_fields(true)) fields.push_back(std::move(field));
  fields.push_back(whole_field("version"));
  fields.push_back({.name = "created_at", .required = true, .format = Format::date_time});
  return fields;
}

std::vector<Field> show_body(bool creating) {
  std::vector<Field> fields{name_field(creating),
                            {.name = "slug",
                             .required = creating,
                             .max_length = 60,
                             .description = "in addresses: a–z, 0–9 and single hyphens between them",
                             .example = "\"night-talk\"",
                             .min_length = 1}};
  for (auto& field : settings_fields(false)) fields.push_back(std::move(field));
  return fields;
}

announce::ShowChange show_change(const Request& request) {
  announce::ShowChange change;
  change.name = text_member(request, "name");
  change.slug = text_member(request, "slug");
  change.description = text_member(request, "description");
  change.title_filter = text_member(request, "title_filter");
  change.zone = text_member(request, "zone");
  change.template_text = text_member(request, "template");
  if (request.json->contains("channel_id")) change.channel_id = text_member(request, "channel_id");
  change.filter_titles = flag_member(request, "filter_titles");
  change.enabled = flag_member(request, "enabled");
  change.needs_approval = flag_member(request, "needs_approval");
  change.stagger = number_member(request, "stagger");
  return change;
}

json episode_json(const announce::Episode& episode) {
  return {{"id", episode.id},
          {"show_id", episode.show},
          {"title", episode.title},
          {"number", episode.number ? json(*episode.number) : json()},
          {"starts_at", time_or_null(episode.starts_at)},
          {"status", episode.status},
          {"notes", episode.notes},
          {"topics", episode.topics},
          {"url", text_or_null(episode.url)},
          {"video_id", text_or_null(episode.video_id)},
          {"live_at", time_or_null(episode.live_at)},
          {"ended_at", time_or_null(episode.ended_at)},
          {"version", episode.version},
          {"created_at", base::format_utc(episode.created_at)}};
}

std::vector<Field> episode_fields() {
  return {whole_field("id", "", "3"),
          whole_field("show_id"),
          {.name = "title", .required = true, .example = "\"Pilot\""},
          maybe("number", FieldType::integer, "within the show", "7"),
          nullable(time_field("starts_at", "as planned")),
          {.name = "status", .required = true, .choices = {"draft", "scheduled", "live", "ended"}},
          {.name = "notes", .required = true, .max_length = 5000, .example = "\"With two guests\""},
          {.name = "topics",
           .type = FieldType::strings,
           .required = true,
           .max_length = 100,
           .example = "[\"C++\"]",
           .max_items = 50},
          {.name = "url",
           .required = true,
           .max_length = 2048,
           .format = Format::uri,
           .description = "of the stream, once it is known",
           .nullable = true},
          maybe("video_id", FieldType::string, "of the stream that it is", "\"dQw4w9WgXcQ\""),
          nullable(time_field("live_at", "when the stream began")),
          nullable(time_field("ended_at", "when it ended")),
          whole_field("version"),
          {.name = "created_at", .required = true, .format = Format::date_time}};
}

Response episode_response(int status, const announce::Episode& episode) {
  Response response = json_response(status, episode_json(episode));
  response.headers.set("ETag", etag_of(episode.version));
  return response;
}

json prevented_json(const announce::Prevented& prevented) {
  return {{"prevented", prevented.prevented},
          {"in_flight", prevented.in_flight},
          {"outcome_unknown", prevented.outcome_unknown},
          {"waiting", prevented.waiting}};
}

std::vector<Field> prevented_fields() {
  return {
      count_field("prevented", "announcements that would have gone out, and will not"),
      count_field("in_flight", "those that were being sent at that moment; they are not tried again"),
      count_field("outcome_unknown", "those that were sent, and nobody knows whether they were posted"),
      count_field("waiting", "of a kill switch: those not due yet; what comes due while it is off fails")};
}

const store::Fence& announcement_fence(const Services& services) {
  const auto at = std::find_if(services.queues.begin(), services.queues.end(),
                               [](const auto& fence) { return fence.queue().name == announce::kQueue; });
  FENCEPOST_ASSERT(at != services.queues.end());
  return *at;
}

}  // namespace fencepost::http
