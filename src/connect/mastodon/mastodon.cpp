#include "connect/mastodon/mastodon.hpp"

#include <nlohmann/json.hpp>

#include "connect/exchange.hpp"
#include "connect/mastodon/api.hpp"
#include "connect/mastodon/facts.hpp"
#include "connect/mastodon/html.hpp"
#include "connect/multipart.hpp"
#include "connect/oauth/encode.hpp"
#include "connect/oauth/oauth2.hpp"
#include "connect/oauth/tokens.hpp"

namespace fencepost::connect {

namespace {

using mastodon::Api;
using Json = nlohmann::ordered_json;

constexpr const char* kScopes[] = {"read:accounts", "read:statuses", "write:statuses", "write:media"};
constexpr base::Duration kAskAgain = std::chrono::milliseconds(500);  // whether an image has been read

std::string id_of(const HttpResult& result) { return text_at(json_of(result), "id"); }

// A link that may be shown; else empty.
std::string link(const std::string& url) {
  return !url.empty() && !url_problem(url, {.allow_private = true}) ? url : "";
}

// The media's id, or why there is none. Whatever it comes to, nothing is posted.
std::variant<std::string, Outcome> upload(const Api& api, const Image& image, const std::string& key) {
  std::vector<Part> parts = {{"file", image.bytes, "image", image.media_type}};
  if (!image.alt.empty()) parts.insert(parts.begin(), {"description", image.alt, "", ""});
  auto body = multipart(parts, key);
  auto result = api.post("/api/v2/media", std::move(body.body), body.content_type);
  const auto id = id_of(result);
  if (result.status / 100 == 2 && id.empty())
    return certain(Reason::temporary, "the server's answer to an image cannot be read");
  // 202, then 206: it is there, and is still being read; a status that names it would be refused.
  while (result.status == 202 || result.status == 206) {
    if (!api.wait(kAskAgain)) return certain(Reason::temporary, "the server is still at work on an image");
    result = api.get("/api/v1/media/" + oauth::percent(id));
  }
  if (result.status != 200) return nothing_posted(api.refusal(result));
  return id;
}

oauth::Client client_of(const std::string& server) {
  oauth::Client client;
  client.authorize_url = server + "/oauth/authorize";
  client.token_url = server + "/oauth/token";
  client.revoke_url = server + "/oauth/revoke";
  client.proof = oauth::Proof::client_secret_post;
  client.scopes.assign(std::begin(kScopes), std::end(kScopes));
  client.of_account = true;
  return client;
}

}  // namespace

// What is stored is {"account": the account's id, "status": what is sent, byte for byte}.
Mastodon::Mastodon(HttpClient& http, const PlatformLimits& limits)
    : OAuthConnector(http, {}), limits_(limits) {}

base::Duration Mastodon::refuses_second_arrival() const {
  return std::chrono::seconds(limits_.number("key-lasts"));
}

void Mastodon::check(const std::string& destination, const Credentials& credentials) const {
  check_server(destination, http_.addresses());
  if (!oauth::tokens_of(credentials))
    throw base::UserError("invalid_credentials",
                          "write an access token: Mastodon makes one under Preferences, Development");
}

Fitted Mastodon::fit(const Post& post, const Account& account) const {
  return connect::fit(post.text, post.url, mastodon::facts_of(account, limits_).text);
}

ImageRules Mastodon::image_rules(const Account& account) const {
  return mastodon::facts_of(account, limits_).images;
}

Rendered Mastodon::render(const Post& post, const Account& account, const std::string&) const {
  const auto facts = mastodon::facts_of(account, limits_);
  check_images(post.images, image_rules(account));
  const auto text = fit(post, account).text;
  if (text.empty() && post.images.empty())
    throw base::UserError("invalid_text", "a status needs a text or an image");
  Json status = {{"status", text}};
  if (!facts.visibility.empty()) status["visibility"] = facts.visibility;
  if (!post.language.empty()) status["language"] = post.language;
  if (post.reply_to) status["in_reply_to_id"] = post.reply_to->parent.id;
  const Json request = {{"account", account.id}, {"status", std::move(status)}};
  try {
    return {server_of(account.target), request.dump()};
  } catch (const Json::exception&) {
    throw base::UserError("invalid_text", "the text is not valid UTF-8");
  }
}

std::variant<Rendered, Outcome> Mastodon::prepare(Rendered rendered, const Post& post, const Account&,
                                                  const Credentials& credentials, const std::string& key,
                                                  base::BootTime deadline, std::stop_token stop) {
  if (post.images.empty()) return rendered;
  const Api api(http_, rendered.destination, credentials, deadline, std::move(stop));
  auto ids = Json::array();
  for (const auto& image : post.images) {
    auto uploaded = upload(api, image, key);
    if (auto* failed = std::get_if<Outcome>(&uploaded)) return std::move(*failed);
    ids.push_back(std::get<std::string>(std::move(uploaded)));
  }
  auto request = Json::parse(rendered.request);
  request["status"]["media_ids"] = std::move(ids);
  rendered.request = request.dump();
  return rendered;
}

Outcome Mastodon::send(const Rendered& rendered, const Credentials& credentials, const std::string& key,
                       base::BootTime deadline, std::stop_token stop) {
  const Api api(http_, rendered.destination, credentials, deadline, std::move(stop));
  const auto status = Json::parse(rendered.request).at("status").dump();
  const auto result = api.post("/api/v1/statuses", status, "application/json", key);
  // 200 is the yes, and stays one where its body was cut.
  if (result.status != 200) return api.refusal(result);
  auto outcome = accepted(id_of(result), link(text_at(json_of(result), "url")));
  outcome.rest = api.rest(result);
  return outcome;
}

Look Mastodon::look(const Rendered& rendered, const Credentials& credentials, const std::string& key,
                    base::BootTime deadline, std::stop_token stop) {
  const Api api(http_, rendered.destination, credentials, deadline, std::move(stop));
  const auto request = nlohmann::json::parse(rendered.request);
  auto account = text_at(request, "account");
  if (account.empty()) {
    const auto result = api.get("/api/v1/accounts/verify_credentials");
    account = id_of(result);
    if (result.status != 200 || account.empty())
      return {Presence::cannot_tell, "", "", "the server could not be asked: " + api.refusal(result).error};
  }
  auto found = mastodon::find(api, account, request.at("status"), key, limits_.number("listed-posts"));
  found.remote_url = link(found.remote_url);
  return found;
}

std::string Mastodon::text_of(const Rendered& rendered) const {
  return nlohmann::json::parse(rendered.request).at("status").at("status").get<std::string>();
}

std::string Mastodon::told_by(const Rendered& rendered) const {
  const auto status = nlohmann::json::parse(rendered.request).at("status");
  return mastodon::seen(status.at("status").get<std::string>()) + ' ' + text_at(status, "in_reply_to_id");
}

Verified Mastodon::verify(const Account& account, const Credentials& credentials, base::BootTime deadline,
                          std::stop_token stop) {
  const auto server = server_of(account.target);
  const Api api(http_, server, credentials, deadline, std::move(stop));
  const auto who = api.get("/api/v1/accounts/verify_credentials");
  if (who.status != 200) return {account, nothing_posted(api.refusal(who))};
  auto instance = api.get("/api/v2/instance");
  if (instance.status == 404) instance = api.get("/api/v1/instance");  // before Mastodon 4
  if (instance.status != 200 && instance.status != 404)
    return {account, nothing_posted(api.refusal(instance))};
  auto found = account;
  found.id = id_of(who);
  found.name = "@" + text_at(json_of(who), "username") + "@" + server.substr(server.find("://") + 3);
  found.facts = mastodon::facts_in(json_of(instance), json_of(who));
  if (found.id.empty()) return {account, certain(Reason::temporary, "the server's answer cannot be read")};
  return {std::move(found), accepted("", "")};
}

void Mastodon::revoke(const Account& account, const Credentials& credentials, base::BootTime deadline,
                      std::stop_token stop) {
  const auto client = oauth::client_of(credentials, client_of(server_of(account.target)));
  if (!client.id.empty()) (void)oauth::revoke(http_, client, credentials, deadline, std::move(stop));
}

Authorisation Mastodon::authorisation(const Account& account, const std::string& redirect_uri,
                                      base::BootTime deadline, std::stop_token stop) {
  check_server(account.target, http_.addresses());
  auto client = client_of(server_of(account.target));
  std::string scopes;
  for (const auto& scope : client.scopes) scopes += (scopes.empty() ? "" : " ") + scope;
  const Json wish = {{"client_name", "Fencepost"}, {"redirect_uris", redirect_uri}, {"scopes", scopes}};
  HttpRequest request;
  request.method = "POST";
  request.url = server_of(account.target) + "/api/v1/apps";
  request.headers = {{"Content-Type", "application/json"}};
  request.body = wish.dump();
  request.deadline = deadline;
  const auto result = http_.call(request, std::move(stop));
  const auto made = json_of(result);
  client.id = text_at(made, "client_id");
  client.secret = base::Secret(text_at(made, "client_secret"));
  if (result.status == 200 && !client.id.empty() && !client.secret.empty())
    return {std::move(client), accepted("", "")};
  // Nobody uses a client whose registration was not heard of.
  return {std::nullopt,
          nothing_posted(result.status == 200 ? unknown("the server's answer cannot be read")
                                              : by_status("the server", result, http_.clock().wall()))};
}

}  // namespace fencepost::connect
