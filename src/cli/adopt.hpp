#pragma once
// Adoption, for adopt itself and for a loop over a table that is not a queue yet.

#include "cli/queue_flags.hpp"

namespace fencepost::cli {

// Makes our own tables where they are missing, then adopts. The plan has the problems, if there are any.
store::AdoptPlan adopt_table(store::Connection& connection, const store::AdoptRequest& request);

}  // namespace fencepost::cli
