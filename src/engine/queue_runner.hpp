#pragma once
// One queue at work in this process: a bounded pool of workers, and feeders that write their results and
// claim what they work next, in one transaction.

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <stop_token>
#include <thread>
#include <unordered_map>
#include <vector>

#include "engine/asides.hpp"
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
  int largest_batch = 500;                          // claims, and settlements, in one transaction
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
  // To be held by whoever makes a claim elsewhere (run_now), from before it until submit() has returned; else
  // it may be taken for one that was lost in a doubtful commit, and handed back.
  [[nodiscard]] std::shared_lock<std::shared_mutex> claiming() { return std::shared_lock(unheld_); }
  // Runs such a claim, before what the feeders find. The future is ready when the claim was settled, or
  // handed back because the process ends.
  std::shared_future<void> submit(const store::Claim& claim);
  // Asks about an unknown item, beside the workers; an item that is being asked about already is not asked
  // about twice.
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
  void work(const std::vector<store::Claim>& claims);
  void feed_loop();
  // What a feeder does next, decided under the lock.
  struct Round {
    bool over = false;
    bool write = false;
    int claim = 0;
    base::BootTime again;  // look again at the latest
  };
  Round next_round() const;
  base::BootTime feeders_sleep_until() const {
    return asleep_.empty() ? base::BootTime::max() : *asleep_.begin();
  }
  // After what a feeder may have to act on; under the lock.
  void tell_feeder();
  // Answers whether the database took it.
  bool feed(int n, std::uint64_t wakes);
  void fed(std::vector<Result> results, const std::vector<bool>& settled);
  void take_in(const std::vector<store::Claim>& claims, int wanted, std::uint64_t wakes,
               store::Connection& connection);
  void not_fed(std::vector<Result> results, bool claiming, const base::InfraError& error);
  void disown();
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
  Asides alone_, looks_;  // results settled by themselves; questions about unknown items

  mutable std::mutex mutex_;
  std::condition_variable_any wake_worker_;
  std::condition_variable wake_feeder_, quiet_;
  std::deque<store::Claim> tasks_;
  std::vector<std::string> reconciling_;
  std::unordered_map<std::int64_t, std::promise<void>> waiters_;
  int running_ = 0;       // workers at work
  int buffer_ = 0;        // claims beyond the free workers: what can start soon
  double service_ = 0;    // seconds of one worker for one claim
  bool more_due_ = true;  // the last claim took all that it wanted, or something was added since
  std::uint64_t wakes_ = 0;
  base::BootTime next_look_{};
  base::BootTime next_singly_{};  // not before: a claim row by row because nothing overdue was claimed
  int claiming_ = 0;              // what the feeders are asking for at this moment
  int feeding_ = 0;               // feeders that are at the database
  std::multiset<base::BootTime> asleep_;  // until when each feeder sleeps that has nothing to do
  int failures_ = 0;                      // of the database, one after the other
  std::atomic<bool> refused_ = false;     // the table has refused a claim: the next one goes row by row
  int feeders_left_ = 0;
  bool stopping_ = false;
  base::BootTime next_renewal_{};  // only renew()'s, which one thread calls
  // Held, shared, from before a claim until held_ knows of it: who looks for claims that nobody knows of must
  // not find those.
  std::shared_mutex unheld_;
  std::stop_source ending_;  // asks reconciles to stop
  std::vector<std::thread> feeders_;
  std::vector<std::jthread> workers_;
};

}  // namespace fencepost::engine
