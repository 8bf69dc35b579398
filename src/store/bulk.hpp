#pragma once
// Acts on many items by a filter: what they would do (preview), and doing it. Each item is decided under its
// own lock by the same code as the single act, so the answers are the same words, counted; there is no bare
// "ok". A step of stop, and of what no application arms, sends as many statements for one item as for
// 200; an application's own items begin anew one by one (Arm).

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "store/fence.hpp"

namespace fencepost::store {

// What an item must be to be meant; everything that is left out is not asked for.
struct ItemFilter {
  std::vector<core::State> states = {};            // not `other`
  std::vector<std::string> items = {};             // keys
  std::string error = {};                          // a part of last_error
  std::optional<Micros> due_from = std::nullopt;   // run_at at or after this, µs since 1970 UTC
  std::optional<Micros> due_until = std::nullopt;  // run_at before this
  std::optional<Duration> overdue = std::nullopt;  // due for at least this long
};

// Items in the order of their keys, behind `after`, at most `n`; without a lock.
std::vector<Snapshot> items_page(Connection& connection, const Fence& fence, const ItemFilter& filter,
                                 const std::optional<std::string>& after, int n);

// Items that are claimed or sending: what a drain waits for.
struct AtWork {
  std::int64_t claimed = 0;
  std::int64_t sending = 0;
  bool none() const { return claimed == 0 && sending == 0; }
};
AtWork at_work(Connection& connection, const Fence& fence);
// The reason of a pause by `drain`.
inline constexpr const char* kDrain = "drain";

// stop: as Fence::stop. retry: failed items begin anew. requeue: what is over begins anew, also a done
// repeatable item; where the filter names no states: done, failed and stopped ones.
enum class BulkAct { stop, retry, requeue };

// How an application's items begin anew, where that asks for more than the fence knows (places to take, times
// that are over): one item, in a transaction of its own, as the application's own act has it.
struct Arming {
  std::string item;
  std::function<bool(const Snapshot&)> meant;  // asked under the item's lock; false: nothing is done
  std::string actor;
  bool preview = false;  // all but the commit
  // Whether the act goes on with it, under its lock; `meant` may be empty. `doubt`: an earlier try may have
  // taken effect (until_certain). Then also what asks for no write: it may be this act's own doing, and is
  // answered as it is, once that is confirmed.
  bool means(const Fence& fence, const Snapshot& now, bool doubt) const;
};
// Answers a word of RearmAnswer, `changed` where the item was not meant, or the code of what forbids it,
// which may also be thrown as a UserError. No connection is held while it is called.
using Arm = std::function<std::string(const Arming&)>;

// Items by state and by the answer of the act. `changed`: it was no longer what the filter asks for when its
// lock was there, and was left alone; after a commit in doubt only where the act would have had to write.
// `refused_by_table`: a constraint or a trigger of the table's own said no. more: there were others beyond
// `max`.
struct BulkResult {
  std::map<std::string, std::int64_t> states;
  std::map<std::string, std::int64_t> answers;
  std::int64_t items = 0;
  bool more = false;
};

constexpr int kBulkMost = 100'000;

// What act() would answer at this moment, but for what only the table can refuse. Writes nothing. `max`:
// 1 … kBulkMost. `arm`: of a queue whose application has its own way; empty: the fence's. Throws
// UserError("invalid_filter").
BulkResult preview(Database& database, const Fence& fence, BulkAct act, const ItemFilter& filter, int max,
                   const Arm& arm = {});

// Acts in transactions of at most 200 items, in the order of their keys (rule 14), or of one where `arm` acts
// or the table refuses one of them. Each is repeated where it failed for a while or its commit is in doubt:
// its answers are then those of the repetition (already_stopped, already_armed). What is done stays done
// where a later one throws InfraError.
BulkResult act(Database& database, const Fence& fence, BulkAct act, const ItemFilter& filter, int max,
               const std::string& actor, const Arm& arm = {});

}  // namespace fencepost::store
