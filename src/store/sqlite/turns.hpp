#pragma once
// The turns of one process's writers of a SQLite file: waiting for one is prompt, where busy_timeout polls.
// Other processes are waited for by busy_timeout.

#include <condition_variable>
#include <list>
#include <mutex>

#include "base/clock.hpp"
#include "base/testpoint.hpp"

namespace fencepost::store::sqlite {

// Thread-safe. Whoever comes by while nobody writes may write at once; but who has waited for `patience` is
// the next, however often another writes: else who writes one transaction after the other would keep all
// others out, since nobody wakes as fast as it comes back.
//
// Not a std::timed_mutex: it locks by pthread_mutex_clocklock, which the thread sanitizer of gcc 12 does not
// see.
class Turns {
 public:
  explicit Turns(base::Duration patience = std::chrono::milliseconds(10)) : patience_(patience) {}

  // False: it did not come to it within `timeout`.
  bool wait_for(base::Duration timeout) {
    std::unique_lock lock(mutex_);
    if (!taken_) return taken_ = true;
    const auto place = line_.emplace(line_.end());
    place->since = base::BootClock::now();
    base::testpoint("turn.wait");
    place->come.wait_for(lock, timeout, [&] { return place->next || !taken_; });
    const bool mine = place->next || !taken_;
    line_.erase(place);
    if (mine) taken_ = true;
    return mine;
  }
  void end() {
    const std::lock_guard lock(mutex_);
    taken_ = false;
    if (line_.empty()) return;
    auto& first = line_.front();
    // It is handed over, and never free in between.
    taken_ = first.next = base::BootClock::now() - first.since >= patience_;
    first.come.notify_one();
  }

 private:
  struct Place {
    base::BootTime since{};
    bool next = false;
    std::condition_variable come;
  };
  const base::Duration patience_;
  std::mutex mutex_;
  std::list<Place> line_;
  bool taken_ = false;
};

}  // namespace fencepost::store::sqlite
