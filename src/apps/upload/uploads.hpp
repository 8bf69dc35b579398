#pragma once
// Uploads as values, and the statements over their table that more than one part uses.
//
// Functions run in the caller's transaction where it has one, throw InfraError, and are as thread-safe as the
// connection is. Nothing here writes a column of the protocol.

#include <optional>
#include <string>
#include <vector>

#include "apps/upload/channels.hpp"
#include "apps/upload/queue.hpp"

namespace fencepost::upload {

// What YouTube is told of a video.
struct Metadata {
  std::string title, description;
  std::string tags = "[]";  // a JSON list of texts
  std::optional<std::string> category{};
  std::string language{};
  std::optional<std::string> thumbnail_folder{}, thumbnail_path{};
  bool made_for_kids = false;
  bool operator==(const Metadata&) const = default;
};

// Times are µs since 1970 UTC.
struct Upload {
  std::int64_t id = 0;
  std::int64_t video_id = 0;
  std::string video;  // its file's title
  std::int64_t channel_id = 0;
  std::string channel;  // its name
  std::string kind;
  base::Micros slot_at = 0;  // when it becomes public
  std::string publish_day;   // of the channel's zone
  std::string quota_day;     // of the call that opens its session
  base::Micros run_at = 0;   // when the upload begins, or is tried again
  Metadata metadata{};
  std::optional<std::int64_t> person{};  // who scheduled it
  // scheduled, uploading, uploaded (private, with its time set), published, failed, unknown, cancelled.
  std::string status;
  std::int64_t version = 1;  // grows with every edit by a person: the ETag
  int attempts = 0;
  // What YouTube had of its file, as it said last, and the file's size.
  std::int64_t bytes_sent = 0, bytes_total = 0;
  int percent() const { return bytes_total == 0 ? 0 : static_cast<int>(bytes_sent * 100 / bytes_total); }
  bool stop_wanted = false;
  std::optional<std::string> last_error{};
  std::optional<std::string> post_id{}, post_url{};
  std::optional<base::Micros> uploaded_at{}, published_at{};
  base::Micros created_at = 0;
};

// New ones, as they are stored; in no order. `rows`: what the statement add_uploads says.
std::vector<Upload> add_uploads(store::Connection& connection, std::int64_t channel,
                                std::optional<std::int64_t> person, const std::vector<store::Params>& rows);
std::optional<Upload> get_upload(store::Connection& connection, std::int64_t id);
// Of each of these uploads its channel: (upload, channel), in no order. One statement.
std::vector<std::pair<std::int64_t, std::int64_t>> channels_of_uploads(
    store::Connection& connection, const std::vector<store::Params>& uploads);
struct UploadFilter {
  std::optional<std::int64_t> channel{};
  std::string status{};                  // the users' word, or empty
  std::optional<std::int64_t> person{};  // of channels that he may schedule on
};
// Newest first, below `before`. UserError("invalid_field") for another status.
std::vector<Upload> page_of_uploads(store::Connection& connection, std::int64_t before, int limit,
                                    const UploadFilter& filter);
// Of a channel: what has or had a video's place in [from, until), by slot and id; not what failed or was
// cancelled.
std::vector<Upload> uploads_between(store::Connection& connection, std::int64_t channel, base::Micros from,
                                    base::Micros until);

// Whether an upload still needs the bytes of a video: media's removal asks it under the video's lock.
bool needs_video(store::Connection& connection, std::int64_t video);

// What a settlement, or a person's word, adds to an upload whose video exists. In the transaction that
// settles, after the item was written.
void set_uploaded(store::Connection& connection, std::int64_t id, const std::string& post_id,
                  const std::string& post_url);
// It is public, by what YouTube says: `published` to people from now on, and in its history. False: it was so
// before, or it is not uploaded.
bool set_published(store::Connection& connection, std::int64_t id, base::Micros at);

// In the gate's transaction, before the item is locked: whether its channel is enabled and still of that
// connection, the connection connected, its seat and its place in the day's caps its own, and its slot still
// `margin` ahead by the database's clock (a past publishAt would publish at once). Locks the channel and the
// connection FOR SHARE.
bool gate_allows(store::Connection& connection, std::int64_t id, std::int64_t connection_id,
                 base::Duration margin);

}  // namespace fencepost::upload
