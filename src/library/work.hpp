#pragma once
// The glue to the engine: handlers of embedding programs as the engine's works.

#include <any>
#include <atomic>

#include "engine/effect_work.hpp"
#include "library/internals.hpp"

namespace fencepost::library {

// A repeatable queue's work. Thread-safe, as works are.
class JobWork final : public engine::Work {
 public:
  JobWork(Core& core, const engine::Context& context, const store::Fence& fence, BatchHandler handler);
  const store::Fence& fence() const override { return inner_.fence(); }
  void run(const store::Claim& claim, const engine::HeldClaims& held, std::stop_token stop) override;
  void reconcile(const std::string& item, std::stop_token stop) override { inner_.reconcile(item, stop); }

 private:
  std::vector<engine::Outcome> handle(const std::vector<store::Claim>& claims, std::stop_token stop);

  Core& core_;
  const engine::Context& context_;
  const BatchHandler handler_;
  std::atomic<const engine::HeldClaims*> held_{nullptr};
  engine::HandlerWork inner_;
};

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
  bool refuses_second_arrival(const store::Effect& effect) override;
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
