#pragma once
// One command of somebody else's, run to its end and never left behind.
//
// Between this process and the command stands a supervisor, a fork of ours without any thread. The command
// runs in a process group of its own; the supervisor ends that group (SIGTERM, then SIGKILL after a grace)
// when a stop is wanted or the time is over, and at once (SIGKILL) when this process has died, however it
// died. It also ends what the command has left in the background. So nothing of a command outlives the claim
// that it was run for, but for a program that made a session of its own (setsid).
//
// Thread-safe. The caller ignores SIGPIPE, and the calling thread lives until the call returns (the kernel
// tells the supervisor of the thread's end).

#include <cstddef>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.hpp"

namespace fencepost::cli {

struct ChildRequest {
  std::string command;                             // for /bin/sh -c
  std::vector<std::string> environment;            // NAME=value, beside what this process has
  std::string input;                               // all of standard input
  base::BootTime terminate_at;                     // SIGTERM then
  base::Duration grace = std::chrono::seconds(5);  // SIGKILL after that
  std::size_t output_cap = std::size_t{1} << 20;   // bytes of standard output that are kept; the rest is read
  int keep_fd = -1;  // a descriptor that the supervisor keeps open until the command is gone, and it is not
};

struct ChildResult {
  enum class Why { itself, stopped, late, lost };  // lost: the supervisor was killed
  bool started = false;                            // false: certainly nothing ran
  Why why = Why::itself;
  bool exited = false;  // with `code`; else by the signal `code`
  int code = 0;
  std::string output;
  std::string last_error;  // the last line of standard error that says something, cut to 500 bytes
};

// Blocks until the command has ended. Never throws but std::bad_alloc, and only before anything runs.
ChildResult run_child(const ChildRequest& request, std::stop_token stop);

// The descriptor of this process's worker lock (store/workers.hpp), for `keep_fd`; -1: there is none.
int worker_lock_descriptor();

// What the supervisor does; for child_process.cpp.
struct Supervision {
  int input, output, error, status, keep;
  int parent;  // pid
  base::BootTime terminate_at;
  base::Duration grace;
  char* const* argv;
  char* const* envp;
};
struct ChildStatus {
  int why, exited, code;
};
[[noreturn]] void supervise(const Supervision& what);

}  // namespace fencepost::cli
