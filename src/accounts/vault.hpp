#pragma once
// Encryption at rest of what platforms entrust to us (XChaCha20-Poly1305 of libsodium), with a key file.

#include <memory>
#include <optional>
#include <string>

#include "base/secret.hpp"

namespace fencepost::accounts {

// Thread-safe; copies share their keys. Follows its file: a rotation by another process is noticed when
// something is sealed, and when something cannot be read.
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
  // nullopt there.
  std::optional<base::Secret> try_unseal(const std::string& sealed, const std::string& context) const;
  // Whether it was sealed with the key that seals now.
  bool is_current(const std::string& sealed, const std::string& context) const;

 private:
  struct Ring;
  explicit Vault(std::shared_ptr<Ring> ring);
  std::shared_ptr<Ring> ring_;
};

}  // namespace fencepost::accounts
