#pragma once
// What a queue's runner does with a claim. Two kinds: HandlerWork (repeatable) and EffectWork (once).

#include <stop_token>

#include "engine/held.hpp"
#include "engine/metrics.hpp"
#include "store/fence.hpp"

namespace fencepost::engine {

// What every piece of work shares; it outlives the work. `worker` is this process's number.
struct Context {
  store::Database& database;
  Metrics& metrics;
  const base::Clock& clock;
  std::int64_t worker;
};

// Measures an operation from its construction to its end.
class Timed {
 public:
  Timed(const Context& context, std::string queue, std::string operation)
      : context_(context),
        queue_(std::move(queue)),
        operation_(std::move(operation)),
        begun_(context.clock.boot()) {}
  Timed(const Timed&) = delete;
  Timed& operator=(const Timed&) = delete;
  ~Timed() {
    context_.metrics.observe(queue_, operation_,
                             std::chrono::duration_cast<base::Duration>(context_.clock.boot() - begun_));
  }

 private:
  const Context& context_;
  const std::string queue_, operation_;
  const base::BootTime begun_;
};

class Work {
 public:
  virtual ~Work() = default;
  virtual const store::Fence& fence() const = 0;
  // Runs one claim to its settlement. `stop` is asked when the lease can no longer be believed in, when a
  // stop is wanted or when the process ends; a claim that has not begun is then handed back. Called on
  // several threads at once; throws nothing that matters (the runner logs it).
  virtual void run(const store::Claim& claim, const HeldClaims& held, std::stop_token stop) = 0;
  // Asks about one unknown effect (once only).
  virtual void reconcile(const std::string& item, std::stop_token stop) = 0;
};

// Repeats a write of which the outcome is known to the caller until the database takes it: settlements are
// idempotent. Gives up when `stop` is requested or at `until`; answers whether it was written.
bool insist(const Context& context, const std::string& what, base::BootTime until,
            const std::function<void(store::Connection&)>& write);

}  // namespace fencepost::engine
