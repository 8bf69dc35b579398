#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "apps/upload/media/files.hpp"
#include "apps/upload/media/sniff.hpp"
#include "apps/upload/media/videos.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "media/sql.hpp"

namespace fencepost::media {

namespace {
base::UserError disk_full() {
  return {"disk_full", "the server's disk is full: what it has of the file is kept, go on later"};
}
base::UserError removed() {
  return {"file_gone", "this file was deleted, or is written to by another request"};
}
}  // namespace

FileWriter::FileWriter(Files& files, File file, base::FileDescriptor fd, bool provisional)
    : files_(files),
      file_(std::move(file)),
      fd_(std::move(fd)),
      offset_(file_.received),
      provisional_(provisional),
      last_(files.clock_.boot()) {}

FileWriter::~FileWriter() { give_up(); }

void FileWriter::check_held() const {
  if (!fd_) throw base::UserError("locked", "another request has gone on with this file");
}

void FileWriter::write(std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  check_held();
  if (static_cast<std::int64_t>(bytes.size()) > file_.total - offset_)
    throw base::UserError("too_large", "this is more than what the file was announced with");
  while (!bytes.empty()) {
    const auto n = pwrite(fd_.get(), bytes.data(), bytes.size(), offset_);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) throw disk_full();
    offset_ += n;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  last_ = files_.clock_.boot();
  if (provisional_ || offset_ - file_.received < files_.options_.flush) return;
  if (files_.free_bytes() < 0) throw disk_full();
  if (offset_ < file_.total) record();
}

File FileWriter::keep() {
  const std::lock_guard lock(mutex_);
  check_held();
  settle();
  return file_;
}

void FileWriter::discard() {
  const std::lock_guard lock(mutex_);
  if (fd_ && ftruncate(fd_.get(), file_.received) == 0) offset_ = file_.received;
}

bool FileWriter::idle_for(base::Duration duration) const {
  const std::lock_guard lock(mutex_);
  return files_.clock_.boot() - last_ >= duration;
}

void FileWriter::give_up() {
  const std::lock_guard lock(mutex_);
  if (!fd_) return;
  try {
    if (!provisional_ && offset_ != file_.received) settle();
  } catch (const std::exception& error) {
    // What was recorded before counts; the client asks for it.
    base::log(base::LogLevel::info, "piece not kept", {{"error", error.what()}});
  }
  fd_.close();
}

void FileWriter::settle() {
  if (offset_ == file_.total)
    register_whole();
  else
    record();
}

void FileWriter::record() {
  if (offset_ == file_.received) return;
  if (fdatasync(fd_.get()) != 0) throw disk_full();
  const auto expire = files_.options_.expire.count();
  const bool mine = files_.database_.retrying([&](store::Connection& connection) {
    return !connection.run(sql::store_received, {file_.id, file_.received, offset_, expire}).empty();
  });
  if (!mine) throw removed();
  file_.received = offset_;
}

// The last bytes count in the transaction that makes a video of them: there is no whole file that is none.
void FileWriter::register_whole() {
  struct stat is {};
  std::string first(kSniffed, '\0');
  if (fdatasync(fd_.get()) != 0 || fstat(fd_.get(), &is) != 0) throw disk_full();
  const auto n = pread(fd_.get(), first.data(), first.size(), 0);
  first.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  const FileFacts facts{is.st_size, modified_of(is), static_cast<std::int64_t>(is.st_ino),
                        media_type_of(first)};
  file_ = files_.database_.retrying([&](store::Connection& connection) {
    store::Transaction transaction(connection);
    std::optional<std::int64_t> video;
    if (!is_picture(facts.media_type))
      video = add_video(connection, {file_.person, kFiles, file_.id, title_of(file_.name)}, facts).video.id;
    if (connection.run(sql::finish_file, {file_.id, file_.received, facts.media_type, video}).empty())
      throw removed();
    auto whole = file_of(connection.run(sql::file, {file_.id}).rows.at(0));
    transaction.commit();
    return whole;
  });
}

}  // namespace fencepost::media
