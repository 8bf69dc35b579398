#include "store/workers.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <utility>

#include "base/error.hpp"
#include "base/file_descriptor.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "store/sql.hpp"

namespace fencepost::store {

namespace {

using Fd = base::FileDescriptor;

[[noreturn]] void fail(const std::string& what) {
  throw base::InfraError(what + ": " + std::strerror(errno), {});
}

[[noreturn]] void refuse(const std::string& folder, const std::string& why) {
  throw base::UserError("state_folder_unusable", "the state folder '" + folder + "' " + why);
}

// Small files of /proc and our own, at most 4 kB; nullopt: cannot be read.
std::optional<std::string> read_small(int fd) {
  std::array<char, 4096> buffer{};
  const ssize_t size = pread(fd, buffer.data(), buffer.size(), 0);
  if (size < 0) return std::nullopt;
  return std::string(buffer.data(), static_cast<std::size_t>(size));
}
std::optional<std::string> read_small(const std::string& path) {
  const Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  return fd ? read_small(fd.get()) : std::nullopt;
}

// proc(5): state is field 3 and the start time field 22 of stat; the second field may contain anything but
// ends at the last bracket.
struct ProcessStat {
  char state = '?';
  std::int64_t started = 0;
};
std::optional<ProcessStat> process_stat(const std::string& pid) {
  const auto text = read_small("/proc/" + pid + "/stat");
  if (!text) return std::nullopt;
  auto at = text->rfind(')');
  if (at == std::string::npos || at + 2 >= text->size()) return std::nullopt;
  ProcessStat stat{(*text)[at + 2], 0};
  for (int field = 2; field < 22 && at != std::string::npos; ++field) at = text->find(' ', at + 1);
  if (at == std::string::npos) return std::nullopt;
  std::from_chars(text->data() + at + 1, text->data() + text->size(), stat.started);
  return stat;
}

bool process_lives(std::int64_t pid, std::int64_t started) {
  const auto stat = process_stat(std::to_string(pid));
  // A zombie runs nothing any more; its parent has not looked yet.
  return stat && stat->started == started && stat->state != 'Z' && stat->state != 'X';
}

// Opened once and worked through its descriptor, so that nobody can put another folder in its place.
Fd open_folder(const std::string& folder) {
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
    refuse(folder, std::string("cannot be made (") + std::strerror(errno) +
                       "): name one that this user may write to");
  Fd fd(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) refuse(folder, "is no folder, or this user may not open it: remove it, or name another one");
  struct stat info {};
  if (fstat(fd.get(), &info) != 0) fail("state folder");
  if (info.st_uid != geteuid()) refuse(folder, "belongs to another user: name another one");
  if ((info.st_mode & 0022) != 0)
    refuse(folder, "can be written by other users: chmod 700 it, or name another one");
  return fd;
}

// The row's "NONCE PATH".
struct LockFile {
  std::string nonce, path;
};
std::optional<LockFile> parse(const std::string& column) {
  const auto space = column.find(' ');
  if (space == std::string::npos || space < 16) return std::nullopt;
  LockFile file{column.substr(0, space), column.substr(space + 1)};
  // Nothing else is opened or deleted, whatever a row says.
  if (!file.path.ends_with("/worker-" + file.nonce + ".lock")) return std::nullopt;
  return file;
}

// The lock of a process that is certainly gone, held as long as the descriptor lives; else an empty one.
Fd lock_of_gone(const std::string& column, std::int64_t pid, std::int64_t started) {
  const auto file = parse(column);
  if (!file) return Fd(-1);
  Fd fd(open(file->path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  struct stat info {};
  if (!fd || fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode)) return Fd(-1);
  if (read_small(fd.get()) != file->nonce || flock(fd.get(), LOCK_EX | LOCK_NB) != 0) return Fd(-1);
  // A program that closes descriptors it does not know loses its lock and lives on.
  if (process_lives(pid, started)) return Fd(-1);
  return fd;
}

std::string& pretended_boot() {
  static std::string boot;
  return boot;
}
}  // namespace

void pretend_boot_for_tests(std::string boot_id) { pretended_boot() = std::move(boot_id); }

std::string boot_id() {
  if (!pretended_boot().empty()) return pretended_boot();
  auto text = read_small("/proc/sys/kernel/random/boot_id").value_or("");
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

std::string default_state_folder() {
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  if (runtime && runtime[0] == '/') return std::string(runtime) + "/fencepost";
  return "/tmp/fencepost-" + std::to_string(geteuid());
}

WorkerRegistration::WorkerRegistration(Database& database, const std::string& state_folder, Holds holds)
    : database_(database), holds_(std::move(holds)), nonce_(base::random_hex(16)) {
  // Absolute, because another process reads it from the row.
  std::string folder = state_folder.empty() ? default_state_folder() : state_folder;
  const Fd directory = open_folder(folder);
  if (char* real = realpath(folder.c_str(), nullptr)) {
    folder = real;
    std::free(real);
  }
  const std::string name = "worker-" + nonce_ + ".lock";
  path_ = folder + "/" + name;
  Fd fd(openat(directory.get(), name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd) fail("cannot make " + path_);
  try {
    // The lock is there before the row, so nobody can find it free.
    if (flock(fd.get(), LOCK_EX | LOCK_NB) != 0) fail("cannot lock " + path_);
    if (pwrite(fd.get(), nonce_.data(), nonce_.size(), 0) != static_cast<ssize_t>(nonce_.size()))
      fail("cannot write " + path_);
    add_row();
  } catch (const base::InfraError& error) {
    // A row that was committed in doubt is found by the next sweep, through its file.
    if (!error.in_doubt()) unlinkat(directory.get(), name.c_str(), 0);
    throw;
  }
  fd_ = fd.release();
}

void WorkerRegistration::add_row() {
  const auto self = process_stat("self");
  if (!self) fail("cannot read /proc/self/stat");
  auto connection = database_.acquire();
  while (number_ == 0) {
    const std::int64_t number = 1 + base::random_below((1U << 20) - 1);
    const auto rows =
        connection->run(sql::add_worker, {number, boot_id(), static_cast<std::int64_t>(getpid()),
                                          self->started, host_name(), nonce_ + " " + path_});
    if (!rows.empty()) number_ = number;
  }
}

WorkerRegistration::~WorkerRegistration() {
  try {
    if (holds_) {
      auto connection = database_.acquire();
      if (!holds_(*connection, number_)) {
        connection->run(sql::delete_worker, {number_, nonce_ + " " + path_});
        unlink(path_.c_str());
      }
    }
  } catch (const std::exception& error) {
    base::log(base::LogLevel::warn, "worker not unregistered",
              {{"worker", number_}, {"error", error.what()}});
  }
  close(fd_);
}

std::vector<std::int64_t> gone_workers(Connection& connection) {
  std::vector<std::int64_t> gone;
  for (const auto& row : connection.run(sql::workers, {boot_id()}))
    if (lock_of_gone(row[1].text(), row[2].integer(), row[3].integer())) gone.push_back(row[0].integer());
  return gone;
}

bool may_live_here(Connection& connection, std::int64_t number) {
  const auto rows = connection.run(sql::worker, {number});
  return !rows.empty() && rows[0][3].text() == boot_id() &&
         !lock_of_gone(rows[0][0].text(), rows[0][1].integer(), rows[0][2].integer());
}

bool has_ended(Connection& connection, std::int64_t number) {
  const auto rows = connection.run(sql::worker, {number});
  return rows.empty() || (rows[0][3].text() == boot_id() &&
                          lock_of_gone(rows[0][0].text(), rows[0][1].integer(), rows[0][2].integer()));
}

bool forget_worker(Connection& connection, std::int64_t number) {
  const auto rows = connection.run(sql::worker, {number});
  if (rows.empty() || rows[0][3].text() != boot_id()) return false;
  const auto& column = rows[0][0].text();
  const Fd lock = lock_of_gone(column, rows[0][1].integer(), rows[0][2].integer());
  if (!lock) return false;
  connection.run(sql::delete_worker, {number, column});
  unlink(parse(column)->path.c_str());
  return true;
}

}  // namespace fencepost::store
