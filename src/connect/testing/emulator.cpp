#include "connect/testing/emulator.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/error.hpp"

namespace fencepost::connect::testing {

namespace {

constexpr auto kPatience = std::chrono::seconds(60);  // only a broken build needs it

// The child's first line behind "listening on ".
std::string first_line(int fd) {
  constexpr std::string_view kSays = "listening on ";
  std::string line;
  char c = 0;
  while (::read(fd, &c, 1) == 1 && c != '\n') line += c;
  FENCEPOST_ASSERT(line.starts_with(kSays));
  return line.substr(kSays.size());
}

}  // namespace

Emulator::Emulator(const std::string& platform, const std::vector<std::string>& arguments)
    : http_({.addresses = {.allow_private = true}}, base::system_clock()) {
  std::vector<std::string> words = {"python3", FENCEPOST_EMULATORS "/" + platform + "/" + platform + ".py"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  int ends[2];
  FENCEPOST_ASSERT(::pipe(ends) == 0);
  child_ = ::fork();
  FENCEPOST_ASSERT(child_ >= 0);
  if (child_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // also when the test is killed
    ::dup2(ends[1], STDOUT_FILENO);
    ::close(ends[0]);
    ::close(ends[1]);
    ::execvp(argv[0], argv.data());
    ::_exit(127);
  }
  ::close(ends[1]);
  url_ = first_line(ends[0]);
  ::close(ends[0]);
}

Emulator::~Emulator() {
  ::kill(child_, SIGKILL);
  ::waitpid(child_, nullptr, 0);
}

void Emulator::fault(const nlohmann::json& fault) { post("/_fault", fault); }
void Emulator::set(const nlohmann::json& values) { post("/_set", values); }
void Emulator::reset() { post("/_reset", nlohmann::json::object()); }
nlohmann::json Emulator::log() { return get("/_log"); }
nlohmann::json Emulator::accepted() { return get("/_accepted"); }

int Emulator::accepted(const std::string& what) {
  int count = 0;
  for (const auto& one : accepted()) count += one.at("what") == what ? 1 : 0;
  return count;
}

nlohmann::json Emulator::post(const std::string& path, const nlohmann::json& body) {
  HttpRequest request;
  request.method = "POST";
  request.body = body.dump();
  return call(std::move(request), path);
}
nlohmann::json Emulator::get(const std::string& path) { return call({}, path); }

nlohmann::json Emulator::call(HttpRequest request, const std::string& path) {
  request.url = url_ + path;
  request.deadline = http_.clock().boot() + kPatience;
  request.body_cap = std::size_t{64} << 20;
  const auto result = http_.call(request);
  FENCEPOST_ASSERT(result.status == 200);
  return nlohmann::json::parse(result.body);
}

}  // namespace fencepost::connect::testing
