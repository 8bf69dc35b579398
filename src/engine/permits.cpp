#include "engine/permits.hpp"

namespace fencepost::engine {

void Permits::acquire(int priority) {
  if (total_ == 0) return;
  std::unique_lock lock(mutex_);
  ++waiting_[priority];
  released_.wait(lock, [&] { return free_for(priority); });
  if (--waiting_[priority] == 0) waiting_.erase(priority);
  ++taken_;
  // Another one of a lower priority may have waited for us alone.
  if (taken_ < total_) released_.notify_all();
}

void Permits::release() {
  if (total_ == 0) return;
  bool tell = false;
  {
    const std::lock_guard lock(mutex_);
    --taken_;
    tell = refused_;
    refused_ = false;
    released_.notify_all();
  }
  if (tell)
    for (const auto& each : tell_) each();
}

bool Permits::refuses(int priority) {
  if (total_ == 0) return false;
  const std::lock_guard lock(mutex_);
  if (free_for(priority)) return false;
  refused_ = true;
  return true;
}

}  // namespace fencepost::engine
