#include "apps/upload/media/files.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "media/sql.hpp"
#include "store/guards.hpp"

namespace fencepost::media {

namespace {
using base::FileDescriptor;

// Also a file's name on disk, so nothing else gets there.
bool is_id(const std::string& id) {
  return id.size() == 32 && id.find_first_not_of("0123456789abcdef") == std::string::npos;
}

base::UserError gone() {
  return {"file_gone", "the bytes of this file are gone from the server: begin anew"};
}
}  // namespace

File file_of(const store::Row& row) {
  File file;
  file.id = row[0].text();
  file.person = row[1].maybe_integer();
  file.name = row[2].text();
  file.metadata = row[3].text();
  file.total = row[4].integer();
  file.received = row[5].integer();
  file.created_at = row[6].integer();
  file.expires_at = row[7].integer();
  file.finished_at = row[8].maybe_integer();
  file.media_type = row[9].text();
  file.video = row[10].maybe_integer();
  return file;
}

Files::Files(store::Database& database, const FilesOptions& options, const base::Clock& clock)
    : database_(database), options_(options), clock_(clock) {
  std::error_code ignored;
  if (std::filesystem::create_directory(options.path, ignored))
    std::filesystem::permissions(options.path, std::filesystem::perms::owner_all, ignored);
  folder_ = FileDescriptor(::open(options.path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder_ || faccessat(folder_.get(), ".", W_OK | X_OK, 0) != 0)
    throw base::UserError("invalid_folder", "the folder of uploaded files, '" + options.path +
                                                "', cannot be made or written to");
}

std::int64_t Files::free_bytes() const {
  struct statvfs disk {};
  if (fstatvfs(folder_.get(), &disk) != 0) return 0;
  return static_cast<std::int64_t>(disk.f_bavail) * static_cast<std::int64_t>(disk.f_frsize) - options_.free;
}

File Files::add(store::Connection& connection, std::optional<std::int64_t> person, std::int64_t total,
                const std::string& name, const std::string& metadata) const {
  if (total <= 0) throw base::UserError("empty_file", "a file has at least one byte");
  if (total > options_.most)
    throw base::UserError("too_large", "a file may have " + std::to_string(options_.most) + " bytes here");
  store::Transaction transaction(connection);
  const auto owner = person.value_or(0);
  connection.run(sql::add_usage, {owner});
  if (connection.run(sql::take_usage, {owner, total, options_.most_of_person}).empty())
    throw base::UserError("files_full", "your files would take more than " +
                                            std::to_string(options_.most_of_person) +
                                            " bytes: delete some, or finish what was begun");
  // Others may come at the same moment: whoever writes looks again.
  if (connection.run(sql::bytes_to_come)[0][0].integer() + total > free_bytes())
    throw base::UserError("disk_full", "the server's disk has no room for this file");
  const auto id = base::random_hex(16);
  connection.run(sql::add_file, {id, person, name, metadata, total, options_.expire.count()});
  auto file = file_of(connection.run(sql::file, {id}).rows.at(0));
  transaction.commit();
  return file;
}

std::optional<File> Files::get(const std::string& id) const {
  if (!is_id(id)) return std::nullopt;
  return database_.retrying([&](store::Connection& connection) -> std::optional<File> {
    const auto rows = connection.run(sql::file, {id});
    if (rows.empty() || rows[0][11].boolean()) return std::nullopt;
    return file_of(rows[0]);
  });
}

FileDescriptor Files::locked(const std::string& id, std::int64_t received) {
  // Made by its first writer; one that had bytes and is not there is lost.
  const int make = received == 0 ? O_CREAT : 0;
  FileDescriptor fd(openat(folder_.get(), id.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | make, 0600));
  if (!fd) throw gone();
  const auto lock = [&] { return !store::guard("media_lock") || flock(fd.get(), LOCK_EX | LOCK_NB) == 0; };
  if (lock()) return fd;
  const auto other = writers_.with([&](auto& writers) {
    const auto at = writers.find(id);
    return at == writers.end() ? nullptr : at->second.lock();
  });
  if (other && other->idle_for(kIdle)) other->give_up();
  if (!lock())
    throw base::UserError("locked", "another request writes to this file: ask for its offset in a moment");
  return fd;
}

std::shared_ptr<FileWriter> Files::open(const std::string& id, std::int64_t offset, bool provisional) {
  const base::UserError none("not_found", "there is no such file: it is over, or was deleted");
  const auto before = get(id);
  if (!before) throw none;
  auto fd = before->finished_at ? FileDescriptor() : locked(id, before->received);
  // As it is under the lock, which nobody else has from here on.
  const auto file = get(id);
  if (!file) {
    unlinkat(folder_.get(), id.c_str(), 0);  // it may have been made just now
    throw none;
  }
  if (file->finished_at || !fd || file->received != offset)
    throw base::UserError("offset_mismatch",
                          "the server has " + std::to_string(file->received) + " bytes: go on there");
  struct stat is {};
  if (fstat(fd.get(), &is) != 0 || is.st_nlink == 0 || is.st_size < file->received) throw gone();
  if (ftruncate(fd.get(), file->received) != 0 || (offset == 0 && fsync(folder_.get()) != 0)) throw gone();
  const auto writer = std::shared_ptr<FileWriter>(new FileWriter(*this, *file, std::move(fd), provisional));
  writers_.with([&](auto& writers) {
    std::erase_if(writers, [](const auto& each) { return each.second.expired(); });
    writers[id] = writer;
  });
  return writer;
}

bool Files::drop(const store::Statement& statement, const std::string& id) {
  return database_.retrying([&](store::Connection& connection) {
    store::Transaction transaction(connection);
    const auto rows = connection.run(statement, {id});
    if (rows.empty()) return false;
    connection.run(sql::give_usage, {rows[0][0].maybe_integer().value_or(0), rows[0][1].integer()});
    transaction.commit();
    return true;
  });
}

bool Files::remove(const std::string& id) {
  if (!is_id(id) || !drop(sql::drop_file, id)) return false;
  sweep();
  return true;
}

int Files::sweep(int step) {
  const auto names = [&](const store::Statement& statement) {
    return database_.retrying(
        [&](store::Connection& connection) { return connection.run(statement, {step}).rows; });
  };
  int gone = 0;
  for (const auto& row : names(sql::expired_files)) drop(sql::drop_expired, row[0].text());
  for (const auto& row : names(sql::removed_files)) {
    const auto id = row[0].text();
    if (unlinkat(folder_.get(), id.c_str(), 0) != 0 && errno != ENOENT) {
      base::log(base::LogLevel::warn, "file not deleted", {{"file", id}, {"errno", errno}});
      continue;
    }
    database_.retrying([&](store::Connection& connection) {
      connection.run(sql::forget_file, {id});
      return 0;
    });
    ++gone;
  }
  return gone;
}

}  // namespace fencepost::media
