#pragma once
// What is done beside a queue's claims, on threads of its own: no claim waits for it, and it does not wait
// for a handler that runs for hours.

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.hpp"

namespace fencepost::engine {

// Thread-safe.
class Asides {
 public:
  using Task = std::function<void()>;

  // `queue`: for the log.
  explicit Asides(std::string queue) : queue_(std::move(queue)) {}
  ~Asides() { stop(); }

  // Threads come as they are needed, so many at most: one task may wait for a row that somebody holds.
  void start(int most);
  // Begun in the order of their coming. False: it has not been started, or is stopped; then nobody does it.
  bool add(Task task);
  bool idle() const;
  // Waits until it is idle; no longer than that.
  void wait_idle(base::Duration most);
  // Takes no more, does what it has, and ends.
  void stop();

 private:
  void loop();

  const std::string queue_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Task> tasks_;
  int running_ = 0, idle_ = 0;  // threads at a task; without one
  std::size_t most_ = 0;
  bool open_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace fencepost::engine
