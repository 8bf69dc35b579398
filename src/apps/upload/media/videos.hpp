#pragma once
// Videos that can be uploaded. A video means certain bytes for ever: a file that changes is another video.
//
// All functions throw InfraError, are one transaction (or a part of the caller's), and are as thread-safe as
// the connection is. After an `in_doubt` one: repeat them.

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "apps/upload/media/folders.hpp"
#include "store/database.hpp"

namespace fencepost::media {

// The probe_error of a video that nobody here can measure.
inline constexpr const char* kNoProbe = "not measured: ffprobe is not installed on this server";

struct Video {
  std::int64_t id = 0;
  std::optional<std::int64_t> person{};  // nullopt: the instance's: everybody sees it
  std::string folder;                    // a media folder's name, or kFiles
  std::string path;
  std::int64_t size = 0;
  base::Micros modified = 0;
  std::int64_t inode = 0;
  std::string media_type;  // by its first bytes
  std::string title;
  std::optional<std::string> sha256{};
  std::optional<std::int64_t> duration_ms{}, width{}, height{};
  std::optional<base::Micros> probed_at{};   // nullopt: nobody has looked at it yet
  std::optional<std::string> probe_error{};  // why nothing was found: safe to show
  std::int64_t version = 1;
  base::Micros created_at = 0;
  std::optional<base::Micros> removed_at{};
};

std::optional<Video> get_video(store::Connection& connection, std::int64_t id);  // also a removed one
// Those that were not removed, in no order; nobody removes them before the caller's transaction ends (FOR
// SHARE on PostgreSQL).
std::vector<Video> hold_videos(store::Connection& connection, const std::set<std::int64_t>& ids);

// The file of a video, and no other one. Throws UserError("video_changed") where it is gone, or has another
// size, time or inode than when it was recorded. Read with pread().
base::FileDescriptor open(const Folders& folders, const Video& video);

struct VideoDraft {
  std::optional<std::int64_t> person{};
  std::string folder, path;
  std::string title{};  // "": the file's name without its extension
};
// What open() says of the file, and its media type: to be read before any transaction.
struct FileFacts {
  std::int64_t size = 0;
  base::Micros modified = 0;
  std::int64_t inode = 0;
  std::string media_type;
};
// Throws UserError as Folders::open() does, and "empty_file".
FileFacts facts_of(const Folders& folders, const std::string& folder, const std::string& path);

// The title of a video whose file has that name or path: "Episode 12" of "shows/Episode 12.mp4".
std::string title_of(const std::string& path);

struct Added {
  Video video;
  bool made = false;  // false: it was there already
};
// A file that changed since takes the place of the video it was. Throws UserError("invalid_title").
Added add_video(store::Connection& connection, const VideoDraft& draft, const FileFacts& facts);

// By id, behind `after`. `person`: his and the instance's; nullopt: everybody's. `folder`: "" all.
std::vector<Video> page_of_videos(store::Connection& connection, std::optional<std::int64_t> person,
                                  const std::string& folder, std::int64_t after, int limit);

// False: it is another version by now, or gone. Throws UserError("invalid_title").
bool edit_video(store::Connection& connection, std::int64_t id, std::int64_t version,
                const std::string& title);

// Whether something still wants a video; asked under its lock.
using InUse = std::function<bool(store::Connection&, std::int64_t)>;
// Its file stays where it is in a media folder; of kFiles it goes with it. in_use: nothing was removed.
enum class Removed { removed, in_use, not_found };
Removed remove_video(store::Connection& connection, std::int64_t id, const InUse& in_use);

}  // namespace fencepost::media
