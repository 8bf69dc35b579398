#include "apps/upload/media/probe.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <sstream>

namespace fencepost::media {

namespace {
using nlohmann::json;

constexpr int kAs = 3;  // what the file is called there
constexpr std::size_t kMostOutput = 64 * 1024;

std::vector<std::string> arguments(const std::string& program, const ProbeLimits& limits) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(limits.time).count();
  return {"/usr/bin/prlimit",
          "--cpu=" + std::to_string(seconds),
          "--as=" + std::to_string(limits.memory),
          "--fsize=0",
          "--core=0",
          "--nofile=32",
          "--",
          program,
          "-v",
          "error",
          "-hide_banner",
          "-protocol_whitelist",
          "file",
          "-format_whitelist",
          "mov,matroska,avi,flv,asf,mpeg,mpegts,mpegvideo,ogg",
          "-select_streams",
          "v:0",
          "-show_entries",
          "format=duration:stream=width,height,duration:stream_disposition=attached_pic",
          "-of",
          "json",
          "-i",
          "file:/proc/self/fd/" + std::to_string(kAs)};
}

// A process of its own group, killed with it where it is not waited for.
class Program {
 public:
  Program(std::vector<std::string> words, int file, int output) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, output, 1);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, file, kAs);
    posix_spawnattr_t attributes;
    sigset_t none, usual;
    sigemptyset(&none);
    sigfillset(&usual);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &usual);
    posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    auto argv = base::exec_pointers(words);
    // Nothing of this process's own environment: it may hold secrets.
    char* const environment[] = {nullptr};
    if (posix_spawn(&pid_, argv[0], &actions, &attributes, argv.data(), environment) != 0) pid_ = -1;
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program() {
    if (pid_ < 0) return;
    kill(-pid_, SIGKILL);
    end();
  }
  bool started() const { return pid_ >= 0; }
  // True where it ended with code 0. It has closed its output, so it is about to end.
  bool end() {
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }

 private:
  pid_t pid_ = -1;
};

// All that it writes, until it closes its output; nullopt: too late, or too much.
std::optional<std::string> output_of(int from, base::BootTime until, const std::stop_token& stop) {
  constexpr std::int64_t kStep = 200;  // ms between two looks whether it shall end
  std::string text;
  std::array<char, 4096> buffer{};
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(until - base::system_clock().boot()).count();
    pollfd wanted{from, POLLIN, 0};
    if (left <= 0 || text.size() > kMostOutput || stop.stop_requested()) return std::nullopt;
    if (poll(&wanted, 1, static_cast<int>(std::min<std::int64_t>(left, kStep))) <= 0) continue;
    const auto n = read(from, buffer.data(), buffer.size());
    if (n == 0) return text;
    if (n > 0) text.append(buffer.data(), static_cast<std::size_t>(n));
    if (n < 0 && errno != EINTR) return std::nullopt;
  }
}

// "12.345" as milliseconds.
std::optional<std::int64_t> milliseconds(const json& in) {
  const auto at = in.find("duration");
  if (at == in.end() || !at->is_string()) return std::nullopt;
  const auto& text = at->get_ref<const std::string&>();
  double seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  // A hundred days: nothing longer is a video, and the number below must fit.
  if (error != std::errc() || !(seconds >= 0) || seconds > 8'640'000) return std::nullopt;
  return std::llround(seconds * 1000);
}

std::optional<std::int64_t> pixels(const json& stream, const char* name) {
  const auto at = stream.find(name);
  if (at == stream.end() || !at->is_number_integer()) return std::nullopt;
  const auto number = at->get<std::int64_t>();
  return number > 0 && number <= 100'000 ? std::optional(number) : std::nullopt;
}
}  // namespace

std::string find_program(const std::string& name) {
  if (name.find('/') != std::string::npos) return access(name.c_str(), X_OK) == 0 ? name : "";
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "/usr/bin:/bin" : path);
  for (std::string folder; std::getline(folders, folder, ':');)
    if (folder.starts_with('/') && access((folder + '/' + name).c_str(), X_OK) == 0)
      return folder + '/' + name;
  return "";
}

Facts read_answer(const std::string& text) {
  Facts facts{.error = "it could not be measured: it is no video, or a broken one"};
  const auto answer = json::parse(text, nullptr, false);
  if (!answer.is_object()) return facts;
  const auto format = answer.find("format");
  if (format != answer.end() && format->is_object()) facts.duration_ms = milliseconds(*format);
  const auto streams = answer.find("streams");
  if (streams != answer.end() && streams->is_array() && !streams->empty() && streams->front().is_object()) {
    const auto& stream = streams->front();
    const auto cover = stream.value("/disposition/attached_pic"_json_pointer, 0) != 0;
    if (!cover) facts.width = pixels(stream, "width");
    if (!cover) facts.height = pixels(stream, "height");
    if (!facts.duration_ms) facts.duration_ms = milliseconds(stream);
  }
  if (facts.duration_ms) facts.error.clear();
  return facts;
}

Facts probe(const std::string& program, const base::FileDescriptor& file, const ProbeLimits& limits,
            const std::stop_token& stop) {
  base::Pipe output;
  if (!output.make()) return {.error = "it could not be measured: the server has too many open files"};
  Program running(arguments(program, limits), file.get(), output.write.get());
  output.write.close();
  if (!running.started()) return {.error = "it could not be measured: ffprobe could not be started"};
  const auto text = output_of(output.read.get(), base::system_clock().boot() + limits.time, stop);
  if (!text) return {.error = "it could not be measured in time"};
  running.end();
  return read_answer(*text);
}

}  // namespace fencepost::media
