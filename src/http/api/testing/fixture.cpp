#include "http/api/testing/fixture.hpp"

#include <filesystem>

#include "accounts/people.hpp"
#include "accounts/sessions.hpp"
#include "accounts/tokens.hpp"
#include "apps/curate/kinds.hpp"
#include "curate/sql.hpp"
#include "http/openapi.hpp"
#include "live/sql.hpp"
#include "media/sql.hpp"
#include "store/migrate.hpp"
#include "store/sqlite/sqlite_database.hpp"
#include "upload/sql.hpp"
#include "uploader/sql.hpp"

namespace fencepost::http::testing {

using nlohmann::json;

namespace {
// A field without limits of length, which are for what is sent to us.
Field answered(Field field) {
  field.max_length = field.max_items = 1'000'000;
  field.min_length = 0;
  for (auto& inner : field.fields) inner = answered(inner);
  return field;
}

std::vector<Field> answered(const std::vector<Field>& fields) {
  std::vector<Field> out;
  for (const auto& field : fields) out.push_back(answered(field));
  return out;
}

// Of all that the API shows.
std::vector<store::Migration> migrations() {
  auto all = announce::testing::migrations();
  all.insert(all.end(), std::begin(live::sql::migrations), std::end(live::sql::migrations));
  all.insert(all.end(), std::begin(curate::sql::migrations), std::end(curate::sql::migrations));
  all.insert(all.end(), std::begin(media::sql::migrations), std::end(media::sql::migrations));
  all.insert(all.end(), std::begin(upload::sql::migrations), std::end(upload::sql::migrations));
  all.insert(all.end(), std::begin(uploader::sql::migrations), std::end(uploader::sql::migrations));
  return all;
}

std::string made(const std::string& path) {
  std::filesystem::create_directory(path);
  return path;
}

std::vector<store::Fence> queues_of(store::Database& database, const store::Fence& announcements) {
  const auto lease = database.acquire();
  std::vector<store::Fence> all{announcements};
  for (const auto pipeline : curate::kPipelines) {
    all.emplace_back(curate::queue_of(pipeline), lease->dialect(), store::own_schema(*lease));
    all.back().install(*lease);
  }
  all.emplace_back(upload::upload_queue(), lease->dialect(), store::own_schema(*lease));
  all.back().install(*lease);
  return all;
}
}  // namespace

ApiTest::ApiTest(const std::string& kind)
    : database(kind, migrations()),
      worked(queues_of(*database, stage.fence())),
      vault(accounts::Vault::open(database.folder() + "/key", true)),
      http({.addresses = {.allow_private = true}}, base::system_clock()),
      shows(made(database.folder() + "/shows")),
      files(counting, {.path = database.folder() + "/files", .free = 0}, base::system_clock()),
      folders({{"shows", shows}, {media::kFiles, files.options().path}}),
      services{counting,       vault,  passwords,   (stage.serve_from(counting), stage.service()),
               stage.engine(), worked, connections, migrations(),
               "1.2.3",        events, watcher,     uploads},
      admin(token("admin")),
      dispatcher(std::make_unique<Dispatcher>(routes(services), authenticator(services), base::system_clock(),
                                              dispatch_options(services))),
      document_(json::parse(openapi(dispatcher->routes(), "1.2.3"))) {
  services.media = &media;
}

ApiTest::~ApiTest() = default;

std::string ApiTest::token(const std::string& name) {
  const auto lease = database->acquire();
  return accounts::create_token(*lease, name).reveal();
}

std::int64_t ApiTest::person(const std::string& name, accounts::Role role) {
  const auto password = passwords.hash(base::Secret("correct horse battery"), passwords.turn());
  const auto lease = database->acquire();
  const auto added = accounts::add_person(*lease, name + "@example.org", name, role, password);
  EXPECT_EQ(added.answer, accounts::PersonAnswer::done);
  return added.person->id;
}

std::int64_t ApiTest::channel(const std::vector<std::int64_t>& people) {
  const auto name = "channel " + std::to_string(++made_);
  const auto account = database
                           .run(
                               "INSERT INTO fencepost_connections (name, platform, target) VALUES ($1, "
                               "'youtube', '') RETURNING id",
                               {name})[0][0]
                           .integer();
  return upload::add_channel(*database->acquire(), {.name = name, .connection_id = account, .people = people})
      .id;
}

std::int64_t ApiTest::video() {
  return database
      .run(
          "INSERT INTO fencepost_videos (folder, path, size, modified, inode, media_type) "
          "VALUES ('films', $1, 1, 0, 1, 'video/mp4') RETURNING id",
          {std::to_string(++made_) + ".mp4"})[0][0]
      .integer();
}

Headers ApiTest::signed_in(std::int64_t person) {
  const auto lease = database->acquire();
  const auto session = accounts::open_session(*lease, person, {"192.0.2.7", "a test"});
  const auto& cookie = session.value().token.reveal();
  return {{"Cookie", session_cookie_name(services.secure_cookies) + "=" + cookie},
          {"Host", "fencepost.example"},
          {"Origin", "https://fencepost.example"},
          {"Sec-Fetch-Site", "same-origin"},
          {"X-CSRF-Token", accounts::csrf_token(cookie)}};
}

Response ApiTest::as(const Headers& who, const std::string& method, const std::string& target,
                     const json& body, const Headers& more) {
  Headers headers = who;
  for (const auto& [name, value] : more) headers.set(name, value);
  auto response = raw(method, target, body.is_null() ? "" : body.dump(), headers, "");
  expect_documented(method, target, response);
  return response;
}

Response ApiTest::raw(const std::string& method, const std::string& target, const std::string& body,
                      Headers headers, const std::string& who, const std::string& peer) {
  if (!who.empty()) headers.set("Authorization", "Bearer " + who);
  if (!body.empty()) headers.set("Content-Type", "application/json");
  return dispatcher->handle(
      {.method = method, .target = target, .headers = headers, .body = body, .peer = peer});
}

Response ApiTest::tus(const std::string& method, const std::string& target, const std::string& body,
                      Headers headers, std::size_t piece) {
  if (headers.find("Tus-Resumable") == nullptr) headers.set("Tus-Resumable", "1.0.0");
  if (headers.find("Cookie") == nullptr) headers.set("Authorization", "Bearer " + admin);
  if (!body.empty()) {
    headers.set("Content-Length", std::to_string(body.size()));
    if (headers.find("Content-Type") == nullptr)
      headers.set("Content-Type", "application/offset+octet-stream");
  }
  auto response =
      dispatcher->handle({.method = method, .target = target, .headers = headers, .peer = "127.0.0.1"});
  for (std::size_t at = 0; response.intake != nullptr && at < body.size(); at += piece)
    if (auto early = response.intake->take(std::string_view(body).substr(at, piece)))
      response = std::move(*early);
  if (response.intake != nullptr) response = response.intake->finish();
  expect_documented(method, target, response);
  return response;
}

Response ApiTest::send(const std::string& method, const std::string& target, const json& body,
                       const Headers& headers) {
  auto response = raw(method, target, body.is_null() ? "" : body.dump(), headers, admin);
  expect_documented(method, target, response);
  return response;
}

void ApiTest::expect_documented(const std::string& method, const std::string& target,
                                const Response& response) const {
  const auto status = response.status;
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
  const auto* type = response.headers.find("Content-Type");
  if (type == nullptr || *type != "application/json") return;
  for (const auto& described : match.route->answers) {
    json ignored;
    if (described.status != status) continue;
    const auto refusal = parse_body(answered(described.fields), response.body, ignored);
    for (const auto& error : refusal ? refusal->errors : std::vector<FieldError>())
      ADD_FAILURE() << method << ' ' << match.route->pattern << " answers " << error.field << ", which "
                    << error.detail;
  }
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
