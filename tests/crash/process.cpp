#include "process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>

namespace fencepost::crash {

namespace {
void check(bool good, const char* what) {
  if (!good) throw std::runtime_error(what);
}
}  // namespace

Process::Process(const std::vector<std::string>& arguments, const std::string& log) {
  int in[2], out[2];
  check(pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0, "pipe");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  std::string program = FENCEPOST_CRASH_WORKER;
  std::vector<char*> argv{program.data()};
  auto copies = arguments;
  for (auto& argument : copies) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const int failed = posix_spawn(&pid_, program.c_str(), &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(in[0]);
  close(out[1]);
  in_ = in[1];
  out_ = out[0];
  check(failed == 0, "the worker cannot be started");
}

Process::~Process() {
  if (!status_known_) {
    signal(SIGKILL);
    wait();
  }
  end_input();
  close(out_);
}

bool Process::take() {
  if (closed_) return false;
  char buffer[4096];
  const auto size = read(out_, buffer, sizeof buffer);
  if (size < 0 && errno == EINTR) return true;
  if (size <= 0) {
    closed_ = true;
    return false;
  }
  unread_.append(buffer, static_cast<std::size_t>(size));
  for (auto end = unread_.find('\n'); end != std::string::npos; end = unread_.find('\n')) {
    said_.push_back(unread_.substr(0, end));
    unread_.erase(0, end + 1);
  }
  return true;
}

int Process::said(const std::string& line) const {
  return static_cast<int>(std::count(said_.begin(), said_.end(), line));
}

void Process::tell(const std::string& line) const {
  const auto text = line + "\n";
  // It may be dead, and nobody has looked yet.
  const bool told = write(in_, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  check(told || errno == EPIPE, "tell");
}

void Process::signal(int number) const {
  if (!status_known_) kill(pid_, number);
}

bool Process::wait_stopped() {
  while (!status_known_) {
    int status = 0;
    if (waitpid(pid_, &status, WUNTRACED) != pid_) continue;
    if (WIFSTOPPED(status)) return true;
    status_ = status;
    status_known_ = true;
  }
  return false;
}

int Process::wait() {
  while (!status_known_)
    if (waitpid(pid_, &status_, 0) == pid_) status_known_ = true;
  return WIFSIGNALED(status_) ? -WTERMSIG(status_) : WEXITSTATUS(status_);
}

void Process::end_input() {
  if (in_ >= 0) close(in_);
  in_ = -1;
}

}  // namespace fencepost::crash
