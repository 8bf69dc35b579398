#include "apps/announce/live/testing/emulator.hpp"

#include "base/random.hpp"

namespace fencepost::live::testing {

using nlohmann::json;

Emulator& Emulator::instance() {
  static Emulator emulator;
  return emulator;
}

void Emulator::reset() {
  connect::testing::Emulator::reset();
  set({{"limits", {{"units", 10000}, {"search", 100}, {"uploads", 100}}}, {"live_page", "canonical"}});
}

std::string Emulator::channel() {
  const auto id = "UC" + base::random_hex(11);
  post("/_channels", {{"channels", {{{"id", id}}}}});
  return id;
}

std::string Emulator::stream(const std::string& channel, const json& wish) {
  auto whole = wish;
  whole["channel"] = channel;
  return post("/_streams", {{"streams", {whole}}})["ids"][0];
}

std::string Emulator::state(const std::string& video, const std::string& state) {
  return post("/_state", {{"id", video}, {"state", state}})["id"];
}

void Emulator::sick(const std::vector<std::string>& channels, const std::string& mode, double seconds) {
  post("/_sick", {{"channels", channels}, {"mode", mode}, {"seconds", seconds}});
}

int Emulator::asked(const std::string& path, const std::string& value) {
  int found = 0;
  for (const auto& entry : log()) {
    if (!entry["path"].get<std::string>().starts_with(path)) continue;
    bool has = value.empty() || entry["path"].get<std::string>().find(value) != std::string::npos;
    for (const auto& [name, text] : entry["query"].items())
      has = has || text.get<std::string>().find(value) != std::string::npos;
    found += has ? 1 : 0;
  }
  return found;
}

}  // namespace fencepost::live::testing
