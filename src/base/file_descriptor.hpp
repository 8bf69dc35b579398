#pragma once
// Owners of file descriptors, and what is handed to exec. Not thread-safe.

#include <string>
#include <utility>
#include <vector>

namespace fencepost::base {

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd = -1) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(other.release()) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  ~FileDescriptor() { close(); }
  int get() const { return fd_; }  // -1: none
  explicit operator bool() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void close();

 private:
  int fd_;
};

// Closed on exec.
struct Pipe {
  FileDescriptor read, write;
  // Makes both ends; false: the process has no descriptors left.
  bool make();
};

// The texts as argv and envp want them, with the null behind; valid while the texts are as they are.
std::vector<char*> exec_pointers(std::vector<std::string>& texts);

}  // namespace fencepost::base
