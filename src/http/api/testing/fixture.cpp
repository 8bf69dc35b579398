#include "http/api/testing/fixture.hpp"

#include "accounts/tokens.hpp"
#include "http/openapi.hpp"
#include "store/sqlite/sqlite_database.hpp"

namespace fencepost::http::testing {

using nlohmann::json;

ApiTest::ApiTest()
    : vault(accounts::Vault::open(database.folder() + "/key", true)),
      http({.addresses = {.allow_private = true}}, base::system_clock()),
      services{*database,
               vault,
               passwords,
               stage.service(),
               stage.engine(),
               {&stage.fence(), 1},
               {&webhook},
               announce::testing::migrations(),
               "1.2.3"},
      admin(token("admin")),
      dispatcher(std::make_unique<Dispatcher>(routes(services), authenticator(services), base::system_clock(),
                                              dispatch_options(services))),
      document_(json::parse(openapi(dispatcher->routes(), "1.2.3"))) {}

ApiTest::~ApiTest() = default;

std::string ApiTest::token(const std::string& name) {
  const auto lease = database->acquire();
  return accounts::create_token(*lease, name).reveal();
}

Response ApiTest::raw(const std::string& method, const std::string& target, const std::string& body,
                      Headers headers, const std::string& who, const std::string& peer) {
  if (!who.empty()) headers.set("Authorization", "Bearer " + who);
  if (!body.empty()) headers.set("Content-Type", "application/json");
  return dispatcher->handle(
      {.method = method, .target = target, .headers = headers, .body = body, .peer = peer});
}

Response ApiTest::send(const std::string& method, const std::string& target, const json& body,
                       const Headers& headers) {
  auto response = raw(method, target, body.is_null() ? "" : body.dump(), headers, admin);
  expect_documented(method, target, response.status);
  return response;
}

void ApiTest::expect_documented(const std::string& method, const std::string& target, int status) const {
  const auto match = Router(dispatcher->routes()).find(method, parse_target(target));
  if (match.route == nullptr || !match.route->pattern.starts_with("/api/v1/")) return;
  std::string lower = method;
  for (char& c : lower) c = static_cast<char>(c - 'A' + 'a');
  EXPECT_TRUE(document_.at("paths")
                  .at(match.route->pattern)
                  .at(lower)
                  .at("responses")
                  .contains(std::to_string(status)))
      << method << ' ' << match.route->pattern << " answers " << status << ", which its OpenAPI does not say";
}

std::string ApiTest::code(const Response& response) {
  auto out = std::to_string(response.status);
  if (response.status >= 400) out += ' ' + json_of(response).value("code", "");
  return out;
}

std::string ApiTest::answer(const Response& response) {
  return response.status >= 400
             ? code(response)
             : std::to_string(response.status) + ' ' + json_of(response).value("answer", "");
}

std::string ApiTest::later(const std::string& text) {
  const auto at = base::format_utc(base::system_clock().wall() + announce::testing::kHour);
  const auto made =
      send("POST", "/api/v1/announcements", {{"connection_id", connection}, {"text", text}, {"run_at", at}});
  EXPECT_EQ(code(made), "201") << made.body;
  return *made.headers.find("Location");
}

Shifted::Shifted(base::Duration by) { store::sqlite::shift_clock_for_tests(by); }
Shifted::~Shifted() { store::sqlite::shift_clock_for_tests(base::Duration(0)); }

}  // namespace fencepost::http::testing
