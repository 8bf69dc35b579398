#pragma once
// SIGPIPE held off while libcurl works. Inside connect/ only.

#include <csignal>
#include <ctime>

namespace fencepost::connect {

// OpenSSL writes without MSG_NOSIGNAL. Blocked for this thread alone: an embedding program's handlers, and
// what its children inherit, are not ours to change.
class SigpipeBlocked {
 public:
  SigpipeBlocked() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~SigpipeBlocked() {
    const timespec none{};
    if (!was_pending_)
      while (sigtimedwait(&pipe_, nullptr, &none) == SIGPIPE) {
      }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  SigpipeBlocked(const SigpipeBlocked&) = delete;
  SigpipeBlocked& operator=(const SigpipeBlocked&) = delete;

 private:
  sigset_t pipe_{}, before_{};
  bool was_pending_ = false;
};

}  // namespace fencepost::connect
