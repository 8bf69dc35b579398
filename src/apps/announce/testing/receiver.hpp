#pragma once
// A webhook's receiver: a real server that checks signatures, counts what took effect, and fails on command.
// It promises nothing, like emulators/webhook/receiver.py: a second arrival of a key counts again. Tests
// only.

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "connect/testing/raw_server.hpp"

namespace fencepost::announce::testing {

class Receiver {
 public:
  static constexpr const char* kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  // accept_then_cut and error_500 took effect before they failed; too_many did not.
  enum class Mode { ok, error_500, too_many, accept_then_cut, rejected };
  struct Arrival {
    std::string key, text;
  };

  Receiver();
  std::string url() const { return server_.url("/hook"); }
  // How the next requests are answered, in this order; then `ok`.
  void next(std::vector<Mode> modes);
  // Called before a request is answered, in its thread: while it runs, the request is in flight.
  void before_answer(std::function<void()> hook);
  // What took effect, in the order of arrival. Wrong signatures are refused with 401 and counted in
  // refused().
  std::vector<Arrival> arrivals() const;
  int refused() const;

 private:
  void serve(connect::testing::Connection& connection);
  std::string answer_to(const std::string& request);

  mutable std::mutex mutex_;
  std::deque<Mode> modes_;
  std::function<void()> hook_;
  std::vector<Arrival> arrivals_;
  int refused_ = 0;
  connect::testing::RawServer server_;  // last: it ends before what its threads use
};

}  // namespace fencepost::announce::testing
