// Media folders, and the videos in them and of people.

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "http/api/common.hpp"
#include "http/api/etag.hpp"
#include "http/api/media_json.hpp"

namespace fencepost::http {

namespace {
using media::Video;
using nlohmann::json;

media::Media& media_of(Services& services) {
  FENCEPOST_ASSERT(services.media != nullptr);
  return *services.media;
}

std::string query_of(const Request& request, const char* name) {
  const auto at = request.query.find(name);
  return at == request.query.end() ? std::string() : at->second;
}

// "mp4,MOV" as lower-case words.
std::vector<std::string> extensions_of(const Request& request) {
  std::vector<std::string> out;
  std::string word;
  for (char c : query_of(request, "extensions") + ',') {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (c != ',' && c != ' ') word += c;
    if (c == ',' && !word.empty()) out.push_back(std::exchange(word, {}));
  }
  return out;
}

Response video_response(Services& services, int status, const Video& video) {
  auto response = json_response(status, video_json(video, media_of(services).rules));
  response.headers.set("ETag", etag_of(video.version));
  return response;
}

std::optional<Video> visible(Services& services, const Request& request) {
  const auto video = services.database.retrying(
      [&](store::Connection& connection) { return media::get_video(connection, id_of(request)); });
  const auto person = whose(request);
  if (!video || video->removed_at || (person && video->person && video->person != person))
    return std::nullopt;
  return video;
}

Response folders(Services& services, const Request&) {
  const auto& media = media_of(services);
  return json_response(200, {{"folders", media.folders.names()}, {"files", media.files != nullptr}});
}

Response entries(Services& services, const Request& request) {
  const auto name = request.param("name");
  if (name == media::kFiles)
    throw base::UserError("media_folder_not_found", "what came by tus is listed as videos");
  const auto listing = media_of(services).folders.list(
      name, query_of(request, "under"), extensions_of(request), position_of(request).value_or(""),
      static_cast<std::size_t>(limit_of(request)));
  json items = json::array();
  for (const auto& entry : listing.entries)
    items.push_back({{"name", entry.name},
                     {"folder", entry.folder},
                     {"size", entry.folder ? json() : json(entry.size)},
                     {"modified_at", entry.folder ? json() : json(base::format_utc(entry.modified))}});
  const auto next = listing.more ? std::optional(listing.entries.back().name) : std::nullopt;
  return page_response(std::move(items), next);
}

Response list(Services& services, const Request& request) {
  auto page = services.database.retrying([&](store::Connection& connection) {
    return media::page_of_videos(connection, whose(request), query_of(request, "folder"),
                                 cursor_of(request).value_or(0), limit_of(request) + 1);
  });
  const auto& rules = media_of(services).rules;
  return page_of(request, std::move(page), [&](const auto& one) { return video_json(one, rules); });
}

Response add(Services& services, const Request& request) {
  auto& media = media_of(services);
  const media::VideoDraft draft{.folder = text_member(request, "folder").value_or(""),
                                .path = text_member(request, "path").value_or(""),
                                .title = text_member(request, "title").value_or("")};
  // What came by tus is a video by itself.
  if (draft.folder == media::kFiles)
    throw base::UserError("media_folder_not_found", "what came by tus is a video by itself");
  const auto facts = media::facts_of(media.folders, draft.folder, draft.path);
  auto response = make_once(services, request, [&](store::Connection& connection) {
    const auto added = media::add_video(connection, draft, facts);
    auto answer = video_response(services, added.made ? 201 : 200, added.video);
    answer.headers.set("Location", "/api/v1/videos/" + std::to_string(added.video.id));
    return answer;
  });
  if (response.status == 201 && media.added) media.added();
  return response;
}

Response show(Services& services, const Request& request) {
  const auto video = visible(services, request);
  return video ? video_response(services, 200, *video) : not_found(request, "video");
}

Response edit(Services& services, const Request& request) {
  const auto seen = visible(services, request);
  if (!seen) return not_found(request, "video");
  if (!matches(request, seen->version)) return version_conflict(request, seen->version);
  const auto title = text_member(request, "title").value_or(seen->title);
  const bool changed = services.database.retrying([&](store::Connection& connection) {
    return media::edit_video(connection, seen->id, seen->version, title);
  });
  const auto now = visible(services, request);
  if (!now) return not_found(request, "video");
  return changed ? video_response(services, 200, *now) : version_conflict(request, now->version);
}

Response remove(Services& services, const Request& request) {
  auto& media = media_of(services);
  const auto removed = services.database.retrying([&](store::Connection& connection) {
    return media::remove_video(connection, id_of(request), media.in_use);
  });
  if (removed == media::Removed::not_found) return not_found(request, "video");
  if (removed == media::Removed::in_use)
    return problem(request, 409, "video_in_use", "an upload wants this video: cancel that one first");
  if (media.added) media.added();  // there are bytes to delete
  return no_content();
}

std::vector<Field> entry_fields() {
  return {{.name = "name", .required = true, .max_length = 255, .example = "\"Episode 12.mp4\""},
          {.name = "folder",
           .type = FieldType::boolean,
           .required = true,
           .description = "a folder: list it with under"},
          {.name = "size",
           .type = FieldType::integer,
           .required = true,
           .description = "bytes of a file",
           .example = "104857600",
           .nullable = true},
          {.name = "modified_at",
           .required = true,
           .format = Format::date_time,
           .description = "of a file",
           .nullable = true}};
}

std::vector<Field> with(std::vector<Field> fields, Field more) {
  fields.push_back(std::move(more));
  return fields;
}

Route folders_route() {
  return {.method = "GET",
          .pattern = "/api/v1/media-folders",
          .access = Access::signed_in(Scope::upload),
          .limit = kReads,
          .answers = {{200,
                       "their names",
                       {{.name = "folders",
                         .type = FieldType::strings,
                         .required = true,
                         .description = "media folders",
                         .example = "[\"shows\"]"},
                        {.name = "files",
                         .type = FieldType::boolean,
                         .required = true,
                         .description = "files may come by tus"}}}},
          .summary = "Where videos may be"};
}

Route entries_route() {
  auto query = with(paging(), {.name = "under",
                               .max_length = 1024,
                               .description = "a folder in it; the folder itself where not given",
                               .example = "\"2026\""});
  query = with(
      query,
      {.name = "extensions", .description = "only files that end so, with commas", .example = "\"mp4,mov\""});
  return {.method = "GET",
          .pattern = "/api/v1/media-folders/{name}",
          .access = Access::signed_in(Scope::upload),
          .limit = kReads,
          .query = query,
          .answers = {{200, "a page, by name; links, devices and unreadable names are left out",
                       page_fields(entry_fields())},
                      {404, "media_folder_not_found or media_file_not_found", {}}},
          .summary = "What stands in a media folder"};
}

Field title_field() {
  return {.name = "title",
          .max_length = 100,
          .description = "the file's name where not given",
          .example = "\"Episode 12\""};
}
}  // namespace

void add_videos(std::vector<Route>& routes, Services& services) {
  const auto add_route = [&](Route route, Response (*handler)(Services&, const Request&)) {
    route.handler = [&services, handler](const Request& request) { return handler(services, request); };
    routes.push_back(std::move(route));
  };
  add_route(folders_route(), folders);
  add_route(entries_route(), entries);
  add_route(
      {.method = "GET",
       .pattern = "/api/v1/videos",
       .access = Access::signed_in(Scope::read),
       .limit = kReads,
       .query = with(paging(), {.name = "folder", .description = "only of this one", .example = "\"shows\""}),
       .answers = {{200, "a page, by id: one's own, and those of media folders",
                    page_fields(video_fields())}},
       .summary = "Videos"},
      list);
  add_route(
      {.method = "POST",
       .pattern = "/api/v1/videos",
       .access = Access::signed_in(Scope::upload),
       .limit = kWrites,
       .fields =
           {{.name = "folder", .required = true, .description = "a media folder", .example = "\"shows\""},
            {.name = "path",
             .required = true,
             .max_length = 1024,
             .description = "of a file in it",
             .example = "\"2026/Episode 12.mp4\""},
            title_field()},
       .answers = {{201, "added; it is measured in a moment", video_fields()},
                   {200, "it was there already", video_fields()},
                   {404, "media_folder_not_found or media_file_not_found", {}},
                   {422, "invalid_path, invalid_title or empty_file", {}}},
       .summary = "Adds a file of a media folder"},
      add);
  add_route({.method = "GET",
             .pattern = "/api/v1/videos/{id}",
             .access = Access::signed_in(Scope::read),
             .limit = kReads,
             .answers = {{200, "the video; ETag is its version", video_fields()}, {404, "not_found", {}}},
             .summary = "One video"},
            show);
  add_route({.method = "PATCH",
             .pattern = "/api/v1/videos/{id}",
             .access = Access::own(Thing::video, Scope::upload),
             .limit = kWrites,
             .fields = {title_field()},
             .headers = {if_match()},
             .answers = {{200, "changed", video_fields()},
                         {404, "not_found", {}},
                         {412, "version_conflict: somebody was faster", {}},
                         {422, "invalid_title", {}}},
             .summary = "Gives a video another title"},
            edit);
  add_route({.method = "DELETE",
             .pattern = "/api/v1/videos/{id}",
             .access = Access::own(Thing::video, Scope::upload),
             .limit = kWrites,
             .answers = {{204, "gone; a file of a media folder stays where it is", {}},
                         {404, "not_found", {}},
                         {409, "video_in_use: an upload wants it", {}}},
             .summary = "Removes a video"},
            remove);
}

}  // namespace fencepost::http
