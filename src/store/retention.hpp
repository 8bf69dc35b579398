#pragma once
// Retention: what is over and old is deleted, in small steps, so that neither claims nor people wait for it.
//
//   effects   those with a known outcome (done or failed) that no item holds and whose item has no open
//   effect; events    those of items that have no effect left, the oldest first, so that what is left of an
//   item's
//             history is always its end: `verify` reads it as before;
//   items     finished rows of queues that ask for it (core::Queue::keep_finished), never unknown ones;
//   minutes   of throughput, older than two days;
//   budgets   buckets whose window is over, whole: with their ledger and their slot's seats. So what is left
//             is always the sum of its ledger, and an item that ends later gives nothing back to them.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "store/fence.hpp"

namespace fencepost::store {

struct RetentionOptions {
  // Of events and effects; at least a day, because an effect that is settled again after a doubt is looked
  // up. Empty: for ever.
  std::optional<Duration> keep_history = std::nullopt;
  int step = 500;  // rows looked at, and at most deleted, in one transaction
  // Of buckets, counted from the end of their window; at least 32 days, so that a month is over too. Windows
  // are days and months, or slots of such; others are for ever. Empty: all are.
  std::optional<Duration> keep_budgets = std::nullopt;
};

struct Deleted {
  std::int64_t effects = 0;
  std::int64_t events = 0;
  std::int64_t items = 0;
  std::int64_t buckets = 0;
  std::int64_t minutes = 0;  // rows of throughput
  bool operator==(const Deleted&) const = default;
};

// Keeps its place in the tables between two runs, so that each run looks at rows that the last one did not.
// Not thread-safe; any number of instances may run their own.
class Retention {
 public:
  // `fences` outlive it. Throws UserError("invalid_option").
  Retention(std::vector<const Fence*> fences, const RetentionOptions& options = {});

  // Works until everything was looked at once, or `budget` is over on `clock`. Each step is a transaction of
  // its own. Throws InfraError; what was deleted stays deleted.
  Deleted run(Connection& connection, const base::Clock& clock, Duration budget);

 private:
  // Repeats `step` until it has nothing left or the time is over.
  template <typename Step>
  void steps(const std::string& what, const base::Clock& clock, base::BootTime until, Step&& step);
  // One step; false: nothing was left to look at.
  bool prune_effects(Connection& connection, const Fence& fence, Deleted& deleted);
  bool prune_events(Connection& connection, Deleted& deleted);
  bool prune_budgets(Connection& connection, Deleted& deleted) const;
  bool prune_items(Connection& connection, const Fence& fence, Deleted& deleted);
  int delete_items(Connection& connection, const Fence& fence, const std::vector<std::string>& items);
  std::optional<std::int64_t> end_of_window(Connection& connection, const Statement& window,
                                            std::int64_t after) const;

  const std::vector<const Fence*> fences_;
  const RetentionOptions options_;
  std::map<std::string, std::int64_t> effects_after_;  // by queue: the last id that was looked at
  std::int64_t events_after_ = 0;
  // What was looked at to its end rests for a while: what must stay is not looked at in every run.
  std::map<std::string, base::BootTime> rests_until_;
};

}  // namespace fencepost::store
