#pragma once
// What is thrown. An outcome is never an exception: it is a value of its own type.

#include <stdexcept>
#include <string>
#include <utility>

namespace fencepost {

// The database, the network or the disk failed. Says what the caller may do about it:
//   retryable: the same call may succeed if it is made again (lock time-out, deadlock, database gone);
//   poisoned:  the connection cannot be used again;
//   in_doubt:  a commit was under way and nobody knows whether it took effect. Never both true and ignored:
//              look again on a new connection.
// The message may name SQL and hosts; it is for logs, never for clients.
class InfraError : public std::runtime_error {
 public:
  struct Flags {
    bool retryable = false;
    bool poisoned = false;
    bool in_doubt = false;
  };
  InfraError(const std::string& message, Flags flags, std::string sqlstate = {})
      : std::runtime_error(message), flags_(flags), sqlstate_(std::move(sqlstate)) {}

  bool retryable() const { return flags_.retryable; }
  bool poisoned() const { return flags_.poisoned; }
  bool in_doubt() const { return flags_.in_doubt; }
  // SQLSTATE on PostgreSQL, the extended result code's name on SQLite, or empty.
  const std::string& sqlstate() const { return sqlstate_; }

 private:
  Flags flags_;
  std::string sqlstate_;
};

// The caller asked for something that cannot be done as asked. `code` is stable and machine-readable; the
// message says what to do about it and is safe to show to a client.
class UserError : public std::runtime_error {
 public:
  UserError(std::string code, const std::string& message)
      : std::runtime_error(message), code_(std::move(code)) {}
  const std::string& code() const { return code_; }

 private:
  std::string code_;
};

}  // namespace fencepost
