#pragma once
// One queue at work in this process: a claimer that takes no more than can start at once, and a bounded pool.

#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

#include "engine/held.hpp"
#include "engine/work.hpp"

namespace fencepost::engine {

struct QueueOptions {
  int concurrency = 4;  // handlers at once
  base::Duration lease = std::chrono::seconds(60);
  base::Duration poll = std::chrono::seconds(1);    // at the latest, where nothing wakes the queue
  base::Duration deadline = std::chrono::hours(1);  // of one attempt: its lease is not renewed after that
};

// Thread-safe. start() begins; stop() ends it, after which it cannot be started again.
class QueueRunner {
 public:
  QueueRunner(const Context& context, Work& work, const QueueOptions& options);
  ~QueueRunner();

  void start();
  // Something may be due: look now instead of at the next poll.
  void wake();
  // Runs a claim that was made elsewhere (run_now), before what the claimer finds. The future is ready when
  // the claim was worked, or handed back because the process ends.
  std::shared_future<void> submit(const store::Claim& claim);
  // Asks about an unknown item on the pool; an item that is being asked about already is not asked about
  // twice.
  void submit_reconcile(const std::string& item);
  // No more claims; what has not started is handed back; what runs may finish until `until`, then is asked to
  // stop.
  void stop(base::BootTime until);
  // Renews the leases of what is held, and asks those to stop whose lease can no longer be believed in.
  void renew();

  const store::Fence& fence() const { return work_.fence(); }
  const QueueOptions& options() const { return options_; }
  std::size_t held() const { return held_.size(); }

 private:
  struct Task {
    std::optional<store::Claim> claim;  // else: reconcile
    std::string item;
    std::promise<void> done;
  };
  void claim_loop(std::stop_token stop);
  void work_loop(std::stop_token stop);
  void run(Task& task, std::stop_token stop);
  // µs until the claimer should look again.
  base::Duration claim_some(int free);
  int free_slots() const;

  const Context& context_;
  Work& work_;
  const QueueOptions options_;
  HeldClaims held_;

  mutable std::mutex mutex_;
  std::condition_variable_any wake_claimer_, wake_worker_, idle_;
  std::deque<Task> tasks_;
  std::vector<std::string> reconciling_;
  int running_ = 0;
  bool woken_ = true;
  bool stopping_ = false;
  std::jthread claimer_;
  std::vector<std::jthread> workers_;
};

}  // namespace fencepost::engine
