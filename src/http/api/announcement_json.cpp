#include "http/api/announcement_json.hpp"

#include <nlohmann/json.hpp>

#include "http/api/common.hpp"
#include "http/api/etag.hpp"

namespace fencepost::http {

namespace {
using nlohmann::json;
}

namespace {
json images_json(const std::vector<announce::Image>& images) {
  json list = json::array();
  for (const auto& image : images)
    list.push_back({{"id", image.id},
                    {"position", image.position},
                    {"media_type", image.facts.media_type},
                    {"size", image.facts.size},
                    {"width", image.facts.width},
                    {"height", image.facts.height},
                    {"alt", image.facts.alt},
                    {"sha256", image.sha256}});
  return list;
}

json part_json(const announce::Part& part) {
  return {{"id", part.id},
          {"part", part.part},
          {"text", part.text},
          {"status", part.status},
          {"version", part.version},
          {"last_error", text_or_null(part.last_error)},
          {"posted_at", time_or_null(part.posted_at)},
          {"post_id", text_or_null(part.post_id)},
          {"post_url", text_or_null(part.post_url)},
          {"images", images_json(part.images)}};
}
}  // namespace

json announcement_json(const announce::Announcement& a) {
  json parts = json::array();
  for (const auto& part : a.parts) parts.push_back(part_json(part));
  return {{"id", a.id},
          {"connection_id", a.connection_id},
          {"connection", a.connection},
          {"text", a.text},
          {"url", text_or_null(a.url)},
          {"run_at", a.pending() ? json() : json(base::format_utc(a.run_at))},
          {"status", a.status},
          {"version", a.version},
          {"attempts", a.attempts},
          {"stop_wanted", a.stop_wanted},
          {"last_error", text_or_null(a.last_error)},
          {"posted_at", time_or_null(a.posted_at)},
          {"post_id", text_or_null(a.post_id)},
          {"post_url", text_or_null(a.post_url)},
          {"created_at", base::format_utc(a.created_at)},
          {"episode_id", a.episode ? json(*a.episode) : json()},
          {"host_id", a.host ? json(*a.host) : json()},
          {"host", text_or_null(a.host_name)},
          {"trigger", a.trigger},
          {"at", time_or_null(a.at)},
          {"minutes", a.minutes ? json(*a.minutes) : json()},
          {"stagger", a.stagger},
          {"include_url", a.include_url},
          {"generated_text", text_or_null(a.generated_text)},
          {"deadline", time_or_null(a.deadline)},
          {"approved", a.approved},
          {"approved_by", text_or_null(a.approved_by)},
          {"thread_id", a.thread ? json(*a.thread) : json()},
          {"part", a.part},
          {"parts", std::move(parts)},
          {"images", images_json(a.images)}};
}

std::vector<std::string> announcement_statuses() {
  return {"pending", "queued", "sending", "posted", "failed", "unknown", "disabled"};
}

namespace {
Field images_field() {
  const auto whole = [](const char* name, const char* description, const char* example) {
    return Field{.name = name,
                 .type = FieldType::integer,
                 .required = true,
                 .description = description,
                 .example = example,
                 .minimum = 1};
  };
  return {.name = "images",
          .type = FieldType::objects,
          .required = true,
          .description = "that go with it, in their order",
          .max_items = announce::kMostImages,
          .fields = {whole("id", "", "5"),
                     whole("position", "from 1 on", "1"),
                     {.name = "media_type",
                      .required = true,
                      .description = "what its bytes are",
                      .choices = {"image/jpeg", "image/png", "image/gif", "image/webp"}},
                     whole("size", "bytes", "48213"),
                     whole("width", "pixels", "1600"),
                     whole("height", "pixels", "900"),
                     {.name = "alt",
                      .required = true,
                      .max_length = 5000,
                      .description = "what it shows, for those who cannot see it",
                      .example = "\"A cat at a microphone\""},
                     {.name = "sha256",
                      .required = true,
                      .description = "of its bytes, in hex",
                      .example = '"' + std::string(64, '0') + '"'}}};
}

std::vector<Field> part_fields() {
  const auto maybe = [](const char* name, Format format) {
    return Field{.name = name, .required = true, .format = format, .nullable = true};
  };
  return {{.name = "id", .type = FieldType::integer, .required = true, .example = "8"},
          {.name = "part", .type = FieldType::integer, .required = true, .example = "2", .minimum = 2},
          {.name = "text", .required = true, .max_length = 5000, .example = "\"And there is more.\""},
          {.name = "status",
           .required = true,
           .description = "pending: the part before it is not posted",
           .choices = announcement_statuses()},
          {.name = "version", .type = FieldType::integer, .required = true, .example = "1"},
          maybe("last_error", Format::none),
          maybe("posted_at", Format::date_time),
          maybe("post_id", Format::none),
          maybe("post_url", Format::uri),
          images_field()};
}
}  // namespace

std::vector<Field> announcement_fields() {
  const auto maybe = [](const char* name, Format format, const char* description) {
    return Field{
        .name = name, .required = true, .format = format, .description = description, .nullable = true};
  };
  const auto whole = [](const char* name, const char* description) {
    return Field{.name = name,
                 .type = FieldType::integer,
                 .required = true,
                 .description = description,
                 .example = "3",
                 .nullable = true};
  };
  return {{.name = "id", .type = FieldType::integer, .required = true, .example = "7"},
          {.name = "connection_id", .type = FieldType::integer, .required = true, .example = "1"},
          {.name = "connection", .required = true, .description = "its name", .example = "\"Discord\""},
          {.name = "text",
           .required = true,
           .max_length = 5000,
           .description = "its own; of an episode's it may be empty",
           .example = "\"We are live!\""},
          maybe("url", Format::uri, "of the show"),
          maybe("run_at", Format::date_time, "not before; null: pending, until its trigger has come"),
          {.name = "status", .required = true, .choices = announcement_statuses()},
          {.name = "version",
           .type = FieldType::integer,
           .required = true,
           .description = "grows with every edit by a person: the ETag",
           .example = "1"},
          {.name = "attempts", .type = FieldType::integer, .required = true, .example = "0"},
          {.name = "stop_wanted",
           .type = FieldType::boolean,
           .required = true,
           .description = "it was disabled while it was being sent: it will not be tried again"},
          maybe("last_error", Format::none, "why the last attempt failed"),
          maybe("posted_at", Format::date_time, "when it is known to have been posted"),
          maybe("post_id", Format::none, "the platform's name for the post"),
          maybe("post_url", Format::uri, "where people see it"),
          {.name = "created_at", .required = true, .format = Format::date_time},
          whole("episode_id", "of this episode"),
          whole("host_id", "whose it is; null: of an account of the instance itself"),
          maybe("host", Format::none, "their name"),
          {.name = "trigger",
           .required = true,
           .description = "what lets it out; without an episode always at",
           .choices = {"live", "at", "before", "ended"}},
          maybe("at", Format::date_time, "of the trigger at"),
          whole("minutes", "of the trigger before: so many before the start"),
          {.name = "stagger",
           .type = FieldType::integer,
           .required = true,
           .description = "seconds behind live or ended",
           .example = "0"},
          {.name = "include_url", .type = FieldType::boolean, .required = true, .example = "true"},
          {.name = "generated_text",
           .required = true,
           .max_length = 5000,
           .description = "a model's; its own text comes first",
           .nullable = true},
          maybe("deadline", Format::date_time, "not posted after this"),
          {.name = "approved",
           .type = FieldType::boolean,
           .required = true,
           .description = "by an admin, in this version; needed where the show asks for it"},
          maybe("approved_by", Format::none, "who said so last"),
          whole("thread_id", "of a part behind the first: the announcement that is the first"),
          {.name = "part", .type = FieldType::integer, .required = true, .example = "1", .minimum = 1},
          {.name = "parts",
           .type = FieldType::objects,
           .required = true,
           .description = "of a thread: what follows it, each an announcement with an id of its own",
           .fields = part_fields()},
          images_field()};
}

std::vector<Field> acted_fields(std::vector<std::string> answers) {
  return {{.name = "answer", .required = true, .choices = std::move(answers)},
          {.name = "announcement",
           .type = FieldType::object,
           .description = "as it was when the answer was given",
           .fields = announcement_fields()}};
}

Response announcement_response(int status, const announce::Announcement& announcement) {
  Response response = json_response(status, announcement_json(announcement));
  response.headers.set("ETag", etag_of(announcement.version));
  return response;
}

Response edit_response(const Request& request,
                       const std::pair<announce::EditResult, std::optional<announce::Announcement>>& edited,
                       int status) {
  using announce::EditResult;
  const auto& [result, now] = edited;
  switch (result) {
    case EditResult::changed:
      if (now) return announcement_response(status, *now);
      break;
    case EditResult::version_conflict:
      if (now) return version_conflict(request, now->version);
      break;
    case EditResult::in_flight:
      return refused_in_flight(request);
    case EditResult::outcome_unknown:
      return refused_unknown(request);
    case EditResult::already_posted:
      return refused_posted(request, now);
    case EditResult::not_found:
      break;
  }
  return not_found(request, "announcement");
}

Response acted(int status, const std::string& answer,
               const std::optional<announce::Announcement>& announcement) {
  json body = {{"answer", answer}};
  if (announcement) body["announcement"] = announcement_json(*announcement);
  return json_response(status, body);
}

Response refused_in_flight(const Request& request) {
  return problem(request, 409, "in_flight",
                 "it is being sent at this moment: wait for its outcome, then look again");
}

Response refused_unknown(const Request& request) {
  return problem(
      request, 409, "outcome_unknown",
      "it was sent, and nobody knows whether it was posted: look at the platform, then resolve it: it "
      "happened, or it did not");
}

Response refused_posted(const Request& request, const std::optional<announce::Announcement>& announcement) {
  json extra = json::object();
  if (announcement)
    extra = {{"post_id", text_or_null(announcement->post_id)},
             {"post_url", text_or_null(announcement->post_url)},
             {"posted_at", time_or_null(announcement->posted_at)}};
  return problem(request, 409, "already_posted", "it is posted already", extra);
}

}  // namespace fencepost::http
