#include "apps/upload/import.hpp"

#include <map>

#include "upload/sql.hpp"

namespace fencepost::upload {

std::vector<Wish> wishes_of(store::Connection& connection, const std::vector<Imported>& rows) {
  std::vector<store::Params> files;
  for (const auto& row : rows)
    if (row.video_id == 0) files.push_back({row.folder, row.path});
  std::map<std::pair<std::string, std::string>, std::int64_t> videos;
  for (const auto& row : connection.run_batch(sql::videos_at, files))
    videos[{row[0].text(), row[1].text()}] = row[2].integer();
  std::vector<Wish> wishes;
  for (const auto& row : rows) {
    const auto found = videos.find({row.folder, row.path});
    const auto video = row.video_id != 0 ? row.video_id : found != videos.end() ? found->second : 0;
    wishes.push_back({video, row.kind, row.at, row.metadata, row.number});
  }
  return wishes;
}

}  // namespace fencepost::upload
