#pragma once
// The whole API without a socket: table, dispatcher, service, engine, database, receiver. Tests only.

#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "apps/announce/testing/stage.hpp"
#include "apps/upload/media/media.hpp"
#include "connect/discord/discord.hpp"
#include "http/api/api.hpp"
#include "http/api/event_viewers.hpp"
#include "store/testing/counting.hpp"
#include "store/testing/doubtful.hpp"

namespace fencepost::http::testing {

inline constexpr const char* kNowhere = "http://127.0.0.1:1";
// libsodium's least: a test signs many in.
inline constexpr accounts::Passwords::Cost kCheap{1, 8192};

class ApiTest : public ::testing::Test {
 protected:
  explicit ApiTest(const std::string& kind = "sqlite");  // or "postgres"
  ~ApiTest() override;

  // A request of the first token. Checks also that the OpenAPI document knows the answer's status, and that
  // its body is as its route says.
  Response send(const std::string& method, const std::string& target, const nlohmann::json& body = nullptr,
                const Headers& headers = {});
  // As somebody else, or nobody (an empty token), from anywhere.
  Response raw(const std::string& method, const std::string& target, const std::string& body, Headers headers,
               const std::string& token, const std::string& peer = "127.0.0.1");

  // "201", or "409 already_posted".
  static std::string code(const Response& response);
  static nlohmann::json json_of(const Response& response) { return nlohmann::json::parse(response.body); }
  // The `answer` of an act, behind its status: "200 prevented".
  static std::string answer(const Response& response);

  // Makes one that is due in an hour; its path.
  std::string later(const std::string& text = "Later");
  std::string token(const std::string& name);

  // A channel for uploads, with an account of its own, and a video; their ids.
  std::int64_t channel(const std::vector<std::int64_t>& people = {});
  std::int64_t video();

  // A person, added directly; their id.
  std::int64_t person(const std::string& name, accounts::Role role = accounts::Role::member);
  // What a page of ours sends: the cookie of a new session, the token against foreign pages, where it is
  // from.
  Headers signed_in(std::int64_t person);
  // A request of tus by the first token, or whoever the headers show, with its body as it would arrive.
  Response tus(const std::string& method, const std::string& target, const std::string& body, Headers headers,
               std::size_t piece = 1000);

  // A request with these headers; `body` empty: none.
  Response as(const Headers& who, const std::string& method, const std::string& target,
              const nlohmann::json& body = nullptr, const Headers& more = {});

  accounts::testing::TestDatabase database;
  // What the API itself uses; its commits can be put in doubt.
  store::testing::DoubtfulDatabase* doubtful = nullptr;
  store::testing::CountingDatabase counting{[this] {
    auto pool = std::make_unique<store::testing::DoubtfulDatabase>(database.another());
    doubtful = pool.get();
    return pool;
  }()};
  announce::testing::Receiver receiver;
  std::int64_t connection = announce::testing::connect_to(database, receiver.url());
  announce::testing::Stage stage{database};
  std::vector<store::Fence> worked;  // what the API knows: announcements, and those of curate
  accounts::Vault vault;
  accounts::Passwords passwords{kCheap};
  connect::HttpClient http;
  connect::Webhook webhook{http};
  connect::Limits limits;
  connect::Discord discord{http, limits.of("discord")};  // what takes images; nothing is posted there
  connections::Outside outside{{&webhook, &discord}};
  accounts::FreshCredentials credentials{stage.engine().context(), vault, outside};
  connections::Service connections{counting, vault, outside, credentials, base::system_clock()};
  EventHub events{*database, base::system_clock(), event_viewers(Uploads::heard)};
  // An API, feed and pages that nobody serves: every look is unknown.
  connect::youtube::YouTube youtube{
      http, {.api = kNowhere, .feed = kNowhere, .page = kNowhere, .key = base::Secret("k")}};
  live::Watcher watcher{counting, youtube};
  upload::Service uploads{counting, worked.back(), {}};
  // A media folder, "shows", and one for what comes by tus.
  const std::string shows;
  media::Files files;
  media::Folders folders;
  media::Media media{folders, &files};
  Services services;
  std::string admin;  // a token
  std::unique_ptr<Dispatcher> dispatcher;

 private:
  void expect_documented(const std::string& method, const std::string& target,
                         const Response& response) const;
  nlohmann::json document_;
  int made_ = 0;
};

// The database's clock goes on from there, until the end of the scope.
class Shifted {
 public:
  explicit Shifted(base::Duration by);
  ~Shifted();
};

}  // namespace fencepost::http::testing
