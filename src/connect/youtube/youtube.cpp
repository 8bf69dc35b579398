#include "connect/youtube/youtube.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "connect/retry_after.hpp"
#include "connect/youtube/parse.hpp"

namespace fencepost::connect::youtube {

namespace {
using Kind = Trouble::Kind;

constexpr std::size_t kPageCap = std::size_t{8} << 20;  // a page is about 1.5 MB
constexpr int kRedirects = 3;
constexpr base::Duration kLongestWait = std::chrono::hours(1);

bool plain(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

std::optional<Trouble> not_answered(const HttpResult& result) {
  if (!result.failure) return std::nullopt;
  const bool stopped = result.failure->kind == Failure::Kind::stopped;
  return Trouble{stopped ? Kind::stopped : Kind::network,
                 result.failure->reason,
                 {},
                 result.failure->sent == Sent::maybe};
}

// Of a feed or a page.
std::optional<Trouble> refused(const HttpResult& result) {
  if (auto trouble = not_answered(result)) return trouble;
  const auto answered = "YouTube answered " + std::to_string(result.status);
  if (result.status == 200) return std::nullopt;
  if (result.status == 404) return Trouble{Kind::missing, answered};
  if (result.status == 429) return Trouble{Kind::rate, answered};
  return Trouble{result.status >= 500 ? Kind::server : Kind::refused, answered};
}

std::optional<Trouble> refused_by_api(const HttpResult& result) {
  if (auto trouble = not_answered(result)) return trouble;
  if (result.status == 200) return std::nullopt;
  return api_trouble(result.status, result.body);
}

std::optional<Trouble> with_wait(std::optional<Trouble> trouble, const HttpResult& result, base::Micros now) {
  const auto wait = result.header("Retry-After");
  if (trouble && wait) trouble->retry_after = parse_retry_after(*wait, now, kLongestWait);
  return trouble;
}

Trouble malformed(const char* what) {
  return {Kind::malformed, std::string("YouTube's ") + what + " is none"};
}

// The video that a redirect leads to; empty: it leads elsewhere.
std::string video_of(std::string_view location) {
  const std::string_view watch = "/watch?v=";
  const auto at = location.find(watch);
  if (at == std::string_view::npos) return "";
  std::string id(location.substr(at + watch.size()));
  id = id.substr(0, id.find('&'));
  return is_video(id) ? id : "";
}

bool is_block(std::string_view location) {
  return location.find("://consent.") != std::string_view::npos ||
         location.find("/sorry/") != std::string_view::npos;
}

}  // namespace

bool is_channel(const std::string& text) {
  return text.size() == 24 && text.starts_with("UC") && plain(text);
}

bool is_video(const std::string& text) { return !text.empty() && text.size() <= 32 && plain(text); }

std::string watch_url(const std::string& video) { return "https://www.youtube.com/watch?v=" + video; }

YouTube::YouTube(HttpClient& http, Options options) : http_(http), options_(std::move(options)) {}

HttpResult YouTube::get(const std::string& url, bool with_key, base::BootTime deadline,
                        std::stop_token stop) {
  HttpRequest request;
  request.url = url;
  request.headers = {{"Accept-Language", "en"}};
  // Not in the URL, which proxies write down.
  if (with_key) request.headers.emplace_back("X-Goog-Api-Key", options_.key.reveal());
  request.deadline = deadline;
  // What costs is asked once: over a kept connection libcurl may ask a second time.
  request.repeatable = !with_key;
  request.body_cap = kPageCap;
  return http_.call(request, std::move(stop));
}

Videos YouTube::videos(const std::vector<std::string>& ids, base::BootTime deadline, std::stop_token stop) {
  FENCEPOST_ASSERT(has_key() && !ids.empty() && ids.size() <= kMostIds);
  std::string url = options_.api + "/youtube/v3/videos?part=snippet,liveStreamingDetails&maxResults=50&id=";
  for (const auto& id : ids) {
    FENCEPOST_ASSERT(is_video(id));
    url += (id == ids.front() ? "" : ",") + id;
  }
  const auto result = get(url, true, deadline, std::move(stop));
  if (auto trouble = with_wait(refused_by_api(result), result, clock().wall()))
    return {std::move(trouble), {}};
  auto found = parse_videos(result.body);
  if (!found) return {malformed("list of videos"), {}};
  return {{}, std::move(*found)};
}

Uploads YouTube::uploads(const std::string& channel, base::BootTime deadline, std::stop_token stop) {
  FENCEPOST_ASSERT(has_key() && is_channel(channel));
  // A channel's list of uploads is named like the channel, with UU: no call is needed to learn it.
  const auto result = get(
      options_.api + "/youtube/v3/playlistItems?part=snippet&maxResults=50&playlistId=UU" + channel.substr(2),
      true, deadline, std::move(stop));
  if (auto trouble = with_wait(refused_by_api(result), result, clock().wall()))
    return {std::move(trouble), {}};
  auto entries = parse_playlist(result.body);
  if (!entries) return {malformed("list of uploads"), {}};
  return {{}, std::move(*entries)};
}

Uploads YouTube::feed(const std::string& channel, base::BootTime deadline, std::stop_token stop) {
  FENCEPOST_ASSERT(is_channel(channel));
  const auto result =
      get(options_.feed + "/feeds/videos.xml?channel_id=" + channel, false, deadline, std::move(stop));
  if (auto trouble = with_wait(refused(result), result, clock().wall())) return {std::move(trouble), {}};
  auto entries = parse_feed(result.body);
  if (!entries) return {malformed("feed"), {}};
  return {{}, std::move(*entries)};
}

// Redirects are followed to a video's page of the same origin, and nowhere else.
Page YouTube::page(std::string url, base::BootTime deadline, const std::stop_token& stop) {
  for (int hop = 0; hop <= kRedirects; ++hop) {
    const auto result = get(url, false, deadline, stop);
    const bool elsewhere = !result.failure && result.status >= 300 && result.status < 400;
    if (!elsewhere) {
      if (auto trouble = with_wait(refused(result), result, clock().wall())) return {std::move(trouble), {}};
      return parse_page(result.body);
    }
    const auto location = result.header("Location").value_or("");
    if (is_block(location)) return {Trouble{Kind::blocked, "YouTube asks for consent"}, {}};
    const auto video = video_of(location);
    if (video.empty()) return {Trouble{Kind::refused, "YouTube's page leads elsewhere"}, {}};
    url = options_.page + "/watch?v=" + video;
  }
  return {Trouble{Kind::refused, "YouTube's pages lead in a circle"}, {}};
}

Page YouTube::live_page(const std::string& channel, base::BootTime deadline, std::stop_token stop) {
  FENCEPOST_ASSERT(is_channel(channel));
  return page(options_.page + "/channel/" + channel + "/live", deadline, stop);
}

Page YouTube::watch_page(const std::string& video, base::BootTime deadline, std::stop_token stop) {
  FENCEPOST_ASSERT(is_video(video));
  auto seen = page(options_.page + "/watch?v=" + video, deadline, stop);
  if (seen.video && seen.video->id != video) seen.video.reset();
  return seen;
}

}  // namespace fencepost::connect::youtube
