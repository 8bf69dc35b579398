#pragma once
// `fencepost doctor`: whether a queue's table still is what the protocol needs, whether it is worked, and who
// else writes to it. Reads only, but for repair(). As thread-safe as its connection; throws InfraError.

#include <span>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "store/descriptor.hpp"

namespace fencepost::store {

struct Finding {
  bool problem = true;  // else a note: worth knowing, nothing to do
  std::string queue;    // empty: of the database as a whole
  std::string code;     // stable: "trigger_missing", "foreign_writer" …
  std::string what;
  std::string todo;
};

// One queue; `leave` are the words that its descriptor leaves alone. Reads the whole table once.
std::vector<Finding> examine(Connection& connection, const Descriptor& descriptor);
// The server, the clocks and the workers. `once`: whether any of the queues is.
std::vector<Finding> examine_server(Connection& connection, const base::Clock& clock, bool once);

// Installs our triggers and indexes anew, and takes invalid and changed indexes away first. Nothing else is
// touched. A transaction of its own.
void repair(Connection& connection, const Fence& fence);

// What an install script makes: triggers with their functions' texts, and indexes.
struct Installed {
  struct Trigger {
    std::string name, function, text;
  };
  std::vector<Trigger> triggers;
  struct Index {
    std::string name, columns;  // "a, b": the plain ones, in their order; expressions are left out
    bool partial = false;
  };
  std::vector<Index> indexes;
};
Installed installed_by(const std::string& script, Dialect dialect);

}  // namespace fencepost::store
