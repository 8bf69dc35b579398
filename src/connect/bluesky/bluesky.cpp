#include "connect/bluesky/bluesky.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/random.hpp"
#include "connect/bluesky/facets.hpp"
#include "connect/bluesky/session.hpp"
#include "connect/bluesky/tid.hpp"
#include "connect/bluesky/xrpc.hpp"
#include "connect/exchange.hpp"
#include "connect/images.hpp"
#include "connect/oauth/encode.hpp"

namespace fencepost::connect {

namespace {

using bluesky::Call;
using bluesky::Facet;
using bluesky::Session;
using Json = nlohmann::ordered_json;

constexpr const char* kCollection = "app.bsky.feed.post";

// "at://DID/COLLECTION/RKEY#CID": what a reply has to name of a post. The part behind # may be missing.
struct Ref {
  std::string uri, cid;
};
Ref ref_of(const Remote& remote) {
  const auto hash = remote.id.find('#');
  return {remote.id.substr(0, hash), hash == std::string::npos ? "" : remote.id.substr(hash + 1)};
}

std::string uri_of(const std::string& repo, const std::string& rkey) {
  return "at://" + repo + "/" + kCollection + "/" + rkey;
}

Json parsed(const std::string& request) { return Json::parse(request, nullptr, /*allow_exceptions=*/false); }

std::string dumped(const Json& json) {
  try {
    return json.dump();
  } catch (const Json::exception&) {
    throw base::UserError("invalid_text", "the text is not valid UTF-8");
  }
}

// The facets that need nobody to be asked.
Json facets_of(const std::string& text, const PlatformLimits& limits) {
  auto facets = Json::array();
  for (const auto& facet : bluesky::facets_in(text, limits))
    if (facet.kind != Facet::Kind::mention) facets.push_back(json_of(facet, ""));
  return facets;
}

// How a post looks on the web, from what was sent.
Outcome posted(const Json& request, const std::string& cid, const std::string& app) {
  const auto repo = text_at(request, "repo"), rkey = text_at(request, "rkey");
  return accepted(uri_of(repo, rkey) + (cid.empty() ? "" : "#" + cid),
                  app + "/profile/" + repo + "/post/" + rkey);
}

}  // namespace

Bluesky::Bluesky(HttpClient& http, const PlatformLimits& limits, BlueskyOptions options)
    : http_(http), limits_(limits), options_(std::move(options)) {}

std::string Bluesky::service_of(const Account& account) const {
  return server_of(account.target.empty() ? options_.service : account.target);
}

void Bluesky::check(const std::string& destination, const Credentials& credentials) const {
  if (!destination.empty()) check_server(destination, http_.addresses());
  (void)bluesky::session_of(credentials);
}

Fitted Bluesky::fit(const Post& post, const Account&) const {
  const auto rules = limits_.text_rules();
  const auto most = static_cast<std::size_t>(limits_.number("bytes"));
  auto fitted = connect::fit(post.text, post.url, rules);
  // Graphemes of more than ten bytes on average: shortened until the bytes fit as well.
  for (auto tighter = rules; fitted.text.size() > most; --tighter.limit) {
    if (tighter.limit <= 1) throw base::UserError("invalid_text", "the text has too many bytes for Bluesky");
    fitted = connect::fit(post.text, post.url, tighter);
    fitted.limit = rules.limit;
    fitted.shortened = true;
  }
  return fitted;
}

ImageRules Bluesky::image_rules(const Account&) const { return connect::image_rules("Bluesky", limits_); }

Rendered Bluesky::render(const Post& post, const Account& account, const std::string& key) const {
  check_images(post.images, image_rules(account));
  const auto text = fit(post, account).text;
  Json record = {{"$type", kCollection}, {"text", text}, {"createdAt", base::format_utc(base::time_of(key))}};
  if (!post.language.empty()) record["langs"] = Json::array({post.language});
  if (auto facets = facets_of(text, limits_); !facets.empty()) record["facets"] = std::move(facets);
  if (post.images.empty() && !post.url.empty() && !post.title.empty())
    record["embed"] = {
        {"$type", "app.bsky.embed.external"},
        {"external", {{"uri", post.url}, {"title", post.title}, {"description", post.description}}}};
  if (post.reply_to) {
    const auto strong = [](const Remote& remote) {
      const auto ref = ref_of(remote);
      return Json{{"uri", ref.uri}, {"cid", ref.cid}};
    };
    record["reply"] = {{"root", strong(post.reply_to->root)}, {"parent", strong(post.reply_to->parent)}};
  }
  const Json request = {{"repo", account.id},
                        {"collection", kCollection},
                        {"rkey", bluesky::tid_of(key)},
                        {"record", std::move(record)},
                        {"swapRecord", nullptr}};
  return {service_of(account), dumped(request)};
}

Outcome Bluesky::send(const Rendered& rendered, const Credentials& credentials, const std::string&,
                      base::BootTime deadline, std::stop_token stop) try {
  const auto session = bluesky::session_of(credentials);
  const auto request = parsed(rendered.request);
  const auto result = bluesky::call(http_,
                                    {.service = rendered.destination,
                                     .name = "com.atproto.repo.putRecord",
                                     .token = &session.access,
                                     .body = rendered.request},
                                    deadline, stop);
  auto outcome = bluesky::classify(result, session.access, http_.clock().wall());
  if (outcome.verdict != Verdict::accepted) return outcome;
  const auto rest = outcome.rest;
  outcome = posted(request, text_at(connect::json_of(result), "cid"), options_.app);
  outcome.rest = rest;
  return outcome;
} catch (const base::UserError& error) {
  return certain(Reason::credentials, error.what());
}

std::string Bluesky::text_of(const Rendered& rendered) const {
  return nlohmann::json::parse(rendered.request).at("record").at("text").get<std::string>();
}

Look Bluesky::look(const Rendered& rendered, const Credentials&, const std::string&, base::BootTime deadline,
                   std::stop_token stop) {
  const auto request = parsed(rendered.request);
  const auto repo = text_at(request, "repo"), rkey = text_at(request, "rkey");
  const auto result = bluesky::call(http_,
                                    {.service = rendered.destination,
                                     .name = "com.atproto.repo.getRecord?repo=" + oauth::percent(repo) +
                                             "&collection=" + kCollection + "&rkey=" + oauth::percent(rkey)},
                                    deadline, stop);
  Look look;
  if (result.status == 200) {
    const auto found = posted(request, text_at(connect::json_of(result), "cid"), options_.app);
    return {Presence::present, found.remote_id, found.remote_url, "the post is there"};
  }
  if (result.status == 400 && bluesky::error_name(result) == "RecordNotFound")
    return {Presence::absent, "", "", "there is no post under its key"};
  look.evidence = bluesky::classify(result, {}, http_.clock().wall()).error;
  return look;
}

std::optional<base::Micros> Bluesky::expires_at(const Credentials& credentials) const try {
  const auto session = bluesky::session_of(credentials);
  return session.access.empty() ? std::optional<base::Micros>(0) : bluesky::ends_at(session.access);
} catch (const base::UserError&) {
  return std::nullopt;
}

bool Bluesky::refreshable(const Credentials& credentials) const try {
  const auto session = bluesky::session_of(credentials);
  return !session.password.empty() || !session.refresh.empty();
} catch (const base::UserError&) {
  return false;
}

Verified Bluesky::verify(const Account& account, const Credentials& credentials, base::BootTime deadline,
                         std::stop_token stop) try {
  auto session = bluesky::session_of(credentials);
  const auto service = service_of(account);
  const bool borrowed = session.access.empty();
  if (borrowed) {
    auto answer = bluesky::renewed(http_, service, std::move(session), deadline, stop);
    if (auto* outcome = std::get_if<Outcome>(&answer)) return {account, std::move(*outcome)};
    session = std::get<Session>(std::move(answer));
    // Nobody could keep this one: it would only count against the account.
    revoke(account, bluesky::stored(session), deadline, stop);
  } else {
    const auto result = bluesky::call(
        http_, {.service = service, .name = "com.atproto.server.getSession", .token = &session.access},
        deadline, stop);
    auto outcome = nothing_posted(bluesky::classify(result, session.access, http_.clock().wall()));
    if (outcome.verdict != Verdict::accepted) return {account, std::move(outcome)};
    session.did = bluesky::answer_text(result, "did");
    session.handle = bluesky::answer_text(result, "handle");
  }
  if (session.did.empty()) return {account, certain(Reason::temporary, "Bluesky's answer cannot be read")};
  auto found = account;
  found.id = session.did;
  found.name = "@" + session.handle;
  return {std::move(found), accepted("", "")};
} catch (const base::UserError& error) {
  return {account, certain(Reason::credentials, error.what())};
}

Refreshed Bluesky::refresh(const Account& account, const Credentials& credentials, base::BootTime deadline,
                           std::stop_token stop) try {
  auto answer =
      bluesky::renewed(http_, service_of(account), bluesky::session_of(credentials), deadline, stop);
  if (auto* outcome = std::get_if<Outcome>(&answer)) return {std::nullopt, std::move(*outcome)};
  const auto& session = std::get<Session>(answer);
  if (!account.id.empty() && account.id != session.did)
    return {std::nullopt, certain(Reason::credentials, "these credentials are another account's")};
  return {bluesky::stored(session), accepted("", "")};
} catch (const base::UserError& error) {
  return {std::nullopt, certain(Reason::credentials, error.what())};
}

void Bluesky::revoke(const Account& account, const Credentials& credentials, base::BootTime deadline,
                     std::stop_token stop) try {
  const auto session = bluesky::session_of(credentials);
  if (session.refresh.empty()) return;
  (void)bluesky::call(http_,
                      {.service = service_of(account),
                       .name = "com.atproto.server.deleteSession",
                       .token = &session.refresh,
                       .body = ""},
                      deadline, stop);
} catch (const base::UserError&) {
  // Not a session: there is nothing to end.
}

}  // namespace fencepost::connect
