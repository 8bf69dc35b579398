#pragma once
// SHA-256 as lower-case hex. Not thread-safe.

#include <sodium.h>

#include <string>
#include <string_view>

namespace fencepost::base {

class Sha256 {
 public:
  Sha256() { crypto_hash_sha256_init(&state_); }
  void add(std::string_view bytes);
  std::string hex();  // once, at the end

 private:
  crypto_hash_sha256_state state_{};
};

std::string sha256_hex(std::string_view bytes);

}  // namespace fencepost::base
