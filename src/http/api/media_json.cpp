#include "http/api/media_json.hpp"

#include <nlohmann/json.hpp>

#include "http/api/common.hpp"

namespace fencepost::http {

namespace {
using nlohmann::json;

Field text(const char* name, const char* description, const char* example) {
  return {.name = name, .required = true, .description = description, .example = example};
}
json readiness_json(const media::Readiness& readiness) {
  return {{"ready", media::name(readiness.ready)}, {"reasons", readiness.reasons}};
}

std::vector<Field> readiness_fields() {
  return {
      {.name = "ready",
       .required = true,
       .description = "waiting: nobody has looked at it yet. not_measured: nobody can, for want of ffprobe",
       .example = "\"ready\"",
       .choices = {"ready", "not_ready", "not_measured", "waiting"}},
      {.name = "reasons",
       .type = FieldType::strings,
       .required = true,
       .description = "why it is not ready",
       .example = "[]"}};
}
}  // namespace

json file_json(const media::File& file) {
  return {{"id", file.id},
          {"name", file.name},
          {"received", file.received},
          {"total", file.total},
          {"finished", file.finished_at.has_value()},
          {"media_type", text_or_null(file.media_type)},
          {"video_id", number_or_null(file.video)},
          {"created_at", base::format_utc(file.created_at)},
          {"expires_at", file.finished_at ? json() : json(base::format_utc(file.expires_at))}};
}

std::vector<Field> file_fields() {
  auto expires = time_field("expires_at", "unfinished by then it is deleted; every piece moves it");
  expires.nullable = true;
  return {text("id", "random", "\"2f1c7f0e6f4b4d1c8a0b5e6f7a8b9c0d\""),
          text("name", "what its client calls it", "\"Episode 12.mp4\""),
          whole_field("received", "bytes that are on disk", "52428800"),
          whole_field("total", "bytes", "104857600"),
          {.name = "finished", .type = FieldType::boolean, .required = true, .description = "it is whole"},
          nullable(text("media_type", "by its first bytes, once it is whole", "\"video/mp4\"")),
          nullable(whole_field("video_id", "once it is whole, and no picture", "12")),
          time_field("created_at", "when it was begun"),
          expires};
}

json video_json(const media::Video& video, const media::Rules& rules) {
  return {{"id", video.id},
          {"person_id", number_or_null(video.person)},
          {"folder", video.folder},
          {"path", video.path},
          {"title", video.title},
          {"size", video.size},
          {"modified_at", base::format_utc(video.modified)},
          {"media_type", video.media_type},
          {"sha256", text_or_null(video.sha256)},
          {"duration_ms", number_or_null(video.duration_ms)},
          {"width", number_or_null(video.width)},
          {"height", number_or_null(video.height)},
          {"measured_at", time_or_null(video.probed_at)},
          {"measure_error", text_or_null(video.probe_error)},
          {"readiness",
           {{"short", readiness_json(media::readiness(video, "short", rules))},
            {"final", readiness_json(media::readiness(video, "final", rules))}}},
          {"version", video.version},
          {"created_at", base::format_utc(video.created_at)}};
}

std::vector<Field> video_fields() {
  auto measured = time_field("measured_at", "when its file was looked at; null: not yet");
  measured.nullable = true;
  const auto of = [](const char* kind) {
    return Field{.name = kind, .type = FieldType::object, .required = true, .fields = readiness_fields()};
  };
  return {whole_field("id", "stands for certain bytes for ever: a file that changes is another video", "12"),
          nullable(whole_field("person_id", "whose; null: the instance's, of a media folder", "3")),
          text("folder", "a media folder, or files: it came by tus", "\"shows\""),
          {.name = "path",
           .required = true,
           .max_length = 1024,
           .description = "in its folder",
           .example = "\"2026/Episode 12.mp4\""},
          text("title", "of the file, until an upload says another", "\"Episode 12\""),
          whole_field("size", "bytes", "104857600"),
          time_field("modified_at", "of the file"),
          text("media_type", "by its first bytes", "\"video/mp4\""),
          nullable(text("sha256", "of the whole file",
                        "\"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\"")),
          nullable(whole_field("duration_ms", "milliseconds", "58000")),
          nullable(whole_field("width", "pixels", "1920")),
          nullable(whole_field("height", "pixels", "1080")),
          measured,
          nullable(text("measure_error", "why it could not be measured", "null")),
          {.name = "readiness",
           .type = FieldType::object,
           .required = true,
           .description = "what it is fit for",
           .fields = {of("short"), of("final")}},
          whole_field("version", "the ETag", "1"),
          time_field("created_at", "when it was added")};
}

json metadata_json(const media::Metadata& metadata) {
  json out = {{"title", metadata.title},
              {"description", metadata.description},
              {"tags", metadata.tags},
              {"category", text_or_null(metadata.category)},
              {"language", text_or_null(metadata.language)},
              {"thumbnail", nullptr}};
  if (metadata.thumbnail)
    out["thumbnail"] = {{"folder", metadata.thumbnail->folder}, {"path", metadata.thumbnail->path}};
  return out;
}

std::vector<Field> metadata_fields(bool required) {
  return {{.name = "title",
           .required = required,
           .max_length = 100,
           .description = "at most 100 characters once it is filled in; {title} {date} {number} {channel} "
                          "{language} stand for what they say",
           .example = "\"{title} · #{number}\""},
          {.name = "description",
           .max_length = 5000,
           .description = "at most 5,000 bytes; as the title",
           .example = "\"From {date}\""},
          {.name = "tags",
           .type = FieldType::strings,
           .max_length = 500,
           .description = "at most 500 characters in all, as YouTube counts",
           .example = "[\"podcast\"]",
           .max_items = 250},
          {.name = "category",
           .max_length = 4,
           .description = "its number at YouTube",
           .example = "\"22\"",
           .nullable = true},
          {.name = "thumbnail",
           .type = FieldType::object,
           .description = "a JPEG or PNG of at most 2 MB",
           .nullable = true,
           .fields = {{.name = "folder",
                       .required = true,
                       .description = "a media folder, or files: it came by tus",
                       .example = "\"shows\""},
                      {.name = "path",
                       .required = true,
                       .max_length = 1024,
                       .description = "in its folder",
                       .example = "\"cover.png\""}}}};
}

json template_json(const media::Template& one) {
  auto out = metadata_json(one.metadata);
  out["id"] = one.id;
  out["channel_id"] = one.channel;
  out["version"] = one.version;
  out["created_at"] = base::format_utc(one.created_at);
  return out;
}

std::vector<Field> template_fields() {
  auto fields = metadata_fields(true);
  fields.insert(fields.begin(),
                {id_field(), whole_field("channel_id"), nullable(text("language", "null: any", "\"en\""))});
  fields.push_back(whole_field("version", "the ETag", "1"));
  fields.push_back(time_field("created_at", "when it was made"));
  return fields;
}

}  // namespace fencepost::http
