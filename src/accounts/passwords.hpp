#pragma once
// Passwords of people: argon2id of libsodium.

#include <cstddef>
#include <optional>
#include <semaphore>
#include <string>
#include <utility>

#include "base/clock.hpp"
#include "base/secret.hpp"

namespace fencepost::accounts {

// Thread-safe. Each hash takes tens of milliseconds and 64 MiB, so only some run at once: call it with no
// transaction open and no connection held.
class Passwords {
 public:
  // Those of libsodium's "interactive": 2 passes over 64 MiB.
  struct Cost {
    unsigned long long passes;
    std::size_t bytes;
  };
  static Cost interactive();
  static constexpr int kAtOnce = 4;
  static constexpr base::Duration kPatience = std::chrono::seconds(5);

  explicit Passwords(Cost cost = interactive(), int at_once = kAtOnce, base::Duration patience = kPatience);

  // Leave to hash, until it is destroyed.
  class Turn {
   public:
    explicit Turn(std::counting_semaphore<>& free) : free_(&free) {}
    Turn(Turn&& other) noexcept : free_(std::exchange(other.free_, nullptr)) {}
    Turn& operator=(Turn&&) = delete;
    ~Turn() {
      if (free_ != nullptr) free_->release();
    }

   private:
    std::counting_semaphore<>* free_;
  };
  // Waits for its turn; throws a retryable InfraError where there is none within the patience.
  Turn turn() const;

  // Throws UserError("invalid_password"): 10 characters to 1024 bytes of UTF-8. For new ones only.
  static void check(const base::Secret& password);
  // The text to store: salt, cost and hash. Checks it first.
  std::string hash(const base::Secret& password, const Turn& turn) const;
  // The same of one that was proved: also where a new one would have to be longer.
  std::string rehash(const base::Secret& password, const Turn& turn) const;
  // Whether that is the password. `stored` nullopt: there is no such person; takes as long, and is false.
  bool matches(const std::optional<std::string>& stored, const base::Secret& password,
               const Turn& turn) const;
  // Whether a stored one was made at another cost than ours.
  bool outdated(const std::string& stored) const;

 private:
  const Cost cost_;
  const base::Duration patience_;
  const std::string nobodys_;  // of no password that can be given
  mutable std::counting_semaphore<> free_;
};

}  // namespace fencepost::accounts
