#pragma once
// The fenced table that is worked here, by the engine and by pgbench: a payload and the protocol's columns.

#include <cstdint>
#include <string>

#include "store/fence.hpp"

namespace fencepost::bench {

core::Queue queue_of(core::Kind kind);

// Statements on a table `bench_items`, which make() drops and makes anew. Immutable after make().
class Table {
 public:
  Table(store::Database& database, core::Kind kind);
  const store::Fence& fence() const { return fence_; }
  void make();
  // Adds due items with the payload {"n": 1} … {"n": items}.
  void fill(std::int64_t items);
  // Adds finished items, as a table has after a long life.
  void add_history(std::int64_t items);
  // Has finished items deleted when they have been so for `keep`; those with ids up to `old` are long due.
  // The queue with that retention, for a Retention to work by.
  store::Fence keep_finished(base::Duration keep, std::int64_t old);
  // Whether anything is queued or in work. Cheap: asks the index for one row.
  bool unfinished();
  std::int64_t count(const std::string& word);
  std::int64_t done() { return count("done"); }
  // Fresh statistics and a checkpoint, so that nothing of the preparation is left for the measured time.
  void settle_down();

 private:
  store::Database& database_;
  store::Fence fence_;
};

// Adds one item and wakes its queue, in one statement where the database has notifications.
void enqueue_one(store::Connection& connection, std::int64_t n);
// Adds items n … n + count - 1 in one statement, with one notification.
void enqueue_many(store::Connection& connection, std::int64_t n, std::int64_t count);

}  // namespace fencepost::bench
