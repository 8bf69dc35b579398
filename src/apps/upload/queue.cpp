#include "apps/upload/queue.hpp"

namespace fencepost::upload {

core::Queue upload_queue() {
  core::Queue queue;
  queue.name = kQueue;
  queue.table = "fencepost_uploads";
  queue.words = {"scheduled", "uploading", "finishing", "uploaded", "failed", "unknown", "cancelled"};
  queue.payload = {"video_id", "channel_id",       "kind",           "slot_at",
                   "title",    "description",      "tags",           "category",
                   "language", "thumbnail_folder", "thumbnail_path", "made_for_kids"};
  queue.kind = core::Kind::once;
  queue.history = true;
  return queue;
}

}  // namespace fencepost::upload
