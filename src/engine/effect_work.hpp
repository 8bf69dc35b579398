#pragma once
// The one effect runner (rule 16): claim, gate, send, settle, reconcile. An application supplies what only it
// knows.

#include <any>
#include <optional>
#include <string>
#include <variant>

#include "engine/work.hpp"

namespace fencepost::engine {

// What the application made of a claim, before the gate.
struct Rendered {
  std::string request;  // exactly what will be sent, without secrets: it is kept
  std::string destination;
  base::Duration timeout = std::chrono::seconds(30);  // the request's hard deadline, from the gate
  store::Fence::Allowed allowed;  // locks FOR SHARE what else could forbid the send; may be empty
  std::any context;               // for send(); not kept
};
// Nothing will be sent: the item failed for good, or is to be looked at again later.
struct NotNow {
  std::string error;
  std::optional<base::Duration> again;
  // Looked at again: something was tried, and failed for now. It counts as an attempt, so that it ends.
  bool attempted = false;
};

// The application's side. Called on several threads at once. Exceptions of render() hand the item back; one
// of send() makes the outcome unknown; one of look() asks again later.
class EffectApp {
 public:
  virtual ~EffectApp() = default;
  // `key` is the idempotency key that the effect will have.
  virtual std::variant<Rendered, NotNow> render(store::Connection& connection, const store::Claim& claim,
                                                const std::string& key) = 0;
  // Behind render() and before the gate, with no connection held: calls to the outside that are repeatable
  // and seen by nobody (fresh credentials, uploads). May change what will be sent. Ends by `until` (boot
  // time), or soon after a stop. Exceptions hand the item back.
  virtual std::optional<NotNow> prepare(const store::Claim&, const std::string& /*key*/, Rendered&,
                                        base::BootTime /*until*/, std::stop_token) {
    return std::nullopt;
  }
  // How long prepare() may take. The claim's lease is renewed meanwhile, until QueueOptions::deadline.
  virtual base::Duration prepare_time() const { return std::chrono::minutes(2); }
  // Sends and classifies. Returns by `deadline` (boot time); nothing cuts it short, because a request that is
  // cut is an outcome that nobody knows.
  virtual store::EffectResult send(const store::Effect& effect, const Rendered& rendered,
                                   base::BootTime deadline) = 0;
  // Asks the platform whether the effect happened; never sends it.
  virtual store::EffectResult look(const store::Reconcile& reconcile, std::stop_token stop) = 0;
  // Rule 10: whether the platform of this effect, which began `age` ago, still refuses a second arrival of
  // its key.
  virtual bool refuses_second_arrival(const store::Effect& effect, base::Duration age) = 0;
  // The application's own columns, written in the transaction that settles.
  virtual void settled(store::Connection& connection, const store::Effect& effect,
                       const store::EffectResult& result) = 0;
  // Whether settled() writes anything. Where it does not, results are settled in groups.
  virtual bool writes_its_own() const { return true; }
};

class EffectWork final : public Work {
 public:
  EffectWork(const Context& context, const store::Fence& fence, EffectApp& app)
      : context_(context), fence_(fence), app_(app) {}
  const store::Fence& fence() const override { return fence_; }
  void run(const std::vector<store::Claim>& claims, Desk& desk) override;
  void reconcile(const std::string& item, std::stop_token stop) override;

 private:
  void run(const store::Claim& claim, Desk& desk);
  // The settlement: it is not to be sent.
  std::variant<Rendered, store::Settlement> prepare(const store::Claim& claim, const std::string& key,
                                                    std::stop_token stop) const;
  store::EffectResult send(const store::Effect& effect, const Rendered& rendered, base::BootTime deadline);
  void settle(const store::Effect& effect, store::EffectResult result, const store::Claim& claim, Desk& desk);
  void log(const char* event, const store::Claim& claim, const std::string& detail) const;

  const Context& context_;
  const store::Fence& fence_;
  EffectApp& app_;
};

}  // namespace fencepost::engine
