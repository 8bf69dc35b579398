#pragma once
// Asking YouTube what a channel streams: by the Data API, by a channel's feed, and by its pages. Each answer
// says what was seen, or why nothing is known; that nothing is known never means that nobody is live.
//
// Costs, in units of the project's quota day (developers.google.com/youtube/v3/determine_quota_cost,
// 2026-06): a call of videos.list or playlistItems.list is 1, also a refused one; feed and pages cost
// nothing. Who calls has taken the units before.
//
// Thread-safe. Calls block, end at their deadline at the latest, and end soon after a stop is asked for. They
// throw nothing for what the network or YouTube does.

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/secret.hpp"
#include "connect/http_client.hpp"

namespace fencepost::connect::youtube {

inline constexpr int kListUnits = 1;
inline constexpr std::size_t kMostIds = 50;  // of one videos.list
// The quota day is a day of this zone (PLATFORMS: 23- and 25-hour days exist).
inline constexpr const char* kQuotaZone = "America/Los_Angeles";

// Why nothing is known.
struct Trouble {
  enum class Kind {
    network,       // no whole answer: refused, slow, cut
    server,        // 5xx
    missing,       // 404: of a feed that says nothing about the channel
    blocked,       // consent or robot page
    quota,         // the project's day is used up, whatever our own count says
    upload_limit,  // the channel may upload no more for a day (uploads only)
    rate,          // too fast
    credentials,   // the API key is refused
    refused,       // another 4xx
    malformed,     // an answer that is none
    stopped,       // whoever asked has no time any more
  };
  Kind kind = Kind::network;
  std::string why;                              // one short sentence, safe to show
  std::optional<base::Duration> retry_after{};  // as YouTube said it
  bool left = true;                             // false: certainly no byte of the request has left
};

// video: none that is, was or will be live. unclear: YouTube contradicts itself, as it does for moments.
enum class Stage { video, upcoming, live, ended, unclear };

struct Video {
  std::string id;
  std::string channel;  // may be empty: a page does not always say
  std::string title;    // may be empty
  Stage stage = Stage::video;
  std::optional<base::Micros> scheduled_at{}, live_at{}, ended_at{};
};

struct Videos {
  std::optional<Trouble> trouble;
  std::vector<Video> found;  // an id that is not among them is deleted or private
};

struct Entry {
  std::string video;
  std::string title;
  std::optional<base::Micros> published_at{};
};
struct Uploads {
  std::optional<Trouble> trouble;
  std::vector<Entry> entries;  // newest first; streams among them, from when they were planned
};

struct Page {
  std::optional<Trouble> trouble;
  std::optional<Video> video;  // none: nobody is live there, and nothing is planned
};

// "UC" and 22 characters; and what can be a video's id. Everything else is never asked for.
bool is_channel(const std::string& text);
bool is_video(const std::string& text);
std::string watch_url(const std::string& video);  // as people open it

// Origins, without a path and a slash.
struct Options {
  std::string api = "https://www.googleapis.com";
  std::string feed = "https://www.youtube.com";
  std::string page = "https://www.youtube.com";
  base::Secret key{};  // empty: the API is not asked
};

class YouTube {
 public:
  // `http` outlives this; its clock is that of the deadlines.
  YouTube(HttpClient& http, Options options);

  bool has_key() const { return !options_.key.empty(); }
  const base::Clock& clock() const { return http_.clock(); }

  // videos.list, for 1 to kMostIds ids. With a key.
  Videos videos(const std::vector<std::string>& ids, base::BootTime deadline, std::stop_token stop);
  // playlistItems.list of the channel's uploads. With a key.
  Uploads uploads(const std::string& channel, base::BootTime deadline, std::stop_token stop);
  // The channel's feed: the 15 newest.
  Uploads feed(const std::string& channel, base::BootTime deadline, std::stop_token stop);
  // What the channel streams now or next, as its page shows it: one of several.
  Page live_page(const std::string& channel, base::BootTime deadline, std::stop_token stop);
  // A video's own page. No video: it is deleted or private.
  Page watch_page(const std::string& video, base::BootTime deadline, std::stop_token stop);

 private:
  HttpResult get(const std::string& url, bool with_key, base::BootTime deadline, std::stop_token stop);
  Page page(std::string url, base::BootTime deadline, const std::stop_token& stop);

  HttpClient& http_;
  const Options options_;
};

}  // namespace fencepost::connect::youtube
