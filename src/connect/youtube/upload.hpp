#pragma once
// Videos to YouTube: the resumable upload protocol, and what is asked and changed of a video afterwards.
//
//   1. open()  POST /upload/youtube/v3/videos?uploadType=resumable → a session: a URL that whoever has it can
//              upload to, valid for about a week. A call of videos.insert: it is counted here.
//   2. put()   pieces, each but the last a multiple of 256 KiB → 308 and how far YouTube has it, or the video
//   3. ask()   an empty PUT, "bytes */TOTAL" → the same, without effect
//
// The video exists once its last byte is there, and not before. Pieces are repeatable: YouTube says which
// byte comes next, and one that it has is never wanted twice.
//
// Sources: developers.google.com/youtube/v3/guides/using_resumable_upload_protocol (all of the above, and
// what 308, 404 and 5xx mean), …/docs/videos/insert, …/docs/videos/update, …/docs/thumbnails/set,
// …/docs/errors (reasons), …/determine_quota_cost.
//
// Thread-safe. Calls block, end at their deadline at the latest, and end soon after a stop is asked for. They
// throw nothing for what the network or YouTube does.

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/secret.hpp"
#include "connect/connector.hpp"
#include "connect/http_client.hpp"
#include "connect/youtube/youtube.hpp"

namespace fencepost::connect::youtube {

inline constexpr std::int64_t kPieceUnit = 256 * 1024;
// "An upload URL is valid for about a week": an older one is not begun with again.
inline constexpr base::Duration kSessionLife = std::chrono::hours(24 * 6);
// The channel's limit of uploads is over after this (support.google.com/youtube/answer/4343642).
inline constexpr base::Duration kUploadLimitRest = std::chrono::hours(24);
inline constexpr int kUpdateUnits = 50;     // videos.update
inline constexpr int kThumbnailUnits = 50;  // thumbnails.set
inline constexpr std::int64_t kThumbnailBytes = 2 << 20;

// What a video is to be. Without `publish_at` it stays private.
struct Draft {
  std::string title;
  std::string description{};
  std::vector<std::string> tags{};
  std::string category{};  // YouTube's number; empty: its default
  std::string language{};  // BCP 47; empty: not said
  bool made_for_kids = false;
  std::optional<base::Micros> publish_at{};
};
// The body of open() and update(): JSON, privacyStatus always "private" (publishAt wants that, also again on
// an update). Pure: the same draft gives the same bytes. `id`: of an update.
std::string metadata(const Draft& draft, const std::string& id = {});

struct Opened {
  std::optional<Trouble> trouble;
  base::Secret session;
};

// How an upload stands.
struct Stand {
  enum class Kind {
    incomplete,  // YouTube has `offset` bytes, and waits for the next
    complete,    // the video is there; `video` may be empty where the answer was cut: ask
    lost,        // YouTube knows no such session (any more): 404 or 410
    trouble,     // nothing is known: `trouble`; or it was refused
  };
  Kind kind = Kind::trouble;
  std::int64_t offset = 0;
  std::string video{};
  std::optional<Trouble> trouble{};
};

// A video that is there.
struct VideoStatus {
  std::optional<Trouble> trouble{};
  bool found = false;
  std::string privacy{};  // "private", "public", "unlisted"
  std::string upload{};   // "uploaded", "processed", "failed", "rejected", "deleted"
  std::string reason{};   // of failed or rejected; as YouTube names it
  std::optional<base::Micros> publish_at{};
};

struct UploadOptions {
  std::string api = "https://www.googleapis.com";  // origin, without a path and a slash
};

class UploadApi {
 public:
  // `http` outlives this; its clock is that of the deadlines.
  UploadApi(HttpClient& http, UploadOptions options) : http_(http), options_(std::move(options)) {}

  struct Call {
    const Credentials& credentials;
    base::BootTime deadline;
    std::stop_token stop{};
  };
  // `metadata`: of metadata(). `total` > 0 bytes.
  Opened open(const std::string& metadata, std::int64_t total, const std::string& media_type,
              const Call& call);
  // The bytes [piece.offset, piece.offset + piece.length) of a file of `total`; more than none.
  Stand put(const base::Secret& session, const FileBody& piece, std::int64_t total, const Call& call);
  Stand ask(const base::Secret& session, std::int64_t total, const Call& call);

  // videos.list, 1 unit.
  VideoStatus status(const std::string& video, const Call& call);
  // videos.update of snippet and status, kUpdateUnits: nullopt where YouTube said yes.
  std::optional<Trouble> update(const std::string& metadata, const Call& call);
  // thumbnails.set, kThumbnailUnits. At most kThumbnailBytes.
  std::optional<Trouble> thumbnail(const std::string& video, const std::string& image,
                                   const std::string& media_type, const Call& call);

  const base::Clock& clock() const { return http_.clock(); }

 private:
  HttpRequest request_to(const std::string& method, std::string url, const Call& call) const;
  Stand stand_of(const HttpResult& result, std::int64_t total, bool asked,
                 const Credentials& credentials) const;
  bool ours(const std::string& url) const;

  HttpClient& http_;
  const UploadOptions options_;
};

// Why a call with a channel's credentials was not answered with 200; nullopt: it was. `now`: wall time.
std::optional<Trouble> trouble_of(const HttpResult& result, const Credentials& credentials, base::Micros now);

// Why it is worth trying again, as the rest of the program says it: a certain failure, since an upload that
// is not complete is nothing. `now`: wall time. The next quota day begins at Pacific midnight.
Outcome outcome_of(const Trouble& trouble, base::Micros now);

// The largest piece that may be sent at `offset` and is not the last: a multiple of kPieceUnit, at most
// `most`, that leaves a byte at least; 0: the rest is the last piece. Pure.
std::int64_t piece_before_last(std::int64_t offset, std::int64_t total, std::int64_t most);

}  // namespace fencepost::connect::youtube
