#include "cli/child_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <optional>

#include "base/error.hpp"
#include "base/file_descriptor.hpp"

namespace fencepost::cli {

namespace {
constexpr std::size_t kErrorTail = 4096, kErrorLine = 500;

using base::Pipe;
using Fd = base::FileDescriptor;

void nonblocking(const Fd& fd) { fcntl(fd.get(), F_SETFL, fcntl(fd.get(), F_GETFL) | O_NONBLOCK); }

// This process's environment with `more` instead of what it has of those names.
std::vector<std::string> environment(const std::vector<std::string>& more) {
  std::vector<std::string> out = more;
  for (char** at = environ; *at != nullptr; ++at) {
    const std::string one = *at;
    const auto name = one.substr(0, one.find('=') + 1);
    bool replaced = false;
    for (const auto& own : more) replaced = replaced || own.starts_with(name);
    if (!replaced) out.push_back(one);
  }
  return out;
}

std::string last_line(const std::string& text) {
  std::size_t end = text.size();
  while (end > 0) {
    while (end > 0 && (text[end - 1] == '\n' || text[end - 1] == '\r' || text[end - 1] == ' ')) --end;
    const auto begin = end == 0 ? 0 : text.rfind('\n', end - 1) + 1;
    std::string line = text.substr(begin, std::min(end - begin, kErrorLine));
    for (auto& c : line)
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
    if (!line.empty()) return line;
    end = begin;
  }
  return "";
}

// The parent's ends of the pipes, until the supervisor has reported.
class Talk {
 public:
  Talk(const ChildRequest& request, pid_t supervisor, Pipe& in, Pipe& out, Pipe& err, Pipe& status, int stop)
      : request_(request),
        supervisor_(supervisor),
        in_(in),
        out_(out),
        err_(err),
        status_(status),
        stop_(stop) {
    for (auto* pipe : {&out_, &err_, &status_}) nonblocking(pipe->read);
    nonblocking(in_.write);
  }

  ChildResult run() {
    ChildResult result;
    result.started = true;
    while (status_.read) {
      if (written_ == request_.input.size()) in_.write.close();
      pollfd fds[] = {{in_.write.get(), POLLOUT, 0},
                      {out_.read.get(), POLLIN, 0},
                      {err_.read.get(), POLLIN, 0},
                      {status_.read.get(), POLLIN, 0},
                      {asked_ ? -1 : stop_, POLLIN, 0}};
      if (poll(fds, 5, -1) < 0 && errno != EINTR) break;
      if (fds[0].revents != 0) feed();
      if (fds[1].revents != 0)
        take(out_.read, [&](const char* data, std::size_t n) { keep(result, data, n); });
      if (fds[2].revents != 0) take(err_.read, [&](const char* data, std::size_t n) { tail(data, n); });
      if (fds[4].revents != 0) {
        // Not reaped yet, so the number is nobody else's.
        kill(supervisor_, SIGTERM);
        asked_ = true;
      }
      if (fds[3].revents != 0) finish(result);
    }
    // What was written before the end, and no more: somebody who left the group may hold these open.
    take(out_.read, [&](const char* data, std::size_t n) { keep(result, data, n); });
    take(err_.read, [&](const char* data, std::size_t n) { tail(data, n); });
    result.last_error = last_line(errors_);
    return result;
  }

 private:
  void feed() {
    const auto n = write(in_.write.get(), request_.input.data() + written_, request_.input.size() - written_);
    if (n > 0) written_ += static_cast<std::size_t>(n);
    // A command need not read what it is given.
    if (n < 0 && errno != EAGAIN && errno != EINTR) written_ = request_.input.size();
  }
  template <typename Use>
  static void take(Fd& from, Use&& use) {
    std::array<char, 16384> buffer{};
    while (from) {
      const auto n = read(from.get(), buffer.data(), buffer.size());
      if (n > 0)
        use(buffer.data(), static_cast<std::size_t>(n));
      else if (n == 0)
        from.close();
      else if (errno != EINTR)
        return;
    }
  }
  void keep(ChildResult& result, const char* data, std::size_t n) const {
    result.output.append(data, std::min(n, request_.output_cap - result.output.size()));
  }
  void tail(const char* data, std::size_t n) {
    errors_.append(data, n);
    if (errors_.size() > 2 * kErrorTail) errors_.erase(0, errors_.size() - kErrorTail);
  }
  void finish(ChildResult& result) {
    ChildStatus status{};
    const auto n = read(status_.read.get(), &status, sizeof status);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    status_.read.close();
    if (n != static_cast<ssize_t>(sizeof status)) {
      result.why = ChildResult::Why::lost;
      result.code = SIGKILL;
      return;
    }
    result.started = status.code >= 0;
    result.why = static_cast<ChildResult::Why>(status.why);
    result.exited = status.exited != 0;
    result.code = status.code;
  }

  const ChildRequest& request_;
  const pid_t supervisor_;
  Pipe &in_, &out_, &err_, &status_;
  const int stop_;
  std::size_t written_ = 0;
  std::string errors_;
  bool asked_ = false;
};

}  // namespace

ChildResult run_child(const ChildRequest& request, std::stop_token stop) {
  ChildResult nothing;
  Pipe in, out, err, status;
  const Fd wish(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!in.make() || !out.make() || !err.make() || !status.make() || !wish) {
    nothing.last_error = "no process could be started: too many open files";
    return nothing;
  }
  // All that needs memory, before the fork.
  std::vector<std::string> words{"/bin/sh", "-c", request.command},
      variables = environment(request.environment);
  const auto argv = base::exec_pointers(words), envp = base::exec_pointers(variables);
  const Supervision supervision{in.read.get(),   out.write.get(), err.write.get(),      status.write.get(),
                                request.keep_fd, getpid(),        request.terminate_at, request.grace,
                                argv.data(),     envp.data()};
  sigset_t all, before;
  sigfillset(&all);
  // The supervisor must not meet a signal with this process's handlers.
  FENCEPOST_ASSERT(pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
  const pid_t supervisor = fork();
  if (supervisor == 0) supervise(supervision);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (supervisor < 0) {
    nothing.last_error = "no process could be started";
    return nothing;
  }
  in.read.close();
  for (auto* pipe : {&out, &err, &status}) pipe->write.close();
  ChildResult result;
  {
    const std::stop_callback on_stop(stop, [&] {
      const std::uint64_t one = 1;
      [[maybe_unused]] const auto written = write(wish.get(), &one, sizeof one);
    });
    result = Talk(request, supervisor, in, out, err, status, wish.get()).run();
  }
  while (waitpid(supervisor, nullptr, 0) < 0 && errno == EINTR) {
  }
  return result;
}

int worker_lock_descriptor() {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", ignored)) {
    const auto target = std::filesystem::read_symlink(entry.path(), ignored).string();
    if (target.ends_with(".lock") && target.find("/worker-") != std::string::npos)
      return std::stoi(entry.path().filename().string());
  }
  return -1;
}

}  // namespace fencepost::cli
