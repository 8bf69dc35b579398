#pragma once
// The emulated YouTube (emulators/youtube/youtube.py) as a process of its own. Tests only.

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "connect/http_client.hpp"

namespace fencepost::live::testing {

// One for all tests of a program: starting it takes longer than a test. Ends with the program.
class Emulator {
 public:
  static Emulator& instance();
  Emulator(const Emulator&) = delete;
  Emulator& operator=(const Emulator&) = delete;
  ~Emulator();

  const std::string& url() const { return url_; }
  // Forgets faults, log, budgets; what channels there are stays. Each test has channels of its own.
  void reset();
  // A channel that nobody else has.
  std::string channel();
  // What youtube.py calls a stream; its id.
  std::string stream(const std::string& channel, const nlohmann::json& wish = nlohmann::json::object());
  // The id of the stream afterwards: of a restart another one.
  std::string state(const std::string& video, const std::string& state);
  void sick(const std::vector<std::string>& channels, const std::string& mode, double seconds = 30);
  nlohmann::json post(const std::string& path, const nlohmann::json& body);
  nlohmann::json get(const std::string& path);
  // Requests to paths that begin so and whose query has this value, or any.
  int asked(const std::string& path, const std::string& value = {});

 private:
  Emulator();
  nlohmann::json call(const std::string& method, const std::string& path, const std::string& body);

  int pid_ = 0;
  std::string url_;
  int channels_ = 0;
  connect::HttpClient http_{{.addresses = {.allow_private = true}}, base::system_clock()};
};

}  // namespace fencepost::live::testing
