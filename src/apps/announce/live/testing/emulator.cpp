#include "apps/announce/live/testing/emulator.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <stdexcept>

#include "base/random.hpp"

namespace fencepost::live::testing {

using nlohmann::json;

Emulator& Emulator::instance() {
  static Emulator emulator;
  return emulator;
}

Emulator::Emulator() {
  int ends[2];
  if (pipe(ends) != 0) throw std::runtime_error("no pipe");
  const std::string script = FENCEPOST_SOURCE_DIR "/emulators/youtube/youtube.py";
  pid_ = fork();
  if (pid_ == 0) {
    // Also where a test crashes.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(ends[1], STDOUT_FILENO);
    execlp("python3", "python3", script.c_str(), nullptr);
    _exit(127);
  }
  close(ends[1]);
  std::string line;
  for (char c = 0; read(ends[0], &c, 1) == 1 && c != '\n';) line += c;
  close(ends[0]);
  const auto at = line.find("http://");
  if (at == std::string::npos) throw std::runtime_error(script + " did not say where it listens");
  url_ = line.substr(at);
}

Emulator::~Emulator() {
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

json Emulator::call(const std::string& method, const std::string& path, const std::string& body) {
  connect::HttpRequest request;
  request.method = method;
  request.url = url_ + path;
  request.body = body;
  request.body_cap = std::size_t{64} << 20;
  request.deadline = base::system_clock().boot() + std::chrono::minutes(5);
  const auto result = http_.call(request);
  if (result.status != 200) throw std::runtime_error(path + " answered " + std::to_string(result.status));
  return json::parse(result.body);
}

json Emulator::post(const std::string& path, const json& body) { return call("POST", path, body.dump()); }
json Emulator::get(const std::string& path) { return call("GET", path, ""); }

void Emulator::reset() {
  post("/_reset", json::object());
  post("/_set",
       {{"limits", {{"units", 10000}, {"search", 100}, {"uploads", 100}}}, {"live_page", "canonical"}});
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
  for (const auto& entry : get("/_log")) {
    if (!entry["path"].get<std::string>().starts_with(path)) continue;
    bool has = value.empty() || entry["path"].get<std::string>().find(value) != std::string::npos;
    for (const auto& [name, text] : entry["query"].items())
      has = has || text.get<std::string>().find(value) != std::string::npos;
    found += has ? 1 : 0;
  }
  return found;
}

}  // namespace fencepost::live::testing
