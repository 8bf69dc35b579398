#pragma once
// One queue at work in this process: a bounded pool of workers, and a feeder that writes their results and
// claims what they work next, in one transaction.

#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <mutex>
#include <stop_token>
#include <thread>
#include <unordered_map>
#include <variant>
#include <vector>

#include "engine/gates.hpp"
#include "engine/held.hpp"
#include "engine/outbox.hpp"
#include "engine/permits.hpp"
#include "engine/work.hpp"

namespace fencepost::engine {

struct QueueOptions {
  int concurrency = 4;  // workers: calls of Work::run at once
  base::Duration lease = std::chrono::seconds(60);
  base::Duration poll = std::chrono::seconds(1);    // at the latest, where nothing wakes the queue
  base::Duration deadline = std::chrono::hours(1);  // of one attempt: its lease is not renewed after that
  int largest_batch = 1000;                         // claims and settlements in one transaction
  base::Duration linger = std::chrono::milliseconds(2);  // a result waits for company no longer than that
  int priority = 0;  // among queues that share an engine's workers (EngineOptions::concurrency): higher first
};

// Thread-safe. start() begins; stop() ends it, after which it cannot be started again.
class QueueRunner final : private Desk {
 public:
  QueueRunner(const Context& context, Work& work, const QueueOptions& options, Permits& permits);
  ~QueueRunner() override;

  void start();
  // Something may be due: look now instead of at the next poll.
  void wake();
  // Runs a claim that was made elsewhere (run_now), before what the feeder finds. The future is ready when
  // the claim was settled, or handed back because the process ends.
  std::shared_future<void> submit(const store::Claim& claim);
  // Asks about an unknown item on the pool; an item that is being asked about already is not asked about
  // twice.
  void submit_reconcile(const std::string& item);
  // No more claims; what has not started is handed back; what runs may finish until `until`, then is asked to
  // stop.
  void stop(base::BootTime until);
  // Renews the leases of what is held, and asks those to stop whose lease can no longer be believed in.
  void renew();
  // Nothing claimed, waiting to be written, or known to be due.
  bool idle() const;

  const store::Fence& fence() const { return work_.fence(); }
  const QueueOptions& options() const { return options_; }
  std::size_t held() const { return held_.size(); }

 private:
  // A claim, or something else to do on the pool.
  using Task = std::variant<store::Claim, std::function<void()>>;

  std::stop_token token(const store::Claim& claim) const override { return held_.token(claim.claim); }
  bool alive(const store::Claim& claim) const override {
    return held_.alive(claim.claim, context_.clock.boot());
  }
  void settle(store::Settlement settlement) override;
  void settle(store::Fence::Sent sent) override;
  void settled(const store::Claim& claim) override { ended({claim.claim}); }
  std::optional<store::Effect> gate(const store::Claim& claim, const store::EffectRequest& request,
                                    const store::Fence::Allowed& allowed, base::BootTime until) override {
    return gates_.pass(claim, request, allowed, until);
  }

  void work_loop(std::stop_token stop);
  void work(std::vector<Task> tasks);
  void feed_loop();
  // What the feeder does next, decided under the lock.
  struct Round {
    bool over = false;
    bool write = false;
    int claim = 0;
    base::BootTime again;  // look again at the latest
  };
  Round next_round() const;
  void feed(int n);
  void fed(std::vector<Result> results, const std::vector<bool>& settled);
  void take_in(const std::vector<store::Claim>& claims, int wanted, base::BootTime before,
               store::Connection& connection);
  void not_fed(std::vector<Result> results, bool claiming, const base::InfraError& error);
  void settle_alone(Result result);
  void measured(base::Duration took, std::size_t claims);
  void adapt(base::Duration took);
  void give(store::Settlement settlement);
  void ended(const std::vector<std::int64_t>& claims);
  int room() const;

  const Context& context_;
  Work& work_;
  const QueueOptions options_;
  Permits& permits_;
  HeldClaims held_;
  Outbox outbox_;
  Gates gates_;

  mutable std::mutex mutex_;
  std::condition_variable_any wake_worker_;
  std::condition_variable wake_feeder_, quiet_;
  std::deque<Task> tasks_;
  std::vector<std::string> reconciling_;
  std::unordered_map<std::int64_t, std::promise<void>> waiters_;
  int running_ = 0;       // workers at work
  int buffer_ = 0;        // claims beyond the free workers: what can start soon
  double service_ = 0;    // seconds of one worker for one claim
  bool more_due_ = true;  // the last claim took all that it wanted, or nobody has looked
  base::BootTime next_look_{};
  bool feeding_ = false;  // the feeder is at the database
  bool stopping_ = false;
  bool over_ = false;              // the feeder has ended
  base::BootTime next_renewal_{};  // only renew()'s, which one thread calls
  // Only the feeder's:
  int failures_ = 0;
  std::stop_source ending_;  // asks reconciles to stop
  std::thread feeder_;
  std::vector<std::jthread> workers_;
};

}  // namespace fencepost::engine
