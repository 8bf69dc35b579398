#pragma once
// PostgreSQL's own programs: pg_dump, pg_restore, psql. They know every kind of object of their server.

#include <sys/types.h>
#include <functional>
#include <string>
#include <vector>

#include "base/file_descriptor.hpp"

namespace fencepost::store::postgres {

// Called some times a second while something is waited for; may throw, which ends the wait.
using Tick = std::function<void()>;
// Waits until the descriptor can be read, or written.
void wait_ready(int fd, short events, const Tick& tick);

// One run. Ended (SIGKILL) when it is destroyed before wait(). Not thread-safe; the caller ignores SIGPIPE.
class ClientTool {
 public:
  // `input`, `output`: descriptors, or -1 for /dev/null. `environment`: NAME=value, beside this process's.
  // Throws UserError("tool_missing").
  ClientTool(const std::vector<std::string>& arguments, const std::vector<std::string>& environment,
             int input, int output);
  ClientTool(const ClientTool&) = delete;
  ClientTool& operator=(const ClientTool&) = delete;
  ~ClientTool();
  // Waits until it has ended; whether it ended well.
  bool wait(const Tick& tick);
  // What it said on standard error: its first line, for the operator.
  std::string said() const;

 private:
  bool reap();

  pid_t pid_ = -1;
  base::FileDescriptor errors_;
};

// The URL as its programs take it: the password goes by the environment, where ps does not show it. Throws
// UserError("invalid_database_url").
struct Target {
  explicit Target(const std::string& url);
  std::string connection;
  std::vector<std::string> environment;
};

// "pg_dump (PostgreSQL) 15.8 (Debian …)" and its 15. Throws UserError("tool_missing").
struct ToolVersion {
  explicit ToolVersion(const std::string& tool);
  std::string text;
  int major = 0;
};
int major_of(const std::string& version_text);

}  // namespace fencepost::store::postgres
