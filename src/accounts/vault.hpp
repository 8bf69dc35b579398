#pragma once
// Encryption at rest of what platforms entrust to us (XChaCha20-Poly1305 of libsodium), with a key file.

#include <string>

#include "base/secret.hpp"

namespace fencepost::accounts {

// Immutable and thread-safe.
class Vault {
 public:
  // Reads the key file (32 bytes, base64url), or makes it, mode 0600, where it is missing and `may_create`.
  // Throws UserError("key_unusable") where it is missing or damaged, saying that secrets cannot be read
  // without it, and where other users can read it.
  static Vault open(const std::string& path, bool may_create);

  // `context` (for example "connection:7") is authenticated with the text: a ciphertext moved to another row
  // does not unseal. Text form: "v1:" base64url(nonce ‖ ciphertext).
  std::string seal(const base::Secret& secret, const std::string& context) const;
  // Throws UserError("secret_unreadable") where the key is another one or the text was changed.
  base::Secret unseal(const std::string& sealed, const std::string& context) const;

 private:
  explicit Vault(base::Secret key) : key_(std::move(key)) {}
  base::Secret key_;
};

}  // namespace fencepost::accounts
