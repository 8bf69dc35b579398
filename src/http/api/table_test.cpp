// What holds for every route, read from the table itself.

#include <gmock/gmock.h>

#include <set>

#include "accounts/tokens.hpp"
#include "http/api/testing/fixture.hpp"
#include "http/openapi.hpp"

namespace fencepost::http {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

class TableTest : public testing::ApiTest {
 protected:
  static std::string target_of(const Route& route) {
    std::string target;
    for (const auto& segment : pattern_segments(route.pattern))
      target += '/' + (segment.starts_with('{') ? std::string("1") : segment);
    return target;
  }
};

TEST_F(TableTest, OnlyTheseAreOpen) {
  std::set<std::string> open;
  for (const auto& route : dispatcher->routes())
    if (route.access.open) open.insert(route.method + ' ' + route.pattern);
  EXPECT_THAT(
      open, UnorderedElementsAre(
                "GET /healthz", "GET /readyz", "GET /metrics", "GET /api/v1/openapi.json", "GET /api/docs",
                "GET /api/docs.css", "GET /", "GET /signin", "GET /welcome", "GET /shows", "GET /shows/{id}",
                "GET /episodes/{id}", "GET /connections", "GET /pipelines", "GET /pipelines/{name}",
                "GET /queues/{name}", "GET /uploads", "GET /activity", "GET /settings", "GET /assets/{name}",
                "GET /api/v1/image-links/{link}", "OPTIONS /api/v1/files", "POST /api/v1/session",
                "POST /api/v1/session/first-run", "POST /api/v1/invitations/accept"));
}

TEST_F(TableTest, EveryOtherRouteRefusesWhoHasNoValidToken) {
  const auto revoked = token("revoked");
  {
    const auto lease = database->acquire();
    ASSERT_TRUE(accounts::revoke_token(*lease, accounts::authenticate(*lease, revoked)->token_id));
  }
  auto wrong = admin;
  wrong.back() = wrong.back() == 'A' ? 'B' : 'A';
  int refused = 0, open = 0;
  for (const auto& route : dispatcher->routes()) {
    if (route.access.open && ++open > 0) continue;
    for (const auto& who : {std::string(), wrong, revoked, std::string("nonsense")}) {
      const auto response = raw(route.method, target_of(route), "", {}, who);
      EXPECT_EQ(response.status, 401) << route.method << ' ' << route.pattern;
      EXPECT_NE(response.headers.find("WWW-Authenticate"), nullptr);
      ++refused;
    }
    // A token of its own: one of the routes revokes the first.
    EXPECT_NE(raw(route.method, target_of(route), "", {}, token("one")).status, 401) << route.pattern;
  }
  EXPECT_EQ(refused, 4 * (static_cast<int>(dispatcher->routes().size()) - open));
}

TEST_F(TableTest, EveryRouteIsDescribedWithItsAnswers) {
  const auto document = json::parse(raw("GET", kOpenApiPath, "", {}, "").body);
  EXPECT_EQ(document["info"]["version"], "1.2.3");
  for (const auto& route : dispatcher->routes()) {
    EXPECT_FALSE(route.summary.empty()) << route.pattern;
    ASSERT_FALSE(route.answers.empty()) << route.pattern;
    EXPECT_LT(route.answers[0].status, 400) << route.pattern << " does not say what it answers";
    for (const auto& answer : route.answers) {
      const bool has_body = answer.status < 300 && answer.status != 204;
      EXPECT_EQ(has_body && answer.media == "application/json" && answer.fields.empty(), false)
          << route.method << ' ' << route.pattern << " does not say what its " << answer.status << " has";
    }
    if (!route.pattern.starts_with("/api/v1/")) continue;
    std::string method = route.method;
    for (char& c : method) c = static_cast<char>(c - 'A' + 'a');
    const auto& operation = document.at("paths").at(route.pattern).at(method);
    for (const auto& answer : route.answers) {
      const auto& described = operation.at("responses").at(std::to_string(answer.status));
      EXPECT_EQ(described.at("description"), answer.description) << route.pattern;
      EXPECT_TRUE(answer.status >= 300 || answer.status == 204 || described.contains("content"))
          << route.method << ' ' << route.pattern << " does not say what it answers";
    }
  }
}

// A key is its principal's, and who is not signed in is none.
TEST_F(TableTest, EveryPostOfSomebodyTakesAnIdempotencyKey) {
  for (const auto& route : dispatcher->routes()) {
    const bool takes = std::any_of(route.headers.begin(), route.headers.end(),
                                   [](const Field& field) { return field.name == "Idempotency-Key"; });
    EXPECT_EQ(takes, route.method == "POST" && !route.access.open) << route.method << ' ' << route.pattern;
  }
}

TEST_F(TableTest, ThePageShowsEveryRouteAndRunsNothing) {
  const auto page = raw("GET", "/api/docs", "", {}, "");
  EXPECT_THAT(*page.headers.find("Content-Security-Policy"), HasSubstr("default-src 'none'"));
  EXPECT_THAT(page.body, Not(HasSubstr("<script")));
  EXPECT_THAT(page.body, Not(HasSubstr("style=")));
  for (const auto& route : dispatcher->routes()) {
    if (!route.pattern.starts_with("/api/v1/")) continue;
    EXPECT_THAT(page.body, HasSubstr(route.pattern));
  }
  EXPECT_EQ(*raw("GET", "/api/docs.css", "", {}, "").headers.find("Content-Type"), "text/css; charset=utf-8");
}

}  // namespace
}  // namespace fencepost::http
