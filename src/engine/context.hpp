#pragma once
// What every part of an engine shares.

#include <functional>
#include <string>

#include "engine/metrics.hpp"
#include "store/database.hpp"

namespace fencepost::engine {

// Outlives the works and runners. `worker` is this process's number.
struct Context {
  store::Database& database;
  Metrics& metrics;
  const base::Clock& clock;
  std::int64_t worker;

  // An attempt of this queue ended now, and its settlement is known to be written; nullopt: it was none.
  void ended(const std::string& queue, std::optional<store::Ending> how) const {
    if (how) metrics.ended(queue, *how, clock.boot());
  }
};

// Measures an operation of a queue from its construction to its end.
class Timed {
 public:
  Timed(const Context& context, const std::string& queue, const char* operation)
      : context_(context), queue_(queue), operation_(operation), begun_(context.clock.boot()) {}
  Timed(const Timed&) = delete;
  Timed& operator=(const Timed&) = delete;
  ~Timed() {
    context_.metrics.observe(queue_, operation_,
                             std::chrono::duration_cast<base::Duration>(context_.clock.boot() - begun_));
  }

 private:
  const Context& context_;
  const std::string& queue_;
  const char* operation_;
  const base::BootTime begun_;
};

// Repeats a write of which the outcome is known to the caller until the database takes it: settlements are
// idempotent. `doubt`, as of store::until_certain: an earlier try may have been written, its commit being in
// doubt. Gives up at `until`; answers whether it was written.
bool insist(const Context& context, const std::string& what, base::BootTime until,
            const std::function<void(store::Connection&, bool doubt)>& write);

// Whether such a write may be tried again after `error`.
bool worth_repeating(const base::InfraError& error);
// How long to wait before try number `tries` + 1.
base::Duration pause_after(int tries);

}  // namespace fencepost::engine
