#include "apps/upload/media/videos.hpp"

#include <unistd.h>

#include <cerrno>

#include "accounts/text.hpp"
#include "apps/upload/media/metadata.hpp"
#include "apps/upload/media/sniff.hpp"
#include "base/error.hpp"
#include "media/sql.hpp"

namespace fencepost::media {

namespace {
Video video_of(const store::Row& row) {
  Video video;
  video.id = row[0].integer();
  video.person = row[1].maybe_integer();
  video.folder = row[2].text();
  video.path = row[3].text();
  video.size = row[4].integer();
  video.modified = row[5].integer();
  video.inode = row[6].integer();
  video.media_type = row[7].text();
  video.title = row[8].text();
  video.sha256 = row[9].maybe_text();
  video.duration_ms = row[10].maybe_integer();
  video.width = row[11].maybe_integer();
  video.height = row[12].maybe_integer();
  video.probed_at = row[13].maybe_integer();
  video.probe_error = row[14].maybe_text();
  video.version = row[15].integer();
  video.created_at = row[16].integer();
  video.removed_at = row[17].maybe_integer();
  return video;
}

std::optional<Video> first_of(const store::Rows& rows) {
  if (rows.empty()) return std::nullopt;
  return video_of(rows[0]);
}

bool is_same(const Video& video, std::int64_t size, base::Micros modified, std::int64_t inode) {
  return video.size == size && video.modified == modified && video.inode == inode;
}

void release_file_of(store::Connection& connection, std::int64_t video) {
  for (const auto& row : connection.run(sql::drop_file_of_video, {video}))
    connection.run(sql::give_usage, {row[0].maybe_integer().value_or(0), row[1].integer()});
}
}  // namespace

std::optional<Video> get_video(store::Connection& connection, std::int64_t id) {
  return first_of(connection.run(sql::video, {id}));
}

std::vector<Video> hold_videos(store::Connection& connection, const std::set<std::int64_t>& ids) {
  std::vector<store::Params> keys;
  for (const auto id : ids) keys.push_back({id});
  std::vector<Video> videos;
  for (const auto& row : connection.run_batch(sql::hold_videos, keys)) videos.push_back(video_of(row));
  return videos;
}

base::FileDescriptor open(const Folders& folders, const Video& video) {
  const base::UserError changed("video_changed",
                                "the file of this video is gone, or is another one by now: add it anew");
  try {
    auto opened = folders.open(video.folder, video.path);
    if (!is_same(video, opened.size, opened.modified, opened.inode)) throw changed;
    return std::move(opened.file);
  } catch (const base::UserError&) {
    throw changed;
  }
}

FileFacts facts_of(const Folders& folders, const std::string& folder, const std::string& path) {
  const auto opened = folders.open(folder, path);
  if (opened.size == 0) throw base::UserError("empty_file", "this file is empty");
  std::string first(kSniffed, '\0');
  const auto n = pread(opened.file.get(), first.data(), first.size(), 0);
  if (n < 0) throw base::UserError("media_file_not_found", "this file cannot be read");
  first.resize(static_cast<std::size_t>(n));
  return {opened.size, opened.modified, opened.inode, media_type_of(first)};
}

std::string title_of(const std::string& path) {
  std::string name = path.substr(path.rfind('/') + 1);
  if (const auto dot = name.rfind('.'); dot != std::string::npos && dot > 0) name.resize(dot);
  for (auto& c : name)
    if (c == '<' || c == '>' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  while (name.size() > kTitle || !accounts::utf8_length(name)) name.pop_back();
  return name.find_first_not_of(' ') == std::string::npos ? "video" : name;
}

Added add_video(store::Connection& connection, const VideoDraft& draft, const FileFacts& facts) {
  const auto title = draft.title.empty() ? title_of(draft.path) : draft.title;
  check_title(title);
  store::Transaction transaction(connection);
  // Once more where another adds it between the look and the insert: then the look finds his.
  for (;;) {
    if (auto there = first_of(connection.run(sql::lock_video_at, {draft.folder, draft.path}))) {
      if (is_same(*there, facts.size, facts.modified, facts.inode)) {
        transaction.commit();
        return {std::move(*there), false};
      }
      connection.run(sql::drop_video, {there->id});
    }
    const auto made = connection.run(sql::add_video, {draft.person, draft.folder, draft.path, facts.size,
                                                      facts.modified, facts.inode, facts.media_type, title});
    if (made.empty()) continue;
    auto video = get_video(connection, made[0][0].integer());
    transaction.commit();
    return {std::move(video).value(), true};
  }
}

std::vector<Video> page_of_videos(store::Connection& connection, std::optional<std::int64_t> person,
                                  const std::string& folder, std::int64_t after, int limit) {
  std::vector<Video> page;
  for (const auto& row : connection.run(sql::videos_page, {after, limit, person, folder}))
    page.push_back(video_of(row));
  return page;
}

bool edit_video(store::Connection& connection, std::int64_t id, std::int64_t version,
                const std::string& title) {
  check_title(title);
  return !connection.run(sql::edit_video, {id, version, title}).empty();
}

Removed remove_video(store::Connection& connection, std::int64_t id, const InUse& in_use) {
  store::Transaction transaction(connection);
  if (connection.run(sql::lock_video, {id}).empty()) return Removed::not_found;
  if (in_use && in_use(connection, id)) return Removed::in_use;
  connection.run(sql::drop_video, {id});
  release_file_of(connection, id);
  transaction.commit();
  return Removed::removed;
}

}  // namespace fencepost::media
