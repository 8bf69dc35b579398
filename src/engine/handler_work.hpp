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

// What a handler may ask while it runs. Valid until it returns.
class Attempt {
 public:
  Attempt(const store::Claim& claim, const Desk& desk) : claim_(claim), desk_(desk) {}
  const store::Claim& claim() const { return claim_; }
  // Asked when a stop is wanted, the lease is lost, the deadline has passed or the process ends.
  std::stop_token stop() const { return desk_.token(claim_); }
  // Whether the lease is still believed in, on our own clock: to be asked before what must not overlap with
  // another attempt.
  bool alive() const { return desk_.alive(claim_); }

 private:
  const store::Claim& claim_;
  const Desk& desk_;
};

// Run without a transaction or a row lock (rule 1). An exception counts as retry(), UserError as failed().
using Handler = std::function<Outcome(const Attempt&)>;
// One outcome for each attempt, in their order.
using BatchHandler = std::function<std::vector<Outcome>(const std::vector<Attempt>&)>;

class HandlerWork final : public Work {
 public:
  HandlerWork(const Context& context, const store::Fence& fence, Handler handler);
  // At most `batch` attempts a call.
  HandlerWork(const Context& context, const store::Fence& fence, BatchHandler handler, int batch);
  const store::Fence& fence() const override { return fence_; }
  int batch() const override { return batch_; }
  void run(const std::vector<store::Claim>& claims, Desk& desk) override;
  void reconcile(const std::string&, std::stop_token) override {}

 private:
  struct Written {
    const store::Claim* claim;
    store::Settlement settlement;
    std::function<void(store::Connection&)> within;
  };
  std::vector<Outcome> handle(const std::vector<Attempt>& attempts) const;
  store::Settlement settlement(const store::Claim& claim, const Outcome& outcome) const;
  void write(const std::vector<Written>& results, Desk& desk) const;
  bool write_together(const std::vector<Written>& results) const;
  // `doubted`: they may have been written together.
  void write_alone(const Written& result, bool doubted) const;
  void refused(const store::Claim& claim) const;

  const Context& context_;
  const store::Fence& fence_;
  const BatchHandler handler_;
  const int batch_;
};

}  // namespace fencepost::engine
