#pragma once
// Data that can be reached only through its lock.

#include <mutex>
#include <utility>

namespace fencepost::base {

// Guarded<T> owns a T and a mutex; with() runs a function on the T under the lock and returns its result.
// The reference must not leave the function. Thread-safe.
template <typename T>
class Guarded {
 public:
  template <typename... Args>
  explicit Guarded(Args&&... args) : value_(std::forward<Args>(args)...) {}

  template <typename F>
  decltype(auto) with(F&& f) {
    const std::lock_guard lock(mutex_);
    return std::forward<F>(f)(value_);
  }
  template <typename F>
  decltype(auto) with(F&& f) const {
    const std::lock_guard lock(mutex_);
    return std::forward<F>(f)(value_);
  }

 private:
  mutable std::mutex mutex_;
  T value_;
};

}  // namespace fencepost::base
