// People: signing in and out, links, roles, tokens; and what is tried against them.

#include <gmock/gmock.h>

#include <algorithm>
#include <map>

#include "accounts/first_run.hpp"
#include "accounts/sessions.hpp"
#include "accounts/shows.hpp"
#include "accounts/tokens.hpp"
#include "http/api/testing/fixture.hpp"

namespace fencepost::http {
namespace {

using accounts::Role;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kPassword = "correct horse battery";

class Identity : public testing::ApiTest, public ::testing::WithParamInterface<std::string> {
 protected:
  Identity() : ApiTest(GetParam()) {}

  Response sign_in(const std::string& email, const std::string& password, const Headers& headers = {}) {
    return as(headers, "POST", "/api/v1/session", {{"email", email}, {"password", password}});
  }
  // The headers of a page that has signed in.
  static Headers page_of(const Response& signed_in) {
    const auto& line = *signed_in.headers.find("Set-Cookie");
    return {{"Cookie", line.substr(0, line.find(';'))},
            {"Host", "fencepost.example"},
            {"Origin", "https://fencepost.example"},
            {"X-CSRF-Token", json_of(signed_in)["csrf_token"].get<std::string>()}};
  }
  std::string etag_of(const Headers& who, const std::string& path) {
    return *as(who, "GET", path).headers.find("ETag");
  }
  std::int64_t show(const std::string& slug, std::int64_t admin_person) {
    const auto lease = database->acquire();
    return accounts::create_show(*lease, slug, slug, admin_person).show.value().id;
  }
};

TEST_P(Identity, SignsInAndOut) {
  person("ada");
  const auto in = sign_in("Ada@Example.org", kPassword);
  ASSERT_EQ(code(in), "201") << in.body;
  const auto& cookie = *in.headers.find("Set-Cookie");
  EXPECT_THAT(cookie, HasSubstr("__Host-fencepost=fps_"));
  EXPECT_THAT(cookie, HasSubstr("; Path=/; HttpOnly; SameSite=Lax; Max-Age=2592000; Secure"));
  const auto page = page_of(in);
  const auto shown = json_of(as(page, "GET", "/api/v1/session"));
  EXPECT_EQ(shown["person"]["email"], "ada@example.org");
  EXPECT_EQ(shown["csrf_token"], json_of(in)["csrf_token"]);
  EXPECT_EQ(shown["session_id"], json_of(in)["session_id"]);
  const auto out = as(page, "DELETE", "/api/v1/session");
  EXPECT_EQ(code(out), "204");
  EXPECT_THAT(*out.headers.find("Set-Cookie"), HasSubstr("__Host-fencepost=; "));
  EXPECT_EQ(code(as(page, "GET", "/api/v1/session")), "401 unauthorized");
}

// A session's name is never one that the client brought, and the old one ends (session fixation).
TEST_P(Identity, EachSignInIsANewSession) {
  person("ada");
  const auto first = page_of(sign_in("ada@example.org", kPassword));
  const auto again = sign_in("ada@example.org", kPassword, {{"Cookie", *first.find("Cookie")}});
  ASSERT_EQ(code(again), "201");
  EXPECT_NE(*page_of(again).find("Cookie"), *first.find("Cookie"));
  EXPECT_EQ(code(as(first, "GET", "/api/v1/me")), "401 unauthorized");
  EXPECT_EQ(code(sign_in("ada@example.org", kPassword, {{"Cookie", "__Host-fencepost=planted"}})), "201");
}

TEST_P(Identity, NobodyLearnsWhoHasAnAccount) {
  person("ada");
  const auto wrong = sign_in("ada@example.org", "not the password");
  const auto unknown = sign_in("eve@example.org", "not the password");
  EXPECT_EQ(code(wrong), "401 wrong_credentials");
  auto a = json_of(wrong), b = json_of(unknown);
  a.erase("request_id");
  b.erase("request_id");
  EXPECT_EQ(a, b);
  EXPECT_EQ(std::distance(wrong.headers.begin(), wrong.headers.end()),
            std::distance(unknown.headers.begin(), unknown.headers.end()));
  EXPECT_EQ(wrong.headers.find("Set-Cookie"), nullptr);
}

TEST_P(Identity, GuessingLocksOutAlikeWhetherThereIsAnAccount) {
  person("ada");
  std::map<std::string, std::vector<std::string>> told;
  for (const auto* email : {"ada@example.org", "eve@example.org"}) {
    auto& answers = told[email];
    for (int i = 0; i < 5; ++i) answers.push_back(code(sign_in(email, "guess " + std::to_string(i))));
    // A second, which may pass while a busy machine does nothing.
    database.run("UPDATE fencepost_attempts SET locked_until = tried_at + 600000000 WHERE locked_until > 0");
    answers.push_back(code(sign_in(email, "guess 5")));
    const auto right = sign_in(email, kPassword);
    EXPECT_EQ(code(right), "429 locked_out") << email;
    ASSERT_NE(right.headers.find("Retry-After"), nullptr);
    EXPECT_GE(std::stoi(*right.headers.find("Retry-After")), 1);
  }
  EXPECT_EQ(told["ada@example.org"], told["eve@example.org"]);
}

TEST_P(Identity, ALockOutLeavesSessionsAlone) {
  const auto ada = signed_in(person("ada"));
  for (int i = 0; i < 8; ++i) sign_in("ada@example.org", "guess");
  EXPECT_EQ(code(as(ada, "GET", "/api/v1/me")), "200");
}

TEST_P(Identity, AForeignPageSignsNobodyIn) {
  person("ada");
  const Headers foreign{{"Host", "fencepost.example"}, {"Origin", "https://evil.example"}};
  EXPECT_EQ(code(sign_in("ada@example.org", kPassword, foreign)), "403 foreign_origin");
}

TEST_P(Identity, TwoCredentialsAreNone) {
  auto both = signed_in(person("ada"));
  both.set("Authorization", "Bearer " + admin);
  EXPECT_EQ(code(as(both, "GET", "/api/v1/me")), "400 ambiguous_credentials");
  both.set("Authorization", "Basic YTpi");
  EXPECT_EQ(code(as(both, "GET", "/api/v1/me")), "400 ambiguous_credentials");
  // A bearer needs no token against foreign pages: no page can make a browser send it.
  EXPECT_EQ(code(send("POST", "/api/v1/tokens", {{"name", "x"}}, {{"Origin", "https://evil.example"}})),
            "201");
}

TEST_P(Identity, TheFirstPersonIsMadeOnce) {
  std::string link_code;
  {
    const auto lease = database->acquire();
    link_code = accounts::first_run_code(*lease).value().reveal();
  }
  const json body = {
      {"code", link_code}, {"name", "Ada"}, {"email", "ada@example.org"}, {"password", kPassword}};
  auto other = body;
  other["code"] = "fpf_" + std::string(43, 'A');
  EXPECT_EQ(code(as({}, "POST", "/api/v1/session/first-run", other)), "410 not_open");
  const auto made = as({}, "POST", "/api/v1/session/first-run", body);
  ASSERT_EQ(code(made), "201") << made.body;
  EXPECT_EQ(json_of(made)["person"]["role"], "owner");
  EXPECT_EQ(code(as(page_of(made), "GET", "/api/v1/users")), "200");
  EXPECT_EQ(code(as({}, "POST", "/api/v1/session/first-run", body)), "410 not_open");
}

TEST_P(Identity, ALinkMakesAPersonOnce) {
  const auto operator_ = signed_in(person("oscar", Role::operator_));
  EXPECT_EQ(code(as(operator_, "POST", "/api/v1/invitations", {{"role", "owner"}})), "403 forbidden");
  const auto made = as(operator_, "POST", "/api/v1/invitations", {{"role", "operator"}, {"note", "Eve"}});
  ASSERT_EQ(code(made), "201");
  const auto link_code = json_of(made)["code"].get<std::string>();
  EXPECT_EQ(json_of(made)["link"], "/welcome#code=" + link_code);
  EXPECT_THAT(as(operator_, "GET", "/api/v1/invitations").body, Not(HasSubstr(link_code)));
  const json body = {
      {"code", link_code}, {"name", "Eve"}, {"email", "eve@example.org"}, {"password", kPassword}};
  const auto joined = as({}, "POST", "/api/v1/invitations/accept", body);
  ASSERT_EQ(code(joined), "201") << joined.body;
  EXPECT_EQ(json_of(joined)["person"]["role"], "operator");
  EXPECT_EQ(code(as({}, "POST", "/api/v1/invitations/accept", body)), "410 not_open");
  const auto listed = json_of(as(operator_, "GET", "/api/v1/invitations"))["items"];
  EXPECT_EQ(listed[0]["state"], "accepted");
}

TEST_P(Identity, AnAdminInvitesToTheOwnShowAndNowhereElse) {
  const auto ada = person("ada"), eve = person("eve");
  const auto mine = show("mine", ada), other = show("other", eve);
  const auto page = signed_in(ada);
  EXPECT_EQ(code(as(page, "POST", "/api/v1/invitations", {{"show_id", other}})), "403 forbidden");
  EXPECT_EQ(code(as(page, "POST", "/api/v1/invitations", {{"show_id", mine}, {"role", "operator"}})),
            "403 forbidden");
  const auto made = as(page, "POST", "/api/v1/invitations", {{"show_id", mine}, {"show_role", "admin"}});
  ASSERT_EQ(code(made), "201") << made.body;
  const auto joined =
      as(signed_in(eve), "POST", "/api/v1/invitations/join", {{"code", json_of(made)["code"]}});
  EXPECT_EQ(code(joined), "200") << joined.body;
  const auto members =
      json_of(as(page, "GET", "/api/v1/shows/" + std::to_string(mine) + "/members"))["items"];
  ASSERT_EQ(members.size(), 2U);
  EXPECT_EQ(members[1]["role"], "admin");
}

// Adding by number would let an admin read off names and addresses of the whole instance.
TEST_P(Identity, AnAdminAddsNobodyByNumber) {
  const auto ada = person("ada"), eve = person("eve");
  const auto path = "/api/v1/shows/" + std::to_string(show("mine", ada)) + "/members/" + std::to_string(eve);
  EXPECT_EQ(code(as(signed_in(ada), "PUT", path, {{"role", "host"}})), "404 not_found");
  const auto operator_ = signed_in(person("oscar", Role::operator_));
  EXPECT_EQ(code(as(operator_, "PUT", path, {{"role", "host"}})), "204");
  EXPECT_EQ(code(as(signed_in(ada), "PUT", path, {{"role", "admin"}})), "204");
  EXPECT_EQ(code(as(signed_in(ada), "DELETE", path)), "200");
  EXPECT_EQ(code(as(signed_in(ada), "DELETE", path)), "404 not_found");
}

TEST_P(Identity, RolesReachNoHigherThanOnesOwn) {
  const auto boss = person("boss", Role::owner), eve = person("eve");
  const auto operator_ = signed_in(person("oscar", Role::operator_));
  const auto path = [](std::int64_t id) { return "/api/v1/users/" + std::to_string(id); };
  const auto patch = [&](const Headers& who, std::int64_t id, const json& change) {
    return code(as(who, "PATCH", path(id), change, {{"If-Match", etag_of(who, path(id))}}));
  };
  EXPECT_EQ(patch(operator_, eve, {{"role", "owner"}}), "403 forbidden");
  EXPECT_EQ(patch(operator_, boss, {{"role", "member"}}), "403 forbidden");
  EXPECT_EQ(patch(operator_, boss, {{"disabled", true}}), "403 forbidden");
  EXPECT_EQ(code(as(operator_, "DELETE", path(boss))), "403 forbidden");
  EXPECT_EQ(patch(operator_, eve, {{"role", "operator"}}), "200");
  const auto owner = signed_in(boss);
  EXPECT_EQ(patch(owner, boss, {{"role", "operator"}}), "409 last_owner");
  EXPECT_EQ(code(as(owner, "DELETE", path(boss))), "409 last_owner");
  EXPECT_EQ(code(as(owner, "PATCH", path(eve), {{"role", "member"}}, {{"If-Match", "\"1\""}})),
            "412 version_conflict");
  EXPECT_EQ(patch(owner, eve, {{"colour", "blue"}}), "422 invalid_field");
}

TEST_P(Identity, WhoIsDisabledOrRemovedIsOutAtOnce) {
  const auto owner = signed_in(person("boss", Role::owner));
  for (const bool remove : {false, true}) {
    const auto id = person(remove ? "eve" : "ada");
    const auto page = signed_in(id);
    const auto path = "/api/v1/users/" + std::to_string(id);
    EXPECT_EQ(code(as(page, "GET", "/api/v1/me")), "200");
    const auto done = remove ? as(owner, "DELETE", path)
                             : as(owner, "PATCH", path, {{"disabled", true}}, {{"If-Match", "*"}});
    EXPECT_EQ(code(done), remove ? "204" : "200");
    EXPECT_EQ(code(as(page, "GET", "/api/v1/me")), "401 unauthorized");
    EXPECT_EQ(code(sign_in(remove ? "eve@example.org" : "ada@example.org", kPassword)),
              "401 wrong_credentials");
  }
}

TEST_P(Identity, ATokenIsForNoMoreThanItsMaker) {
  const auto ada = signed_in(person("ada"));
  const auto make = [&](const Headers& who, const json& scopes) {
    return as(who, "POST", "/api/v1/tokens", {{"name", "t"}, {"scopes", scopes}});
  };
  EXPECT_EQ(code(make(ada, {"admin"})), "403 forbidden");
  EXPECT_EQ(code(make(ada, {"queues"})), "403 forbidden");
  EXPECT_EQ(code(make(ada, {"everything"})), "422 invalid_field");
  const auto made = make(ada, {"read"});
  ASSERT_EQ(code(made), "201") << made.body;
  const auto read = json_of(made)["token"].get<std::string>();
  EXPECT_EQ(raw("GET", "/api/v1/announcements", "", {}, read).status, 200);
  const auto refused = raw("POST", "/api/v1/connections", "{}", {}, read);
  EXPECT_EQ(code(refused), "403 insufficient_scope");
  EXPECT_THAT(*refused.headers.find("WWW-Authenticate"), HasSubstr("scope=\"announce\""));
  EXPECT_EQ(json_of(raw("GET", "/api/v1/me", "", {}, read))["scopes"], json({"read"}));
}

// Session and token of one person are one: a repetition through the other gets the first one's answer.
TEST_P(Identity, IdempotencyKeysAreThePersons) {
  const auto id = person("oscar", Role::operator_);
  const auto page = signed_in(id), other = signed_in(id);
  const json body = {{"name", "Night"}, {"slug", "night"}};
  const Headers key{{"Idempotency-Key", "k1"}};
  const auto first = as(page, "POST", "/api/v1/shows", body, key);
  ASSERT_EQ(code(first), "201");
  const auto again = as(other, "POST", "/api/v1/shows", body, key);
  EXPECT_EQ(again.body, first.body);
  EXPECT_NE(again.headers.find("Idempotent-Replayed"), nullptr);
  EXPECT_EQ(code(as(signed_in(person("boss", Role::owner)), "POST", "/api/v1/shows", body, key)),
            "409 duplicate_slug");
}

TEST_P(Identity, AChangedPasswordEndsTheOtherSessions) {
  const auto id = person("ada");
  const auto page = signed_in(id), other = signed_in(id);
  const auto change = [&](const std::string& now, const std::string& then) {
    return code(as(page, "PUT", "/api/v1/me/password", {{"current_password", now}, {"new_password", then}}));
  };
  EXPECT_EQ(change("not the password", "a new sentence of mine"), "403 wrong_password");
  EXPECT_EQ(change(kPassword, "short"), "422 invalid_password");
  EXPECT_EQ(change(kPassword, "a new sentence of mine"), "204");
  EXPECT_EQ(code(as(page, "GET", "/api/v1/me")), "200");
  EXPECT_EQ(code(as(other, "GET", "/api/v1/me")), "401 unauthorized");
}

// What people own, others neither see in lists nor post over.
TEST_P(Identity, ListsShowOnesOwn) {
  const auto ada = signed_in(person("ada")), eve = signed_in(person("eve"));
  const json body = {{"name", "Ada's"}, {"platform", "webhook"}, {"url", receiver.url()}};
  const auto made = as(ada, "POST", "/api/v1/connections", body);
  ASSERT_EQ(code(made), "201") << made.body;
  const auto post = [&](const Headers& who, std::int64_t over) {
    return code(as(who, "POST", "/api/v1/announcements", {{"connection_id", over}, {"text", "x"}}));
  };
  const auto own = json_of(made)["id"].get<std::int64_t>();
  EXPECT_EQ(post(ada, own), "201");
  EXPECT_EQ(post(eve, own), "422 unknown_connection");
  EXPECT_EQ(post(ada, connection), "422 unknown_connection") << "the instance's own";
  const auto operator_ = signed_in(person("oscar", Role::operator_));
  for (const auto* list :
       {"/api/v1/connections", "/api/v1/announcements", "/api/v1/announcements?status=queued"}) {
    EXPECT_EQ(json_of(as(ada, "GET", list))["items"].size(), 1U) << list;
    EXPECT_EQ(json_of(as(eve, "GET", list))["items"].size(), 0U) << list;
    EXPECT_GE(json_of(as(operator_, "GET", list))["items"].size(), 1U) << list;
  }
}

TEST_P(Identity, NamesBreakNeitherHeadersNorLogs) {
  const auto operator_ = signed_in(person("oscar", Role::operator_));
  for (const auto* name : {"a\r\nSet-Cookie: x=y", "a\nlevel=error forged", "\x1b[31mred", "a\tb"})
    EXPECT_EQ(as(operator_, "POST", "/api/v1/shows", {{"name", name}, {"slug", "s"}}).status, 422) << name;
  ::testing::internal::CaptureStderr();
  sign_in("eve@example.org\nforged", "secret-guess-4711");
  sign_in("eve@example.org", "secret-guess-4711",
          {{"User-Agent", "x\nforged"}, {"X-Request-Id", "a\nforged"}});
  sign_in("secret-guess-4711@example.org", "y");
  raw("GET", "/api/v1/me", "", {{"Cookie", "__Host-fencepost=fps_secret-cookie"}}, "");
  raw("GET", "/api/v1/me", "", {}, "fp_secret-token");
  const auto log = ::testing::internal::GetCapturedStderr();
  for (const auto* word : {"\nforged", "secret-", "example.org"}) EXPECT_THAT(log, Not(HasSubstr(word)));
  EXPECT_THAT(log, HasSubstr("sign-in refused"));
}

INSTANTIATE_TEST_SUITE_P(Databases, Identity, ::testing::Values("sqlite", "postgres"),
                         [](const auto& database) { return database.param; });

}  // namespace
}  // namespace fencepost::http
