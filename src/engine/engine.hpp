#pragma once
// The engine of a process: its worker number, its queues, and the threads that renew, sweep and listen.

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "engine/queue_runner.hpp"
#include "engine/sweeper.hpp"
#include "store/retention.hpp"
#include "store/workers.hpp"

namespace fencepost::engine {

struct EngineOptions {
  base::Duration sweep = std::chrono::seconds(5);
  int concurrency = 0;       // workers at once over all queues, by their priority; 0: as many as they have
  std::string state_folder;  // for the worker's lock file; empty: the default of store/workers.hpp
  store::RetentionOptions retention = {};
};

// Thread-safe after start(). Queues are added before it. The database, the clock and the works outlive the
// engine.
class Engine {
 public:
  Engine(store::Database& database, const base::Clock& clock, const EngineOptions& options = {});
  ~Engine();

  // Known before start(), so that the works can be built with it.
  const Context& context() const { return context_; }
  Metrics& metrics() { return metrics_; }
  QueueRunner& add(Work& work, const QueueOptions& options);

  void start();
  // Stops claiming, hands back what has not started, waits for what runs until `until`. Once.
  void stop(base::BootTime until);
  // Wakes one queue in this process ("" wakes all); other processes hear of it through store::notify().
  void wake(const std::string& queue);

 private:
  void renew_loop(std::stop_token stop);
  void sweep_loop(std::stop_token stop);
  void sweep(Sweeper& sweeper, const std::set<std::int64_t>& gone);
  void listen_loop(std::stop_token stop);
  // Presses it upon the database until then.
  void flush_throughput(base::BootTime until);
  void prune(store::Connection& connection);
  std::set<std::int64_t> gone_workers();
  // Whether items of this process's queues are still claimed by that worker.
  bool holds(store::Connection& connection, std::int64_t worker) const;

  store::Database& database_;
  const EngineOptions options_;
  Metrics metrics_;
  Permits permits_;
  std::unique_ptr<store::WorkerRegistration> registration_;
  Context context_;
  std::vector<std::unique_ptr<QueueRunner>> runners_;
  std::vector<std::unique_ptr<Sweeper>> sweepers_;
  std::unique_ptr<store::Retention> retention_;  // of the sweeping thread alone
  base::BootTime prune_at_{};
  std::mutex mutex_;
  std::condition_variable_any timer_;
  std::jthread renewer_, sweeper_, listener_;
  bool stopped_ = false;
};

}  // namespace fencepost::engine
