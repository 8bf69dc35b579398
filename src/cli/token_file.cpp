#include "cli/token_file.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "base/error.hpp"

namespace fencepost::cli {

bool holds_token(const std::string& path) {
  std::error_code none;
  const auto size = std::filesystem::file_size(path, none);
  return !none && size > 0;
}

void refuse_taken_token_file(const std::string& path, const std::string& source) {
  if (!holds_token(path)) return;
  throw base::UserError("token_file_taken",
                        "the token file '" + path + "'" + (source.empty() ? "" : " (" + source + ")") +
                            " holds a token already, perhaps another server's, and a new one would take its "
                            "place: name another file, or remove this one if nobody needs it");
}

TokenFile::TokenFile(const std::string& path)
    : path_(path), draft_(path + "." + std::to_string(getpid()) + ".new") {
  if (path_.empty()) return;
  fd_ = open(draft_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd_ < 0) unusable(errno);
}

TokenFile::~TokenFile() {
  if (fd_ < 0) return;
  close(fd_);
  unlink(draft_.c_str());
}

void TokenFile::write(const base::Secret& token) {
  FENCEPOST_ASSERT(fd_ >= 0);
  refuse_taken_token_file(path_);
  const std::string line = token.reveal() + "\n";
  const auto written = ::write(fd_, line.data(), line.size());
  if (written < 0) unusable(errno);
  if (written != static_cast<ssize_t>(line.size())) unusable(ENOSPC);
  if (fsync(fd_) != 0 || rename(draft_.c_str(), path_.c_str()) != 0) unusable(errno);
  close(fd_);
  fd_ = -1;
}

void TokenFile::unusable(int error) const {
  throw base::UserError("token_file_unusable", "the token file '" + path_ + "' cannot be written (" +
                                                   std::strerror(error) +
                                                   "): check that its folder exists and is writable");
}

}  // namespace fencepost::cli
