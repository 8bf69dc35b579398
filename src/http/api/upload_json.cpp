#include "http/api/upload_json.hpp"

#include <nlohmann/json.hpp>

#include "apps/upload/media/folders.hpp"
#include "apps/upload/media/metadata.hpp"
#include "base/error.hpp"
#include "http/api/common.hpp"
#include "http/api/etag.hpp"

namespace fencepost::http {

using nlohmann::json;

namespace {

Field maybe(const char* name, Format format, const char* description) {
  return {.name = name, .required = true, .format = format, .description = description, .nullable = true};
}
Field flag(const char* name, const char* description) {
  return {.name = name, .type = FieldType::boolean, .required = true, .description = description};
}
}  // namespace

std::vector<std::string> upload_statuses() {
  return {"scheduled", "uploading", "uploaded", "published", "failed", "unknown", "cancelled"};
}

json upload_json(const upload::Upload& u) {
  const auto& m = u.metadata;
  const auto thumbnail =
      m.thumbnail_path ? json{{"folder", *m.thumbnail_folder}, {"path", *m.thumbnail_path}} : json();
  return {{"id", u.id},
          {"video_id", u.video_id},
          {"video", u.video},
          {"channel_id", u.channel_id},
          {"channel", u.channel},
          {"kind", u.kind},
          {"at", base::format_utc(u.slot_at)},
          {"publish_day", u.publish_day},
          {"quota_day", u.quota_day},
          {"run_at", base::format_utc(u.run_at)},
          {"title", m.title},
          {"description", m.description},
          {"tags", json::parse(m.tags, nullptr, false).is_array() ? json::parse(m.tags) : json::array()},
          {"category", text_or_null(m.category)},
          {"language", text_or_null(m.language)},
          {"thumbnail", thumbnail},
          {"made_for_kids", m.made_for_kids},
          {"person_id", number_or_null(u.person)},
          {"status", u.status},
          {"version", u.version},
          {"attempts", u.attempts},
          {"bytes_sent", u.bytes_sent},
          {"bytes_total", u.bytes_total},
          {"percent", u.percent()},
          {"stop_wanted", u.stop_wanted},
          {"last_error", text_or_null(u.last_error)},
          {"post_id", text_or_null(u.post_id)},
          {"post_url", text_or_null(u.post_url)},
          {"uploaded_at", time_or_null(u.uploaded_at)},
          {"published_at", time_or_null(u.published_at)},
          {"created_at", base::format_utc(u.created_at)}};
}

namespace {
Field thumbnail_field(bool required) {
  return {.name = "thumbnail",
          .type = FieldType::object,
          .required = required,
          .description = "a picture of a media folder",
          .nullable = true,
          .fields = {{.name = "folder", .required = true, .example = "\"films\""},
                     {.name = "path", .required = true, .max_length = 1024, .example = "\"one.jpg\""}}};
}
}  // namespace

std::vector<Field> upload_fields() {
  return {whole_field("id", "", "7"),
          whole_field("video_id", "", "3"),
          {.name = "video", .required = true, .max_length = 1024, .description = "its file's title"},
          whole_field("channel_id"),
          {.name = "channel", .required = true, .description = "its name", .example = "\"Acme\""},
          {.name = "kind", .required = true, .description = "its type", .example = "\"short\""},
          {.name = "at",
           .required = true,
           .format = Format::date_time,
           .description = "its slot: when it becomes public"},
          {.name = "publish_day",
           .required = true,
           .description = "of the channel's zone: whose caps it counts in",
           .example = "\"2026-11-25\""},
          {.name = "quota_day",
           .required = true,
           .description = "of America/Los_Angeles: whose API quota its upload takes",
           .example = "\"2026-11-25\""},
          {.name = "run_at",
           .required = true,
           .format = Format::date_time,
           .description = "when its upload begins, or is tried again"},
          {.name = "title", .required = true, .example = "\"How it is made\""},
          {.name = "description", .required = true, .max_length = 5000},
          {.name = "tags", .type = FieldType::strings, .required = true, .max_length = 500},
          maybe("category", Format::none, "YouTube's id of it"),
          maybe("language", Format::none, "as \"en\" or \"pt-BR\""),
          thumbnail_field(true),
          flag("made_for_kids", ""),
          nullable(whole_field("person_id", "who scheduled it; null: the instance itself", "2")),
          {.name = "status", .required = true, .choices = upload_statuses()},
          whole_field("version", "grows with every edit by a person: the ETag", "1"),
          whole_field("attempts", "", "0"),
          whole_field("bytes_sent", "that YouTube has of its file", "524288"),
          whole_field("bytes_total", "of its file", "1048576"),
          {.name = "percent",
           .type = FieldType::integer,
           .required = true,
           .description = "of its file that YouTube has",
           .example = "50",
           .minimum = 0,
           .maximum = 100},
          flag("stop_wanted", "it was cancelled while its last piece was on the way"),
          maybe("last_error", Format::none, "why the last attempt failed"),
          maybe("post_id", Format::none, "YouTube's id of the video"),
          maybe("post_url", Format::uri, "where people see it"),
          maybe("uploaded_at", Format::date_time, "when its last piece left"),
          maybe("published_at", Format::date_time, "when YouTube said that it is public"),
          {.name = "created_at", .required = true, .format = Format::date_time}};
}

Response upload_response(int status, const upload::Upload& upload) {
  Response response = json_response(status, upload_json(upload));
  response.headers.set("ETag", etag_of(upload.version));
  return response;
}

Response upload_acted(int status, const std::string& answer, const std::optional<upload::Upload>& upload) {
  json body = {{"answer", answer}};
  if (upload) body["upload"] = upload_json(*upload);
  return json_response(status, body);
}

std::vector<Field> upload_acted_fields(std::vector<std::string> answers) {
  return {{.name = "answer", .required = true, .choices = std::move(answers)},
          {.name = "upload",
           .type = FieldType::object,
           .description = "as it was when the answer was given",
           .fields = upload_fields()}};
}

std::vector<Field> metadata_body() {
  return {{.name = "title",
           .description = "at most 100 characters; the video's own where not given",
           .example = "\"How it is made\""},
          {.name = "description", .max_length = 5000, .example = "\"A look inside.\""},
          {.name = "tags", .type = FieldType::strings, .max_length = 500, .example = "[\"inside\"]"},
          {.name = "category", .description = "YouTube's id of it", .example = "\"22\"", .nullable = true},
          {.name = "language", .max_length = 35, .example = "\"en\"", .nullable = true},
          thumbnail_field(false),
          {.name = "made_for_kids", .type = FieldType::boolean, .example = "false"}};
}

upload::Metadata metadata_of(const json& body, upload::Metadata from) {
  if (const auto title = text_member(body, "title"); title && !title->empty()) {
    media::check_title(*title);
    from.title = *title;
  }
  if (const auto description = text_member(body, "description")) {
    media::check_description(*description);
    from.description = *description;
  }
  if (const auto at = body.find("tags"); at != body.end() && !at->is_null()) {
    media::check_tags(at->get<std::vector<std::string>>());
    from.tags = at->dump();
  }
  if (body.contains("category")) {
    from.category = text_member(body, "category");
    if (from.category && !positive(*from.category))
      throw base::UserError("invalid_category", "a category is the number that YouTube gives it: \"22\"");
  }
  if (body.contains("language")) {
    from.language = text_member(body, "language").value_or("");
    for (const char c : from.language)
      if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-'))
        throw base::UserError("invalid_language", "a language is written as \"en\" or \"pt-BR\"");
  }
  if (const auto at = body.find("thumbnail"); at != body.end()) {
    from.thumbnail_folder = at->is_null() ? std::nullopt : text_member(*at, "folder");
    from.thumbnail_path = at->is_null() ? std::nullopt : text_member(*at, "path");
    if (from.thumbnail_path) media::check_path(*from.thumbnail_path);
  }
  if (const auto at = body.find("made_for_kids"); at != body.end() && !at->is_null())
    from.made_for_kids = at->get<bool>();
  return from;
}

json refused_json(const upload::Refused& refused) {
  return {{"code", refused.code}, {"detail", refused.text}, {"next_free", time_or_null(refused.next_free)}};
}

std::vector<Field> refused_fields() {
  return {{.name = "code", .required = true, .example = "\"slot_taken\""},
          {.name = "detail", .required = true, .example = "\"the slot is full: 1 of 1\""},
          maybe("next_free", Format::date_time, "the next slot that is free for this type")};
}

Response refused_place(const Request& request, const upload::Refused& refused) {
  const int status =
      refused.code == "unknown_video" || refused.code == "unknown_kind" || refused.code == "invalid_time"
          ? 422
          : 409;
  return problem(request, status, refused.code, refused.text,
                 {{"next_free", time_or_null(refused.next_free)}});
}

json channel_json(const upload::Channel& c) {
  json limits = json::object();
  for (const auto& [kind, limit] : c.limits) limits[kind] = limit;
  json people = json::array();
  for (const auto person : c.people) people.push_back({{"id", person}});
  return {{"id", c.id},
          {"name", c.name},
          {"connection_id", c.connection_id},
          {"connection", c.connection},
          {"youtube_channel", text_or_null(c.youtube_channel)},
          {"zone", c.zone},
          {"limits", std::move(limits)},
          {"daily_max", number_or_null(c.daily_max)},
          {"slot_times", c.slot_times},
          {"capacity", c.capacity},
          {"horizon_days", c.horizon_days},
          {"lead_minutes", c.lead_minutes},
          {"project_id", c.project_id},
          {"enabled", c.enabled},
          {"people", std::move(people)},
          {"version", c.version},
          {"created_at", base::format_utc(c.created_at)}};
}

namespace {
Field limits_field(bool required) {
  return {.name = "limits",
          .type = FieldType::object,
          .required = required,
          .description = "videos of each type and day",
          .example = R"({"final": 2, "short": 5})"};
}
Field times_field(bool required) {
  return {.name = "slot_times",
          .type = FieldType::strings,
          .required = required,
          .max_length = 5,
          .description = "of the day, in the channel's zone",
          .example = R"(["10:00", "14:00", "18:00"])",
          .max_items = 96};
}
Field people_field(bool required) {
  return {.name = "people",
          .type = FieldType::objects,
          .required = required,
          .description = "who may schedule there, beside operators",
          .max_items = 200,
          .fields = {{.name = "id", .type = FieldType::integer, .required = true, .example = "2"}}};
}
}  // namespace

std::vector<Field> channel_fields() {
  return {id_field(),
          {.name = "name", .required = true, .example = "\"Acme\""},
          whole_field("connection_id", "whose credentials its uploads use", "4"),
          {.name = "connection", .required = true, .description = "its name"},
          maybe("youtube_channel", Format::none, "UC and 22 characters"),
          {.name = "zone", .required = true, .example = "\"Europe/Berlin\""},
          limits_field(true),
          nullable(whole_field("daily_max", "videos of all types and a day; null: no limit", "6")),
          times_field(true),
          whole_field("capacity", "videos of a slot", "1"),
          whole_field("horizon_days", "how far ahead it plans", "14"),
          whole_field("lead_minutes", "how long before its slot an upload begins", "120"),
          whole_field("project_id", "whose API quota its uploads take", "1"),
          flag("enabled", "false: nothing leaves"),
          people_field(true),
          whole_field("version", "the ETag", "1"),
          {.name = "created_at", .required = true, .format = Format::date_time}};
}

std::vector<Field> channel_body(bool make) {
  const auto number = [](const char* name, const char* description, const char* example, std::int64_t least,
                         std::int64_t most, bool nullable = false) {
    return Field{.name = name,
                 .type = FieldType::integer,
                 .description = description,
                 .example = example,
                 .nullable = nullable,
                 .minimum = least,
                 .maximum = most};
  };
  auto connection =
      number("connection_id", "to youtube: whose credentials its uploads use", "4", 1, INT64_MAX);
  connection.required = make;
  return {
      {.name = "name", .required = make, .max_length = 100, .example = "\"Acme\"", .min_length = 1},
      connection,
      {.name = "youtube_channel", .example = "\"UC0123456789abcdefghijkl\"", .nullable = true},
      {.name = "zone", .example = "\"Europe/Berlin\""},
      limits_field(false),
      number("daily_max", "videos of all types and a day; null: no limit", "6", 0, 1000, true),
      times_field(false),
      number("capacity", "videos of a slot", "1", 1, 100),
      number("horizon_days", "how far ahead it plans", "14", 1, 366),
      number("lead_minutes", "how long before its slot an upload begins", "120", 0, 20'160),
      number("project_id", "whose API quota its uploads take; `default` where not given", "1", 1, INT64_MAX),
      {.name = "enabled", .type = FieldType::boolean, .example = "true"},
      people_field(false)};
}

upload::ChannelChange channel_change(const json& body) {
  upload::ChannelChange change;
  change.name = text_member(body, "name");
  change.connection_id = number_member(body, "connection_id");
  change.zone = text_member(body, "zone");
  if (body.contains("youtube_channel")) change.youtube_channel = text_member(body, "youtube_channel");
  if (body.contains("daily_max")) change.daily_max = number_member(body, "daily_max");
  if (const auto at = body.find("limits"); at != body.end() && !at->is_null()) {
    std::map<std::string, std::int64_t> limits;
    for (const auto& [kind, limit] : at->items()) {
      if (!limit.is_number_integer())
        throw base::UserError("invalid_field", "limits names a number for each type: {\"short\": 5}");
      limits[kind] = limit.get<std::int64_t>();
    }
    change.limits = std::move(limits);
  }
  if (const auto at = body.find("slot_times"); at != body.end() && !at->is_null())
    change.slot_times = at->get<std::vector<std::string>>();
  change.capacity = number_member(body, "capacity");
  change.horizon_days = number_member(body, "horizon_days");
  change.lead_minutes = number_member(body, "lead_minutes");
  change.project_id = number_member(body, "project_id");
  if (const auto at = body.find("enabled"); at != body.end() && !at->is_null())
    change.enabled = at->get<bool>();
  if (const auto at = body.find("people"); at != body.end() && !at->is_null()) {
    change.people.emplace();
    for (const auto& person : *at) change.people->push_back(person.at("id").get<std::int64_t>());
  }
  return change;
}

json project_json(const upload::Project& p) {
  return {{"id", p.id},
          {"name", p.name},
          {"profile", name(p.profile)},
          {"uploads", number_or_null(p.uploads)},
          {"searches", number_or_null(p.searches)},
          {"units", p.units},
          {"warn_percent", p.warn_percent},
          {"version", p.version}};
}

std::vector<Field> project_fields() {
  return {id_field(),
          {.name = "name", .required = true, .example = "\"default\""},
          {.name = "profile", .required = true, .choices = {"classic", "current"}},
          nullable(whole_field("uploads", "calls of videos.insert a day; null: they cost units", "100")),
          nullable(whole_field("searches", "calls of search.list a day; null: they cost units", "100")),
          whole_field("units", "a day, for all other calls", "10000"),
          whole_field("warn_percent", "of a limit: from there on people are told", "80"),
          whole_field("version", "the ETag", "1")};
}

std::vector<Field> project_body(bool make) {
  const auto number = [](const char* name, const char* description, const char* example, std::int64_t least,
                         std::int64_t most) {
    return Field{.name = name,
                 .type = FieldType::integer,
                 .description = description,
                 .example = example,
                 .minimum = least,
                 .maximum = most};
  };
  std::vector<Field> fields{
      {.name = "profile", .example = "\"current\"", .choices = {"classic", "current"}},
      number("uploads", "calls of videos.insert a day; of the profile current", "100", 0, 1'000'000'000),
      number("searches", "calls of search.list a day; of the profile current", "100", 0, 1'000'000'000),
      number("units", "a day", "10000", 0, 1'000'000'000),
      number("warn_percent", "of a limit: from there on people are told", "80", 1, 100)};
  if (make)
    fields.insert(fields.begin(), {.name = "name",
                                   .required = true,
                                   .max_length = 100,
                                   .description = "of its buckets too: it never changes",
                                   .example = "\"acme\"",
                                   .min_length = 1});
  return fields;
}

upload::ProjectChange project_change(const json& body) {
  upload::ProjectChange change;
  if (const auto profile = text_member(body, "profile")) change.profile = upload::profile_named(*profile);
  change.uploads = number_member(body, "uploads");
  change.searches = number_member(body, "searches");
  change.units = number_member(body, "units");
  change.warn_percent = number_member(body, "warn_percent");
  return change;
}

}  // namespace fencepost::http
