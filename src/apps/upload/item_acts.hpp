#pragma once
// Acts on an upload as an item of its queue.

#include <string>

#include "store/bulk.hpp"

namespace fencepost::upload {

// A store::Arm: as Service::retry, at its old time. Answers also the codes of Refused. `fence`: of the
// uploads.
std::string rearm(store::Database& database, const store::Fence& fence, const store::Arming& one);

}  // namespace fencepost::upload
