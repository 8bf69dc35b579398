#include "apps/upload/queue.hpp"

#include <algorithm>

namespace fencepost::upload {

core::Queue upload_queue(base::Duration longest_wait) {
  core::Queue queue;
  queue.name = kQueue;
  queue.table = "fencepost_uploads";
  queue.words = {"scheduled", "uploading", "finishing", "uploaded", "failed", "unknown", "cancelled"};
  queue.payload = {"video_id", "channel_id",       "kind",           "slot_at",
                   "title",    "description",      "tags",           "category",
                   "language", "thumbnail_folder", "thumbnail_path", "made_for_kids"};
  queue.kind = core::Kind::once;
  queue.backoff = {std::min<base::Duration>(std::chrono::seconds(5), longest_wait), longest_wait, 1000};
  queue.history = true;
  return queue;
}

}  // namespace fencepost::upload
