#pragma once
// What the tests of the platforms' connectors share: a server that answers as the test says and keeps what it
// was asked. Tests only.

#include <gtest/gtest.h>

#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "connect/connector.hpp"
#include "connect/http_client.hpp"
#include "connect/limits.hpp"
#include "connect/testing/fake_clock.hpp"
#include "connect/testing/raw_server.hpp"

namespace fencepost::connect::testing {

inline std::string json_answer(const std::string& status, const std::string& body,
                               const std::string& extra = {}) {
  return answer(status, body, "Content-Type: application/json\r\n" + extra);
}
inline std::string body_of(const std::string& request) {
  return request.substr(request.find("\r\n\r\n") + 4);
}
// "POST /2/tweets", without the query.
inline std::string line_of(const std::string& request) {
  return request.substr(0, std::min(request.find(" HTTP/"), request.find('?')));
}

class PlatformTest : public ::testing::Test {
 protected:
  using Answers = std::function<std::string(const std::string& request)>;

  // An answer of "" closes the connection without one.
  void serve(Answers answers) {
    answers_ = std::move(answers);
    server_.emplace([this](Connection& c) {
      for (auto request = c.read_request(); !request.empty(); request = c.read_request()) {
        {
          const std::lock_guard lock(mutex_);
          seen_.push_back(request);
        }
        const auto bytes = answers_(request);
        if (bytes.empty()) return;
        c.write(bytes);
        // As the client does: only what may be asked twice keeps its connection. An answer that was cut ends
        // so.
        if (!request.starts_with("GET ")) return;
      }
    });
  }
  void always(std::string bytes) {
    serve([bytes = std::move(bytes)](const std::string&) { return bytes; });
  }
  std::string url() { return server_->url(""); }
  // What was asked, in order; how often a line was.
  std::vector<std::string> seen() {
    const std::lock_guard lock(mutex_);
    return seen_;
  }
  int times(const std::string& line) {
    int n = 0;
    for (const auto& request : seen()) n += line_of(request) == line;
    return n;
  }

  static void expect_certain(const Outcome& outcome, Reason reason) {
    EXPECT_EQ(outcome.verdict, Verdict::certain_failure) << outcome.error;
    EXPECT_EQ(outcome.reason, reason) << outcome.error;
    EXPECT_EQ(outcome.retryable, reason == Reason::temporary || reason == Reason::rate_limited);
    EXPECT_FALSE(outcome.error.empty());
    EXPECT_EQ(outcome.error.find(kToken), std::string::npos) << outcome.error;
  }
  static void expect_unknown(const Outcome& outcome) {
    EXPECT_EQ(outcome.verdict, Verdict::unknown) << outcome.error;
    EXPECT_FALSE(outcome.retryable);
    EXPECT_FALSE(outcome.error.empty());
    EXPECT_EQ(outcome.error.find(kToken), std::string::npos) << outcome.error;
  }
  base::BootTime deadline() const { return clock_.boot() + std::chrono::hours(1); }
  // Of the moment at which the clock stands.
  std::string key() const { return base::time_ordered_hex(clock_.wall()); }

  static constexpr auto kToken = "access-token-that-nobody-may-see";
  FakeClock clock_;
  HttpClient http_{{.addresses = {.allow_private = true}}, clock_};
  Limits limits_;
  Credentials credentials_{base::Secret(kToken)};

 private:
  Answers answers_;
  std::mutex mutex_;
  std::vector<std::string> seen_;
  std::optional<RawServer> server_;  // ends first: its threads use what is above
};

}  // namespace fencepost::connect::testing
