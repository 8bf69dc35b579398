#include "http/api/arms.hpp"

#include "apps/announce/item_acts.hpp"
#include "apps/announce/queue.hpp"
#include "apps/upload/item_acts.hpp"
#include "apps/upload/queue.hpp"

namespace fencepost::http {

store::Arm arm_of(store::Database& database, const store::Fence& fence) {
  const auto way = [&](const auto& rearm) -> store::Arm {
    return [&, rearm](const store::Arming& one) { return rearm(database, fence, one); };
  };
  if (fence.queue().name == announce::kQueue) return way(announce::rearm);
  if (fence.queue().name == upload::kQueue) return way(upload::rearm);
  return {};
}

}  // namespace fencepost::http
