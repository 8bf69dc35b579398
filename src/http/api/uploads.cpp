// Uploads: scheduling, one or many, and what people see of them. What they do with them: upload_acts.cpp.

#include <nlohmann/json.hpp>

#include "apps/upload/import.hpp"
#include "base/error.hpp"
#include "core/local_time.hpp"
#include "http/api/common.hpp"
#include "http/api/etag.hpp"
#include "http/api/event_text.hpp"
#include "http/api/upload_json.hpp"

namespace fencepost::http {

namespace {
using nlohmann::json;
using upload::MoveResult;
using upload::Scheduled;
using upload::Upload;
using upload::Wish;

upload::Channel channel_or_refuse(Services& services, std::int64_t id) {
  auto channel = services.database.retrying(
      [&](store::Connection& connection) { return upload::get_channel(connection, id); });
  if (!channel) throw base::UserError("not_found", "there is no such channel");
  return std::move(*channel);
}

std::optional<base::Micros> at_of(const json& body, const std::string& zone) {
  const auto at = text_member(body, "at");
  if (!at) return std::nullopt;
  return core::parse_time(*at, zone);
}

Wish wish_of(const json& body, const std::string& zone) {
  return {body.at("video_id").get<std::int64_t>(), body.at("kind").get<std::string>(), at_of(body, zone),
          metadata_of(body), number_member(body, "number")};
}

json answer_json(const Scheduled& one) {
  json answer = {{"upload", one.upload ? upload_json(*one.upload) : json()},
                 {"at", one.place ? json(base::format_utc(one.place->slot_at)) : json()},
                 {"refused", one.refused ? refused_json(*one.refused) : json()}};
  return answer;
}

json answers_json(const std::vector<Scheduled>& answers) {
  json items = json::array();
  std::size_t scheduled = 0;
  for (const auto& one : answers) {
    if (one.upload) ++scheduled;
    items.push_back(answer_json(one));
  }
  return {{"scheduled", scheduled}, {"items", std::move(items)}};
}

// Schedules, with its answer under the request's key in the same transaction. What is refused is not kept.
template <typename Answer>
Response scheduled(Services& services, const Request& request, std::int64_t channel,
                   const std::vector<Wish>& wishes, upload::Mode mode, std::size_t most,
                   const Answer& answer) {
  return make_keeping(services, request, [&](const Keep& keep) {
    std::optional<Response> refused;
    services.uploads.schedule(
        channel, wishes, mode, request.principal->person, actor_of(request),
        [&](store::Connection& connection, const std::vector<Scheduled>& answers) {
          Response made = answer(answers);
          refused.reset();
          if (made.status < 300)
            keep(connection, made);
          else
            refused = std::move(made);
        },
        most, whose(request));
    return refused;
  });
}

Response create(Services& services, const Request& request) {
  const auto channel = channel_or_refuse(services, id_of(request));
  return scheduled(services, request, channel.id, {wish_of(*request.json, channel.zone)},
                   upload::Mode::all_or_nothing, 1, [&](const std::vector<Scheduled>& answers) {
                     if (answers[0].refused) return refused_place(request, *answers[0].refused);
                     const auto& made = answers[0].upload.value();
                     Response response = upload_response(201, made);
                     response.headers.set("Location", "/api/v1/uploads/" + std::to_string(made.id));
                     return response;
                   });
}

// 409 where all or nothing was asked for and one is refused: nothing was scheduled.
Response batch_response(const Request& request, upload::Mode mode, const std::vector<Scheduled>& answers) {
  std::size_t refused = 0;
  for (const auto& one : answers)
    if (one.refused) ++refused;
  if (refused > 0 && mode == upload::Mode::all_or_nothing)
    return problem(request, 409, "batch_refused",
                   std::to_string(refused) + " of " + std::to_string(answers.size()) +
                       " cannot be had as asked for: nothing was scheduled",
                   {{"items", answers_json(answers).at("items")}});
  return json_response(200, answers_json(answers));
}

upload::Mode mode_of(const Request& request) {
  if (flag_member(request, "dry_run").value_or(false)) return upload::Mode::dry_run;
  return text_member(request, "mode") == "best_effort" ? upload::Mode::best_effort
                                                       : upload::Mode::all_or_nothing;
}

Response batch(Services& services, const Request& request) {
  const auto channel = channel_or_refuse(services, id_of(request));
  std::vector<Wish> wishes;
  for (const auto& one : request.json->at("uploads")) wishes.push_back(wish_of(one, channel.zone));
  const auto mode = mode_of(request);
  return scheduled(services, request, channel.id, wishes, mode, upload::kMostWishes,
                   [&](const auto& answers) { return batch_response(request, mode, answers); });
}

Response import(Services& services, const Request& request) {
  const auto channel = channel_or_refuse(services, id_of(request));
  std::vector<upload::Imported> rows;
  for (const auto& one : request.json->at("uploads")) {
    upload::Imported row;
    row.video_id = one.value("video_id", std::int64_t{0});
    row.folder = one.value("folder", "");
    row.path = one.value("path", "");
    row.kind = one.at("kind").get<std::string>();
    row.at = at_of(one, channel.zone).value();
    row.metadata = metadata_of(one);
    row.number = number_member(one, "number");
    rows.push_back(std::move(row));
  }
  const auto wishes = services.database.retrying(
      [&](store::Connection& connection) { return upload::wishes_of(connection, rows); });
  const auto mode = mode_of(request);
  return scheduled(services, request, channel.id, wishes, mode, upload::kMostImported,
                   [&](const auto& answers) { return batch_response(request, mode, answers); });
}

Response page(Services& services, const Request& request, std::optional<std::int64_t> channel) {
  const auto status = request.query.find("status");
  auto uploads =
      services.uploads.list(cursor_of(request).value_or(INT64_MAX), limit_of(request),
                            {channel, status == request.query.end() ? "" : status->second, whose(request)});
  return page_of(request, std::move(uploads), upload_json);
}

Response list(Services& services, const Request& request) { return page(services, request, std::nullopt); }

Response list_of_channel(Services& services, const Request& request) {
  const auto channel = channel_or_refuse(services, id_of(request));
  return page(services, request, channel.id);
}

Response show(Services& services, const Request& request) {
  const auto found = services.uploads.get(id_of(request));
  return found ? upload_response(200, *found) : not_found(request, "upload");
}

Response now(Services& services, const Request&) {
  const auto now = services.uploads.summary();
  return json_response(200, {{"due", now.due},
                             {"late", now.late},
                             {"uploading", now.uploading},
                             {"unknown", now.unknown},
                             {"next_at", time_or_null(now.next_at)}});
}

Response history(Services& services, const Request& request) {
  const auto id = id_of(request);
  const auto limit = limit_of(request);
  auto entries = services.uploads.history(id, cursor_of(request).value_or(0), limit + 1);
  return page_of(request, std::move(entries), event_json);
}

Field at_field(bool required) {
  return {.name = "at",
          .required = required,
          .max_length = 40,
          .description =
              "when it becomes public, in the channel's zone or with an offset; the next free slot "
              "where not given",
          .example = "\"2026-11-25T10:00\""};
}

Field number_field() {
  return {.name = "number",
          .type = FieldType::integer,
          .description = "of the part or the episode: what {number} stands for in the channel's template",
          .example = "12",
          .minimum = 0,
          .maximum = 999'999'999};
}

std::vector<Field> wish_body() {
  auto fields = metadata_body();
  fields.insert(
      fields.begin(),
      {{.name = "video_id", .type = FieldType::integer, .required = true, .example = "3", .minimum = 1},
       {.name = "kind", .required = true, .description = "its type", .example = "\"short\""},
       at_field(false),
       number_field()});
  return fields;
}

std::vector<Field> imported_body() {
  auto fields = metadata_body();
  fields.insert(fields.begin(),
                {{.name = "video_id", .type = FieldType::integer, .example = "3", .minimum = 1},
                 {.name = "folder", .description = "instead of video_id, with path", .example = "\"films\""},
                 {.name = "path", .max_length = 1024, .example = "\"one.mp4\""},
                 {.name = "kind", .required = true, .description = "its type", .example = "\"short\""},
                 at_field(true),
                 number_field()});
  return fields;
}

std::vector<Field> many_body(std::vector<Field> each, std::size_t most) {
  return {{.name = "uploads",
           .type = FieldType::objects,
           .required = true,
           .max_items = most,
           .fields = std::move(each)},
          {.name = "mode",
           .description = "all_or_nothing where not given",
           .choices = {"all_or_nothing", "best_effort"}},
          {.name = "dry_run",
           .type = FieldType::boolean,
           .description = "true: says what would come of it, and schedules nothing",
           .example = "false"}};
}

std::vector<Field> answers_fields(std::size_t most) {
  auto refused = Field{.name = "refused",
                       .type = FieldType::object,
                       .required = true,
                       .description = "why not",
                       .nullable = true,
                       .fields = refused_fields()};
  auto upload = Field{.name = "upload",
                      .type = FieldType::object,
                      .required = true,
                      .nullable = true,
                      .fields = upload_fields()};
  return {{.name = "scheduled", .type = FieldType::integer, .required = true, .example = "1"},
          {.name = "items",
           .type = FieldType::objects,
           .required = true,
           .description = "in the order of the request",
           .max_items = most,
           .fields = {std::move(upload),
                      {.name = "at", .required = true, .format = Format::date_time, .nullable = true},
                      std::move(refused)}}};
}

std::vector<Field> now_fields() {
  return {count_field("due", "may begin"),
          count_field("late", "due for more than a minute"),
          count_field("uploading", "on the way"),
          count_field("unknown", "nobody knows whether they are there"),
          {.name = "next_at",
           .required = true,
           .format = Format::date_time,
           .description = "when the next one is due",
           .nullable = true}};
}

constexpr const char* kPlaceRefused =
    "slot_taken, day_full, kind_full, quota_full, slot_past, beyond_horizon, no_free_slot, duplicate_upload "
    "(with next_free), or channel_disabled";

std::vector<Answer> many_answers(std::size_t most) {
  return {{200, "each one's answer, in their order", answers_fields(most)},
          {404, "not_found", {}},
          {409, "batch_refused (with items): nothing was scheduled; or channel_disabled", {}},
          {422,
           "invalid_field, invalid_title, invalid_description, invalid_tags, number_missing or "
           "invalid_time",
           {}},
          {503, "busy: others hold what it needs; nothing was taken", {}}};
}
}  // namespace

void add_uploads(std::vector<Route>& routes, Services& services) {
  const auto add = [&](Route route, Response (*handler)(Services&, const Request&)) {
    route.handler = [&services, handler](const Request& request) { return handler(services, request); };
    routes.push_back(std::move(route));
  };
  auto query = paging();
  query.push_back({.name = "status", .description = "only these", .choices = upload_statuses()});
  add({.method = "GET",
       .pattern = "/api/v1/channels/{id}/uploads",
       .access = Access::of(Thing::channel, Relation::host, Scope::read),
       .limit = kReads,
       .query = query,
       .answers = {{200, "a page", page_fields(upload_fields())}, {404, "not_found", {}}},
       .summary = "A channel's uploads, the newest first"},
      list_of_channel);
  add({.method = "POST",
       .pattern = "/api/v1/channels/{id}/uploads",
       .access = Access::of(Thing::channel, Relation::host, Scope::upload),
       .limit = kWrites,
       .fields = wish_body(),
       .answers = {{201, "scheduled; `at` is its slot", upload_fields()},
                   {404, "not_found", {}},
                   {409, kPlaceRefused, {}},
                   {422,
                    "unknown_video, unknown_kind, invalid_field, invalid_title, invalid_description, "
                    "invalid_tags, number_missing or invalid_time",
                    {}},
                   {503, "busy: others hold what it needs; nothing was taken", {}}},
       .summary = "Schedules a video: at a time, or in the next free slot"},
      create);
  add({.method = "POST",
       .pattern = "/api/v1/channels/{id}/uploads/batch",
       .access = Access::of(Thing::channel, Relation::host, Scope::upload),
       .limit = kWrites,
       .fields = many_body(wish_body(), upload::kMostWishes),
       .answers = many_answers(upload::kMostWishes),
       .summary = "Schedules up to 50 videos, spread over slots and days"},
      batch);
  add({.method = "POST",
       .pattern = "/api/v1/channels/{id}/uploads/import",
       .access = Access::of(Thing::channel, Relation::host, Scope::upload),
       .limit = kSeldom,
       .fields = many_body(imported_body(), upload::kMostImported),
       .answers = many_answers(upload::kMostImported),
       .summary = "Takes over schedules that exist elsewhere, with their times"},
      import);
  add({.method = "GET",
       .pattern = "/api/v1/uploads",
       .access = Access::signed_in(Scope::read),
       .limit = kReads,
       .query = query,
       .answers = {{200, "a page; of members those of their channels", page_fields(upload_fields())}},
       .summary = "Uploads, the newest first"},
      list);
  add({.method = "GET",
       .pattern = "/api/v1/uploads/now",
       .access = Access::role(Role::operator_, Scope::read),
       .limit = kReads,
       .answers = {{200, "counts over all channels", now_fields()}},
       .summary = "What is due, under way and stuck"},
      now);
  add({.method = "GET",
       .pattern = "/api/v1/uploads/{id}",
       .access = Access::of(Thing::upload, Relation::host, Scope::read),
       .limit = kReads,
       .answers = {{200, "the upload; ETag is its version", upload_fields()}, {404, "not_found", {}}},
       .summary = "One upload"},
      show);
  add({.method = "GET",
       .pattern = "/api/v1/uploads/{id}/history",
       .access = Access::of(Thing::upload, Relation::host, Scope::read),
       .limit = kReads,
       .query = paging(),
       .answers = {{200, "a page, the oldest first", page_fields(event_fields())}, {404, "not_found", {}}},
       .summary = "Everything that happened to it"},
      history);
}

}  // namespace fencepost::http
