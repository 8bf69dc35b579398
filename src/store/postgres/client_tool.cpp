#include "store/postgres/client_tool.hpp"

#include <fcntl.h>
#include <libpq-fe.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <memory>

extern "C" {  // the header of glibc 2.36 does not say so itself
#include <sys/pidfd.h>
}

#include "base/error.hpp"

namespace fencepost::store::postgres {

namespace {
// Its own process group: Ctrl-C is ours to take, who then end it and say so.
struct Attributes {
  posix_spawnattr_t value{};
  Attributes() {
    sigset_t none, usual;
    sigemptyset(&none);
    sigemptyset(&usual);
    for (const int number : {SIGPIPE, SIGINT, SIGTERM}) sigaddset(&usual, number);
    posix_spawnattr_init(&value);
    posix_spawnattr_setsigmask(&value, &none);
    posix_spawnattr_setsigdefault(&value, &usual);
    posix_spawnattr_setpgroup(&value, 0);
    posix_spawnattr_setflags(&value, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  }
  ~Attributes() { posix_spawnattr_destroy(&value); }
};

struct Actions {
  posix_spawn_file_actions_t value{};
  Actions() { posix_spawn_file_actions_init(&value); }
  ~Actions() { posix_spawn_file_actions_destroy(&value); }
  void give(int fd, int as, int flags) {
    if (fd >= 0)
      posix_spawn_file_actions_adddup2(&value, fd, as);
    else
      posix_spawn_file_actions_addopen(&value, as, "/dev/null", flags, 0);
  }
};

std::string contents(int file) {
  std::string text(4096, '\0');
  const auto got = pread(file, text.data(), text.size(), 0);
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return text;
}

// A value of a connection string, as libpq reads it.
std::string quoted_value(const std::string& text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}
}  // namespace

void wait_ready(int fd, short events, const Tick& tick) {
  constexpr int kTick = 200;  // ms
  pollfd wanted{fd, events, 0};
  while (poll(&wanted, 1, kTick) <= 0) tick();
}

ClientTool::ClientTool(const std::vector<std::string>& arguments, const std::vector<std::string>& environment,
                       int input, int output)
    : errors_(memfd_create("fencepost-errors", MFD_CLOEXEC)) {
  FENCEPOST_ASSERT(errors_.get() >= 0);
  Actions actions;
  actions.give(input, 0, O_RDONLY);
  actions.give(output, 1, O_WRONLY);
  actions.give(errors_.get(), 2, O_WRONLY);
  const Attributes attributes;
  auto own_arguments = arguments;
  auto own_environment = environment;
  own_environment.emplace_back("LC_MESSAGES=C");
  auto argv = base::exec_pointers(own_arguments);
  auto envp = base::exec_pointers(own_environment);
  envp.pop_back();
  for (char** at = environ; *at != nullptr; ++at) envp.push_back(*at);
  envp.push_back(nullptr);
  const int error = posix_spawnp(&pid_, argv[0], &actions.value, &attributes.value, argv.data(), envp.data());
  if (error != 0)
    throw base::UserError("tool_missing", "the program " + arguments[0] +
                                              " was not found: install PostgreSQL's client programs, of the "
                                              "server's version or newer (Debian: postgresql-client)");
}

ClientTool::~ClientTool() {
  if (pid_ < 0) return;
  kill(pid_, SIGKILL);
  reap();
}

bool ClientTool::wait(const Tick& tick) {
  const base::FileDescriptor ended(pidfd_open(pid_, 0));
  FENCEPOST_ASSERT(ended.get() >= 0);
  wait_ready(ended.get(), POLLIN, tick);
  return reap();
}

bool ClientTool::reap() {
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

std::string ClientTool::said() const {
  const auto text = contents(errors_.get());
  return text.empty() ? "it said nothing" : text.substr(0, text.find('\n'));
}

Target::Target(const std::string& url) {
  char* message = nullptr;
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> parsed(
      PQconninfoParse(url.c_str(), &message), &PQconninfoFree);
  PQfreemem(message);
  if (!parsed)
    throw base::UserError("invalid_database_url",
                          "the database URL cannot be read: write it as postgresql://USER@HOST:PORT/NAME");
  for (const auto* option = parsed.get(); option->keyword != nullptr; ++option) {
    if (option->val == nullptr) continue;
    const std::string name = option->keyword;
    if (name == "password")
      environment.push_back(std::string("PGPASSWORD=") + option->val);
    else
      connection += name + "=" + quoted_value(option->val) + " ";
  }
}

ToolVersion::ToolVersion(const std::string& tool) {
  const base::FileDescriptor output(memfd_create("fencepost-version", MFD_CLOEXEC));
  FENCEPOST_ASSERT(output.get() >= 0);
  ClientTool run({tool, "--version"}, {}, -1, output.get());
  const bool ended_well = run.wait([] {});
  text = contents(output.get());
  while (!text.empty() && text.back() == '\n') text.pop_back();
  major = major_of(text);
  if (!ended_well || major == 0)
    throw base::UserError("tool_missing", "the program " + tool +
                                              " does not work: install PostgreSQL's client programs "
                                              "(Debian: postgresql-client)");
}

int major_of(const std::string& version_text) {
  constexpr std::string_view kMark = "(PostgreSQL) ";
  const auto at = version_text.find(kMark);
  if (at == std::string::npos) return 0;
  int major = 0;
  std::from_chars(version_text.data() + at + kMark.size(), version_text.data() + version_text.size(), major);
  return major;
}

}  // namespace fencepost::store::postgres
