#pragma once
// How many workers of all queues of an engine may be at work at once, and who goes first.

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <vector>

namespace fencepost::engine {

// Thread-safe.
class Permits {
 public:
  // `total` 0: as many as there are workers.
  explicit Permits(int total) : total_(total) {}

  // Waits for a permit; of those who wait, the highest priority goes first.
  void acquire(int priority);
  void release();
  // Whether nothing could start now for this priority: then it is not to be claimed either. Whoever was told
  // so hears of the next release.
  bool refuses(int priority);
  // Called after a release, without a lock, where somebody had been refused. Set before threads start.
  void on_release(std::function<void()> tell) { tell_.push_back(std::move(tell)); }

 private:
  bool free_for(int priority) const {
    return taken_ < total_ && (waiting_.empty() || waiting_.rbegin()->first <= priority);
  }
  const int total_;
  std::mutex mutex_;
  std::condition_variable released_;
  std::map<int, int> waiting_;  // by priority
  int taken_ = 0;
  bool refused_ = false;
  std::vector<std::function<void()>> tell_;
};

}  // namespace fencepost::engine
