#pragma once
// Rule 13 for a process at work: whether the database still is the one that it knew, on every new connection
// and now and then. Knows all queues of the database, also those that are adopted while it runs: another
// process finds the identity stored, and would not pause what was left out here.

#include <memory>
#include <string>
#include <vector>

#include "base/guarded.hpp"
#include "store/database.hpp"
#include "store/fence.hpp"

namespace fencepost::cli {

// Thread-safe after start(). The database outlives the use of its connections.
class IdentityWatch {
 public:
  explicit IdentityWatch(store::Database& database) : database_(database) {}
  // The first look of this process; from then on every new connection looks first.
  void start();
  // The look between. Throws InfraError.
  void look();

 private:
  using Fences = std::shared_ptr<const std::vector<store::Fence>>;
  Fences fences(store::Connection& connection);
  void check(store::Connection& connection, const Fences& fences, bool process_has_memory);

  store::Database& database_;
  struct Known {
    std::string descriptors;
    Fences fences;
  };
  base::Guarded<Known> known_;
};

}  // namespace fencepost::cli
