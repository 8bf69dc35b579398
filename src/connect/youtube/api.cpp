// The Data API v3, as far as it is asked here: developers.google.com/youtube/v3/docs.

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "connect/youtube/parse.hpp"

namespace fencepost::connect::youtube {

namespace {
using nlohmann::json;

// "" where there is no such text.
std::string text_at(const json& object, const char* name) {
  const auto at = object.find(name);
  return at != object.end() && at->is_string() ? at->get<std::string>() : "";
}

const json& object_at(const json& object, const char* name) {
  static const json kNone = json::object();
  const auto at = object.find(name);
  return at != object.end() && at->is_object() ? *at : kNone;
}

std::optional<base::Micros> time_at(const json& object, const char* name) {
  try {
    return base::parse_utc(text_at(object, name));
  } catch (const base::UserError&) {
    return std::nullopt;
  }
}

// Live is: it began, it has not ended, and YouTube calls it live. An ended stream has a beginning too.
Stage stage_of(const json& item, const Video& video) {
  if (!item.contains("liveStreamingDetails")) return Stage::video;
  if (video.ended_at) return Stage::ended;
  const auto content = text_at(object_at(item, "snippet"), "liveBroadcastContent");
  if (video.live_at && content == "live") return Stage::live;
  return !video.live_at && content == "upcoming" ? Stage::upcoming : Stage::unclear;
}

// The items of a list; nullopt: it is none.
std::optional<std::vector<json>> items_of(const std::string& text) {
  const auto body = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!body.is_object()) return std::nullopt;
  const auto items = body.find("items");
  if (items == body.end() || !items->is_array()) return std::nullopt;
  std::vector<json> found;
  for (const auto& item : *items)
    if (item.is_object()) found.push_back(item);
  return found;
}

}  // namespace

std::string shown_text(const std::string& text) {
  // What is no UTF-8 becomes U+FFFD.
  const auto whole =
      json::parse(json(text).dump(-1, ' ', false, json::error_handler_t::replace)).get<std::string>();
  std::string out;
  for (const char c : whole)
    if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) out += c;
  return out;
}

std::optional<std::vector<Video>> parse_videos(const std::string& text) {
  const auto items = items_of(text);
  if (!items) return std::nullopt;
  std::vector<Video> videos;
  for (const auto& item : *items) {
    const auto& snippet = object_at(item, "snippet");
    const auto& times = object_at(item, "liveStreamingDetails");
    Video video{text_at(item, "id"), text_at(snippet, "channelId"), shown_text(text_at(snippet, "title"))};
    if (!is_video(video.id)) continue;
    video.scheduled_at = time_at(times, "scheduledStartTime");
    video.live_at = time_at(times, "actualStartTime");
    video.ended_at = time_at(times, "actualEndTime");
    video.stage = stage_of(item, video);
    videos.push_back(std::move(video));
  }
  return videos;
}

std::optional<std::vector<Entry>> parse_playlist(const std::string& text) {
  const auto items = items_of(text);
  if (!items) return std::nullopt;
  std::vector<Entry> entries;
  for (const auto& item : *items) {
    const auto& snippet = object_at(item, "snippet");
    Entry entry{text_at(object_at(snippet, "resourceId"), "videoId"), shown_text(text_at(snippet, "title")),
                time_at(snippet, "publishedAt")};
    if (is_video(entry.video)) entries.push_back(std::move(entry));
  }
  return entries;
}

Trouble api_trouble(int status, const std::string& text) {
  using Kind = Trouble::Kind;
  if (status >= 500) return {Kind::server, "YouTube's API answered " + std::to_string(status)};
  std::string reason;
  const auto body = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (body.is_object()) {
    const auto& error = object_at(body, "error");
    const auto errors = error.find("errors");
    if (errors != error.end() && errors->is_array() && !errors->empty() && errors->front().is_object())
      reason = text_at(errors->front(), "reason");
    // The key's own refusals have a reason that says nothing ("badRequest").
    if (text_at(error, "message").find("API key") != std::string::npos) reason = "keyInvalid";
  }
  if (reason == "quotaExceeded" || reason == "dailyLimitExceeded")
    return {Kind::quota, "YouTube says that the project's quota of today is used up"};
  if (status == 429 || reason == "rateLimitExceeded" || reason == "userRateLimitExceeded")
    return {Kind::rate, "YouTube's API is asked too fast"};
  if (status == 401 || reason == "keyInvalid" || reason == "accessNotConfigured" || reason == "keyExpired")
    return {Kind::credentials, "YouTube refuses the API key"};
  if (status == 404) return {Kind::missing, "YouTube's API knows no such channel"};
  return {Kind::refused, "YouTube's API answered " + std::to_string(status)};
}

}  // namespace fencepost::connect::youtube
