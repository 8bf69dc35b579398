#pragma once
// A backup's file: a tar of the database's bytes, the manifest, and their SHA-256 sums in the form of
// sha256sum(1). So whoever has nothing but the file and a shell can look into it, check it and use it.
// Format: POSIX.1-2017, pax, "ustar Interchange Format"; sizes over 8 GiB in GNU tar's base-256.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "store/backup/file.hpp"

namespace fencepost::store::backup {

// How far a long work has come, in bytes; `total` 0: nobody knows. Called often; may throw, which ends it.
using Progress = std::function<void(std::int64_t done, std::int64_t total)>;

// Writes an archive: the database first, as it comes, then the manifest. Not thread-safe.
class ArchiveWriter {
 public:
  // Throws UserError("file_not_written").
  explicit ArchiveWriter(std::string path);
  ~ArchiveWriter();
  void database(const char* data, std::size_t size);
  // `member`: the name of the database's bytes in the archive. Durable when it returns.
  void finish(const std::string& member, const std::string& manifest, bool over);

 private:
  struct Sum;
  void member(const std::string& name, const std::string& content);

  Draft draft_;
  std::unique_ptr<Sum> sum_;
};

// An archive whose sums were checked. Not thread-safe.
class ArchiveReader {
 public:
  // Reads all of it once. Throws UserError: "not_a_backup", "backup_damaged" (also where it was cut off) or
  // "file_not_read".
  ArchiveReader(const std::string& path, const Progress& progress);
  const std::string& manifest() const { return manifest_; }
  const std::string& member() const { return member_; }
  std::int64_t size() const { return size_; }  // of the database's bytes
  // Gives the database's bytes to `take`.
  void read(const std::function<void(const char*, std::size_t)>& take, const Progress& progress) const;

 private:
  void check(const Progress& progress);
  std::string content(std::int64_t at, std::int64_t size) const;
  void exactly(std::int64_t at, char* into, std::size_t size) const;
  [[noreturn]] void damaged(const std::string& how) const;

  const std::string path_;
  base::FileDescriptor file_;
  std::int64_t length_ = 0, size_ = 0;
  std::string member_, manifest_;
};

}  // namespace fencepost::store::backup
