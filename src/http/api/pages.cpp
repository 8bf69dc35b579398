// The pages of web/, which are a part of the program: no path of a request ever reaches a file system.

#include <algorithm>

#include "base/error.hpp"
#include "http/api/assets.hpp"
#include "http/api/common.hpp"

namespace fencepost::http {

namespace {
constexpr const char* kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

// What people may open or reload. All of it is one file, whose script shows what the address says
// (web/src/app.tsx).
constexpr const char* kPages[] = {"/",           "/signin",           "/welcome",       "/shows",
                                  "/shows/{id}", "/episodes/{id}",    "/uploads",       "/connections",
                                  "/pipelines",  "/pipelines/{name}", "/queues/{name}", "/activity",
                                  "/settings"};

bool has_tag(const std::string& if_none_match, std::string_view etag) {
  return if_none_match == "*" || if_none_match.find(etag) != std::string::npos;
}

// Whether an Accept-Encoding takes gzip (RFC 9110 §12.5.3); of the weights only q=0 matters here.
bool takes_gzip(const std::string* accepted) {
  if (accepted == nullptr) return false;
  const auto at = accepted->find("gzip");
  if (at == std::string::npos) return false;
  const auto end = accepted->find(',', at);
  const auto weight = accepted->substr(at, end == std::string::npos ? end : end - at);
  return weight.find("q=0") == std::string::npos || weight.find_first_of("123456789") != std::string::npos;
}

Response served(const Request& request, const Asset& asset, const char* caching) {
  const bool packed = takes_gzip(request.headers.find("Accept-Encoding"));
  const auto etag = "\"" + std::string(asset.hash) + (packed ? "-gz\"" : "\"");
  Response response{200,
                    {{"Content-Type", std::string(asset.type)},
                     {"ETag", etag},
                     {"Cache-Control", caching},
                     {"Vary", "Accept-Encoding"},
                     {"Content-Security-Policy", kPolicy},
                     {"Referrer-Policy", "no-referrer"},
                     {"Cross-Origin-Opener-Policy", "same-origin"},
                     {"Cross-Origin-Resource-Policy", "same-origin"}},
                    ""};
  const auto* seen = request.headers.find("If-None-Match");
  if (seen != nullptr && has_tag(*seen, etag)) {
    response.status = 304;
    return response;
  }
  if (packed) response.headers.set("Content-Encoding", "gzip");
  response.body = packed ? asset.packed : asset.content;
  return response;
}

const Asset* asset_named(std::string_view name) {
  const auto all = assets();
  const auto at = std::find_if(all.begin(), all.end(), [&](const Asset& one) { return one.name == name; });
  return at == all.end() ? nullptr : &*at;
}

Response asset_of(const Request& request) {
  const auto& name = request.param("name");
  const auto* asset = asset_named(name);
  if (asset == nullptr || name.ends_with(".html")) return not_found(request, "asset");
  return served(request, *asset, "public, max-age=31536000, immutable");
}
}  // namespace

void add_pages(std::vector<Route>& routes) {
  const auto* index = asset_named("index.html");
  FENCEPOST_ASSERT(index != nullptr);
  for (const auto* pattern : kPages) {
    Route page{.method = "GET", .pattern = pattern, .access = Access::anyone, .limit = kReads};
    page.answers = {{200, "the page", {}, "text/html"}, {304, "as you have it", {}}};
    page.summary = "A page for people";
    page.any_query = true;
    // Asked for each time, so that a new version's page names its own assets.
    page.handler = [index](const Request& request) { return served(request, *index, "no-cache"); };
    routes.push_back(std::move(page));
  }
  Route assets{.method = "GET", .pattern = "/assets/{name}", .access = Access::anyone, .limit = kReads};
  assets.answers = {{200, "the asset; its name has its hash", {}, "text/css"},
                    {304, "as you have it", {}},
                    {404, "not_found", {}}};
  assets.summary = "Scripts and styles of the pages";
  assets.handler = asset_of;
  routes.push_back(std::move(assets));
}

}  // namespace fencepost::http
