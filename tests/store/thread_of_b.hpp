#pragma once
// The thread of the party that may have to wait: one for thousands of cases.

#include <chrono>
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
    std::packaged_task<std::string()> task(std::move(work));
    auto answer = task.get_future();
    {
      const std::lock_guard lock(mutex_);
      task_ = std::move(task);
    }
    ready_.notify_one();
    return answer;
  }

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
    }
  }

  const int pid_;
  std::mutex mutex_;
  std::condition_variable_any ready_;
  std::optional<std::packaged_task<std::string()>> task_;
  std::jthread thread_;
};

// Whether the work has ended. Asked of the answer itself: a flag beside it would be raised after the answer
// can be taken, and then speak for the next piece of work.
inline bool ready(const std::future<std::string>& answer) {
  return answer.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
}

}  // namespace fencepost::store::testing
