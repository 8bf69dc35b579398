#include "apps/announce/queue.hpp"

#include "store/guards.hpp"

namespace fencepost::announce {

core::Queue announcement_queue() {
  core::Queue queue;
  queue.name = kQueue;
  queue.table = "fencepost_announcements";
  queue.words = {"queued", "claimed", "sending", "posted", "failed", "unknown", "disabled"};
  queue.payload = {"text", "url", "connection_id", "include_url", "generated_text", "deadline", "part"};
  if (store::guard("images_tracked")) queue.payload.push_back("images");
  queue.kind = core::Kind::once;
  queue.history = true;
  return queue;
}

}  // namespace fencepost::announce
