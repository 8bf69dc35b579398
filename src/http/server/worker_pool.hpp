#pragma once
// Threads that run handlers, behind a queue that has an end.

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace fencepost::http {

// Thread-safe.
class WorkerPool {
 public:
  using Task = std::function<void()>;
  // At most `capacity` tasks wait for a thread. Tasks must not throw.
  WorkerPool(std::size_t threads, std::size_t capacity);
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // False where the queue is full or the pool is stopping: the task was not taken and will not run.
  bool submit(Task task);

  // Drops what waits, lets what runs finish, and joins. Again: nothing.
  void stop();

 private:
  void work();

  const std::size_t capacity_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Task> queue_;
  bool stopping_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace fencepost::http
