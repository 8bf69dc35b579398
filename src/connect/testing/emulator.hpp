#pragma once
// An emulated platform of emulators/, as a process of its own that ends with its object. Tests only.

#include <sys/types.h>

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "connect/http_client.hpp"

namespace fencepost::connect::testing {

class Emulator {
 public:
  // `platform`: a folder of emulators/. Returns when it listens.
  explicit Emulator(const std::string& platform, const std::vector<std::string>& arguments = {});
  ~Emulator();
  Emulator(const Emulator&) = delete;
  Emulator& operator=(const Emulator&) = delete;

  const std::string& url() const { return url_; }
  // What emulators/emulator.py says of /_fault, /_set, /_reset, /_log and /_accepted.
  void fault(const nlohmann::json& fault);
  void set(const nlohmann::json& values);
  void reset();
  nlohmann::json log();
  nlohmann::json accepted();
  // How often `what` took effect.
  int accepted(const std::string& what);

  // What else this one answers.
  nlohmann::json post(const std::string& path, const nlohmann::json& body);
  nlohmann::json get(const std::string& path);

 private:
  nlohmann::json call(HttpRequest request, const std::string& path);

  pid_t child_ = -1;
  std::string url_;
  HttpClient http_;
};

}  // namespace fencepost::connect::testing
