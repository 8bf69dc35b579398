#include "http/routes.hpp"

#include <gtest/gtest.h>

#include <type_traits>

namespace fencepost::http {
namespace {

Route route(const std::string& method, const std::string& pattern) {
  return {.method = method,
          .pattern = pattern,
          .access = Access::anyone,
          .limit = {120, std::chrono::seconds(60)},
          .handler = [](const Request&) { return Response{}; }};
}

// "GET /pattern {name=value}", or the methods allowed, or "404".
std::string found(const Router& router, std::string_view method, std::string_view path) {
  const auto match = router.find(method, parse_target(path));
  if (match.route == nullptr) return match.allow.empty() ? "404" : "405 " + match.allow;
  std::string out = match.route->method + " " + match.route->pattern;
  for (const auto& [name, value] : match.params) out += " " + name + "=" + value;
  return out;
}

TEST(Router, FindsLiteralsBeforeParameters) {
  const std::vector<Route> routes = {route("GET", "/a/{x}"),       route("GET", "/a/b"),
                                     route("POST", "/a/{x}"),      route("GET", "/a/{x}/{y}"),
                                     route("GET", "/a/b/c"),       route("GET", "/a/{x}/c"),
                                     route("PUT", "/{x}/{y}/{z}"), route("GET", "/")};
  const Router router(routes);
  EXPECT_EQ(found(router, "GET", "/a/b"), "GET /a/b");
  EXPECT_EQ(found(router, "GET", "/a/q"), "GET /a/{x} x=q");
  EXPECT_EQ(found(router, "GET", "/a/b/c"), "GET /a/b/c");
  EXPECT_EQ(found(router, "GET", "/a/q/c"), "GET /a/{x}/c x=q");
  EXPECT_EQ(found(router, "GET", "/a/b/d"), "GET /a/{x}/{y} x=b y=d");
  EXPECT_EQ(found(router, "PUT", "/q/b/d"), "PUT /{x}/{y}/{z} x=q y=b z=d");
  EXPECT_EQ(found(router, "GET", "/"), "GET /");
  EXPECT_EQ(found(router, "GET", "/a/%C3%A9%20x"), "GET /a/{x} x=é x");
}

TEST(Router, SaysWhatIsMissing) {
  const std::vector<Route> routes = {route("GET", "/a/{x}"), route("POST", "/a/{x}"), route("POST", "/a/b")};
  const Router router(routes);
  EXPECT_EQ(found(router, "GET", "/b"), "404");
  EXPECT_EQ(found(router, "GET", "/a"), "404");
  EXPECT_EQ(found(router, "GET", "/a/"), "404");
  EXPECT_EQ(found(router, "GET", "//a"), "404");
  EXPECT_EQ(found(router, "GET", "/a/b/"), "404");
  EXPECT_EQ(found(router, "GET", "/A/x"), "404");
  EXPECT_EQ(found(router, "DELETE", "/a/x"), "405 GET, HEAD, POST");
  EXPECT_EQ(found(router, "get", "/a/x"), "405 GET, HEAD, POST");
  EXPECT_EQ(found(router, "GET", "/a/b"), "405 POST");
  EXPECT_EQ(found(router, "HEAD", "/a/x"), "GET /a/{x} x=x");
  EXPECT_EQ(found(router, "HEAD", "/a/b"), "405 POST");
}

TEST(RouterDeathTest, RefusesAnUnclearTable) {
  const auto build = [](std::vector<Route> routes) { return Router(routes); };
  EXPECT_DEATH(build({route("GET", "/a/{x}"), route("GET", "/a/{y}")}), "bug");
  EXPECT_DEATH(build({route("GET", "/a/{x}"), route("PUT", "/a/{y}")}), "bug");
  EXPECT_DEATH(build({route("GET", "/{x}/{x}")}), "bug");
  EXPECT_DEATH(build({route("GET", "/a{x}")}), "bug");
  EXPECT_DEATH(build({route("GET", "a")}), "bug");
  EXPECT_DEATH(build({route("HEAD", "/a")}), "bug");
  auto without_handler = route("GET", "/a");
  without_handler.handler = {};
  EXPECT_DEATH(build({without_handler}), "bug");
  auto unnamed = route("GET", "/a/{id}");
  unnamed.access = Access::show(Relation::host, Scope::read, "show");
  EXPECT_DEATH(build({unnamed}), "bug");
}

// What is missing is found by the compiler: a rule and a limit have no default.
static_assert(!std::is_default_constructible_v<Access> && !std::is_default_constructible_v<RateLimit>);
static_assert(!std::is_default_constructible_v<Route>);

}  // namespace
}  // namespace fencepost::http
