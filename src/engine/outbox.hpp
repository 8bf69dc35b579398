#pragma once
// Results that wait to be written, and how they are written: in groups, with the next claim in the same
// transaction. PEERS' figures: that is worth more than any number of threads.

#include <map>
#include <mutex>
#include <variant>
#include <vector>

#include "engine/context.hpp"
#include "store/fence.hpp"

namespace fencepost::engine {

// A result of one claim.
struct Result {
  std::variant<store::Settlement, store::Fence::Sent> what;
  base::BootTime since;  // when it came
  int left_out = 0;      // how often a group did not settle it
  bool doubted = false;  // whether one may have, its commit being in doubt

  std::int64_t claim() const;
  const std::string& item() const;
};

// Thread-safe.
class Outbox {
 public:
  Outbox(const Context& context, const store::Fence& fence) : context_(context), fence_(fence) {}

  void add(Result result);
  // Takes what is ready, at most n.
  std::vector<Result> take(std::size_t n, base::BootTime now);
  // Puts results back, before the others: their write has failed.
  void put_back(std::vector<Result> results);
  // Puts back a result that a group has left out, for a group from `at` on.
  void put_off(Result result, base::BootTime at);
  // All that are not written yet.
  std::size_t size() const;
  // Those that a group would take now.
  std::size_t ready(base::BootTime now) const;
  // When the oldest of them came, or the next one put off is to be tried; none: a time that never comes.
  base::BootTime oldest() const;

  // One transaction: settles what nobody holds or has changed of `results`, and claims n. Throws as the store
  // does; then nothing is known to be written, and claims may have been made (disown).
  struct Written {
    std::vector<bool> settled;  // of each result; the others are to be settled by themselves
    std::vector<store::Claim> claims;
  };
  Written write(store::Connection& connection, const std::vector<Result>& results, int n,
                base::Duration lease) const;
  // One line a transition, and one more in the metrics: after it was committed.
  void log_settled(const Result& result) const;
  // Settles one result by itself, waiting for its row, until it is written or given up at `until`.
  void settle(const Result& result, base::BootTime until) const;

 private:
  const Context& context_;
  const store::Fence& fence_;
  mutable std::mutex mutex_;
  std::vector<Result> waiting_;
  std::multimap<base::BootTime, Result> put_off_;
};

}  // namespace fencepost::engine
