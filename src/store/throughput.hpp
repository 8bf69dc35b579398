#pragma once
// Throughput: how the attempts of each queue ended, by minute of database time, for all instances together.
// For people's eyes: nothing of the protocol asks for it.

#include <string>
#include <vector>

#include "store/fence.hpp"

namespace fencepost::store {

// done; failed: for good; retried: failed for now, and tried again unless somebody has stopped it; unknown.
// An unknown outcome that is found out later counts once more, as what it turned out to be.
enum class Ending { done, failed, retried, unknown };
std::string_view name(Ending ending);

// How an attempt ended whose settlement was answered like this. nullopt: nothing ended, because nothing was
// tried, because its result came too late to count, or because the same was recorded before. Whoever did so
// (a rescuer, a look at the platform) has counted it, unless it was an earlier try of this very settlement,
// whose commit was in doubt: `doubted`.
std::optional<Ending> ending_of(const Settlement& settlement, SettleAnswer answer = SettleAnswer::settled,
                                bool doubted = false);
std::optional<Ending> ending_of(const EffectResult& result, EffectAnswer answer = EffectAnswer::recorded,
                                bool doubted = false);
// The state that a rescue or a reconcile has brought an item to.
std::optional<Ending> ending_of(core::State to);

struct Ended {
  std::int64_t done = 0, failed = 0, retried = 0, unknown = 0;
  std::int64_t& operator[](Ending ending);
  bool operator==(const Ended&) const = default;
};

// Of one queue: what ended `age` ago, within less than a minute.
struct EndedAgo {
  std::string queue;
  Duration age{};
  Ended ended;
};

// Adds them, in one transaction. `batch` grows with each batch of this worker, whose registration must be
// there: the same one given again after a commit in doubt is added once. Waits for other instances that add
// to the same minutes.
void add_ended(Connection& connection, std::int64_t worker, std::int64_t batch,
               const std::vector<EndedAgo>& ended);

struct EndedIn {
  std::string queue;
  Micros from = 0;  // the beginning of the step
  Ended ended;
};
// By queue and time; steps in which nothing ended are left out. `from` and `until` are multiples of `step`,
// which is one of whole minutes. An empty queue: of every one.
std::vector<EndedIn> throughput(Connection& connection, const std::string& queue, Micros from, Micros until,
                                Duration step);

// So long it is kept.
constexpr Duration kKeepThroughput = std::chrono::hours(48);
// Deletes older rows, at most `most` of them; answers how many.
int prune_throughput(Connection& connection, int most);

}  // namespace fencepost::store
