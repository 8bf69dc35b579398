#pragma once
// A server for tests that does to a connection exactly what the test's script says, byte by byte. Listens on
// 127.0.0.1, on a free port, and ends with its object. Tests only.

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace fencepost::connect::testing {

// One accepted connection; used by its script alone.
class Connection {
 public:
  Connection(int fd, int index) : number(index), fd_(fd) {}
  // 0 for the first connection of the server, and so on.
  const int number;
  // Head and body (Content-Length) of one request; empty when the client has gone.
  std::string read_request();
  // The next bytes as they come; empty when the client has gone.
  std::string read_some();
  void write(std::string_view bytes);
  struct Drained {
    std::size_t bytes = 0;
    bool reset = false;  // ended by a reset, not by an orderly close
  };
  // Reads until the client closes or resets.
  Drained drain();

 private:
  int fd_;
  std::string unread_;
};

class RawServer {
 public:
  using Script = std::function<void(Connection&)>;
  // The script runs in a thread of its own for each connection, which is closed when it returns.
  explicit RawServer(Script script);
  ~RawServer();
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;

  int port() const { return port_; }
  std::string url(const std::string& path = "/") const;
  int connections() const { return accepted_; }

 private:
  void accept_all();
  void serve(int fd, int number);

  Script script_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<int> accepted_{0};
  std::mutex mutex_;
  bool ending_ = false;
  std::vector<int> open_;
  std::vector<std::jthread> threads_;
  std::jthread acceptor_;
};

// A port of 127.0.0.1 on which nobody listens.
int refused_port();

// Something that has happened, for one thread to say and others to wait for. No time-out: CTest has one.
class Signal {
 public:
  void set();
  void wait();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool set_ = false;
};

// An HTTP answer with Content-Length. `extra` holds whole header lines, each with its line break.
std::string answer(std::string_view status_line, std::string_view body = {}, std::string_view extra = {});

}  // namespace fencepost::connect::testing
