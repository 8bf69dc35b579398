#include "engine/engine.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "base/testpoint.hpp"
#include "store/sql.hpp"

namespace fencepost::engine {

namespace {
// Retention: seldom, and never for so long that rescue waits for it.
constexpr base::Duration kPruneEvery = std::chrono::minutes(1), kPruneFor = std::chrono::seconds(2);
}  // namespace

Engine::Engine(store::Database& database, const base::Clock& clock, const EngineOptions& options)
    : database_(database),
      options_(options),
      permits_(options.concurrency),
      registration_(std::make_unique<store::WorkerRegistration>(
          database, options.state_folder,
          [this](store::Connection& connection, std::int64_t worker) { return holds(connection, worker); })),
      context_{database, metrics_, clock, registration_->number()} {}

Engine::~Engine() {
  stop(context_.clock.boot());
  registration_.reset();  // while the runners can still say what is held
}

bool Engine::holds(store::Connection& connection, std::int64_t worker) const {
  return std::any_of(runners_.begin(), runners_.end(), [&](const auto& runner) {
    return !runner->fence().held_by(connection, worker).empty() ||
           runner->fence().has_seats(connection, worker);
  });
}

QueueRunner& Engine::add(Work& work, const QueueOptions& options) {
  runners_.push_back(std::make_unique<QueueRunner>(context_, work, options, permits_));
  sweepers_.push_back(std::make_unique<Sweeper>(context_, *runners_.back()));
  return *runners_.back();
}

void Engine::start() {
  std::vector<const store::Fence*> fences;
  for (const auto& runner : runners_) fences.push_back(&runner->fence());
  retention_ = std::make_unique<store::Retention>(std::move(fences), options_.retention);
  for (auto& runner : runners_) runner->start();
  renewer_ = std::jthread([this](std::stop_token stop) { renew_loop(stop); });
  sweeper_ = std::jthread([this](std::stop_token stop) { sweep_loop(stop); });
  listener_ = std::jthread([this](std::stop_token stop) { listen_loop(stop); });
}

void Engine::stop(base::BootTime until) {
  if (stopped_) return;
  stopped_ = true;
  // The leases are renewed to the end: what is still running must not be taken for dead.
  sweeper_.request_stop();
  listener_.request_stop();
  for (auto& runner : runners_) runner->stop(until);
  renewer_.request_stop();
  timer_.notify_all();
  for (auto* thread : {&sweeper_, &listener_, &renewer_})
    if (thread->joinable()) thread->join();
  flush_throughput(until);
}

void Engine::wake(const std::string& queue) {
  for (auto& runner : runners_)
    if (queue.empty() || runner->fence().queue().name == queue) runner->wake();
}

void Engine::renew_loop(std::stop_token stop) {
  // Each runner renews at a third of its lease, and looks after its deadlines every time.
  base::Duration every = std::chrono::milliseconds(500);
  for (auto& runner : runners_) every = std::min(every, runner->options().lease / 3);
  while (!stop.stop_requested()) {
    for (auto& runner : runners_) {
      try {
        runner->renew();
      } catch (const std::exception& error) {
        base::log(base::LogLevel::warn, "renewal failed",
                  {{"queue", runner->fence().queue().name}, {"error", error.what()}});
      }
    }
    std::unique_lock lock(mutex_);
    timer_.wait_for(lock, stop, every, [] { return false; });
  }
}

std::set<std::int64_t> Engine::gone_workers() {
  auto connection = database_.acquire();
  const auto numbers = store::gone_workers(*connection);
  return {numbers.begin(), numbers.end()};
}

void Engine::sweep_loop(std::stop_token stop) {
  while (!stop.stop_requested()) {
    try {
      flush_throughput(context_.clock.boot());
      const auto gone = gone_workers();
      for (auto& sweeper : sweepers_) sweep(*sweeper, gone);
      base::testpoint("swept");
      auto connection = database_.acquire();
      for (const auto worker : gone) {
        if (!holds(*connection, worker)) store::forget_worker(*connection, worker);
      }
      prune(*connection);
      metrics_.set_up("database", true);
    } catch (const std::exception& error) {
      metrics_.set_up("database", false);
      base::log(base::LogLevel::warn, "sweep failed", {{"error", error.what()}});
    }
    std::unique_lock lock(mutex_);
    timer_.wait_for(lock, stop, options_.sweep, [] { return false; });
  }
}

// One queue's trouble is not the next one's.
void Engine::sweep(Sweeper& sweeper, const std::set<std::int64_t>& gone) {
  try {
    sweeper.sweep(gone);
  } catch (const base::InfraError& error) {
    // Where the database itself is away, it is so for all of them.
    if (worth_repeating(error)) {
      if (database_.one_writer()) throw;
      database_.acquire()->run(store::sql::now);
    }
    base::log(base::LogLevel::error, "queue not swept",
              {{"queue", sweeper.queue()}, {"error", error.what()}});
  }
}

void Engine::flush_throughput(base::BootTime until) {
  if (metrics_.throughput().empty()) return;
  insist(context_, "add throughput", until, [this](store::Connection& connection, bool) {
    metrics_.throughput().flush(connection, context_.worker, context_.clock.boot());
  });
}

void Engine::prune(store::Connection& connection) {
  if (context_.clock.boot() < prune_at_) return;
  prune_at_ = context_.clock.boot() + kPruneEvery;
  try {
    const auto deleted = retention_->run(connection, context_.clock, kPruneFor);
    if (deleted != store::Deleted{})
      base::log(base::LogLevel::info, "old rows deleted",
                {{"effects", deleted.effects},
                 {"events", deleted.events},
                 {"items", deleted.items},
                 {"buckets", deleted.buckets},
                 {"minutes", deleted.minutes}});
  } catch (const base::InfraError& error) {
    base::log(base::LogLevel::warn, "retention failed", {{"error", error.what()}});
  }
}

void Engine::listen_loop(std::stop_token stop) {
  while (!stop.stop_requested()) {
    try {
      const auto connection = database_.connect();
      connection->listen("fencepost");
      const std::stop_callback on_stop(stop, [&] { connection->wake(); });
      // What was sent before we listened is found by looking once.
      wake("");
      while (!stop.stop_requested())
        for (const auto& queue :
             connection->wait_notifications(context_.clock.boot() + std::chrono::seconds(30)))
          wake(queue);
    } catch (const std::exception& error) {
      base::log(base::LogLevel::warn, "listening failed", {{"error", error.what()}});
      std::unique_lock lock(mutex_);
      timer_.wait_for(lock, stop, std::chrono::seconds(2), [] { return false; });
    }
  }
}

}  // namespace fencepost::engine
