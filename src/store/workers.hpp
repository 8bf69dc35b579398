#pragma once
// Who is at work (rule 11). Every process has a number, which stands in the high bits of its claims, a row in
// fencepost_workers, and a lock on a file that the kernel takes away when the process ends, however it ends.
// So another process of the same machine knows at once that its claims will not be worked any more; all
// others wait for the leases.
//
// The file is named after a random nonce and contains it; the row has both. Whatever cannot be known for
// certain is "not known": another boot or machine, a missing or foreign file, a lock that somebody holds. A
// lock lives as long as any copy of its descriptor: a process that forks without exec passes it on, and its
// number is then gone only with the child. A stopped or debugged process keeps it.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "store/database.hpp"

namespace fencepost::store {

// The folder of lock files where none is given: $XDG_RUNTIME_DIR/fencepost, else /tmp/fencepost-UID.
std::string default_state_folder();

// Of this machine: its name, and what names its present boot.
std::string host_name();
std::string boot_id();
// Tests only, before anything registers: this process says of itself that it runs in another boot, as one on
// another machine does.
void pretend_boot_for_tests(std::string boot_id);

// A process's registration. Immutable, and so thread-safe. The database outlives it.
class WorkerRegistration {
 public:
  // Whether this number still holds anything, in any queue.
  using Holds = std::function<bool(Connection&, std::int64_t number)>;

  // Makes `state_folder` (mode 0700) where it does not exist; empty: the default. Throws
  // UserError("state_folder_unusable") where it belongs to somebody else or others may write to it, and
  // InfraError where the file or the row cannot be written.
  explicit WorkerRegistration(Database& database, const std::string& state_folder = {}, Holds holds = {});
  // Lets the lock go, so destroy it after the last handler has returned. Row and file go too where `holds`
  // says that nothing is left; without it, or while the database is away, they stay for whoever sweeps next.
  // Waits for the database as long as any call does; never throws.
  ~WorkerRegistration();
  WorkerRegistration(const WorkerRegistration&) = delete;
  WorkerRegistration& operator=(const WorkerRegistration&) = delete;

  // 1 … 2^20 - 1, random, and not that of any other registration.
  std::int64_t number() const { return number_; }
  const std::string& lock_file() const { return path_; }

 private:
  void add_row();

  Database& database_;
  const Holds holds_;
  std::string nonce_;
  std::string path_;
  int fd_ = -1;
  std::int64_t number_ = 0;
};

// Numbers whose process is certainly gone: registered in this boot of this machine, the lock can be taken,
// and no process has its pid and start time. What they held may be rescued at once. Takes each lock for a
// moment, so one of two that ask at the same time may not learn it.
std::vector<std::int64_t> gone_workers(Connection& connection);

// Whether a worker of this number may still act on this machine: it is registered in this boot, and not known
// to be gone. Of one on another machine, or of an earlier boot, nothing can be known: false.
bool may_live_here(Connection& connection, std::int64_t number);

// Whether the process of this number has ended for certain: it is known to be gone, or not registered any
// more. For what it had nothing to do with a claim; claims are rescued.
bool has_ended(Connection& connection, std::int64_t number);

// Deletes row and file of a worker that is gone, when nothing is held under its number any more (the caller
// has seen to that: the number becomes free). False: it is not known to be gone, or already forgotten.
bool forget_worker(Connection& connection, std::int64_t number);

}  // namespace fencepost::store
