// Idempotency-Key over the whole API.

#include "accounts/idempotency.hpp"

#include <set>
#include <thread>

#include "http/api/testing/fixture.hpp"

namespace fencepost::http {
namespace {

using nlohmann::json;

class IdempotentApi : public testing::ApiTest {
 protected:
  using Fate = store::testing::DoubtfulDatabase::Fate;
  std::int64_t epoch() { return database.run("SELECT epoch FROM fencepost_epoch")[0][0].integer(); }
  json body(const std::string& text = "Once") {
    return {{"connection_id", connection}, {"text", text}, {"run_at", "2037-01-01T00:00:00Z"}};
  }
  static Headers key(const std::string& name) { return {{"Idempotency-Key", name}}; }
  std::size_t announcements() { return json_of(send("GET", "/api/v1/announcements"))["items"].size(); }
};

TEST_F(IdempotentApi, ARepetitionGetsTheFirstAnswer) {
  const auto first = send("POST", "/api/v1/announcements", body(), key("k1"));
  ASSERT_EQ(code(first), "201");
  const auto again = send("POST", "/api/v1/announcements", body(), key("k1"));
  EXPECT_EQ(again.status, 201);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(*again.headers.find("ETag"), "\"1\"");
  EXPECT_EQ(*again.headers.find("Location"), *first.headers.find("Location"));
  EXPECT_EQ(*again.headers.find("Idempotent-Replayed"), "true");
  EXPECT_EQ(first.headers.find("Idempotent-Replayed"), nullptr);
  EXPECT_NE(*again.headers.find("X-Request-Id"), *first.headers.find("X-Request-Id"));
  EXPECT_EQ(announcements(), 1U);
}

TEST_F(IdempotentApi, AlsoWhereItWouldBeRefusedByNow) {
  ASSERT_EQ(code(send("POST", "/api/v1/announcements", body(), key("k1"))), "201");
  ASSERT_EQ(code(send("DELETE", "/api/v1/connections/" + std::to_string(connection))), "200");
  EXPECT_EQ(code(send("POST", "/api/v1/announcements", body(), key("k1"))), "201");
  EXPECT_EQ(code(send("POST", "/api/v1/announcements", body(), key("k2"))), "409 connection_disconnected");
}

TEST_F(IdempotentApi, AlsoWhereItsConnectionIsSomebodyElsesByNow) {
  const auto ada = person("ada");
  const auto headers = signed_in(ada);
  const std::string of = "UPDATE fencepost_connections SET person_id = $1 WHERE id = $2";
  database.run(of, {ada, connection});
  const auto announce = [&](const std::string& name) {
    return code(as(headers, "POST", "/api/v1/announcements", body(), key(name)));
  };
  ASSERT_EQ(announce("k1"), "201");
  database.run(of, {person("bob"), connection});
  EXPECT_EQ(announce("k1"), "201");
  EXPECT_EQ(announce("k2"), "422 unknown_connection");
  EXPECT_EQ(announcements(), 1U);
}

// What the first one has committed may be on this server only: a repetition is told of it behind a commit of
// its own, or is told nothing.
TEST_F(IdempotentApi, Rule04ARepetitionsAnswerIsAsDurableAsACommit) {
  const auto path = later();
  const auto repeat = [&](const std::string& target, const json& with, const std::string& name) {
    return raw("POST", target, with.is_null() ? "" : with.dump(), key(name), admin);
  };
  ASSERT_EQ(code(repeat("/api/v1/announcements", body(), "k1")), "201");
  ASSERT_EQ(answer(repeat(path + "/disable", nullptr, "k2")), "200 prevented");
  auto before = epoch();
  EXPECT_EQ(code(repeat("/api/v1/announcements", body(), "k1")), "201");
  EXPECT_EQ(epoch() - before, 1) << "where the answer is one fact with the work";
  EXPECT_EQ(answer(repeat(path + "/disable", nullptr, "k2")), "200 prevented");
  EXPECT_EQ(epoch() - before, 2) << "where it is kept behind it";

  before = epoch();
  doubtful->doubt(Fate::lost);
  EXPECT_EQ(code(repeat("/api/v1/announcements", body(), "k1")), "201") << "confirmed at the second try";
  EXPECT_EQ(doubtful->left(), 0);
  EXPECT_EQ(epoch() - before, 1);
  doubtful->doubt(Fate::lost, 1000);
  EXPECT_EQ(code(repeat("/api/v1/announcements", body(), "k1")), "500 in_doubt");
  EXPECT_EQ(code(repeat(path + "/disable", nullptr, "k2")), "500 in_doubt");
  doubtful->doubt(Fate::lost, 0);
  EXPECT_EQ(code(repeat("/api/v1/announcements", body(), "k1")), "201");
  EXPECT_EQ(announcements(), 2U);
}

// The answers of requests without a key, and of those that come first, cost no look's commit.
TEST_F(IdempotentApi, OnlyARepetitionIsConfirmed) {
  const auto before = epoch();
  EXPECT_EQ(code(send("POST", "/api/v1/announcements", body())), "201");
  EXPECT_EQ(code(send("POST", "/api/v1/announcements", body(), key("k1"))), "201");
  EXPECT_EQ(epoch(), before);
}

TEST_F(IdempotentApi, AKeyServesOneRequestOfOnePrincipal) {
  ASSERT_EQ(code(send("POST", "/api/v1/announcements", body(), key("k1"))), "201");
  EXPECT_EQ(code(send("POST", "/api/v1/announcements", body("Other"), key("k1"))),
            "422 idempotency_key_reused");
  EXPECT_EQ(code(send("POST", "/api/v1/tokens", {{"name", "x"}}, key("k1"))), "422 idempotency_key_reused");
  EXPECT_EQ(announcements(), 1U);
  const auto other = raw("POST", "/api/v1/announcements", body().dump(), key("k1"), token("other"));
  EXPECT_EQ(other.status, 201);
  EXPECT_EQ(announcements(), 2U);
  EXPECT_EQ(code(send("POST", "/api/v1/announcements", body(), key("no blanks"))), "422 invalid_field");
}

TEST_F(IdempotentApi, WhatWasRefusedIsJudgedAnew) {
  const auto path = later();
  ASSERT_EQ(answer(send("POST", path + "/disable")), "200 prevented");
  stage.start();
  EXPECT_EQ(code(send("POST", path + "/post-now?wait=30", nullptr, key("k1"))), "409 disabled");
  ASSERT_EQ(answer(send("POST", path + "/enable", nullptr, key("k2"))), "200 enabled");
  const auto posted = send("POST", path + "/post-now?wait=30", nullptr, key("k1"));
  EXPECT_EQ(answer(posted), "200 started");
  EXPECT_EQ(send("POST", path + "/post-now?wait=30", nullptr, key("k1")).body, posted.body);
  EXPECT_EQ(code(send("POST", path + "/post-now?wait=30")), "409 already_posted");
  json bad = body();
  bad["connection_id"] = 999;
  EXPECT_EQ(code(send("POST", "/api/v1/announcements", bad, key("k3"))), "422 unknown_connection");
  EXPECT_EQ(code(send("POST", "/api/v1/announcements", body(), key("k3"))), "201");
}

TEST_F(IdempotentApi, SecretsAreKeptSealed) {
  const auto first = send("POST", "/api/v1/tokens", {{"name", "deploy"}}, key("k1"));
  const auto secret = json_of(first)["token"].get<std::string>();
  EXPECT_EQ(json_of(send("POST", "/api/v1/tokens", {{"name", "deploy"}}, key("k1")))["token"], secret);
  EXPECT_EQ(json_of(send("GET", "/api/v1/tokens"))["items"].size(), 2U);
  for (const auto& row : database.run("SELECT body FROM fencepost_idempotency"))
    EXPECT_EQ(row[0].text().find(secret), std::string::npos);
}

TEST_F(IdempotentApi, AnAnswerWhoseKeyIsGoneIsNotMadeAgain) {
  const auto path = later();
  ASSERT_EQ(code(send("POST", "/api/v1/announcements", body(), key("k1"))), "201");
  ASSERT_EQ(code(send("POST", path + "/disable", nullptr, key("k2"))), "200");
  const auto before = announcements();
  database.run("UPDATE fencepost_idempotency SET body = 'v1:gone'");
  EXPECT_EQ(code(send("POST", "/api/v1/announcements", body(), key("k1"))), "409 answer_unreadable");
  EXPECT_EQ(code(send("POST", path + "/disable", nullptr, key("k2"))), "409 answer_unreadable");
  EXPECT_EQ(announcements(), before);
}

TEST_F(IdempotentApi, OneThatIsAtWorkIsNotDoneTwice) {
  const auto path = later();
  const auto lease = database->acquire();
  const auto principal = json_of(send("GET", "/api/v1/me"))["token_id"].get<std::int64_t>();
  accounts::begin_idempotent(*lease,
                             {principal, "k1", accounts::request_hash(""), "POST " + path + "/disable"});
  const auto response = send("POST", path + "/disable", nullptr, key("k1"));
  EXPECT_EQ(code(response), "409 in_progress");
  EXPECT_NE(response.headers.find("Retry-After"), nullptr);
  EXPECT_EQ(json_of(send("GET", path))["status"], "queued");
}

TEST_F(IdempotentApi, OfManyAtOnceOneMakesIt) {
  std::vector<Response> responses(8);
  {
    std::vector<std::jthread> threads;
    for (auto& one : responses)
      threads.emplace_back(
          [&] { one = raw("POST", "/api/v1/announcements", body().dump(), key("k1"), admin); });
  }
  std::set<std::string> bodies;
  for (const auto& one : responses) {
    EXPECT_EQ(code(one), "201");
    bodies.insert(one.body);
  }
  EXPECT_EQ(bodies.size(), 1U);
  EXPECT_EQ(announcements(), 1U);
}

// Who comes second finds a video that is scheduled already: by the first of them, whose answer it gets.
TEST_F(IdempotentApi, OfManyAtOnceOneSchedulesAndAllHaveItsAnswer) {
  const auto path = "/api/v1/channels/" + std::to_string(channel()) + "/uploads";
  const auto wish = json{{"video_id", video()}, {"kind", "short"}}.dump();
  std::vector<Response> responses(8);
  {
    std::vector<std::jthread> threads;
    for (auto& one : responses)
      threads.emplace_back([&] { one = raw("POST", path, wish, key("k1"), admin); });
  }
  std::set<std::string> bodies;
  for (const auto& one : responses) {
    EXPECT_EQ(code(one), "201");
    bodies.insert(one.body);
  }
  EXPECT_EQ(bodies.size(), 1U);
  EXPECT_EQ(code(raw("POST", path, wish, key("k2"), admin)), "409 duplicate_upload");
}

}  // namespace
}  // namespace fencepost::http
