#pragma once
// The emulated YouTube (emulators/youtube/youtube.py) as a process of its own. Tests only.

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "connect/testing/emulator.hpp"

namespace fencepost::live::testing {

// One for all tests of a program: starting it takes longer than a test. Ends with the program.
class Emulator : public connect::testing::Emulator {
 public:
  static Emulator& instance();

  // Forgets faults, log, budgets; what channels there are stays. Each test has channels of its own.
  void reset();
  // A channel that nobody else has.
  std::string channel();
  // What youtube.py calls a stream; its id.
  std::string stream(const std::string& channel, const nlohmann::json& wish = nlohmann::json::object());
  // The id of the stream afterwards: of a restart another one.
  std::string state(const std::string& video, const std::string& state);
  void sick(const std::vector<std::string>& channels, const std::string& mode, double seconds = 30);
  // Requests to paths that begin so and whose query has this value, or any.
  int asked(const std::string& path, const std::string& value = {});

 private:
  Emulator() : connect::testing::Emulator("youtube") {}
};

}  // namespace fencepost::live::testing
