#include "connect/discord/discord.hpp"

#include <nlohmann/json.hpp>

#include "connect/discord/hook.hpp"
#include "connect/exchange.hpp"
#include "connect/images.hpp"
#include "connect/multipart.hpp"

namespace fencepost::connect {

namespace {

using Json = nlohmann::ordered_json;

constexpr base::Duration kKept = std::chrono::minutes(10);

std::string shown(const std::string& url, const std::string& id) { return url + "/api/webhooks/" + id; }

// "https://HOST/api/v10/webhooks/ID/TOKEN": never shown, never stored.
std::string path_of(const std::string& url, const discord::Hook& hook) {
  return url + "/api/v10/webhooks/" + hook.id + "/" + hook.token.reveal();
}

std::string extension(const std::string& media_type) {
  const auto slash = media_type.find('/');
  return media_type == "image/jpeg" ? "jpg" : media_type.substr(slash + 1);
}
std::string file_of(const Image& image, std::size_t number) {
  return "image-" + std::to_string(number + 1) + "." + extension(image.media_type);
}

}  // namespace

// What is stored is {"guild": for the message's link, "message": what is sent, byte for byte}.
Discord::Discord(HttpClient& http, const PlatformLimits& limits, DiscordOptions options)
    : http_(http), limits_(limits), options_(std::move(options)) {}

void Discord::check(const std::string& destination, const Credentials& credentials) const {
  const auto hook = discord::hook_of(credentials, options_.url);
  if (!destination.empty() && destination != shown(options_.url, hook.id))
    throw base::UserError("invalid_destination", "leave the URL away: the webhook's own says where to");
}

Fitted Discord::fit(const Post& post, const Account&) const {
  return connect::fit(post.text, post.url, limits_.text_rules());
}

ImageRules Discord::image_rules(const Account&) const { return connect::image_rules("Discord", limits_); }

Rendered Discord::render(const Post& post, const Account& account, const std::string&) const {
  check_images(post.images, image_rules(account));
  const auto text = fit(post, account).text;
  if (text.empty() && post.images.empty())
    throw base::UserError("invalid_text", "a message needs a text or an image");
  Json message = {{"content", text}, {"allowed_mentions", {{"parse", Json::array()}}}};
  for (std::size_t i = 0; i < post.images.size(); ++i)
    message["attachments"].push_back(
        {{"id", i}, {"filename", file_of(post.images[i], i)}, {"description", post.images[i].alt}});
  const auto facts = nlohmann::json::parse(account.facts, nullptr, /*allow_exceptions=*/false);
  const Json request = {{"guild", text_at(facts, "guild_id")}, {"message", std::move(message)}};
  try {
    return {shown(options_.url, account.id), request.dump()};
  } catch (const Json::exception&) {
    throw base::UserError("invalid_text", "the text is not valid UTF-8");
  }
}

std::variant<Rendered, Outcome> Discord::prepare(Rendered rendered, const Post& post, const Account&,
                                                 const Credentials& credentials, const std::string& key,
                                                 base::BootTime, std::stop_token) try {
  rendered.destination = shown(options_.url, discord::hook_of(credentials, options_.url).id);
  const auto now = http_.clock().boot();
  kept_.with([&](auto& kept) {
    std::erase_if(kept, [&](const auto& entry) { return entry.second.until < now; });
    if (!post.images.empty()) kept.insert_or_assign(key, Kept{post.images, now + kKept});
  });
  return rendered;
} catch (const base::UserError& error) {
  return certain(Reason::credentials, error.what());
}

Outcome Discord::send(const Rendered& rendered, const Credentials& credentials, const std::string& key,
                      base::BootTime deadline, std::stop_token stop) try {
  const auto hook = discord::hook_of(credentials, options_.url);
  const auto stored = Json::parse(rendered.request);
  const auto message = stored.at("message").dump();
  const auto images = kept_.with([&](auto& kept) {
    const auto at = kept.extract(key);
    return at.empty() ? std::vector<Image>() : std::move(at.mapped().images);
  });
  const auto wanted = stored.at("message").value("attachments", Json::array());
  if (wanted.size() != images.size())
    return certain(Reason::temporary, "the message's images are no longer at hand: not sent");

  HttpRequest request;
  request.method = "POST";
  request.url =
      path_of(options_.url, hook) + "?wait=true" + (hook.thread.empty() ? "" : "&thread_id=" + hook.thread);
  request.deadline = deadline;
  Multipart body{"application/json", message};
  if (!images.empty()) {
    std::vector<Part> parts = {{"payload_json", message, "", "application/json"}};
    for (std::size_t i = 0; i < images.size(); ++i)
      parts.push_back(
          {"files[" + std::to_string(i) + "]", images[i].bytes, file_of(images[i], i), images[i].media_type});
    body = multipart(parts, key);
  }
  request.headers = {{"Content-Type", body.content_type}};
  request.body = std::move(body.body);
  const auto result = http_.call(request, std::move(stop));
  const auto now = http_.clock().wall();
  // 200 is the yes, and stays one where its body was cut.
  if (result.status != 200 && result.status != 204) return discord::refusal(result, hook, now);
  const auto made = json_of(result);
  const auto id = text_at(made, "id"), guild = text_at(stored, "guild"),
             channel = text_at(made, "channel_id");
  const bool linked = !id.empty() && !guild.empty() && !channel.empty();
  auto outcome = accepted(id, linked ? options_.url + "/channels/" + guild + "/" + channel + "/" + id : "");
  outcome.rest = discord::rest_of(result, now);
  return outcome;
} catch (const base::UserError& error) {
  return certain(Reason::credentials, error.what());
}

std::string Discord::text_of(const Rendered& rendered) const {
  return nlohmann::json::parse(rendered.request).at("message").at("content").get<std::string>();
}

Look Discord::look(const Rendered&, const Credentials&, const std::string&, base::BootTime, std::stop_token) {
  return {Presence::cannot_tell, "", "", "a webhook cannot read its channel: look there"};
}

Verified Discord::verify(const Account& account, const Credentials& credentials, base::BootTime deadline,
                         std::stop_token stop) try {
  const auto hook = discord::hook_of(credentials, options_.url);
  HttpRequest request;
  request.url = path_of(options_.url, hook);
  request.deadline = deadline;
  request.repeatable = true;
  const auto result = http_.call(request, std::move(stop));
  const auto body = json_of(result);
  if (result.status != 200)
    return {account, nothing_posted(discord::refusal(result, hook, http_.clock().wall()))};
  if (text_at(body, "id") != hook.id)
    return {account, certain(Reason::temporary, "Discord's answer cannot be read")};
  auto found = account;
  found.target = shown(options_.url, hook.id);
  found.id = hook.id;
  found.name = text_at(body, "name");
  found.facts =
      Json{{"guild_id", text_at(body, "guild_id")}, {"channel_id", text_at(body, "channel_id")}}.dump();
  return {std::move(found), accepted("", "")};
} catch (const base::UserError& error) {
  return {account, certain(Reason::credentials, error.what())};
}

}  // namespace fencepost::connect
