#pragma once
// The thread of the party that may have to wait: one for thousands of cases.

#include <atomic>
#include <condition_variable>
#include <functional>
#include <future>
#include <mutex>
#include <optional>
#include <thread>

namespace fencepost::store::testing {

class ThreadOfB {
 public:
  // `pid`: of the session on PostgreSQL that the work will use.
  explicit ThreadOfB(int pid) : pid_(pid), thread_([this](const std::stop_token& stop) { loop(stop); }) {}
  int pid() const { return pid_; }

  // One piece of work at a time.
  std::future<std::string> run(std::function<std::string()> work) {
    finished_ = false;
    std::packaged_task<std::string()> task(std::move(work));
    auto answer = task.get_future();
    {
      const std::lock_guard lock(mutex_);
      task_ = std::move(task);
    }
    ready_.notify_one();
    return answer;
  }
  bool finished() const { return finished_; }

 private:
  void loop(const std::stop_token& stop) {
    for (;;) {
      std::packaged_task<std::string()> task;
      {
        std::unique_lock lock(mutex_);
        if (!ready_.wait(lock, stop, [this] { return task_.has_value(); })) return;
        task = std::move(*task_);
        task_.reset();
      }
      task();
      finished_ = true;
    }
  }

  const int pid_;
  std::mutex mutex_;
  std::condition_variable_any ready_;
  std::optional<std::packaged_task<std::string()>> task_;
  std::atomic<bool> finished_{false};
  std::jthread thread_;
};

}  // namespace fencepost::store::testing
