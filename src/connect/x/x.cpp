#include "connect/x/x.hpp"

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "connect/oauth/oauth1.hpp"
#include "connect/oauth/tokens.hpp"
#include "connect/x/find.hpp"
#include "connect/x/media.hpp"

namespace fencepost::connect {

namespace {
using Json = nlohmann::ordered_json;

oauth::Client client_of(const XOptions& options, const PlatformLimits& limits) {
  oauth::Client client;
  client.authorize_url = options.site + "/i/oauth2/authorize";
  client.token_url = options.url + "/2/oauth2/token";
  client.revoke_url = options.url + "/2/oauth2/revoke";
  client.id = options.client_id;
  client.secret = options.client_secret;
  client.proof = client.secret.empty() ? oauth::Proof::none : oauth::Proof::client_secret_basic;
  client.scopes = limits.words("scopes");
  return client;
}
}  // namespace

// What is stored is {"user": the account's id, "post": what is sent, byte for byte}: look() needs the
// account.
X::X(HttpClient& http, const PlatformLimits& limits, XOptions options)
    : OAuthConnector(http, client_of(options, limits)),
      limits_(limits),
      options_(std::move(options)),
      api_(http, options_.url, limits) {}

void X::check(const std::string& destination, const Credentials& credentials) const {
  if (!destination.empty() && destination != options_.site)
    throw base::UserError("invalid_destination", "X has one address: " + options_.site);
  if (!oauth::keys_of(credentials) && !oauth::tokens_of(credentials))
    throw base::UserError(
        "invalid_credentials",
        "X wants an access token, or consumer_key, consumer_secret, token and token_secret");
}

Fitted X::fit(const Post& post, const Account&) const {
  return connect::fit(post.text, post.url, limits_.text_rules());
}

ImageRules X::image_rules(const Account&) const { return connect::image_rules("X", limits_); }

Rendered X::render(const Post& post, const Account& account, const std::string&) const {
  check_images(post.images, image_rules(account));
  const auto text = fit(post, account).text;
  if (text.empty() && post.images.empty())
    throw base::UserError("invalid_text", "a post needs a text or an image");
  Json body = {{"text", text}};
  if (post.reply_to) body["reply"] = {{"in_reply_to_tweet_id", post.reply_to->parent.id}};
  const bool with_url = !urls_in(text, /*bare_domains=*/true).empty();
  return {options_.url + "/2/tweets", Json{{"user", account.id}, {"post", body}}.dump(),
          limits_.number(with_url ? "post-cost-with-url" : "post-cost")};
}

std::variant<Rendered, Outcome> X::prepare(Rendered rendered, const Post& post, const Account&,
                                           const Credentials& credentials, const std::string& key,
                                           base::BootTime deadline, std::stop_token stop) {
  if (post.images.empty()) return rendered;
  auto uploaded = x::upload(api_, post.images, key, {credentials, deadline, std::move(stop)});
  if (auto* refused = std::get_if<Outcome>(&uploaded)) return std::move(*refused);
  auto request = Json::parse(rendered.request);
  request["post"]["media"] = {{"media_ids", std::get<std::vector<std::string>>(uploaded)}};
  rendered.request = request.dump();
  return rendered;
}

Outcome X::send(const Rendered& rendered, const Credentials& credentials, const std::string&,
                base::BootTime deadline, std::stop_token stop) {
  const auto post = Json::parse(rendered.request).at("post").dump();
  const auto result = api_.post("/2/tweets", post, {credentials, deadline, std::move(stop)});
  // 201 is the yes, and stays one where its body was cut; another 2xx only with the post's id.
  const auto id = text_at(member(json_of(result), "data"), "id");
  if (result.status == 201 || (result.status / 100 == 2 && !id.empty())) {
    auto outcome = accepted(id, id.empty() ? "" : post_url(id));
    outcome.rest = api_.rest(result);
    return outcome;
  }
  return api_.refusal(result, credentials);
}

Look X::look(const Rendered& rendered, const Credentials& credentials, const std::string& key,
             base::BootTime deadline, std::stop_token stop) {
  const auto request = nlohmann::json::parse(rendered.request);
  auto user = text_at(request, "user");
  if (user.empty()) {
    const auto who = verify({}, credentials, deadline, stop);
    if (who.outcome.verdict != Verdict::accepted)
      return {Presence::cannot_tell, "", "", "X could not be asked: " + who.outcome.error};
    user = who.account.id;
  }
  auto found = x::find(api_, user, request.at("post"), key, {credentials, deadline, std::move(stop)});
  if (found.presence == Presence::present) found.remote_url = post_url(found.remote_id);
  return found;
}

std::string X::text_of(const Rendered& rendered) const {
  return nlohmann::json::parse(rendered.request).at("post").at("text").get<std::string>();
}

std::string X::told_by(const Rendered& rendered) const { return comparable(text_of(rendered)); }

Verified X::verify(const Account& account, const Credentials& credentials, base::BootTime deadline,
                   std::stop_token stop) {
  const auto result = api_.get("/2/users/me", {credentials, deadline, std::move(stop)});
  const auto body = json_of(result);
  auto found = account;
  found.id = text_at(member(body, "data"), "id");
  found.name = "@" + text_at(member(body, "data"), "username");
  if (result.status == 200 && !found.id.empty()) return {found, accepted("", "")};
  return {account, nothing_posted(api_.refusal(result, credentials))};
}

}  // namespace fencepost::connect
