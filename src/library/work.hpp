#pragma once
// The glue to the engine: handlers of embedding programs as the engine's works.

#include "engine/effect_work.hpp"
#include "library/internals.hpp"

namespace fencepost::library {

// A repeatable queue's handler. The Core outlives it.
engine::BatchHandler engine_handler(Core& core, BatchHandler handler);

// A `once` queue's application. Thread-safe.
class EffectAdapter final : public engine::EffectApp {
 public:
  EffectAdapter(Core& core, EffectHandler handler) : core_(core), handler_(std::move(handler)) {}
  std::variant<engine::Rendered, engine::NotNow> render(store::Connection& connection,
                                                        const store::Claim& claim,
                                                        const std::string& key) override;
  store::EffectResult send(const store::Effect& effect, const engine::Rendered& rendered,
                           base::BootTime deadline) override;
  store::EffectResult look(const store::Reconcile& reconcile, std::stop_token stop) override;
  bool refuses_second_arrival(const store::Effect& effect, base::Duration age) override;
  void settled(store::Connection& connection, const store::Effect& effect,
               const store::EffectResult& result) override;

 private:
  Core& core_;
  const EffectHandler handler_;
};

// One job a call.
BatchHandler one_by_one(Handler handler);
// Jobs of fencepost_jobs, by their kind; counts their attempts.
Handler by_kind(HandlersByKind handlers);

// UserError where the handler or the options do not fit the queue.
void check_handler(const Queue& queue, bool once);
void check_handler(const EffectHandler& handler);

}  // namespace fencepost::library
