// The supervisor of a command. It is a fork of a process with threads, so until it ends it calls nothing but
// async-signal-safe functions: no allocation, no locks, no stdio.

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <ctime>

#include "cli/child_process.hpp"

namespace fencepost::cli {

namespace {
constexpr int kStatus = 3, kKeep = 4;

// The five descriptors at fixed numbers, and no other open: a copy of a database's socket would keep its
// session alive after the process has closed it.
void arrange(const Supervision& what) {
  const int from[] = {what.input, what.output, what.error, what.status, what.keep};
  int high[5];
  for (int i = 0; i < 5; ++i) high[i] = from[i] < 0 ? -1 : fcntl(from[i], F_DUPFD, 64);
  for (int i = 0; i < 5; ++i) {
    if (high[i] < 0)
      close(i);
    else
      dup2(high[i], i);
  }
  close_range(kKeep + 1, ~0U, 0);
  fcntl(kStatus, F_SETFD, FD_CLOEXEC);
  fcntl(kKeep, F_SETFD, FD_CLOEXEC);
}

[[noreturn]] void become(const Supervision& what, int supervisor) {
  setpgid(0, 0);
  // Should somebody kill the supervisor itself.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != supervisor) _exit(127);
  for (const int number : {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGCHLD}) signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  execve("/bin/sh", what.argv, what.envp);
  _exit(127);
}

void report(const ChildStatus& status) {
  [[maybe_unused]] const auto written = write(kStatus, &status, sizeof status);
}

// Takes in whoever has ended; true: the command was among them, and ended by `status`.
bool reap(pid_t command, int& status) {
  bool found = false;
  int one = 0;
  for (pid_t pid = 0; (pid = waitpid(-1, &one, WNOHANG)) != 0;) {
    if (pid == command) {
      found = true;
      status = one;
    }
    if (pid < 0 && errno != EINTR) break;
  }
  return found;
}

timespec until(base::BootTime moment) {
  const auto left = std::clamp<std::chrono::nanoseconds>(moment - base::system_clock().boot(),
                                                         std::chrono::nanoseconds(0), std::chrono::hours(1));
  const auto seconds = std::chrono::floor<std::chrono::seconds>(left);
  return {seconds.count(), (left - seconds).count()};
}
}  // namespace

[[noreturn]] void supervise(const Supervision& what) {
  arrange(what);
  signal(SIGCHLD, SIG_DFL);
  // What the command's shell leaves behind is then this process's to reap, so that its end is a signal too.
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  prctl(PR_SET_PDEATHSIG, SIGHUP);
  if (getppid() != what.parent) _exit(1);
  const int self = getpid();
  const pid_t command = fork();
  if (command == 0) become(what, self);
  if (command < 0) {
    report({static_cast<int>(ChildResult::Why::itself), 0, -1});
    _exit(1);
  }
  setpgid(command, command);
  for (int fd = 0; fd < 3; ++fd) close(fd);

  sigset_t awaited;
  sigemptyset(&awaited);
  for (const int number : {SIGCHLD, SIGTERM, SIGHUP}) sigaddset(&awaited, number);
  auto why = ChildResult::Why::itself;
  bool asked = false, ended = false;
  auto next = what.terminate_at;
  int status = 0;
  for (;;) {
    ended = reap(command, status) || ended;
    // Asked to end, a shell goes at once, and those whom it waited for have the grace to themselves.
    if (ended && (!asked || kill(-command, 0) != 0)) break;
    const auto pause = until(next);
    const int number = sigtimedwait(&awaited, nullptr, &pause);
    if (getppid() != what.parent) {
      // Nobody will use the result, and nobody holds the claim.
      kill(-command, SIGKILL);
      _exit(1);
    }
    const auto now = base::system_clock().boot();
    if (!asked && (number == SIGTERM || now >= what.terminate_at)) {
      asked = true;
      why = number == SIGTERM ? ChildResult::Why::stopped : ChildResult::Why::late;
      next = now + what.grace;
      kill(-command, SIGTERM);
    } else if (asked && now >= next) {
      if (ended) break;
      next = now + what.grace;
      kill(-command, SIGKILL);
    }
  }
  // What it has left in the background goes with it.
  kill(-command, SIGKILL);
  const bool exited = WIFEXITED(status);
  report({static_cast<int>(why), exited ? 1 : 0, exited ? WEXITSTATUS(status) : WTERMSIG(status)});
  _exit(0);
}

}  // namespace fencepost::cli
