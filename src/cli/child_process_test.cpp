// Commands behind a shell that forks: what is asked of the shell reaches those whom it waits for.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>

#include "base/file_descriptor.hpp"
#include "cli/child_process.hpp"

namespace fencepost::cli {
namespace {

// A folder with two named pipes: `said`, which a command writes lines into, and `go`, which it waits for.
class Pipes : public testing::Test {
 protected:
  Pipes() {
    std::string name = testing::TempDir() + "fencepost-child-XXXXXX";
    folder_ = mkdtemp(name.data());
    for (const auto* pipe : {"/said", "/go"}) mkfifo((folder_ + pipe).c_str(), 0600);
    // For writing too: the pipe has no end between two writers.
    said_ = base::FileDescriptor(open((folder_ + "/said").c_str(), O_RDWR | O_CLOEXEC));
    go_ = base::FileDescriptor(open((folder_ + "/go").c_str(), O_RDWR | O_CLOEXEC));
  }
  ~Pipes() override { std::filesystem::remove_all(folder_); }

  // Empty: nobody says anything any more.
  std::string line() {
    std::string text;
    pollfd wait{said_.get(), POLLIN, 0};
    for (char c = 0; poll(&wait, 1, 60'000) == 1 && read(said_.get(), &c, 1) == 1 && c != '\n';) text += c;
    return text;
  }
  void go() { ASSERT_EQ(write(go_.get(), "go\n", 3), 3); }
  ChildRequest request(const std::string& command) const {
    ChildRequest request;
    request.command = "cd '" + folder_ + "'\n" + command;
    request.terminate_at = base::system_clock().boot() + std::chrono::minutes(1);
    request.grace = std::chrono::minutes(1);
    return request;
  }
  // Waits for the end of a process, whoever reaps it.
  static void gone(pid_t pid) {
    const base::FileDescriptor process(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
    if (!process) return;  // reaped already
    pollfd wait{process.get(), POLLIN, 0};
    while (poll(&wait, 1, -1) < 0) {
    }
  }

  std::string folder_;
  base::FileDescriptor said_, go_;
};

// The outer shell says who it is and waits for the inner one, which says who it is. That one never blocks in
// a read: a signal that comes just before it would be handled behind it only.
std::string nested(const std::string& trap) {
  return "echo $$ > said; sh -c 'trap \"" + trap + "\" TERM; echo $$ > said; while :; do :; done'; true";
}

TEST_F(Pipes, WhatTheShellWaitsForHasItsGrace) {
  std::stop_source stop;
  ChildResult result;
  std::jthread running([&] {
    result = run_child(request(nested("while read x < go; do echo here > said; done")), stop.get_token());
  });
  const auto shell = std::stoi(line());
  const auto inner = std::stoi(line());
  stop.request_stop();
  gone(shell);
  // Its handler talks with us for as long as it likes.
  for (int round = 0; round < 100; ++round) {
    go();
    ASSERT_EQ(line(), "here");
  }
  kill(inner, SIGKILL);
  running.join();
  EXPECT_EQ(result.why, ChildResult::Why::stopped);
  EXPECT_FALSE(result.exited);
  EXPECT_EQ(result.code, SIGTERM);
}

TEST_F(Pipes, NothingOutlivesTheGrace) {
  std::stop_source stop;
  auto asked = request(nested(""));  // which ignores it
  asked.grace = std::chrono::milliseconds(100);
  ChildResult result;
  std::jthread running([&] { result = run_child(asked, stop.get_token()); });
  line();
  const auto inner = std::stoi(line());
  stop.request_stop();
  running.join();
  gone(inner);
  EXPECT_EQ(result.why, ChildResult::Why::stopped);
}

TEST_F(Pipes, WhatIsLeftInTheBackgroundEndsWithTheCommand) {
  ChildResult result;
  std::jthread running([&] {
    result = run_child(
        request("sh -c 'trap \"\" TERM; echo $$ > said; tail -f /dev/null' & read x < go; exit 3"), {});
  });
  const auto left = std::stoi(line());
  go();
  running.join();
  gone(left);
  EXPECT_EQ(result.why, ChildResult::Why::itself);
  EXPECT_TRUE(result.exited);
  EXPECT_EQ(result.code, 3);
}

}  // namespace
}  // namespace fencepost::cli
