#pragma once
// Repeatable work: a handler runs, then its result is settled, together with the handler's own writes (rule
// 5).

#include <functional>
#include <optional>
#include <string>

#include "engine/work.hpp"

namespace fencepost::engine {

// How a handler's attempt ended.
struct Outcome {
  enum class Kind { done, retry, failed, snooze } kind = Kind::done;
  std::optional<base::Duration> delay;             // retry: else the back-off; snooze: needed
  std::string error;                               // short and safe to show
  std::function<void(store::Connection&)> within;  // own writes, in the transaction that settles

  static Outcome done(std::function<void(store::Connection&)> within = {}) {
    return {Kind::done, {}, "", std::move(within)};
  }
  static Outcome retry(std::string error, std::optional<base::Duration> delay = {}) {
    return {Kind::retry, delay, std::move(error), {}};
  }
  static Outcome failed(std::string error) { return {Kind::failed, {}, std::move(error), {}}; }
  static Outcome snooze(base::Duration delay) { return {Kind::snooze, delay, "", {}}; }
};

// Runs without a transaction or a row lock (rule 1). An exception counts as retry().
using Handler = std::function<Outcome(const store::Claim&, std::stop_token)>;

class HandlerWork final : public Work {
 public:
  HandlerWork(const Context& context, const store::Fence& fence, Handler handler)
      : context_(context), fence_(fence), handler_(std::move(handler)) {}
  const store::Fence& fence() const override { return fence_; }
  void run(const store::Claim& claim, const HeldClaims& held, std::stop_token stop) override;
  void reconcile(const std::string&, std::stop_token) override {}

 private:
  store::Settlement settlement(const store::Claim& claim, const Outcome& outcome) const;
  const Context& context_;
  const store::Fence& fence_;
  const Handler handler_;
};

}  // namespace fencepost::engine
