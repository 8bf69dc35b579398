#include "library/signals.hpp"

#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <mutex>

#include "base/error.hpp"

namespace fencepost::library {

namespace {

constexpr std::array<int, 2> kSignals{SIGTERM, SIGINT};
constexpr std::uint64_t kSignalled = 1, kOver = 1ULL << 32;

// A signal handler may use nothing else than lock-free atomics and write(). Descriptor + 1; 0 is free.
std::array<std::atomic<int>, 16> g_slots{};

std::mutex g_mutex;
int g_alive = 0;  // under the mutex
std::array<struct sigaction, kSignals.size()> g_before{};

extern "C" void fencepost_on_signal(int) {
  const int error = errno;
  for (const auto& slot : g_slots)
    if (const int fd = slot.load() - 1; fd >= 0) {
      [[maybe_unused]] const auto bytes = write(fd, &kSignalled, sizeof kSignalled);
    }
  errno = error;
}

void take_over() {
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    sigaction(kSignals[i], nullptr, &g_before[i]);
    if ((g_before[i].sa_flags & SA_SIGINFO) == 0 && g_before[i].sa_handler == SIG_IGN) continue;
    struct sigaction action {};
    action.sa_handler = fencepost_on_signal;
    // Once: whoever asks a second time does not want to wait.
    action.sa_flags = static_cast<int>(SA_RESETHAND) | SA_RESTART;
    sigemptyset(&action.sa_mask);
    sigaction(kSignals[i], &action, nullptr);
  }
}

}  // namespace

EndSignals::EndSignals(std::stop_source& end) : fd_(eventfd(0, EFD_CLOEXEC)) {
  FENCEPOST_ASSERT(fd_ >= 0);
  {
    const std::lock_guard lock(g_mutex);
    int free = 0;
    while (slot_ < g_slots.size() && !g_slots[slot_].compare_exchange_strong(free, fd_ + 1)) {
      free = 0;
      ++slot_;
    }
    if (slot_ == g_slots.size()) {
      close(fd_);
      throw base::UserError("too_many_loops",
                            "at most 16 loops of a process can listen for signals: set "
                            "LoopOptions::signals to false and use a stop token");
    }
    if (g_alive++ == 0) take_over();
  }
  waiter_ = std::jthread([this, &end] { wait(end); });
}

EndSignals::~EndSignals() {
  {
    const std::lock_guard lock(g_mutex);
    if (--g_alive == 0)
      for (std::size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &g_before[i], nullptr);
    g_slots[slot_] = 0;
  }
  [[maybe_unused]] const auto bytes = write(fd_, &kOver, sizeof kOver);
  waiter_.join();
  close(fd_);
}

void EndSignals::wait(std::stop_source& end) const {
  for (std::uint64_t count = 0;;) {
    if (read(fd_, &count, sizeof count) < 0 && errno == EINTR) continue;
    if ((count & 0xffffffffU) != 0) end.request_stop();
    if (count >= kOver) return;
  }
}

}  // namespace fencepost::library
