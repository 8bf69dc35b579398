#include "connect/youtube/upload.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "connect/exchange.hpp"
#include "connect/oauth/tokens.hpp"
#include "connect/retry_after.hpp"
#include "connect/youtube/parse.hpp"
#include "core/window.hpp"

namespace fencepost::connect::youtube {

namespace {
using nlohmann::json;
using Kind = Trouble::Kind;

// RFC 3339 in whole seconds: what YouTube writes itself.
std::string rfc3339(base::Micros at) { return base::format_utc(at).substr(0, 19) + "Z"; }

std::string origin_of(const std::string& url) {
  const auto host = url.find("://");
  if (host == std::string::npos) return "";
  return url.substr(0, url.find_first_of("/?#", host + 3));
}

// "bytes=0-42" → 43; nullopt: it is none.
std::optional<std::int64_t> bytes_in(std::string_view range) {
  constexpr std::string_view kBegin = "bytes=0-";
  if (!range.starts_with(kBegin)) return std::nullopt;
  range.remove_prefix(kBegin.size());
  std::int64_t last = 0;
  const auto [end, error] = std::from_chars(range.data(), range.data() + range.size(), last);
  if (error != std::errc() || end != range.data() + range.size() || last < 0) return std::nullopt;
  return last + 1;
}

std::string reason_in(const std::string& body) {
  const auto said = json::parse(body, nullptr, /*allow_exceptions=*/false);
  const auto& errors = member(member(said, "error"), "errors");
  return errors.is_array() && !errors.empty() ? text_at(errors.front(), "reason") : "";
}
}  // namespace

std::string metadata(const Draft& draft, const std::string& id) {
  json snippet = {{"title", draft.title}, {"description", draft.description}};
  if (!draft.tags.empty()) snippet["tags"] = draft.tags;
  if (!draft.category.empty()) snippet["categoryId"] = draft.category;
  if (!draft.language.empty()) snippet["defaultLanguage"] = draft.language;
  json status = {{"privacyStatus", "private"}, {"selfDeclaredMadeForKids", draft.made_for_kids}};
  if (draft.publish_at) status["publishAt"] = rfc3339(*draft.publish_at);
  json body = {{"snippet", std::move(snippet)}, {"status", std::move(status)}};
  if (!id.empty()) body["id"] = id;
  return body.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::int64_t piece_before_last(std::int64_t offset, std::int64_t total, std::int64_t most) {
  const auto whole = (total - offset - 1) / kPieceUnit * kPieceUnit;
  return std::max<std::int64_t>(0,
                                std::min(whole, std::max(most / kPieceUnit, std::int64_t{1}) * kPieceUnit));
}

HttpRequest UploadApi::request_to(const std::string& method, std::string url, const Call& call) const {
  HttpRequest request;
  request.method = method;
  request.url = std::move(url);
  request.headers = {oauth::bearer(call.credentials)};
  request.deadline = call.deadline;
  return request;
}

std::optional<Trouble> trouble_of(const HttpResult& result, const Credentials& credentials,
                                  base::Micros now) {
  if (result.status == 200 && !result.failure) return std::nullopt;
  if (result.status == 0 || result.status == 200) {
    const bool stopped = result.failure->kind == Failure::Kind::stopped;
    return Trouble{stopped ? Kind::stopped : Kind::network,
                   result.failure->reason,
                   {},
                   result.failure->sent == Sent::maybe};
  }
  auto trouble = api_trouble(result.status, result.body);
  const auto reason = reason_in(result.body);
  if (trouble.kind == Kind::credentials) trouble.why = "YouTube refuses the channel's credentials";
  if (trouble.kind == Kind::missing) trouble.why = "YouTube knows no such thing";
  // 400, where the quota of the project is 403: docs/videos/insert, "Errors".
  if (reason == "uploadLimitExceeded")
    trouble = {Kind::upload_limit, "YouTube takes no more videos of this channel for a day"};
  if (trouble.kind == Kind::refused && !reason.empty())
    trouble.why = answered("YouTube", result.status, quotable(json(reason), credentials.secret));
  if (const auto wait = result.header("Retry-After"))
    trouble.retry_after = parse_retry_after(*wait, now, kLongestWait);
  return trouble;
}

// Whoever answers to it gets the channel's token.
bool UploadApi::ours(const std::string& url) const {
  const auto origin = origin_of(url);
  return origin == options_.api || (options_.api.ends_with(".googleapis.com") &&
                                    origin.starts_with("https://") && origin.ends_with(".googleapis.com"));
}

Opened UploadApi::open(const std::string& metadata, std::int64_t total, const std::string& media_type,
                       const Call& call) {
  FENCEPOST_ASSERT(total > 0);
  auto request = request_to(
      "POST", options_.api + "/upload/youtube/v3/videos?uploadType=resumable&part=snippet,status", call);
  request.headers.emplace_back("Content-Type", "application/json; charset=UTF-8");
  request.headers.emplace_back("X-Upload-Content-Length", std::to_string(total));
  request.headers.emplace_back("X-Upload-Content-Type", media_type);
  request.body = metadata;
  const auto result = http_.call(request, call.stop);
  if (auto trouble = trouble_of(result, call.credentials, clock().wall())) return {std::move(trouble), {}};
  const std::string session(result.header("Location").value_or(""));
  if (!ours(session)) return {Trouble{Kind::malformed, "YouTube named no place for the upload"}, {}};
  return {{}, base::Secret(session)};
}

Stand UploadApi::put(const base::Secret& session, const FileBody& piece, std::int64_t total,
                     const Call& call) {
  FENCEPOST_ASSERT(piece.offset >= 0 && piece.length > 0 && piece.offset + piece.length <= total);
  auto request = request_to("PUT", session.reveal(), call);
  request.headers.emplace_back("Content-Range", "bytes " + std::to_string(piece.offset) + "-" +
                                                    std::to_string(piece.offset + piece.length - 1) + "/" +
                                                    std::to_string(total));
  request.file = piece;
  return stand_of(http_.call(request, call.stop), total, false, call.credentials);
}

Stand UploadApi::ask(const base::Secret& session, std::int64_t total, const Call& call) {
  auto request = request_to("PUT", session.reveal(), call);
  request.headers.emplace_back("Content-Range", "bytes */" + std::to_string(total));
  request.headers.emplace_back("Content-Length", "0");
  return stand_of(http_.call(request, call.stop), total, true, call.credentials);
}

// The status alone says that the video is there; without its id somebody has to ask again.
Stand UploadApi::stand_of(const HttpResult& result, std::int64_t total, bool asked,
                          const Credentials& credentials) const {
  if (result.status == 200 || result.status == 201) {
    auto id = text_at(json_of(result), "id");
    return {Stand::Kind::complete, total, is_video(id) ? std::move(id) : ""};
  }
  if (result.status == 404 || result.status == 410) return {Stand::Kind::lost};
  if (result.status != 308)
    return {Stand::Kind::trouble, 0, "", trouble_of(result, credentials, clock().wall())};
  const auto range = result.header("Range");
  // Of a question it means that there is nothing yet; of a piece, that only a question will tell.
  if (!range && asked) return {Stand::Kind::incomplete, 0};
  const auto offset = range ? bytes_in(*range) : std::nullopt;
  if (!offset || *offset > total)
    return {Stand::Kind::trouble, 0, "",
            Trouble{Kind::malformed, "YouTube did not say how far the upload is"}};
  // All is there, and no video yet: it is being put together.
  if (*offset == total)
    return {Stand::Kind::trouble, 0, "", Trouble{Kind::server, "YouTube has all of it, and no video yet"}};
  return {Stand::Kind::incomplete, *offset};
}

VideoStatus UploadApi::status(const std::string& video, const Call& call) {
  FENCEPOST_ASSERT(is_video(video));
  auto request = request_to("GET", options_.api + "/youtube/v3/videos?part=status&id=" + video, call);
  const auto result = http_.call(request, call.stop);
  if (auto trouble = trouble_of(result, call.credentials, clock().wall()))
    return {.trouble = std::move(trouble)};
  const auto body = json_of(result);
  const auto& items = member(body, "items");
  if (!items.is_array()) return {.trouble = Trouble{Kind::malformed, "YouTube's list of videos is none"}};
  if (items.empty()) return {};
  const auto& status = member(items.front(), "status");
  VideoStatus seen{.found = true,
                   .privacy = text_at(status, "privacyStatus"),
                   .upload = text_at(status, "uploadStatus"),
                   .reason = text_at(status, "failureReason") + text_at(status, "rejectionReason")};
  try {
    if (const auto at = text_at(status, "publishAt"); !at.empty()) seen.publish_at = base::parse_utc(at);
  } catch (const base::UserError&) {
    return {.trouble = Trouble{Kind::malformed, "YouTube's publishAt is no time"}};
  }
  return seen;
}

std::optional<Trouble> UploadApi::update(const std::string& metadata, const Call& call) {
  auto request = request_to("PUT", options_.api + "/youtube/v3/videos?part=snippet,status", call);
  request.headers.emplace_back("Content-Type", "application/json; charset=UTF-8");
  request.body = metadata;
  return trouble_of(http_.call(request, call.stop), call.credentials, clock().wall());
}

std::optional<Trouble> UploadApi::thumbnail(const std::string& video, const std::string& image,
                                            const std::string& media_type, const Call& call) {
  FENCEPOST_ASSERT(is_video(video) && !image.empty() && std::ssize(image) <= kThumbnailBytes);
  auto request = request_to(
      "POST", options_.api + "/upload/youtube/v3/thumbnails/set?uploadType=media&videoId=" + video, call);
  request.headers.emplace_back("Content-Type", media_type);
  request.body = image;
  return trouble_of(http_.call(request, call.stop), call.credentials, clock().wall());
}

Outcome outcome_of(const Trouble& trouble, base::Micros now) {
  switch (trouble.kind) {
    case Kind::credentials:
      return certain(Reason::credentials, trouble.why);
    case Kind::quota:
      return rate_limited(trouble.why, base::Duration(core::next_day_start(now, kQuotaZone) - now));
    case Kind::upload_limit:
      return rate_limited(trouble.why, kUploadLimitRest);
    case Kind::rate:
      return rate_limited(trouble.why, trouble.retry_after);
    case Kind::refused:
    case Kind::missing:
      return certain(Reason::rejected, trouble.why);
    default:
      auto outcome = certain(Reason::temporary, trouble.why);
      outcome.retry_after = trouble.retry_after;
      return outcome;
  }
}

}  // namespace fencepost::connect::youtube
