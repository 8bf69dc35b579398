#include "base/file_descriptor.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>

namespace fencepost::base {

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  close();
  fd_ = other.release();
  return *this;
}

void FileDescriptor::close() {
  if (fd_ >= 0) ::close(release());
}

bool Pipe::make() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return false;
  read = FileDescriptor(ends[0]);
  write = FileDescriptor(ends[1]);
  return true;
}

std::vector<char*> exec_pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (auto& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace fencepost::base
