#include "engine/queue_runner.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "base/random.hpp"

namespace fencepost::engine {

namespace {
// A token that has been asked already: a claim that runs with it is handed back.
std::stop_token stopped() {
  std::stop_source source;
  source.request_stop();
  return source.get_token();
}
}  // namespace

QueueRunner::QueueRunner(const Context& context, Work& work, const QueueOptions& options)
    : context_(context), work_(work), options_(options) {
  FENCEPOST_ASSERT(options.concurrency > 0 && options.lease >= std::chrono::seconds(1));
}

QueueRunner::~QueueRunner() { stop(context_.clock.boot()); }

void QueueRunner::start() {
  claimer_ = std::jthread([this](std::stop_token stop) { claim_loop(stop); });
  for (int i = 0; i < options_.concurrency; ++i)
    workers_.emplace_back([this](std::stop_token stop) { work_loop(stop); });
}

void QueueRunner::wake() {
  const std::lock_guard lock(mutex_);
  woken_ = true;
  wake_claimer_.notify_all();
}

int QueueRunner::free_slots() const {
  return options_.concurrency - running_ - static_cast<int>(tasks_.size());
}

std::shared_future<void> QueueRunner::submit(const store::Claim& claim) {
  const auto now = context_.clock.boot();
  held_.add(claim, now + options_.lease, now + options_.deadline);
  Task task{claim, {}, {}};
  auto future = task.done.get_future().share();
  {
    const std::lock_guard lock(mutex_);
    if (!stopping_) {
      tasks_.push_front(std::move(task));
      wake_worker_.notify_one();
      return future;
    }
  }
  // The process ends: what nobody here will run must not wait for its lease.
  run(task, stopped());
  return future;
}

void QueueRunner::submit_reconcile(const std::string& item) {
  const std::lock_guard lock(mutex_);
  if (stopping_ || std::find(reconciling_.begin(), reconciling_.end(), item) != reconciling_.end()) return;
  reconciling_.push_back(item);
  tasks_.push_back(Task{std::nullopt, item, {}});
  wake_worker_.notify_one();
}

base::Duration QueueRunner::claim_some(int free) {
  const auto before = context_.clock.boot();
  auto connection = context_.database.acquire();
  std::vector<store::Claim> claims;
  {
    const Timed timed(context_, fence().queue().name, "claim");
    claims = fence().claim(*connection, free, options_.lease, context_.worker);
  }
  context_.metrics.count(fence().queue().name, "claimed", static_cast<double>(claims.size()));
  for (const auto& claim : claims) held_.add(claim, before + options_.lease, before + options_.deadline);
  {
    const std::lock_guard lock(mutex_);
    for (const auto& claim : claims) tasks_.push_back(Task{claim, {}, {}});
    wake_worker_.notify_all();
  }
  if (static_cast<int>(claims.size()) == free) return base::Duration(0);
  const auto due = fence().next_due(*connection);
  // Overdue and yet not claimed: somebody holds it, or the queue is paused. Then the poll will see.
  if (!due || due->count() <= 0) return options_.poll;
  return std::min(*due, options_.poll);
}

void QueueRunner::claim_loop(std::stop_token stop) {
  int failures = 0;
  while (!stop.stop_requested()) {
    int free = 0;
    {
      std::unique_lock lock(mutex_);
      wake_claimer_.wait(lock, stop, [this] { return free_slots() > 0; });
      if (stop.stop_requested()) return;
      free = free_slots();
      woken_ = false;
    }
    base::Duration wait{};
    try {
      wait = claim_some(free);
      if (failures > 0)
        base::log(base::LogLevel::info, "database is back", {{"queue", fence().queue().name}});
      failures = 0;
    } catch (const base::InfraError& error) {
      if (failures++ == 0)
        base::log(base::LogLevel::error, "claim failed",
                  {{"queue", fence().queue().name}, {"error", error.what()}});
      wait = base::Duration(100'000 +
                            base::random_below(1'000'000U * static_cast<unsigned>(std::min(failures, 5))));
      if (error.in_doubt()) {
        insist(context_, "disown", context_.clock.boot() + options_.lease,
               [&](store::Connection& c) { fence().disown(c, context_.worker, held_.claims()); });
      }
    } catch (const std::exception& error) {
      base::log(base::LogLevel::error, "claim failed",
                {{"queue", fence().queue().name}, {"error", error.what()}});
      wait = std::chrono::seconds(5);
    }
    std::unique_lock lock(mutex_);
    wake_claimer_.wait_for(lock, stop, wait, [this] { return woken_; });
  }
}

void QueueRunner::run(Task& task, std::stop_token stop) {
  try {
    if (task.claim)
      work_.run(*task.claim, held_, stop);
    else if (!stop.stop_requested())
      work_.reconcile(task.item, stop);
  } catch (const std::exception& error) {
    base::log(base::LogLevel::error, "work threw",
              {{"queue", fence().queue().name},
               {"item", task.claim ? task.claim->item : task.item},
               {"error", error.what()}});
  }
  if (task.claim) held_.remove(task.claim->claim);
  task.done.set_value();
}

void QueueRunner::work_loop(std::stop_token stop) {
  for (;;) {
    std::unique_lock lock(mutex_);
    wake_worker_.wait(lock, stop, [this] { return !tasks_.empty(); });
    if (tasks_.empty()) return;
    Task task = std::move(tasks_.front());
    tasks_.pop_front();
    ++running_;
    lock.unlock();
    run(task, task.claim ? held_.token(task.claim->claim) : stop);
    lock.lock();
    --running_;
    if (!task.claim) std::erase(reconciling_, task.item);
    // A slot is free, and something else may be due: the claimer looks again.
    woken_ = true;
    wake_claimer_.notify_all();
    if (running_ == 0 && tasks_.empty()) idle_.notify_all();
  }
}

void QueueRunner::renew() {
  const auto before = context_.clock.boot();
  held_.expire(before, options_.lease / 6);
  const auto claims = held_.renewable(before);
  if (claims.empty()) return;
  auto connection = context_.database.acquire();
  for (const auto& renewed : fence().renew(*connection, claims, options_.lease))
    held_.renewed(renewed.item, renewed.fence, renewed.stop_wanted, before + options_.lease);
}

void QueueRunner::stop(base::BootTime until) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    stopping_ = true;
  }
  claimer_.request_stop();
  if (claimer_.joinable()) claimer_.join();
  std::deque<Task> unstarted;
  {
    const std::lock_guard lock(mutex_);
    unstarted.swap(tasks_);
  }
  for (auto& task : unstarted) run(task, stopped());
  {
    std::unique_lock lock(mutex_);
    // What runs may finish; after `until` it is asked to stop, and its thread is waited for all the same:
    // every send has a deadline of its own.
    const auto left = until - context_.clock.boot();
    if (left.count() > 0) idle_.wait_for(lock, left, [this] { return running_ == 0; });
  }
  held_.stop_all();
  for (auto& worker : workers_) worker.request_stop();
  wake_worker_.notify_all();
  for (auto& worker : workers_)
    if (worker.joinable()) worker.join();
}

}  // namespace fencepost::engine
