#pragma once
// The queues whose applications have their own way to let an item begin anew.

#include "store/bulk.hpp"

namespace fencepost::http {

// An announcement may be too late, and an upload needs its places again: their applications know. Empty: of
// another queue, where the fence is enough. Both outlive what is answered.
store::Arm arm_of(store::Database& database, const store::Fence& fence);

}  // namespace fencepost::http
