// Bluesky::prepare: the repository, images, mentions, and what a reply has to name of the posts before it.

#include <algorithm>
#include <nlohmann/json.hpp>

#include "connect/bluesky/bluesky.hpp"
#include "connect/bluesky/facets.hpp"
#include "connect/bluesky/session.hpp"
#include "connect/bluesky/xrpc.hpp"
#include "connect/exchange.hpp"
#include "connect/oauth/encode.hpp"

namespace fencepost::connect {

namespace {

using bluesky::Facet;
using bluesky::Session;
using Json = nlohmann::ordered_json;

// A mention is a courtesy: an announcement does not wait longer than this to find out whose a handle is.
constexpr base::Duration kLookUp = std::chrono::seconds(5);

// One post being made ready.
class Preparing {
 public:
  Preparing(HttpClient& http, const PlatformLimits& limits, std::string service, const Session& session,
            base::BootTime deadline, std::stop_token stop)
      : http_(http),
        limits_(limits),
        service_(std::move(service)),
        session_(session),
        deadline_(deadline),
        stop_(std::move(stop)) {}

  // Each answers why it did not work.
  std::optional<Outcome> upload(const std::vector<Image>& images, Json& record) {
    if (images.empty()) return std::nullopt;
    auto list = Json::array();
    for (const auto& image : images) {
      const auto result = bluesky::call(http_,
                                        {.service = service_,
                                         .name = "com.atproto.repo.uploadBlob",
                                         .token = &session_.access,
                                         .body = image.bytes,
                                         .content_type = image.media_type},
                                        deadline_, stop_);
      auto outcome = nothing_posted(bluesky::classify(result, session_.access, http_.clock().wall()));
      if (outcome.verdict != Verdict::accepted) return outcome;
      const auto answer = Json::parse(result.body, nullptr, /*allow_exceptions=*/false);
      if (!answer.is_object() || !answer.contains("blob") || !answer["blob"].is_object())
        return certain(Reason::temporary, "Bluesky's answer to an image cannot be read");
      Json entry = {{"alt", image.alt}, {"image", answer["blob"]}};
      if (image.width > 0 && image.height > 0)
        entry["aspectRatio"] = {{"width", image.width}, {"height", image.height}};
      list.push_back(std::move(entry));
    }
    record["embed"] = {{"$type", "app.bsky.embed.images"}, {"images", std::move(list)}};
    return std::nullopt;
  }

  std::optional<Outcome> complete(Json& reply) {
    for (const char* which : {"root", "parent"}) {
      auto& ref = reply[which];
      if (!text_at(ref, "cid").empty()) continue;
      auto outcome = find(ref);
      if (outcome) return outcome;
    }
    return std::nullopt;
  }

  // With the mentions whose handles are somebody's.
  Json facets(const std::string& text) {
    auto all = Json::array();
    auto left = limits_.number("mentions");
    for (const auto& facet : bluesky::facets_in(text, limits_)) {
      std::string did;
      if (facet.kind == Facet::Kind::mention && (left-- <= 0 || (did = did_of(facet.value)).empty()))
        continue;
      all.push_back(json_of(facet, did));
    }
    return all;
  }

 private:
  std::string did_of(const std::string& handle) {
    const auto result = bluesky::call(
        http_,
        {.service = service_, .name = "com.atproto.identity.resolveHandle?handle=" + oauth::percent(handle)},
        std::min(deadline_, http_.clock().boot() + kLookUp), stop_);
    const auto did = result.status == 200 ? text_at(connect::json_of(result), "did") : "";
    return did.starts_with("did:") ? did : "";
  }

  // at://DID/COLLECTION/RKEY of a post whose cid nobody has kept.
  std::optional<Outcome> find(Json& ref) {
    constexpr std::string_view kScheme = "at://";
    const auto uri = text_at(ref, "uri");
    const auto first = uri.find('/', kScheme.size());
    const auto second = first == std::string::npos ? first : uri.find('/', first + 1);
    if (!uri.starts_with(kScheme) || second == std::string::npos)
      return certain(Reason::rejected, "the post that this one answers is not one of Bluesky's");
    const auto repo = uri.substr(kScheme.size(), first - kScheme.size());
    const auto collection = uri.substr(first + 1, second - first - 1);
    const auto result = bluesky::call(http_,
                                      {.service = service_,
                                       .name = "com.atproto.repo.getRecord?repo=" + oauth::percent(repo) +
                                               "&collection=" + oauth::percent(collection) +
                                               "&rkey=" + oauth::percent(uri.substr(second + 1))},
                                      deadline_, stop_);
    if (bluesky::error_name(result) == "RecordNotFound")
      return certain(Reason::rejected, "the post that this one answers is gone");
    auto outcome = nothing_posted(bluesky::classify(result, {}, http_.clock().wall()));
    if (outcome.verdict != Verdict::accepted) return outcome;
    ref["cid"] = text_at(connect::json_of(result), "cid");
    return std::nullopt;
  }

  HttpClient& http_;
  const PlatformLimits& limits_;
  const std::string service_;
  const Session& session_;
  const base::BootTime deadline_;
  const std::stop_token stop_;
};

}  // namespace

std::variant<Rendered, Outcome> Bluesky::prepare(Rendered rendered, const Post& post, const Account& account,
                                                 const Credentials& credentials, const std::string&,
                                                 base::BootTime deadline, std::stop_token stop) try {
  const auto session = bluesky::session_of(credentials);
  if (session.access.empty())
    return certain(Reason::credentials, "no session is open: refresh the connection");
  if (!account.id.empty() && account.id != session.did)
    return certain(Reason::credentials, "these credentials are another account's");
  auto request = Json::parse(rendered.request);
  auto& record = request["record"];
  request["repo"] = session.did;
  Preparing preparing(http_, limits_, rendered.destination, session, deadline, std::move(stop));
  if (auto failed = preparing.upload(post.images, record)) return std::move(*failed);
  if (record.contains("reply"))
    if (auto failed = preparing.complete(record["reply"])) return std::move(*failed);
  if (auto facets = preparing.facets(record["text"].get<std::string>()); !facets.empty())
    record["facets"] = std::move(facets);
  rendered.request = request.dump();
  return rendered;
} catch (const base::UserError& error) {
  return certain(Reason::credentials, error.what());
}

}  // namespace fencepost::connect
