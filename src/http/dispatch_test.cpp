#include "http/dispatch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "accounts/sessions.hpp"
#include "base/error.hpp"

namespace fencepost::http {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

class FakeClock final : public base::Clock {
 public:
  base::BootTime boot() const override { return now; }
  base::Micros wall() const override { return 0; }
  base::BootTime now{1h};
};

constexpr auto kRead = accounts::Scopes::of(Scope::read);
constexpr Access kMember = Access::signed_in(Scope::read);

Response echo(const Request& request) {
  return json_response(200, {{"path", request.path},
                             {"params", request.path_params},
                             {"query", request.query},
                             {"who", request.principal ? request.principal->name : ""},
                             {"body", request.json ? *request.json : json(request.body)}});
}

Route route(const char* method, const char* pattern, Access access, Handler handler = echo) {
  return {.method = method,
          .pattern = pattern,
          .access = access,
          .limit = {120, 60s},
          .handler = std::move(handler)};
}

template <typename E>
Handler throwing(E error) {
  return [error](const Request&) -> Response { throw error; };
}

std::vector<Route> table() {
  std::vector<Route> routes;
  routes.push_back(route("GET", "/open/{id}", Access::anyone));
  routes.back().query = {{.name = "limit", .type = FieldType::integer}};
  routes.push_back(route("GET", "/mine", kMember));
  routes.push_back(route("POST", "/shows", kMember));
  routes.back().fields = {{.name = "title", .required = true}};
  routes.push_back(route("PATCH", "/shows/{id}", Access::anyone));
  routes.back().fields = {{.name = "title"}};
  routes.back().headers = {{.name = "If-Match", .required = true, .max_length = 5}};
  routes.push_back(route("POST", "/csv", Access::anyone));
  routes.back().raw_body = "text/csv";
  routes.back().body_bytes = 10;
  routes.push_back(route("GET", "/limited", Access::anyone));
  routes.back().limit = {2, 60s};
  routes.push_back(route("GET", "/secret", kMember));
  routes.back().limit = {2, 60s};
  const auto fails = [&](const char* pattern, Handler handler) {
    routes.push_back(route("GET", pattern, Access::anyone, std::move(handler)));
  };
  fails("/user", throwing(base::UserError("already_posted", "it is out already")));
  fails("/user-new-code", throwing(base::UserError("no_such_colour", "pick another")));
  fails("/busy", throwing(base::InfraError("deadlock in SELECT secret_sql", {.retryable = true})));
  fails("/gone", throwing(base::InfraError("secret_host", {.retryable = true, .poisoned = true})));
  fails("/doubt",
        throwing(base::InfraError("secret_host", {.retryable = true, .poisoned = true, .in_doubt = true})));
  fails("/infra", throwing(base::InfraError("secret_sql", {})));
  fails("/std", throwing(std::runtime_error("secret_path")));
  fails("/int", throwing(42));
  return routes;
}

std::optional<Principal> ada(const Credential& credential) {
  const auto& secret = credential.secret.reveal();
  if (secret == "database-gone") throw base::InfraError("secret_host", {.retryable = true, .poisoned = true});
  if (credential.kind == Credential::Kind::session && secret == "good-session")
    return Principal{.name = "ada", .person = 7, .role = Role::member, .session_id = 1};
  if (credential.kind == Credential::Kind::token && secret == "good-token")
    return Principal{.token_id = 7, .name = "ada", .role = Role::member, .scopes = kRead};
  return std::nullopt;
}

class DispatchTest : public ::testing::Test {
 protected:
  Response send(const std::string& method, const std::string& target, Headers headers = {},
                const std::string& body = {}, const std::string& peer = "192.0.2.1") const {
    return dispatcher.handle(
        {.method = method, .target = target, .headers = std::move(headers), .body = body, .peer = peer});
  }
  static json body_of(const Response& response) { return json::parse(response.body); }
  static std::string code_of(const Response& response) {
    return std::to_string(response.status) + " " + body_of(response).value("code", "");
  }

  FakeClock clock;
  Dispatcher dispatcher{table(), ada, clock};
  const Headers bearer{{"Authorization", "Bearer good-token"}};
  const Headers json_type{{"Content-Type", "application/json; charset=utf-8"}};
};

TEST_F(DispatchTest, CallsTheHandlerWithWhatWasAsked) {
  const auto response = send("GET", "/open/a%20b?limit=3");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(body_of(response)["params"], json({{"id", "a b"}}));
  EXPECT_EQ(body_of(response)["query"], json({{"limit", "3"}}));
  EXPECT_EQ(body_of(response)["body"], json::object());
  EXPECT_EQ(send("HEAD", "/open/x").status, 200);
}

TEST_F(DispatchTest, RefusesPathsMethodsAndQueries) {
  EXPECT_EQ(code_of(send("GET", "/nothing")), "404 not_found");
  EXPECT_EQ(code_of(send("GET", "/open/..")), "400 bad_target");
  EXPECT_EQ(code_of(send("GET", "/open/a%2fb")), "400 bad_target");
  const auto response = send("DELETE", "/open/x");
  EXPECT_EQ(code_of(response), "405 method_not_allowed");
  EXPECT_EQ(*response.headers.find("Allow"), "GET, HEAD");
  EXPECT_EQ(code_of(send("OPTIONS", "/open/x")), "405 method_not_allowed");
  EXPECT_EQ(code_of(send("GET", "/open/x?limit=many")), "422 invalid_field");
  EXPECT_EQ(code_of(send("GET", "/open/x?other=1")), "422 invalid_field");
}

TEST_F(DispatchTest, EveryAnswerHasARequestId) {
  const auto given = send("GET", "/nothing", {{"X-Request-Id", "mine-1"}});
  EXPECT_EQ(*given.headers.find("X-Request-Id"), "mine-1");
  EXPECT_EQ(body_of(given)["request_id"], "mine-1");
  for (const auto* target : {"/open/x", "/nothing", "/std", "/%", "/mine"}) {
    const auto made = send("GET", target, {{"X-Request-Id", "no good\x01"}});
    EXPECT_EQ(made.headers.find("X-Request-Id")->size(), 32U) << target;
  }
}

TEST_F(DispatchTest, BearerRoutesWantAGoodToken) {
  EXPECT_EQ(body_of(send("GET", "/mine", bearer))["who"], "ada");
  EXPECT_EQ(send("GET", "/mine", {{"authorization", "bEaReR  good-token "}}).status, 200);
  const Headers without[] = {
      {},
      {{"Authorization", "Basic good-token"}},
      {{"Authorization", "Bearer"}},
      {{"Authorization", "Bearer "}},
      {{"Authorization", "Bearer good-token, x"}},
      {{"Authorization", "Bearer good-token"}, {"Authorization", "Bearer good-token"}}};
  for (const auto& headers : without) {
    const auto response = send("GET", "/mine", headers);
    EXPECT_EQ(code_of(response), "401 unauthorized");
    EXPECT_EQ(*response.headers.find("WWW-Authenticate"), "Bearer realm=\"fencepost\"");
  }
  const auto wrong = send("GET", "/mine", {{"Authorization", "Bearer bad"}});
  EXPECT_EQ(code_of(wrong), "401 unauthorized");
  EXPECT_THAT(*wrong.headers.find("WWW-Authenticate"), HasSubstr("invalid_token"));
  EXPECT_EQ(code_of(send("GET", "/mine", {{"Authorization", "Bearer database-gone"}})), "503 unavailable");
}

TEST_F(DispatchTest, ACookieChangesThingsForAPageOfOursAlone) {
  const Headers read{{"Cookie", "__Host-fencepost=good-session"}};
  EXPECT_EQ(send("GET", "/mine", read).status, 200);
  EXPECT_EQ(code_of(send("GET", "/mine", {{"Cookie", "__Host-fencepost=old"}})), "401 unauthorized");
  EXPECT_EQ(code_of(send("GET", "/mine", {{"Cookie", "fencepost_session=good-session"}})),
            "401 unauthorized");
  Headers page = read;
  page.set("Host", "f.example");
  page.set("Origin", "https://f.example");
  page.set("X-CSRF-Token", accounts::csrf_token("good-session"));
  page.set("Content-Type", "application/json");
  const auto post = [&](const Headers& headers) {
    return code_of(send("POST", "/shows", headers, R"({"title":"a"})"));
  };
  EXPECT_EQ(post(page), "200 ");
  for (const auto* missing : {"X-CSRF-Token", "Origin", "Host"}) {
    Headers less = page;
    less.erase(missing);
    EXPECT_EQ(post(less).substr(0, 3), "403") << missing;
  }
  Headers other = page;
  other.set("X-CSRF-Token", accounts::csrf_token("another-session"));
  EXPECT_EQ(post(other), "403 csrf");
  Headers both = page;
  both.set("Authorization", "Bearer good-token");
  EXPECT_EQ(post(both), "400 ambiguous_credentials");
}

TEST_F(DispatchTest, AsksForTheThingOnlyWhereTheRoleIsTooLow) {
  std::vector<std::string> asked;
  Relation relation = Relation::none;
  std::vector<Route> routes;
  routes.push_back(route("GET", "/shows/{id}", Access::show(Relation::admin, Scope::read)));
  routes.push_back(route("GET", "/queues", Access::role(Role::operator_, Scope::read)));
  routes.push_back(route("GET", "/acts/{id}", Access::show(Relation::host, Scope::announce)));
  const auto relate = [&](const Principal&, Thing, const std::string& key) {
    asked.push_back(key);
    return relation;
  };
  const Dispatcher own(routes, ada, clock, {.relate = relate});
  const auto get = [&](const char* target) {
    return code_of(own.handle({.method = "GET", .target = target, .headers = bearer}));
  };
  EXPECT_EQ(get("/shows/7"), "404 not_found");
  relation = Relation::host;
  EXPECT_EQ(get("/shows/7"), "403 forbidden");
  relation = Relation::admin;
  EXPECT_EQ(get("/shows/7"), "200 ");
  EXPECT_EQ(asked.size(), 3U);
  EXPECT_EQ(get("/queues"), "403 forbidden");
  EXPECT_EQ(get("/acts/7"), "403 insufficient_scope") << "before any look at the thing";
  EXPECT_EQ(asked.size(), 3U);
}

TEST_F(DispatchTest, TheSharedLimiterDecidesWhereItCan) {
  SharedTake answer{.decided = true, .wait = 5s};
  std::vector<std::string> keys;
  const Limiter limiter = [&](const std::string& key, const RateLimit&, base::BootTime) {
    keys.push_back(key);
    return answer;
  };
  const Dispatcher own(table(), ada, clock, {.limiter = limiter});
  const auto get = [&](const Headers& headers) {
    return own.handle({.method = "GET", .target = "/secret", .headers = headers});
  };
  EXPECT_EQ(*get(bearer).headers.find("Retry-After"), "5");
  EXPECT_EQ(keys, std::vector<std::string>{"7 GET /secret"});
  EXPECT_EQ(get({}).status, 401) << "strangers are this process's own matter";
  EXPECT_EQ(keys.size(), 1U);
  // It cannot say: then this process's own limit of two holds.
  answer = {};
  EXPECT_EQ(get(bearer).status, 200);
  EXPECT_EQ(get(bearer).status, 200);
  EXPECT_EQ(get(bearer).status, 429);
}

TEST_F(DispatchTest, NobodyLearnsAboutABodyWithoutAToken) {
  EXPECT_EQ(send("POST", "/shows", json_type, "{").status, 401);
}

TEST_F(DispatchTest, ChecksBodies) {
  Headers both = bearer;
  both.set("Content-Type", "application/json");
  EXPECT_EQ(body_of(send("POST", "/shows", both, R"({"title":"a"})"))["body"]["title"], "a");
  EXPECT_EQ(code_of(send("POST", "/shows", both, "{")), "400 invalid_json");
  EXPECT_EQ(code_of(send("POST", "/shows", bearer, R"({"title":"a"})")), "415 unsupported_media_type");
  const auto response = send("POST", "/shows", both);
  EXPECT_EQ(code_of(response), "422 invalid_field");
  EXPECT_EQ(body_of(response)["errors"],
            json::array({{{"field", "title"}, {"detail", "is missing and must be given"}}}));
  EXPECT_EQ(send("GET", "/open/x", json_type, "{}").status, 200);
  EXPECT_EQ(code_of(send("GET", "/open/x", json_type, R"({"a":1})")), "422 invalid_field");
  EXPECT_EQ(body_of(send("POST", "/csv", {{"Content-Type", "Text/CSV"}}, "a,b"))["body"], "a,b");
  EXPECT_EQ(code_of(send("POST", "/csv", json_type, "{}")), "415 unsupported_media_type");
}

TEST_F(DispatchTest, ChecksHeaders) {
  EXPECT_EQ(code_of(send("PATCH", "/shows/1")), "428 precondition_required");
  EXPECT_EQ(send("PATCH", "/shows/1", {{"if-match", "\"3\""}}).status, 200);
  EXPECT_EQ(code_of(send("PATCH", "/shows/1", {{"If-Match", "\"12345\""}})), "422 invalid_field");
  EXPECT_EQ(code_of(send("PATCH", "/shows/1", {{"If-Match", "\xff"}})), "400 bad_utf8");
}

TEST_F(DispatchTest, LimitsEachAddressOnEachRoute) {
  for (int i = 0; i < 2; ++i) EXPECT_EQ(send("GET", "/limited").status, 200);
  const auto response = send("GET", "/limited");
  EXPECT_EQ(code_of(response), "429 rate_limited");
  EXPECT_EQ(*response.headers.find("Retry-After"), "30");
  EXPECT_EQ(send("GET", "/open/x").status, 200);
  EXPECT_EQ(send("GET", "/limited", {}, {}, "192.0.2.2").status, 200);
  clock.now += 30s;
  EXPECT_EQ(send("GET", "/limited").status, 200);
}

TEST_F(DispatchTest, LimitsPeopleByNameAndGuessersByAddress) {
  const Headers wrong{{"Authorization", "Bearer guess"}};
  EXPECT_EQ(send("GET", "/secret", wrong).status, 401);
  EXPECT_EQ(send("GET", "/secret").status, 401);
  EXPECT_EQ(code_of(send("GET", "/secret", wrong)), "429 rate_limited");
  EXPECT_EQ(send("GET", "/secret", bearer).status, 200);
  EXPECT_EQ(send("GET", "/secret", bearer, {}, "192.0.2.9").status, 200);
  EXPECT_EQ(send("GET", "/secret", bearer, {}, "192.0.2.10").status, 429);
}

TEST_F(DispatchTest, BelievesOnlyItsOwnProxies) {
  const auto who = [](const std::string& peer, const Headers& headers) {
    return client_address({.headers = headers, .peer = peer}, {"10.0.0.1", "10.0.0.2"});
  };
  EXPECT_EQ(who("10.0.0.1", {{"X-Forwarded-For", "1.1.1.1, 2.2.2.2"}}), "2.2.2.2");
  EXPECT_EQ(who("10.0.0.1", {{"X-Forwarded-For", "1.1.1.1, 2.2.2.2, 10.0.0.2"}}), "2.2.2.2");
  EXPECT_EQ(who("10.0.0.1", {{"X-Forwarded-For", "1.1.1.1"}, {"x-forwarded-for", "3.3.3.3"}}), "3.3.3.3");
  EXPECT_EQ(who("10.0.0.1", {}), "10.0.0.1");
  EXPECT_EQ(who("10.0.0.1", {{"X-Forwarded-For", "1.1.1.1,"}}), "10.0.0.1");
  EXPECT_EQ(who("9.9.9.9", {{"X-Forwarded-For", "1.1.1.1"}}), "9.9.9.9");
}

TEST_F(DispatchTest, ExceptionsBecomeAnswersThatTellNoInternals) {
  EXPECT_EQ(code_of(send("GET", "/user")), "409 already_posted");
  EXPECT_EQ(body_of(send("GET", "/user"))["detail"], "it is out already");
  EXPECT_EQ(code_of(send("GET", "/user-new-code")), "422 no_such_colour");
  EXPECT_EQ(code_of(send("GET", "/busy")), "503 busy");
  EXPECT_EQ(*send("GET", "/busy").headers.find("Retry-After"), "1");
  EXPECT_EQ(code_of(send("GET", "/gone")), "503 unavailable");
  EXPECT_EQ(*send("GET", "/gone").headers.find("Retry-After"), "5");
  EXPECT_EQ(code_of(send("GET", "/doubt")), "500 in_doubt");
  EXPECT_EQ(send("GET", "/doubt").headers.find("Retry-After"), nullptr);
  for (const auto* target : {"/infra", "/std", "/int"})
    EXPECT_EQ(code_of(send("GET", target)), "500 internal") << target;
  for (const auto* target : {"/busy", "/gone", "/doubt", "/infra", "/std"})
    EXPECT_THAT(send("GET", target).body, Not(HasSubstr("secret"))) << target;
}

TEST_F(DispatchTest, OwnCodesGetTheirStatus) {
  const Dispatcher own(table(), ada, clock, {.statuses = {{"no_such_colour", 404}}});
  EXPECT_EQ(own.handle({.method = "GET", .target = "/user-new-code"}).status, 404);
}

TEST_F(DispatchTest, LogsOneLineARequestWithoutTokenQueryOrBody) {
  Headers headers = bearer;
  headers.set("Content-Type", "application/json");
  headers.set("X-Request-Id", "r-77");
  ::testing::internal::CaptureStderr();
  send("POST", "/shows", headers, R"({"title":"private-body"})");
  send("GET", "/open/private-id?limit=4711");
  send("BREW\n", "/private-path");
  const auto log = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(log, HasSubstr("info request method=POST route=/shows status=200 request_id=r-77 duration_us=0 "
                             "principal=token:7\n"));
  EXPECT_THAT(log, HasSubstr("method=GET route=/open/{id} status=200"));
  EXPECT_THAT(log, HasSubstr("method=other route=- status=404"));
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 3);
  for (const auto* word : {"good-token", "private", "4711", "BREW"}) EXPECT_THAT(log, Not(HasSubstr(word)));
}

TEST_F(DispatchTest, KnowsTheBodyLimitOfARequest) {
  EXPECT_EQ(dispatcher.body_limit("POST", "/csv?x=1"), 10U);
  EXPECT_EQ(dispatcher.body_limit("POST", "/shows"), 1U << 20);
  EXPECT_EQ(dispatcher.body_limit("GET", "/csv"), 1U << 20);
  EXPECT_EQ(dispatcher.body_limit("GET", "/%"), 1U << 20);
}

// The table itself says who may: no bearer route lets a stranger through.
TEST_F(DispatchTest, NoBearerRouteLetsAStrangerIn) {
  for (const auto& each : dispatcher.routes()) {
    if (each.access.open) continue;
    EXPECT_EQ(send(each.method, each.pattern).status, 401) << each.pattern;
  }
}

}  // namespace
}  // namespace fencepost::http
