#pragma once
// SIGTERM and SIGINT as a wish to end.

#include <atomic>
#include <stop_token>
#include <thread>

namespace fencepost::library {

// While it lives, the first SIGTERM or SIGINT asks `end` to stop, and the second does what it did before (it
// ends the process). A signal that the program ignores stays ignored. Several may live at once: each is
// asked.
class EndSignals {
 public:
  explicit EndSignals(std::stop_source& end);
  ~EndSignals();
  EndSignals(const EndSignals&) = delete;
  EndSignals& operator=(const EndSignals&) = delete;

 private:
  void wait(std::stop_source& end) const;
  int fd_ = -1;
  std::size_t slot_ = 0;
  std::jthread waiter_;
};

}  // namespace fencepost::library
