// The pages of web/, which are a part of the program: no path of a request ever reaches a file system.

#include <algorithm>

#include "http/api/common.hpp"
#include "http/assets.hpp"

namespace fencepost::http {

namespace {
constexpr const char* kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

bool has_tag(const std::string& if_none_match, std::string_view etag) {
  return if_none_match == "*" || if_none_match.find(etag) != std::string::npos;
}

Response served(const Request& request, const web::Asset& asset, const char* caching) {
  Response response{200,
                    {{"Content-Type", std::string(asset.type)},
                     {"ETag", std::string(asset.etag)},
                     {"Cache-Control", caching},
                     {"Content-Security-Policy", kPolicy},
                     {"Referrer-Policy", "no-referrer"},
                     {"Cross-Origin-Opener-Policy", "same-origin"},
                     {"Cross-Origin-Resource-Policy", "same-origin"}},
                    ""};
  const auto* seen = request.headers.find("If-None-Match");
  if (seen != nullptr && has_tag(*seen, asset.etag))
    response.status = 304;
  else
    response.body = asset.content;
  return response;
}

const web::Asset* asset_named(std::string_view name) {
  const auto at = std::find_if(std::begin(web::assets), std::end(web::assets),
                               [&](const web::Asset& asset) { return asset.name == name; });
  return at == std::end(web::assets) ? nullptr : at;
}

Route page(const char* pattern, const char* file, const char* summary) {
  const auto* asset = asset_named(file);
  FENCEPOST_ASSERT(asset != nullptr);
  Route route{.method = "GET", .pattern = pattern, .access = Access::anyone, .limit = kReads};
  route.answers = {{200, "the page", {}, "text/html"}, {304, "as you have it", {}}};
  route.summary = summary;
  // Asked for each time, so that a new version's page names its own assets.
  route.handler = [asset](const Request& request) { return served(request, *asset, "no-cache"); };
  return route;
}

Response asset_of(const Request& request) {
  const auto& name = request.param("name");
  const auto* asset = asset_named(name);
  if (asset == nullptr || name.ends_with(".html")) return not_found(request, "asset");
  return served(request, *asset, "public, max-age=31536000, immutable");
}
}  // namespace

void add_pages(std::vector<Route>& routes) {
  routes.push_back(page("/", "index.html", "What runs here"));
  routes.push_back(page("/signin", "signin.html", "Where people sign in"));
  routes.push_back(page("/welcome", "welcome.html", "Where the first person begins"));
  Route assets{.method = "GET", .pattern = "/assets/{name}", .access = Access::anyone, .limit = kReads};
  assets.answers = {{200, "the asset; its name has its hash", {}, "text/css"},
                    {304, "as you have it", {}},
                    {404, "not_found", {}}};
  assets.summary = "Scripts and styles of the pages";
  assets.handler = asset_of;
  routes.push_back(std::move(assets));
}

}  // namespace fencepost::http
