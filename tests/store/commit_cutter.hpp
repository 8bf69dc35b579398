#pragma once
// A proxy on 127.0.0.1 in front of PostgreSQL that can lose the connection in COMMIT: the doubt of rule 4.

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace fencepost::store::testing {

class CommitCutter {
 public:
  enum class Cut { never, before, after };

  // `url` is the server's. Listens at once, on a free port; ends with its connections.
  explicit CommitCutter(const std::string& url);
  ~CommitCutter();
  CommitCutter(const CommitCutter&) = delete;
  CommitCutter& operator=(const CommitCutter&) = delete;

  // The same database by way of the proxy.
  std::string url() const { return url_; }
  // The next COMMIT, of any connection, is cut off before the server gets it, or after the server has
  // answered it.
  void arm(Cut cut) { cut_ = cut; }
  // No COMMIT has met it yet.
  bool armed() const { return cut_ != Cut::never; }

 private:
  void accept_loop();
  void serve(int client) const;
  void relay(int client, int server) const;

  std::string url_;
  int server_port_ = 0;
  int listener_ = -1;
  int stop_ = -1;  // becomes readable at the end
  mutable std::atomic<Cut> cut_{Cut::never};
  std::vector<std::jthread> connections_;
  std::jthread acceptor_;
};

}  // namespace fencepost::store::testing
