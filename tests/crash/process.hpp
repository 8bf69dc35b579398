#pragma once
// A worker process and what it says.

#include <sys/types.h>

#include <string>
#include <vector>

namespace fencepost::crash {

// Not thread-safe, but pid() stays the same. Killed and waited for when it is destroyed.
class Process {
 public:
  // `arguments` without the program; standard error is appended to the file `log`.
  Process(const std::vector<std::string>& arguments, const std::string& log);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  // Readable when the process has said something, or has ended.
  int fd() const { return out_; }
  // Takes what it has said. False: it has ended.
  bool take();
  // How often it has said this line.
  int said(const std::string& line) const;
  void tell(const std::string& line) const;
  void signal(int number) const;
  // Waits for it to be stopped by a signal; false: it ended instead.
  bool wait_stopped();
  // Waits for its end: the exit code, or minus the signal.
  int wait();
  // The end of its input: it ends in good order.
  void end_input();
  bool ended() const { return status_known_ || closed_; }
  bool waited() const { return status_known_; }

 private:
  pid_t pid_ = 0;
  int in_ = -1, out_ = -1;
  bool closed_ = false;
  bool status_known_ = false;
  int status_ = 0;
  std::string unread_;
  std::vector<std::string> said_;
};

}  // namespace fencepost::crash
