// Images of announcements. Each act is an edit of the announcement (or part) that they go with, and answers
// with that. What people upload is served as what it was found to be, to be saved and not to be run.

#include <algorithm>
#include <nlohmann/json.hpp>

#include "apps/announce/image_links.hpp"
#include "http/api/announcement_json.hpp"
#include "http/api/common.hpp"
#include "http/api/etag.hpp"

namespace fencepost::http {

namespace {
using announce::Announcement;
using announce::ImageChange;

constexpr const char* kImages = "/api/v1/announcements/{id}/images";
constexpr const char* kOne = "/api/v1/announcements/{id}/images/{image}";
constexpr RateLimit kUploads{120, std::chrono::seconds(60)};
// Of an address: a platform's, or a proxy's where --trusted-proxies does not name it.
constexpr RateLimit kFetches{600, std::chrono::seconds(60)};

std::vector<connect::ImageFacts> facts_of(const Announcement& announcement) {
  std::vector<connect::ImageFacts> facts;
  for (const auto& image : announcement.images) facts.push_back(image.facts);
  return facts;
}

// Told at once, and not when its time has come. Of the version that was seen, as the edit is.
void check_platform(Services& services, const Announcement& seen,
                    const std::vector<connect::ImageFacts>& images) {
  const auto account = services.database.retrying(
      [&](store::Connection& lease) { return accounts::get_connection(lease, seen.connection_id); });
  if (!account) return;
  const auto& connector = services.connections.outside().connector(account->platform);
  connect::check_images(images, connector.image_rules({account->target, account->account_id,
                                                       account->account_name, account->facts}));
}

// What is edited, in the version that If-Match names; else the answer.
std::variant<Announcement, Response> seen_by(Services& services, const Request& request) {
  auto seen = services.announcements.get(id_of(request));
  if (!seen) return not_found(request, "announcement");
  if (!matches(request, seen->version)) return version_conflict(request, seen->version);
  return std::move(*seen);
}

std::string text_of(const Request& request, const char* name) {
  const auto at = request.query.find(name);
  return at == request.query.end() ? "" : at->second;
}

Response add(Services& services, const Request& request) {
  auto found = seen_by(services, request);
  if (auto* refused = std::get_if<Response>(&found)) return std::move(*refused);
  const auto& seen = std::get<Announcement>(found);
  announce::NewImage image{request.body, text_of(request, "alt"), positive(text_of(request, "position"))};
  auto facts = facts_of(seen);
  facts.push_back(announce::checked_image(image.bytes, image.alt));
  check_platform(services, seen, facts);
  return edit_response(
      request, services.announcements.add_image(seen.id, seen.version, image, actor_of(request)), 201);
}

Response change(Services& services, const Request& request) {
  auto found = seen_by(services, request);
  if (auto* refused = std::get_if<Response>(&found)) return std::move(*refused);
  const auto& seen = std::get<Announcement>(found);
  const auto id = id_of(request, "image");
  const ImageChange wanted{text_member(request, "alt"), number_member(request, "position")};
  auto facts = facts_of(seen);
  for (std::size_t i = 0; i < seen.images.size(); ++i)
    if (seen.images[i].id == id) facts[i].alt = wanted.alt.value_or(facts[i].alt);
  if (wanted.alt) check_platform(services, seen, facts);
  return edit_response(
      request, services.announcements.change_image(seen.id, seen.version, id, wanted, actor_of(request)));
}

Response remove(Services& services, const Request& request) {
  auto found = seen_by(services, request);
  if (auto* refused = std::get_if<Response>(&found)) return std::move(*refused);
  const auto& seen = std::get<Announcement>(found);
  return edit_response(request, services.announcements.remove_image(
                                    seen.id, seen.version, id_of(request, "image"), actor_of(request)));
}

Response list(Services& services, const Request& request) {
  const auto found = services.announcements.get(id_of(request));
  if (!found) return not_found(request, "announcement");
  auto response = json_response(200, {{"images", announcement_json(*found).at("images")}});
  response.headers.set("ETag", etag_of(found->version));
  return response;
}

// What one sees who knows its address; nothing keeps it, so that it is gone when the address is.
Response linked(Services& services, const Request& request) {
  auto image = announce::linked_image(services.database, services.vault, request.param("link"));
  if (!image) return not_found(request, "image");
  Response response{200, {{"Content-Type", image->media_type}}, std::move(image->bytes)};
  response.headers.set("Content-Security-Policy", "default-src 'none'; sandbox");
  response.headers.set("X-Robots-Tag", "noindex");
  return response;
}

Response bytes(Services& services, const Request& request) {
  const auto id = id_of(request, "image");
  auto image = services.announcements.image(id_of(request), id);
  if (!image) return not_found(request, "image");
  const auto ending = image->media_type.substr(image->media_type.find('/') + 1);
  Response response{200, {{"Content-Type", image->media_type}}, std::move(image->bytes)};
  response.headers.set("Content-Disposition",
                       "attachment; filename=\"image-" + std::to_string(id) + "." + ending + "\"");
  response.headers.set("Content-Security-Policy", "default-src 'none'; sandbox");
  // An id never stands for other bytes.
  response.headers.set("Cache-Control", "private, max-age=3600");
  return response;
}

Field position_field(const char* description) {
  return {.name = "position",
          .type = FieldType::integer,
          .description = description,
          .example = "1",
          .minimum = 1,
          .maximum = announce::kMostImages};
}

// In a query it is short: a request's head has its limit.
Field alt_field(bool query) {
  return {.name = "alt",
          .max_length = query ? 1000U : 5000U,
          .description = query ? "what it shows, for those who cannot see it; a longer one by PATCH"
                               : "what it shows, for those who cannot see it",
          .example = "\"A cat at a microphone\""};
}

Route edit_route(const char* method, const char* pattern, const char* summary) {
  Route route{.method = method,
              .pattern = pattern,
              .access = Access::own(Thing::announcement, Scope::announce),
              .limit = kWrites,
              .summary = summary};
  route.headers = {if_match()};
  route.answers = {{200, "the announcement as it is now", announcement_fields()},
                   {404, "not_found", {}},
                   {409, "in_flight, outcome_unknown or already_posted", {}},
                   {412, "version_conflict: somebody was faster", {}}};
  return route;
}

Route add_route() {
  auto route = edit_route("POST", kImages, "Adds an image: JPEG, PNG, GIF or WebP, as its bytes are");
  route.limit = kUploads;
  route.query = {alt_field(true),
                 position_field("before the one that stands there; behind all where not given")};
  route.body_bytes = announce::kImageBytes;
  route.raw_body = "image/*";
  route.answers[0] = {201, "the announcement with it", announcement_fields()};
  route.answers.push_back({422, "invalid_image: it is none, or the platform does not take it", {}});
  return route;
}

Route change_route() {
  auto route = edit_route("PATCH", kOne, "Changes an image's description or its place");
  route.fields = {alt_field(false), position_field("it takes this place, and the others close up")};
  route.answers.push_back({422, "invalid_image or invalid_text", {}});
  return route;
}

Route read_route(const char* pattern, const char* summary, Answer answer) {
  return {.method = "GET",
          .pattern = pattern,
          .access = Access::of(Thing::announcement, Relation::host, Scope::read),
          .limit = kReads,
          .answers = {std::move(answer), {404, "not_found", {}}},
          .summary = summary};
}
// Open: a platform that fetches an image signs in nowhere. Its address is the proof
// (announce/image_links.hpp).
Route linked_route() {
  return {.method = "GET",
          .pattern = announce::kImageLinks + std::string("{link}"),
          .access = Access::anyone,
          .limit = kFetches,
          .answers = {{200, "its bytes", {}, "image/*"},
                      {404, "not_found: nothing is at work on it, or nothing ever was", {}}},
          .summary = "An image, for the platform that fetches it while it is posted"};
}
}  // namespace

void add_announcement_images(std::vector<Route>& routes, Services& services) {
  const auto put = [&](Route route, Response (*handler)(Services&, const Request&)) {
    const bool keyed = route.method == "POST";
    route.handler = [&services, handler, keyed](const Request& request) {
      return keyed ? act_once(services, request, [&] { return handler(services, request); })
                   : handler(services, request);
    };
    routes.push_back(std::move(route));
  };
  const auto fields = announcement_fields();
  const auto images =
      std::find_if(fields.begin(), fields.end(), [](const Field& field) { return field.name == "images"; });
  put(read_route(kImages, "The images of an announcement, in their order",
                 {200, "all of them; ETag is the announcement's version", {*images}}),
      list);
  put(add_route(), add);
  put(read_route(kOne, "An image itself", {200, "its bytes, to be saved", {}, "image/*"}), bytes);
  put(linked_route(), linked);
  put(change_route(), change);
  put(edit_route("DELETE", kOne, "Takes an image away"), remove);
}

}  // namespace fencepost::http
