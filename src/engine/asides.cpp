#include "engine/asides.hpp"

#include "base/log.hpp"

namespace fencepost::engine {

void Asides::start(int most) {
  const std::lock_guard lock(mutex_);
  most_ = static_cast<std::size_t>(most);
  open_ = true;
}

bool Asides::add(Task task) {
  const std::lock_guard lock(mutex_);
  if (!open_) return false;
  tasks_.push_back(std::move(task));
  if (tasks_.size() > static_cast<std::size_t>(idle_) && threads_.size() < most_)
    threads_.emplace_back([this] { loop(); });
  changed_.notify_all();
  return true;
}

bool Asides::idle() const {
  const std::lock_guard lock(mutex_);
  return tasks_.empty() && running_ == 0;
}

void Asides::wait_idle(base::Duration most) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, most, [this] { return tasks_.empty() && running_ == 0; });
}

void Asides::stop() {
  {
    const std::lock_guard lock(mutex_);
    open_ = false;
    changed_.notify_all();
  }
  for (auto& thread : threads_) thread.join();
  threads_.clear();
}

void Asides::loop() {
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    changed_.wait(lock, [this] { return !open_ || !tasks_.empty(); });
    --idle_;
    if (tasks_.empty()) return;
    auto task = std::move(tasks_.front());
    tasks_.pop_front();
    ++running_;
    lock.unlock();
    try {
      task();
    } catch (const std::exception& error) {
      // Whatever it was about is looked at again: a lease that ends, the next sweep.
      base::log(base::LogLevel::error, "work threw", {{"queue", queue_}, {"error", error.what()}});
    }
    task = {};
    lock.lock();
    --running_;
    changed_.notify_all();
  }
}

}  // namespace fencepost::engine
