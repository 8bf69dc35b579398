#pragma once
// A file for one token, which only its owner can read.

#include <string>

#include "base/secret.hpp"

namespace fencepost::cli {

// Whether there is a file that holds something: a token that may be the only one of another database.
bool holds_token(const std::string& path);
// Throws UserError("token_file_taken") where it does, saying what to do; `source`: where the path was named.
// An empty path: nothing.
void refuse_taken_token_file(const std::string& path, const std::string& source = "");

// Opens PATH.new (mode 0600) beside the file, so that a folder that cannot be written is found out before
// there is a token; write() puts it in the place of PATH in one step, but never in that of another token.
// Without write() nothing is left. An empty path: nothing.
class TokenFile {
 public:
  // Throws UserError("token_file_unusable").
  explicit TokenFile(const std::string& path);
  ~TokenFile();
  TokenFile(const TokenFile&) = delete;
  TokenFile& operator=(const TokenFile&) = delete;

  // Once. Throws UserError("token_file_unusable" | "token_file_taken").
  void write(const base::Secret& token);

 private:
  [[noreturn]] void unusable(int error) const;
  const std::string path_;
  const std::string draft_;
  int fd_ = -1;
};

}  // namespace fencepost::cli
