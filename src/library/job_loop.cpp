// Loops: the engine under its public name.

#include "fencepost/job_loop.hpp"

#include <condition_variable>
#include <mutex>
#include <shared_mutex>

#include "base/log.hpp"
#include "engine/engine.hpp"
#include "library/signals.hpp"
#include "library/sql.hpp"
#include "library/work.hpp"

namespace fencepost {

namespace {

constexpr Duration kIdleLook = std::chrono::milliseconds(20);
constexpr Duration kIdentityLook = std::chrono::seconds(2);

engine::QueueOptions queue_options(const LoopOptions& options) {
  if (options.concurrency < 1 || options.batch < 1 || options.lease < std::chrono::seconds(1) ||
      options.poll <= Duration(0) || options.deadline <= Duration(0))
    throw UserError("invalid_options",
                    "a loop needs a concurrency and a batch of 1 or more, a lease of 1 s or more, and a poll "
                    "and a deadline above 0");
  engine::QueueOptions out;
  out.concurrency = options.concurrency;
  out.lease = options.lease;
  out.poll = options.poll;
  out.deadline = options.deadline;
  return out;
}

// A loop's queue, as the Store's acts see it.
class LoopWorker final : public library::Worker {
 public:
  LoopWorker(engine::QueueRunner& runner, std::int64_t number)
      : runner_(&runner), number_(number), lease_(runner.options().lease) {}
  std::int64_t number() const override { return number_; }
  Duration lease() const override { return lease_; }
  void wake() override {
    const std::shared_lock lock(mutex_);
    if (runner_) runner_->wake();
  }
  bool run(const std::function<std::optional<store::Claim>()>& make) override {
    const std::shared_lock lock(mutex_);
    if (!runner_) return false;
    const auto unheld = runner_->claiming();
    if (const auto claim = make()) runner_->submit(*claim);
    return true;
  }
  void end() {
    const std::lock_guard lock(mutex_);  // waits for whoever claims for the loop
    runner_ = nullptr;
  }

 private:
  std::shared_mutex mutex_;  // shared: the runner is used
  engine::QueueRunner* runner_;
  const std::int64_t number_;
  const Duration lease_;
};

engine::EngineOptions engine_options(const library::Core& core) {
  engine::EngineOptions options;
  options.state_folder = core.state_folder();
  return options;
}

}  // namespace

struct JobLoop::Impl {
  explicit Impl(library::Core& shared)
      : core(shared), engine(core.database(), core.clock(), engine_options(core)) {}

  void add(const Queue& queue, const LoopOptions& options, std::unique_ptr<engine::Work> work);
  void start();
  void stop();
  bool idle();
  void watch(std::stop_token stop);

  library::Core& core;
  // They outlive the engine.
  std::vector<std::unique_ptr<library::EffectAdapter>> apps;
  std::vector<std::unique_ptr<engine::Work>> works;
  engine::Engine engine;
  std::vector<engine::QueueRunner*> runners;
  std::vector<std::shared_ptr<LoopWorker>> workers;
  Duration drain{0};
  std::mutex mutex;  // of started, stopped
  bool started = false, stopped = false;
  std::mutex wait_mutex;
  std::condition_variable_any timer;
  std::jthread watcher;
};

void JobLoop::Impl::add(const Queue& queue, const LoopOptions& options, std::unique_ptr<engine::Work> work) {
  const std::lock_guard lock(mutex);
  if (started) throw UserError("loop_started", "queues are added to a loop before it is started");
  works.push_back(std::move(work));
  runners.push_back(&engine.add(*works.back(), queue_options(options)));
  workers.push_back(std::make_shared<LoopWorker>(*runners.back(), engine.context().worker));
  core.attach(queue.name, workers.back());
  drain = std::max(drain, options.drain);
}

void JobLoop::Impl::start() {
  const std::lock_guard lock(mutex);
  if (started) throw UserError("loop_started", "a loop is started once");
  if (runners.empty()) throw UserError("loop_empty", "add a queue to the loop before it is started");
  // Before the first gate: what a restored database does not know was sent must not be sent again (rule 13).
  core.database().retrying([this](store::Connection& connection) { core.check_identity(connection); });
  started = true;
  engine.start();
  if (!apps.empty()) watcher = std::jthread([this](std::stop_token stop) { watch(stop); });
}

void JobLoop::Impl::stop() {
  const std::lock_guard lock(mutex);
  if (stopped) return;
  stopped = true;
  watcher.request_stop();
  for (const auto& worker : workers) {
    core.detach(worker);
    worker->end();
  }
  if (started) engine.stop(core.clock().boot() + drain);
}

bool JobLoop::Impl::idle() {
  for (const auto* runner : runners)
    if (runner->held() > 0) return false;
  auto connection = core.database().acquire();
  for (const auto* runner : runners)
    if (!connection->run(runner->fence().over(library::sql::idle), {engine.context().worker})[0][0].boolean())
      return false;
  return true;
}

void JobLoop::Impl::watch(std::stop_token stop) {
  while (!stop.stop_requested()) {
    try {
      auto connection = core.database().acquire();
      core.check_identity(*connection);
    } catch (const std::exception& error) {
      // The engine says so too, and goes on by itself when the database is back.
      base::log(base::LogLevel::debug, "database not checked", {{"error", error.what()}});
    }
    std::unique_lock lock(wait_mutex);
    timer.wait_for(lock, stop, kIdentityLook, [] { return false; });
  }
}

JobLoop::JobLoop(Store& store) : impl_(std::make_unique<Impl>(Internals::core(store))) {}

JobLoop::JobLoop(Store& store, const Queue& queue, const LoopOptions& options, Handler handler)
    : JobLoop(store) {
  add(queue, options, std::move(handler));
}

JobLoop::~JobLoop() { impl_->stop(); }

void JobLoop::add(const Queue& queue, const LoopOptions& options, Handler handler) {
  auto alone = options;
  alone.batch = 1;
  add(queue, alone, library::one_by_one(std::move(handler)));
}

void JobLoop::add(const Queue& queue, const LoopOptions& options, BatchHandler handler) {
  library::check_handler(queue, false);
  const auto& fence = impl_->core.install(queue);
  impl_->add(queue, options,
             std::make_unique<engine::HandlerWork>(impl_->engine.context(), fence,
                                                   library::engine_handler(impl_->core, std::move(handler)),
                                                   options.batch));
}

void JobLoop::add(const Queue& queue, const LoopOptions& options, EffectHandler handler) {
  library::check_handler(queue, true);
  library::check_handler(handler);
  const auto& fence = impl_->core.install(queue);
  impl_->apps.push_back(std::make_unique<library::EffectAdapter>(impl_->core, std::move(handler)));
  impl_->add(queue, options,
             std::make_unique<engine::EffectWork>(impl_->engine.context(), fence, *impl_->apps.back()));
}

void JobLoop::add_jobs(const LoopOptions& options, HandlersByKind handlers) {
  add(jobs_queue(), options, library::by_kind(std::move(handlers)));
}

void JobLoop::start() { impl_->start(); }
void JobLoop::stop() { impl_->stop(); }

void JobLoop::wait_until_empty(std::stop_token stop) {
  while (!stop.stop_requested()) {
    try {
      if (impl_->idle()) return;
    } catch (const InfraError& error) {
      if (!error.retryable() && !error.poisoned()) throw;
      base::log(base::LogLevel::warn, "database away", {{"error", error.what()}});
    }
    std::unique_lock lock(impl_->wait_mutex);
    impl_->timer.wait_for(lock, stop, kIdleLook, [] { return false; });
  }
}

namespace {
void run_loop(JobLoop& loop, const LoopOptions& options) {
  std::stop_source end;
  const std::stop_callback asked(options.stop, [&end] { end.request_stop(); });
  std::optional<library::EndSignals> signals;
  if (options.signals) signals.emplace(end);
  loop.start();
  if (options.until_empty) {
    loop.wait_until_empty(end.get_token());
  } else {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    never.wait(lock, end.get_token(), [] { return false; });
  }
  loop.stop();
}
}  // namespace

void run_job_loop(Store& store, const Queue& queue, const LoopOptions& options, Handler handler) {
  JobLoop loop(store);
  loop.add(queue, options, std::move(handler));
  run_loop(loop, options);
}

void run_job_loop(Store& store, const Queue& queue, const LoopOptions& options, BatchHandler handler) {
  JobLoop loop(store);
  loop.add(queue, options, std::move(handler));
  run_loop(loop, options);
}

void run_effect_loop(Store& store, const Queue& queue, const LoopOptions& options, EffectHandler handler) {
  JobLoop loop(store);
  loop.add(queue, options, std::move(handler));
  run_loop(loop, options);
}

void run_jobs(Store& store, const LoopOptions& options, HandlersByKind handlers) {
  JobLoop loop(store);
  loop.add_jobs(options, std::move(handlers));
  run_loop(loop, options);
}

Duration Deadline::left() const {
  const auto at = base::BootTime(base::BootClock::duration(at_));
  const auto now = static_cast<const base::Clock*>(clock_)->boot();
  return std::max(Duration(0), std::chrono::duration_cast<Duration>(at - now));
}

}  // namespace fencepost
