#include "store/backup/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

#include "base/error.hpp"
#include "base/random.hpp"

namespace fencepost::store::backup {

Draft::Draft(std::string path) : path_(std::move(path)), name_(path_ + ".part-" + base::random_hex(4)) {
  file_ =
      base::FileDescriptor(::open(name_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (file_.get() < 0) unwritten(errno);
}

Draft::~Draft() {
  if (!placed_) unlink(name_.c_str());
}

void Draft::write(const char* data, std::size_t size) {
  write_at(written_, data, size);
  written_ += static_cast<std::int64_t>(size);
}

void Draft::write_at(std::int64_t offset, const char* data, std::size_t size) {
  while (size > 0) {
    const auto wrote = ::pwrite(file_.get(), data, size, offset);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) unwritten(errno);
    if (wrote == 0) unwritten(ENOSPC);
    data += wrote;
    size -= static_cast<std::size_t>(wrote);
    offset += wrote;
  }
}

void Draft::flush() {
  if (fsync(file_.get()) != 0) unwritten(errno);
}

void Draft::name_is_durable() const {
  auto folder = std::filesystem::path(path_).parent_path();
  if (folder.empty()) folder = ".";
  const base::FileDescriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() < 0 || fsync(directory.get()) != 0) unwritten(errno);
}

void Draft::put(bool over) {
  flush();
  const auto flags = over ? 0U : static_cast<unsigned>(RENAME_NOREPLACE);
  if (renameat2(AT_FDCWD, name_.c_str(), AT_FDCWD, path_.c_str(), flags) != 0) {
    if (errno == EEXIST)
      throw base::UserError("file_exists", "'" + path_ + "' is there already, and was left as it is");
    unwritten(errno);
  }
  placed_ = true;
  name_is_durable();
}

void Draft::put_and_keep(const std::string& old_name) {
  flush();
  // A hard link first: at no moment is there no file of that name.
  if (link(path_.c_str(), old_name.c_str()) != 0) unwritten(errno);
  put(true);
}

void Draft::unwritten(int error) const {
  throw base::UserError("file_not_written",
                        "'" + path_ + "' cannot be written (" + std::strerror(error) + "): " +
                            (error == ENOSPC || error == EDQUOT ? "make room, and do it again"
                                                                : "check that its folder exists and is "
                                                                  "writable"));
}

}  // namespace fencepost::store::backup
