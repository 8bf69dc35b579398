#include "connect/linkedin/linkedin.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/random.hpp"
#include "connect/linkedin/little.hpp"
#include "connect/oauth/encode.hpp"
#include "connect/oauth/tokens.hpp"

namespace fencepost::connect {

namespace {

using Json = nlohmann::ordered_json;

constexpr base::Micros kDay = 86'400'000'000;

oauth::Client client_of(const LinkedInOptions& options, const PlatformLimits& limits) {
  oauth::Client client;
  client.authorize_url = options.site + "/oauth/v2/authorization";
  client.token_url = options.site + "/oauth/v2/accessToken";
  client.revoke_url = options.site + "/oauth/v2/revoke";
  client.id = options.client_id;
  client.secret = options.client_secret;
  client.proof = oauth::Proof::client_secret_post;
  client.scopes = limits.words("scopes");
  return client;
}

// The URN that LinkedIn's message names: "Content is a duplicate of urn:li:share:7141138937766391808".
std::string urn_in(const std::string& text) {
  const auto at = text.find("urn:li:");
  if (at == std::string::npos) return "";
  const auto end = std::find_if(text.begin() + static_cast<std::ptrdiff_t>(at), text.end(), [](char c) {
    const bool of_urn = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                        c == ':' || c == '-' || c == '_';
    return !of_urn;
  });
  return std::string(text.begin() + static_cast<std::ptrdiff_t>(at), end);
}

bool duplicate(const HttpResult& result) {
  return result.status / 100 == 4 && (result.body.find("DUPLICATE_POST") != std::string::npos ||
                                      result.body.find("is a duplicate of") != std::string::npos);
}

}  // namespace

// A caller's part of an exchange.
struct LinkedIn::Call {
  const Credentials& credentials;
  base::BootTime deadline;
  std::stop_token stop;
};

LinkedIn::LinkedIn(HttpClient& http, const PlatformLimits& limits, LinkedInOptions options)
    : OAuthConnector(http, client_of(options, limits)), limits_(limits), options_(std::move(options)) {}

HttpRequest LinkedIn::request_to(const std::string& path, const Call& call) const {
  HttpRequest request;
  request.url = options_.url + path;
  request.headers = {oauth::bearer(call.credentials),
                     {"LinkedIn-Version", std::to_string(limits_.number("version"))},
                     {"X-Restli-Protocol-Version", "2.0.0"}};
  request.deadline = call.deadline;
  return request;
}

HttpResult LinkedIn::get(const std::string& path, const Call& call) const {
  auto request = request_to(path, call);
  request.repeatable = true;
  if (path.find("q=author") != std::string::npos) request.headers.emplace_back("X-RestLi-Method", "FINDER");
  return http_.call(request, call.stop);
}

HttpResult LinkedIn::post(const std::string& path, const std::string& json, const Call& call) const {
  auto request = request_to(path, call);
  request.method = "POST";
  request.headers.emplace_back("Content-Type", "application/json");
  request.body = json;
  return http_.call(request, call.stop);
}

// Of an answer that is no yes.
Outcome LinkedIn::refusal(const HttpResult& result, const Call& call) const {
  auto outcome = by_status("LinkedIn", result, http_.clock().wall());
  if (result.status == 0) return outcome;
  const auto body = json_of(result);
  const auto& message = member(body, "message");
  const auto said = quotable(message, oauth::tokens_of(call.credentials).value_or(oauth::Tokens{}).access);
  // Of what it is a duplicate, a person has to see: of an older post, of one that was deleted, or of this
  // very request, which something between us and LinkedIn repeated.
  if (duplicate(result)) {
    const auto urn = urn_in(message.is_string() ? message.get<std::string>() : "");
    return unknown("LinkedIn says that this text was posted before" + (urn.empty() ? "" : ", as " + urn));
  }
  if (result.status == 426)
    return certain(Reason::rejected, "LinkedIn has ended version " +
                                         std::to_string(limits_.number("version")) +
                                         " of its API: the operator sets another one in platform-limits");
  if (result.status == 429 && !outcome.retry_after) {
    // "Rate limits reset at midnight UTC"; limits of another kind are not documented, and left to back-off.
    const auto now = http_.clock().wall();
    if (said.find("DAY") != std::string::npos)
      return rate_limited(answered("LinkedIn", 429, said), base::Duration(kDay - now % kDay));
  }
  if (outcome.reason == Reason::rejected) outcome.error = answered("LinkedIn", result.status, said);
  return outcome;
}

void LinkedIn::check(const std::string& destination, const Credentials& credentials) const {
  if (!destination.empty() && destination != options_.site)
    throw base::UserError("invalid_destination", "LinkedIn has one address: " + options_.site);
  if (!oauth::tokens_of(credentials))
    throw base::UserError("invalid_credentials", "LinkedIn wants an access token");
}

Fitted LinkedIn::fit(const Post& post, const Account&) const {
  return connect::fit(post.text, post.url, limits_.text_rules());
}

ImageRules LinkedIn::image_rules(const Account&) const { return connect::image_rules("LinkedIn", limits_); }

Rendered LinkedIn::render(const Post& post, const Account& account, const std::string&) const {
  if (post.reply_to) throw base::UserError("invalid_text", "LinkedIn has no threads: make it one post");
  check_images(post.images, image_rules(account));
  const auto text = fit(post, account).text;
  if (text.empty()) throw base::UserError("invalid_text", "a post on LinkedIn needs a text");
  Json body = {{"author", account.id},
               {"commentary", linkedin::to_little(text)},
               {"visibility", "PUBLIC"},
               {"distribution",
                {{"feedDistribution", "MAIN_FEED"},
                 {"targetEntities", Json::array()},
                 {"thirdPartyDistributionChannels", Json::array()}}},
               {"lifecycleState", "PUBLISHED"},
               {"isReshareDisabledByAuthor", false}};
  // LinkedIn makes no card of a link by itself, and a post has either a card or images.
  if (!post.url.empty() && !post.title.empty() && post.images.empty())
    body["content"] = {
        {"article", {{"source", post.url}, {"title", post.title}, {"description", post.description}}}};
  return {options_.url + "/rest/posts", body.dump()};
}

Outcome LinkedIn::upload(const Image& image, const std::string& owner, const Call& call) const {
  const Json wish = {{"initializeUploadRequest", {{"owner", owner}}}};
  const auto begun = post("/rest/images?action=initializeUpload", wish.dump(), call);
  const auto body = json_of(begun);
  const auto& place = member(member(body, "value"), "uploadUrl");
  const auto urn = text_at(member(body, "value"), "image");
  if (begun.status != 200) return nothing_posted(refusal(begun, call));
  if (!place.is_string() || urn.empty())
    return certain(Reason::temporary, "LinkedIn's answer to an upload could not be read");
  HttpRequest request;
  request.method = "PUT";
  request.url = place.get<std::string>();
  request.headers = {oauth::bearer(call.credentials), {"Content-Type", image.media_type}};
  request.body = image.bytes;
  request.deadline = call.deadline;
  const auto put = http_.call(request, call.stop);
  if (put.status / 100 != 2) return nothing_posted(refusal(put, call));
  return accepted(urn, "");
}

std::variant<Rendered, Outcome> LinkedIn::prepare(Rendered rendered, const Post& post, const Account& account,
                                                  const Credentials& credentials, const std::string&,
                                                  base::BootTime deadline, std::stop_token stop) {
  const Call call{credentials, deadline, stop};
  auto body = Json::parse(rendered.request);
  if (account.id.empty()) {
    auto who = verify(account, credentials, deadline, stop);
    if (who.outcome.verdict != Verdict::accepted) return std::move(who.outcome);
    body["author"] = who.account.id;
  }
  Json images = Json::array();
  for (const auto& image : post.images) {
    auto outcome = upload(image, body["author"], call);
    if (outcome.verdict != Verdict::accepted) return outcome;
    images.push_back({{"id", outcome.remote_id}, {"altText", image.alt}});
  }
  if (images.size() == 1) body["content"] = {{"media", images[0]}};
  if (images.size() > 1) body["content"] = {{"multiImage", {{"images", images}}}};
  rendered.request = body.dump();
  return rendered;
}

Outcome LinkedIn::send(const Rendered& rendered, const Credentials& credentials, const std::string&,
                       base::BootTime deadline, std::stop_token stop) {
  const Call call{credentials, deadline, std::move(stop)};
  const auto result = post("/rest/posts", rendered.request, call);
  if (result.status != 201) return refusal(result, call);
  // The id stands in a header, so that the yes needs no body.
  const auto urn = urn_in(std::string(result.header("x-restli-id").value_or("")));
  return accepted(urn, urn.empty() ? "" : post_url(urn));
}

Look LinkedIn::look(const Rendered& rendered, const Credentials& credentials, const std::string& key,
                    base::BootTime deadline, std::stop_token stop) {
  const Call call{credentials, deadline, std::move(stop)};
  const auto cannot = [](const std::string& why) { return Look{Presence::cannot_tell, "", "", why}; };
  const auto sent = nlohmann::json::parse(rendered.request);
  const auto since = base::time_of(key) - kClockSkew.count();
  if (base::time_of(key) == 0) return cannot("it is not known since when LinkedIn would have it");
  const auto result =
      get("/rest/posts?author=" + oauth::percent(text_at(sent, "author")) +
              "&q=author&sortBy=LAST_MODIFIED&count=" + std::to_string(limits_.number("listed-posts")),
          call);
  if (result.status == 403)
    return cannot("LinkedIn lets only its partners read a member's posts: look there");
  const auto body = json_of(result);
  const auto& elements = member(body, "elements");
  if (result.status != 200) return cannot("LinkedIn could not be asked: " + refusal(result, call).error);
  if (!elements.is_array()) return cannot("LinkedIn's list of posts could not be read");
  const auto wanted = comparable(linkedin::from_little(member(sent, "commentary").get<std::string>()));
  Look found = {Presence::absent, "", "", "LinkedIn lists no such post"};
  for (const auto& listed : elements) {
    const auto& commentary = member(listed, "commentary");
    const auto& made = member(listed, "createdAt");  // milliseconds
    if (!commentary.is_string() || !made.is_number_integer() || made.get<std::int64_t>() * 1000 < since)
      continue;
    if (comparable(linkedin::from_little(commentary.get<std::string>())) != wanted) continue;
    // The first that was made, where there are several.
    const auto urn = text_at(listed, "id");
    found = {Presence::present, urn, post_url(urn), "LinkedIn lists it"};
  }
  // A full page may not go back to the key.
  if (found.presence == Presence::absent &&
      elements.size() >= static_cast<std::size_t>(limits_.number("listed-posts")))
    return cannot("the account has posted too much since");
  return found;
}

std::string LinkedIn::text_of(const Rendered& rendered) const {
  return linkedin::from_little(nlohmann::json::parse(rendered.request).at("commentary").get<std::string>());
}

std::string LinkedIn::told_by(const Rendered& rendered) const { return comparable(text_of(rendered)); }

Verified LinkedIn::verify(const Account& account, const Credentials& credentials, base::BootTime deadline,
                          std::stop_token stop) {
  const Call call{credentials, deadline, std::move(stop)};
  const auto result = get("/v2/userinfo", call);  // OpenID Connect
  const auto body = json_of(result);
  const auto id = text_at(body, "sub");
  if (result.status != 200) return {account, nothing_posted(refusal(result, call))};
  if (id.empty()) return {account, certain(Reason::temporary, "LinkedIn's answer could not be read")};
  auto found = account;
  found.id = "urn:li:person:" + id;
  found.name = text_at(body, "name");
  return {found, accepted("", "")};
}

}  // namespace fencepost::connect
