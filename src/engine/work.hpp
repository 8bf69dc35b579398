#pragma once
// What a queue's runner does with its claims. Two kinds: HandlerWork (repeatable) and EffectWork (once).

#include <optional>
#include <stop_token>
#include <vector>

#include "engine/context.hpp"
#include "store/fence.hpp"

namespace fencepost::engine {

// What a runner offers to its work: the claims' signs of life, the gate, and settling. Thread-safe.
class Desk {
 public:
  virtual ~Desk() = default;
  // Asked when the lease can no longer be believed in, when a stop is wanted, when the attempt's deadline has
  // passed or when the process ends; a claim that has not begun is then handed back.
  virtual std::stop_token token(const store::Claim& claim) const = 0;
  // Whether the lease may still be believed in, on our own clock (rule 11).
  virtual bool alive(const store::Claim& claim) const = 0;

  // Takes the result and writes it soon, with others and with the next claim. Each claim that was given to
  // run() comes back through one of the settle functions, once.
  virtual void settle(store::Settlement settlement) = 0;
  // For effects without writes of the application's own.
  virtual void settle(store::Fence::Sent sent) = 0;
  // The same for results that were written by the work itself, which has waited for that.
  virtual void settled(const store::Claim& claim) = 0;
  // The gate (rule 3), together with others' where nothing but the item itself can forbid it. nullopt:
  // revoked, nothing may be sent. Gives up at `until`.
  virtual std::optional<store::Effect> gate(const store::Claim& claim, const store::EffectRequest& request,
                                            const store::Fence::Allowed& allowed, base::BootTime until) = 0;
};

class Work {
 public:
  virtual ~Work() = default;
  virtual const store::Fence& fence() const = 0;
  // How many claims run() takes at most.
  virtual int batch() const { return 1; }
  // Runs claims to their results, each of which goes to the desk. Called on several threads at once; throws
  // nothing.
  virtual void run(const std::vector<store::Claim>& claims, Desk& desk) = 0;
  // Asks about one unknown effect (once only).
  virtual void reconcile(const std::string& item, std::stop_token stop) = 0;
};

}  // namespace fencepost::engine
