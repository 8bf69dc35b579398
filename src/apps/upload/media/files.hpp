#pragma once
// Files that come in pieces and are kept whatever happens between two of them: what tus
// (https://tus.io/protocols/resumable-upload) asks of a disk and a database.
//
// A file's lock is flock() on it: one writes at a time, over all processes of a host, and over hosts that
// share the folder by NFSv4 or another file system with such locks. `received` is written only under it, and
// only after fdatasync(): it is never more than what is on disk. What lies behind it, of a process that died,
// is cut off by the next writer.

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "apps/upload/media/folders.hpp"
#include "base/guarded.hpp"
#include "store/database.hpp"

namespace fencepost::media {

struct FilesOptions {
  std::string path{};                                     // the folder, made where it is missing
  std::int64_t most = std::int64_t{128} << 30;            // bytes of one file
  std::int64_t most_of_person = std::int64_t{512} << 30;  // bytes of all of one person's
  std::int64_t free = std::int64_t{1} << 30;              // bytes of the disk that stay free
  base::Duration expire = std::chrono::hours(24);         // without a new byte: deleted
  std::int64_t flush = std::int64_t{8} << 20;             // bytes between two flushes
};

struct File {
  std::string id;
  std::optional<std::int64_t> person{};  // nullopt: the instance's
  std::string name;
  std::string metadata;  // as it came
  std::int64_t total = 0, received = 0;
  base::Micros created_at = 0, expires_at = 0;
  std::optional<base::Micros> finished_at{};
  std::string media_type;               // once it is whole
  std::optional<std::int64_t> video{};  // once it is whole, and no picture
};

// Of a row of the statement `file`.
File file_of(const store::Row& row);

class Files;

// Writes to one file. Used by one thread at a time; may be destroyed on another. Its end keeps what has
// arrived.
class FileWriter {
 public:
  ~FileWriter();
  FileWriter(const FileWriter&) = delete;
  FileWriter& operator=(const FileWriter&) = delete;

  // Throws UserError: too_large (more than the file's total), disk_full, locked (another has taken over, as
  // nothing came here for a while), file_gone.
  void write(std::string_view bytes);
  // What was written is on disk and recorded; a whole file becomes a video, or a picture. Throws as write()
  // does, and InfraError; in doubt: look at the file again.
  File keep();
  // Forgets what was written since the last keep().
  void discard();
  std::int64_t offset() const { return offset_; }

 private:
  friend class Files;
  FileWriter(Files& files, File file, base::FileDescriptor fd, bool provisional);
  void give_up();  // from another thread, see Files::kIdle
  bool idle_for(base::Duration duration) const;
  void settle();
  void record();
  void register_whole();
  void check_held() const;

  Files& files_;
  mutable std::mutex mutex_;
  File file_;
  base::FileDescriptor fd_;  // none: given up
  std::int64_t offset_;
  const bool provisional_;  // nothing is recorded before keep()
  base::BootTime last_;
};

// Thread-safe.
class Files {
 public:
  // A writer to which nothing has come for so long is told to give up by the next one of its process: its
  // client has most likely lost the connection, and comes anew.
  static constexpr std::chrono::seconds kIdle{5};

  // Opens the folder, and makes it where it is missing. Throws UserError("invalid_folder").
  Files(store::Database& database, const FilesOptions& options, const base::Clock& clock);

  const FilesOptions& options() const { return options_; }

  // A part of the caller's transaction. Throws UserError: too_large, files_full (the person's are too much),
  // disk_full, empty_file.
  File add(store::Connection& connection, std::optional<std::int64_t> person, std::int64_t total,
           const std::string& name, const std::string& metadata) const;
  // nullopt: there is none, or it is over.
  std::optional<File> get(const std::string& id) const;
  // To go on with at `offset`. `provisional`: keep() decides whether any of it counts. Throws UserError:
  // not_found, locked, offset_mismatch, file_gone (the disk has less than was recorded).
  std::shared_ptr<FileWriter> open(const std::string& id, std::int64_t offset, bool provisional);
  // Also while it is written. False: there is none, or it is a video (see remove_video).
  bool remove(const std::string& id);
  // Deletes what is over, and the bytes of what was removed, also with a video. Answers how many went; call
  // it until that is 0. Any number of instances may. Throws InfraError.
  int sweep(int step = 100);

 private:
  friend class FileWriter;
  base::FileDescriptor locked(const std::string& id, std::int64_t received);
  std::int64_t free_bytes() const;
  bool drop(const store::Statement& statement, const std::string& id);

  store::Database& database_;
  const FilesOptions options_;
  const base::Clock& clock_;
  base::FileDescriptor folder_;
  base::Guarded<std::map<std::string, std::weak_ptr<FileWriter>>> writers_;
};

}  // namespace fencepost::media
