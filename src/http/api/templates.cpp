// Templates of what is said of a channel's videos.

#include <nlohmann/json.hpp>

#include "apps/upload/media/thumbnails.hpp"
#include "base/error.hpp"
#include "http/api/common.hpp"
#include "http/api/etag.hpp"
#include "http/api/media_json.hpp"

namespace fencepost::http {

namespace {
using media::Metadata;
using media::Template;
using nlohmann::json;

constexpr const char* kValues[] = {"title", "date", "number", "channel", "language"};

Response template_response(int status, const Template& one) {
  auto response = json_response(status, template_json(one));
  response.headers.set("ETag", etag_of(one.version));
  return response;
}

std::optional<Template> get(Services& services, std::int64_t id) {
  return services.database.retrying(
      [&](store::Connection& connection) { return media::get_template(connection, id); });
}

// What the body says over what there was. A thumbnail is looked at now, so that nobody is told of it at the
// hour of the upload.
Metadata changed(const Services& services, const Request& request, Metadata metadata) {
  const auto& body = *request.json;
  metadata.title = text_member(request, "title").value_or(metadata.title);
  metadata.description = text_member(request, "description").value_or(metadata.description);
  metadata.tags = body.value("tags", metadata.tags);
  if (const auto category = clearable_member(request, "category"))
    metadata.category = category->empty() ? std::nullopt : category;
  if (const auto at = body.find("thumbnail"); at != body.end()) {
    metadata.thumbnail.reset();
    if (!at->is_null()) metadata.thumbnail = {at->at("folder"), at->at("path")};
    if (metadata.thumbnail)
      media::read_thumbnail(services.media->folders, metadata.thumbnail->folder, metadata.thumbnail->path);
  }
  return metadata;
}

Response list(Services& services, const Request& request) {
  const auto at = request.query.find("channel_id");
  const auto channel = at == request.query.end() ? std::nullopt : std::optional(std::stoll(at->second));
  auto page = services.database.retrying([&](store::Connection& connection) {
    return media::page_of_templates(connection, channel, cursor_of(request).value_or(0),
                                    limit_of(request) + 1);
  });
  return page_of(request, std::move(page), template_json);
}

Response add(Services& services, const Request& request) {
  const auto channel = number_member(request, "channel_id");
  auto metadata = changed(services, request, {});
  metadata.language = text_member(request, "language").value_or("");
  return make_once(services, request, [&](store::Connection& connection) {
    const auto made = media::add_template(connection, *channel, metadata);
    auto response = template_response(201, made);
    response.headers.set("Location", "/api/v1/templates/" + std::to_string(made.id));
    return response;
  });
}

Response show(Services& services, const Request& request) {
  const auto found = get(services, id_of(request));
  return found ? template_response(200, *found) : not_found(request, "template");
}

Response edit(Services& services, const Request& request) {
  const auto seen = get(services, id_of(request));
  if (!seen) return not_found(request, "template");
  if (!matches(request, seen->version)) return version_conflict(request, seen->version);
  const auto metadata = changed(services, request, seen->metadata);
  const bool written = services.database.retrying([&](store::Connection& connection) {
    return media::edit_template(connection, seen->id, seen->version, metadata);
  });
  const auto now = get(services, seen->id);
  if (!now) return not_found(request, "template");
  return written ? template_response(200, *now) : version_conflict(request, now->version);
}

Response remove(Services& services, const Request& request) {
  const bool gone = services.database.retrying(
      [&](store::Connection& connection) { return media::delete_template(connection, id_of(request)); });
  return gone ? no_content() : not_found(request, "template");
}

Response preview(Services& services, const Request& request) {
  const auto found = get(services, id_of(request));
  if (!found) return not_found(request, "template");
  std::map<std::string, std::string> values{{"language", found->metadata.language}};
  for (const auto* name : kValues)
    if (const auto at = request.query.find(name); at != request.query.end()) values[name] = at->second;
  return json_response(200, metadata_json(media::filled(found->metadata, values)));
}

std::vector<Field> new_fields() {
  auto fields = metadata_fields(true);
  fields.insert(fields.begin(), {{.name = "channel_id",
                                  .type = FieldType::integer,
                                  .required = true,
                                  .description = "whose videos",
                                  .example = "1",
                                  .minimum = 1},
                                 {.name = "language",
                                  .max_length = 35,
                                  .description = "as en or pt-BR; any where not given",
                                  .example = "\"en\""}});
  return fields;
}

std::vector<Field> preview_query() {
  std::vector<Field> query;
  for (const auto* name : kValues)
    query.push_back(
        {.name = name, .description = "what stands for {" + std::string(name) + "}", .example = "\"12\""});
  return query;
}

std::vector<Field> preview_fields() {
  auto fields = metadata_fields(true);
  fields.push_back({.name = "language", .required = true, .example = "\"en\"", .nullable = true});
  return fields;
}

constexpr const char* kRefused =
    "invalid_title, invalid_description, invalid_tags, invalid_language, invalid_category, invalid_path or "
    "invalid_thumbnail";
}  // namespace

void add_templates(std::vector<Route>& routes, Services& services) {
  const auto add_route = [&](Route route, Response (*handler)(Services&, const Request&)) {
    route.handler = [&services, handler](const Request& request) { return handler(services, request); };
    routes.push_back(std::move(route));
  };
  auto query = paging();
  query.push_back({.name = "channel_id",
                   .type = FieldType::integer,
                   .description = "only of this one",
                   .example = "1",
                   .minimum = 1});
  add_route({.method = "GET",
             .pattern = "/api/v1/templates",
             .access = Access::signed_in(Scope::read),
             .limit = kReads,
             .query = query,
             .answers = {{200, "a page, by id", page_fields(template_fields())}},
             .summary = "Templates of what is said of videos"},
            list);
  add_route({.method = "POST",
             .pattern = "/api/v1/templates",
             .access = Access::role(Role::operator_, Scope::upload),
             .limit = kWrites,
             .fields = new_fields(),
             .answers = {{201, "made", template_fields()},
                         {404, "media_folder_not_found or media_file_not_found: of the thumbnail", {}},
                         {409, "duplicate_template: the channel has one of that language", {}},
                         {422, kRefused, {}}},
             .summary = "Makes a template of a channel and a language"},
            add);
  add_route(
      {.method = "GET",
       .pattern = "/api/v1/templates/{id}",
       .access = Access::signed_in(Scope::read),
       .limit = kReads,
       .answers = {{200, "the template; ETag is its version", template_fields()}, {404, "not_found", {}}},
       .summary = "One template"},
      show);
  add_route({.method = "PATCH",
             .pattern = "/api/v1/templates/{id}",
             .access = Access::role(Role::operator_, Scope::upload),
             .limit = kWrites,
             .fields = metadata_fields(false),
             .headers = {if_match()},
             .answers = {{200, "changed", template_fields()},
                         {404, "not_found, media_folder_not_found or media_file_not_found", {}},
                         {412, "version_conflict: somebody was faster", {}},
                         {422, kRefused, {}}},
             .summary = "Changes a template"},
            edit);
  add_route({.method = "DELETE",
             .pattern = "/api/v1/templates/{id}",
             .access = Access::role(Role::operator_, Scope::upload),
             .limit = kWrites,
             .answers = {{204, "gone", {}}, {404, "not_found", {}}},
             .summary = "Deletes a template"},
            remove);
  add_route({.method = "GET",
             .pattern = "/api/v1/templates/{id}/preview",
             .access = Access::signed_in(Scope::read),
             .limit = kReads,
             .query = preview_query(),
             .answers = {{200, "what it says of such a video", preview_fields()},
                         {404, "not_found", {}},
                         {422, "invalid_title, invalid_description or invalid_tags: it does not fit", {}}},
             .summary = "What a template says with these values"},
            preview);
}

}  // namespace fencepost::http
