#pragma once
// Loops: they claim what is due, run handlers on a bounded pool, renew leases, and rescue what crashed.

#include <map>
#include <memory>
#include <stop_token>
#include <string>

#include "fencepost/effect.hpp"
#include "fencepost/job.hpp"
#include "fencepost/store.hpp"

namespace fencepost {

struct LoopOptions {
  int concurrency = 4;  // handlers at once
  int batch = 1;        // jobs a call, of batch handlers: at most
  // Without a renewal (each third of it) the item is somebody else's after this. A crash costs up to two.
  Duration lease = std::chrono::seconds(60);
  Duration poll = std::chrono::seconds(1);    // at the latest, where nothing wakes the loop
  Duration deadline = std::chrono::hours(1);  // of one attempt: its lease is not renewed after that
  Duration drain = std::chrono::seconds(30);  // stop() lets handlers finish so long, then asks them to stop
  // run_…_loop() only:
  std::stop_token stop{};
  bool until_empty = false;  // return when nothing is due and nothing runs; later retries do not count
  bool signals = true;       // SIGTERM and SIGINT end the loop as stop does; a second one ends the process
};

// Handlers by a job's kind, for fencepost_jobs. A job of an unknown kind is left for another process.
using HandlersByKind = std::map<std::string, Handler>;

// One or more queues at work in this process. Thread-safe once started; add() before that. The Store outlives
// it. Any number of loops, in any number of processes, may work one queue.
class JobLoop {
 public:
  explicit JobLoop(Store& store);
  JobLoop(Store& store, const Queue& queue, const LoopOptions& options, Handler handler);
  ~JobLoop();  // stop()s

  // Installs the queue. UserError("invalid_queue") where a handler does not fit its kind.
  void add(const Queue& queue, const LoopOptions& options, Handler handler);
  void add(const Queue& queue, const LoopOptions& options, BatchHandler handler);
  void add(const Queue& queue, const LoopOptions& options, EffectHandler handler);
  void add_jobs(const LoopOptions& options, HandlersByKind handlers);

  void start();
  // Claims no more, hands back what has not begun, waits for what runs (LoopOptions::drain, then for as long
  // as handlers ignore their stop tokens). A loop that was stopped cannot be started again.
  void stop();
  // Returns when nothing is due and nothing runs, or when `stop` is asked.
  void wait_until_empty(std::stop_token stop = {});

 private:
  friend struct Internals;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// start(), wait for the end that the options name, stop().
void run_job_loop(Store& store, const Queue& queue, const LoopOptions& options, Handler handler);
void run_job_loop(Store& store, const Queue& queue, const LoopOptions& options, BatchHandler handler);
void run_effect_loop(Store& store, const Queue& queue, const LoopOptions& options, EffectHandler handler);
void run_jobs(Store& store, const LoopOptions& options, HandlersByKind handlers);

}  // namespace fencepost
