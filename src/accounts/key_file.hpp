#pragma once
// The key file: 32 bytes in base64url a line. The first line's key seals; those below it still open what was
// sealed with them before a rotation. A line that begins with "+" is a key that was made ready on all hosts
// and seals nothing yet. Inside accounts/ only.

#include <optional>
#include <string>
#include <vector>

#include "base/secret.hpp"

namespace fencepost::accounts {

struct KeyRing {
  std::vector<base::Secret> keys;  // the first one seals; never empty once read
  std::optional<base::Secret> prepared;
};

base::Secret new_key();
// nullopt: there is no such file. Throws UserError("key_unusable") where it is damaged, or readable by
// others.
std::optional<KeyRing> read_keys(const std::string& path);
// Makes a file of one new key, mode 0600; one that somebody made meanwhile stays.
void make_keys(const std::string& path);
// Puts another ring in its place, whole or not at all. Under a KeyFileLock.
void replace_keys(const std::string& path, const KeyRing& ring);

// One at a time changes a key file on this host: two rotations at once would each forget the other's key.
class KeyFileLock {
 public:
  // Throws UserError("key_busy").
  explicit KeyFileLock(const std::string& path);
  KeyFileLock(const KeyFileLock&) = delete;
  KeyFileLock& operator=(const KeyFileLock&) = delete;
  ~KeyFileLock();

 private:
  int fd_ = -1;
};

}  // namespace fencepost::accounts
