#include "cli/process.hpp"

#include <pthread.h>
#include <sys/resource.h>

#include "base/error.hpp"
#include "cli/settings.hpp"

namespace fencepost::cli {

sigset_t hold_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGTERM, SIGINT}) sigaddset(&set, number);
  FENCEPOST_ASSERT(pthread_sigmask(SIG_BLOCK, &set, nullptr) == 0);
  signal(SIGPIPE, SIG_IGN);
  return set;
}

void release_signals(const sigset_t& set) { pthread_sigmask(SIG_UNBLOCK, &set, nullptr); }

void raise_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

base::LogLevel level_of(const std::string& name) {
  using base::LogLevel;
  if (name == "debug") return LogLevel::debug;
  if (name == "warn") return LogLevel::warn;
  return name == "error" ? LogLevel::error : LogLevel::info;
}

connect::HttpOptions outgoing(const Settings& settings) {
  connect::HttpOptions options;
  options.addresses.allow_private = settings.flag("allow-private-addresses");
  return options;
}

connect::HttpOptions to_base_urls() {
  connect::HttpOptions options;
  options.addresses.allow_private = true;
  options.idle_handles = 64;
  return options;
}

}  // namespace fencepost::cli
