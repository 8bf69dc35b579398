#pragma once
// The flags that say what a queue is, for adopt and loop.

#include <memory>
#include <string>

#include "store/adopt.hpp"

namespace CLI {
class App;
}

namespace fencepost::cli {

// Lives as long as the App.
class QueueFlags {
 public:
  // Adds --table, --status, the words and what else describes a queue. `adopting`: also what only adoption
  // has.
  QueueFlags(CLI::App& command, bool adopting);
  ~QueueFlags();
  // Whether --table was given; else the queue is one that the database knows by --queue.
  bool table_given() const;
  std::string queue() const;
  // Throws UsageError.
  store::AdoptRequest request() const;

 private:
  struct Given;
  std::unique_ptr<Given> given_;
};

}  // namespace fencepost::cli
