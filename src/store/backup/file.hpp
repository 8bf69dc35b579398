#pragma once
// Files that are there whole or not at all: written under another name, flushed, then given their own.

#include <cstdint>
#include <string>

#include "base/file_descriptor.hpp"

namespace fencepost::store::backup {

// A file beside its place, 0600, that is gone again unless it is put there. Not thread-safe. Throws
// UserError("file_not_written"), which says what the system said: a full disk, a folder that is none.
class Draft {
 public:
  explicit Draft(std::string path);
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;
  ~Draft();

  const std::string& name() const { return name_; }  // while it is a draft
  void write(const char* data, std::size_t size);
  void write_at(std::int64_t offset, const char* data, std::size_t size);
  std::int64_t written() const { return written_; }
  // Flushes it and gives it its name; durable when it returns. `over`: what has the name is replaced; else
  // UserError("file_exists").
  void put(bool over);
  // As put(over), and what had the name is kept as `old_name`.
  void put_and_keep(const std::string& old_name);

 private:
  void flush();
  void name_is_durable() const;
  [[noreturn]] void unwritten(int error) const;

  const std::string path_;
  const std::string name_;
  base::FileDescriptor file_;
  std::int64_t written_ = 0;
  bool placed_ = false;
};

}  // namespace fencepost::store::backup
