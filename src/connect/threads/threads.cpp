#include "connect/threads/threads.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/random.hpp"
#include "connect/oauth/encode.hpp"
#include "connect/oauth/oauth2.hpp"
#include "connect/oauth/tokens.hpp"
#include "connect/threads/errors.hpp"

namespace fencepost::connect {

namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kVersion = "/v1.0/";
constexpr std::chrono::seconds kLongestPause{16};

oauth::Client client_of(const ThreadsOptions& options, const PlatformLimits& limits) {
  oauth::Client client;
  client.authorize_url = options.site + "/oauth/authorize";
  client.token_url = options.url + "/oauth/access_token";
  client.id = options.client_id;
  client.secret = options.client_secret;
  client.proof = oauth::Proof::client_secret_post;
  client.scopes = limits.words("scopes");
  client.scope_separator = ',';
  return client;
}

using Fields = std::vector<std::pair<std::string, std::string>>;

Fields with(Fields fields, Fields more) {
  std::move(more.begin(), more.end(), std::back_inserter(fields));
  return fields;
}

Fields picture(const Image& image) {
  Fields fields = {{"media_type", "IMAGE"}, {"image_url", image.url}};
  if (!image.alt.empty()) fields.emplace_back("alt_text", image.alt);
  return fields;
}

// What becomes part of a path: an id that Threads gave.
bool is_id(const std::string& id) {
  return !id.empty() && std::all_of(id.begin(), id.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

// A caller's part of an exchange.
struct Threads::Call {
  const Credentials& credentials;
  base::BootTime deadline;
  std::stop_token stop;
};

// What is stored is {"user", "text", "reply_to"?, "creation_id"}: the container, and what was put into it.
Threads::Threads(HttpClient& http, const PlatformLimits& limits, ThreadsOptions options)
    : OAuthConnector(http, client_of(options, limits)), limits_(limits), options_(std::move(options)) {}

// The token stands in the parameters, as Threads documents it.
HttpResult Threads::get(const std::string& path, Fields query, const Call& call) const {
  const auto tokens = oauth::tokens_of(call.credentials);
  query.emplace_back("access_token", tokens ? tokens->access.reveal() : "");
  HttpRequest request;
  request.url = options_.url + path + "?" + oauth::form(query);
  request.deadline = call.deadline;
  request.repeatable = true;
  return http_.call(request, call.stop);
}

HttpResult Threads::post(const std::string& url, Fields form, const Call& call) const {
  const auto tokens = oauth::tokens_of(call.credentials);
  form.emplace_back("access_token", tokens ? tokens->access.reveal() : "");
  HttpRequest request;
  request.method = "POST";
  request.url = url;
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
  request.body = oauth::form(form);
  request.deadline = call.deadline;
  return http_.call(request, call.stop);
}

Outcome Threads::refusal(const HttpResult& result, const Call& call) const {
  // The window moves: on average a place in it becomes free after this.
  const auto wait = std::chrono::seconds(limits_.number("window") /
                                         std::max<std::int64_t>(1, limits_.number("posts-per-window")));
  return threads::refusal(result, call.credentials, http_.clock().wall(), wait);
}

void Threads::check(const std::string& destination, const Credentials& credentials) const {
  if (!destination.empty() && destination != options_.site)
    throw base::UserError("invalid_destination", "Threads has one address: " + options_.site);
  if (!oauth::tokens_of(credentials))
    throw base::UserError("invalid_credentials", "Threads wants an access token");
}

Fitted Threads::fit(const Post& post, const Account&) const {
  return connect::fit(post.text, post.url, limits_.text_rules());
}

ImageRules Threads::image_rules(const Account&) const {
  if (!options_.images)
    return {.who = "Threads",
            .why_none =
                "Threads fetches images from this server, and nobody has said where: set public-url to its "
                "https address, or post without images"};
  auto rules = connect::image_rules("Threads", limits_);
  rules.fetched = true;
  return rules;
}

Rendered Threads::render(const Post& post, const Account& account, const std::string&) const {
  check_images(post.images, image_rules(account));
  const auto text = fit(post, account).text;
  if (text.empty() && post.images.empty())
    throw base::UserError("invalid_text", "a post on Threads needs a text or an image");
  const auto user = account.id.empty() ? std::string("me") : account.id;
  Json request = {{"user", user}, {"text", text}};
  if (post.reply_to) request["reply_to"] = post.reply_to->parent.id;
  return {options_.url + kVersion + oauth::percent(user) + "/threads_publish", request.dump()};
}

std::variant<Rendered, Outcome> Threads::prepare(Rendered rendered, const Post& post, const Account&,
                                                 const Credentials& credentials, const std::string&,
                                                 base::BootTime deadline, std::stop_token stop) {
  const Call call{credentials, deadline, std::move(stop)};
  auto request = Json::parse(rendered.request);
  Fields form;
  if (const auto& text = request.at("text"); text != "") form.emplace_back("text", text);
  if (request.contains("reply_to")) form.emplace_back("reply_to_id", request.at("reply_to"));
  const auto user = request.at("user").get<std::string>();
  const auto made = post.images.size() > 1 ? carousel(user, post.images, std::move(form), call)
                    : post.images.empty()
                        ? container(user, with({{"media_type", "TEXT"}}, std::move(form)), call)
                        : container(user, with(picture(post.images[0]), std::move(form)), call);
  if (made.verdict != Verdict::accepted) return nothing_posted(made);
  request["creation_id"] = made.remote_id;
  rendered.request = request.dump();
  return rendered;
}

Outcome Threads::container(const std::string& user, const Fields& form, const Call& call) const {
  const auto made = post(options_.url + kVersion + oauth::percent(user) + "/threads", form, call);
  if (made.status != 200) {
    auto outcome = refusal(made, call);
    // An image's address opens it, and is for nobody's eyes.
    if (outcome.error.find("://") != std::string::npos) outcome.error = answered("Threads", made.status);
    return outcome;
  }
  auto container = text_at(json_of(made), "id");
  if (!is_id(container)) return certain(Reason::temporary, "Threads' answer could not be read");
  const auto outcome = ready(container, call);
  return outcome.verdict == Verdict::accepted ? accepted(std::move(container), "") : outcome;
}

Outcome Threads::carousel(const std::string& user, const std::vector<Image>& images, Fields form,
                          const Call& call) const {
  std::string children;
  for (const auto& image : images) {
    const auto made = container(user, with(picture(image), {{"is_carousel_item", "true"}}), call);
    if (made.verdict != Verdict::accepted) return made;
    children += (children.empty() ? "" : ",") + made.remote_id;
  }
  return container(user, with({{"media_type", "CAROUSEL"}, {"children", children}}, std::move(form)), call);
}

std::pair<std::string, Outcome> Threads::status_of(const std::string& container, const Call& call) const {
  const auto result = get(kVersion + container, {{"fields", "status,error_message"}}, call);
  const auto body = json_of(result);
  const auto status = text_at(body, "status");
  if (result.status == 200 && status == "ERROR")
    return {status, threads::unmade(text_at(body, "error_message"))};
  if (result.status == 200 && !status.empty()) return {status, accepted("", "")};
  if (result.status == 200) return {"", unknown("Threads' answer could not be read")};
  return {"", refusal(result, call)};
}

Outcome Threads::ready(const std::string& container, const Call& call) const {
  for (std::chrono::seconds wait{1};; wait = std::min(2 * wait, kLongestPause)) {
    const auto [status, outcome] = status_of(container, call);
    if (status == "FINISHED") return accepted("", "");
    if (status == "EXPIRED")
      return certain(Reason::temporary, "Threads was at work on the post for too long");
    if (status.empty() || status == "ERROR") return outcome;
    if (!pause(wait, http_.clock(), call.deadline, call.stop))
      return certain(Reason::temporary, "Threads was still at work on the post");
  }
}

Outcome Threads::send(const Rendered& rendered, const Credentials& credentials, const std::string&,
                      base::BootTime deadline, std::stop_token stop) {
  const Call call{credentials, deadline, std::move(stop)};
  const auto container = text_at(nlohmann::json::parse(rendered.request), "creation_id");
  if (container.empty()) return certain(Reason::temporary, "the post was not made ready");
  const auto result = post(rendered.destination, {{"creation_id", container}}, call);
  const auto id = text_at(json_of(result), "id");
  if (result.status == 200 && is_id(id)) return accepted(id, permalink(id, call));
  // A 200 that cannot be read says nothing; the container does, and is looked at.
  if (result.status == 200) return unknown("Threads' answer could not be read");
  // "Cannot be found" is said of containers that are ready, too; that this one was not published is asked.
  if (threads::is_missing(result)) {
    if (status_of(container, call).first == "PUBLISHED")
      return unknown("Threads published it, and denies it");
    return certain(Reason::temporary, "Threads could not find the post that it had made ready");
  }
  return refusal(result, call);
}

std::string Threads::permalink(const std::string& id, const Call& call) const {
  // A post has been made: its address is worth a moment, not the whole deadline.
  const auto soon = std::min(call.deadline, http_.clock().boot() + std::chrono::seconds(5));
  const auto link =
      text_at(json_of(get(kVersion + id, {{"fields", "permalink"}}, {call.credentials, soon, call.stop})),
              "permalink");
  return url_problem(link, {.allow_private = true}) ? "" : link;
}

std::string Threads::text_of(const Rendered& rendered) const {
  return nlohmann::json::parse(rendered.request).at("text").get<std::string>();
}

Look Threads::look(const Rendered& rendered, const Credentials& credentials, const std::string& key,
                   base::BootTime deadline, std::stop_token stop) {
  const Call call{credentials, deadline, std::move(stop)};
  const auto request = nlohmann::json::parse(rendered.request);
  const auto container = text_at(request, "creation_id");
  if (container.empty()) return {Presence::absent, "", "", "nothing was made ready to be published"};
  const auto [status, outcome] = status_of(container, call);
  if (status == "PUBLISHED") return published(request, key, call);
  if (status == "FINISHED") return {Presence::absent, "", "", "Threads has it ready, and not published"};
  if (status == "EXPIRED")  // "not published within 24 hours": a request that still travels comes to nothing
    return {Presence::absent, "", "", "Threads did not publish it within a day, and cannot any more", true};
  if (status == "ERROR") return {Presence::absent, "", "", "Threads failed to publish it: " + outcome.error};
  // IN_PROGRESS is also a container that is being published.
  return {Presence::cannot_tell, "", "",
          status.empty() ? "Threads could not be asked: " + outcome.error
                         : "Threads is at work on it (" + status + ")"};
}

// The container says that there is a post; which one it is, the account's list may tell.
Look Threads::published(const nlohmann::json& request, const std::string& key, const Call& call) const {
  Look found = {Presence::present, "", "", "Threads has published it"};
  const auto since = (base::time_of(key) - kClockSkew.count()) / 1'000'000;
  const auto replies = request.contains("reply_to");
  const auto path = kVersion + oauth::percent(text_at(request, "user")) + (replies ? "/replies" : "/threads");
  const auto body = json_of(get(path,
                                {{"fields", "id,text,permalink"},
                                 {"limit", "100"},
                                 {"since", std::to_string(std::max<std::int64_t>(since, 0))}},
                                call));
  const auto wanted = comparable(member(request, "text").get<std::string>());
  const auto& data = member(body, "data");
  if (!data.is_array() || wanted.empty()) return found;
  for (const auto& post : data) {
    const auto& text = member(post, "text");
    if (!text.is_string() || comparable(text.get<std::string>()) != wanted) continue;
    found.remote_id = text_at(post, "id");
    const auto link = text_at(post, "permalink");
    found.remote_url = url_problem(link, {.allow_private = true}) ? "" : link;
  }
  return found;
}

Verified Threads::verify(const Account& account, const Credentials& credentials, base::BootTime deadline,
                         std::stop_token stop) {
  const Call call{credentials, deadline, std::move(stop)};
  const auto result = get(std::string(kVersion) + "me", {{"fields", "id,username"}}, call);
  const auto body = json_of(result);
  auto found = account;
  found.id = text_at(body, "id");
  found.name = "@" + text_at(body, "username");
  if (result.status == 200 && is_id(found.id)) return {found, accepted("", "")};
  return {account, nothing_posted(result.status == 200 ? unknown("Threads' answer could not be read")
                                                       : refusal(result, call))};
}

bool Threads::refreshable(const Credentials& credentials) const {
  return oauth::expires_at(credentials).has_value();
}

Refreshed Threads::long_lived(const std::string& path, Fields query, const Credentials& old,
                              const Call& call) const {
  const auto result = get(path, std::move(query), call);
  if (result.status != 200) return {std::nullopt, refusal(result, call)};
  const auto body = json_of(result);
  const auto& seconds = member(body, "expires_in");
  auto tokens = oauth::tokens_of(old).value_or(oauth::Tokens{});
  const auto& access = member(body, "access_token");
  tokens.access = base::Secret(access.is_string() ? access.get<std::string>() : "");
  const auto lasts = seconds.is_number_integer()
                         ? std::clamp<std::int64_t>(seconds, 0, limits_.number("token-lasts"))
                         : limits_.number("token-lasts");
  tokens.expires_at = http_.clock().wall() + lasts * 1'000'000;
  auto credentials = oauth::stored(tokens);
  if (!oauth::tokens_of(credentials)) return {std::nullopt, unknown("Threads' answer could not be read")};
  return {std::move(credentials), accepted("", "")};
}

Refreshed Threads::refresh(const Account&, const Credentials& credentials, base::BootTime deadline,
                           std::stop_token stop) {
  return long_lived("/refresh_access_token", {{"grant_type", "th_refresh_token"}}, credentials,
                    {credentials, deadline, std::move(stop)});
}

Refreshed Threads::exchange(const oauth::Client& client, const oauth::Code& code, base::BootTime deadline,
                            std::stop_token stop) {
  auto granted = oauth::exchange(http_, client, code, deadline, stop);
  if (!granted.credentials) return granted;
  return long_lived("/access_token",
                    {{"grant_type", "th_exchange_token"}, {"client_secret", client.secret.reveal()}},
                    *granted.credentials, {*granted.credentials, deadline, std::move(stop)});
}

}  // namespace fencepost::connect
