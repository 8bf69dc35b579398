#pragma once
// What stands outside: it counts what arrives, and can do something before it answers.

#include <sys/types.h>

#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "connect/testing/raw_server.hpp"

namespace fencepost::crash {

// Thread-safe. POST / with an item in the body and an Idempotency-Key; GET /KEY: 200 where it has arrived.
class Receiver {
 public:
  // `refuses`: a second arrival of a key gets 409 and takes no effect.
  explicit Receiver(bool refuses)
      : refuses_(refuses), server_([this](auto& connection) { serve(connection); }) {}

  std::string url() const { return server_.url(); }
  // How often the item took effect, and how often a repetition was refused.
  int arrivals(const std::string& item) const;
  int refused() const;
  int total() const;
  // Called for each arrival, when it has counted and is not yet answered, with its number. Set before any.
  void on_arrival(std::function<void(int)> call) { on_arrival_ = std::move(call); }
  // The same, told the item and the process that sent it: what it works at until the call returns.
  using Work = std::function<void(const std::string& item, pid_t sender)>;
  void on_work(Work work) { on_work_ = std::move(work); }

 private:
  void serve(connect::testing::Connection& connection);
  const char* receive(const std::string& request);

  const bool refuses_;
  std::function<void(int)> on_arrival_;
  Work on_work_;
  mutable std::mutex mutex_;
  std::map<std::string, int> by_item_, by_key_;
  int total_ = 0, refused_ = 0;
  connect::testing::RawServer server_;  // last: it ends before what it writes
};

}  // namespace fencepost::crash
