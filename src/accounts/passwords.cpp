#include "accounts/passwords.hpp"

#include <sodium.h>

#include "accounts/text.hpp"
#include "base/error.hpp"
#include "base/random.hpp"

namespace fencepost::accounts {

namespace {

constexpr std::size_t kShortest = 10, kLongestBytes = 1024;

std::string hash_at(const Passwords::Cost& cost, const std::string& password) {
  FENCEPOST_ASSERT(sodium_init() >= 0);
  char text[crypto_pwhash_STRBYTES];
  if (crypto_pwhash_str(text, password.data(), password.size(), cost.passes, cost.bytes) != 0)
    throw base::InfraError("no memory to hash a password", {.retryable = true});
  return text;
}

}  // namespace

Passwords::Cost Passwords::interactive() {
  return {crypto_pwhash_OPSLIMIT_INTERACTIVE, crypto_pwhash_MEMLIMIT_INTERACTIVE};
}

Passwords::Passwords(Cost cost, int at_once, base::Duration patience)
    : cost_(cost),
      patience_(patience),
      nobodys_(hash_at(cost, base::random_token(kShortest))),
      free_(at_once) {}

Passwords::Turn Passwords::turn() const {
  if (!free_.try_acquire_for(patience_))
    throw base::InfraError("too many passwords are being hashed", {.retryable = true});
  return Turn(free_);
}

void Passwords::check(const base::Secret& password) {
  const auto length = utf8_length(password.reveal());
  if (!length || *length < kShortest || password.reveal().size() > kLongestBytes)
    throw base::UserError("invalid_password",
                          "a password has at least 10 characters, and at most 1024 bytes");
}

std::string Passwords::hash(const base::Secret& password, const Turn&) const {
  check(password);
  return hash_at(cost_, password.reveal());
}

std::string Passwords::rehash(const base::Secret& password, const Turn&) const {
  return hash_at(cost_, password.reveal());
}

bool Passwords::matches(const std::optional<std::string>& stored, const base::Secret& password,
                        const Turn&) const {
  const auto& text = password.reveal();
  const bool right =
      crypto_pwhash_str_verify(stored.value_or(nobodys_).c_str(), text.data(), text.size()) == 0;
  return right && stored.has_value();
}

bool Passwords::outdated(const std::string& stored) const {
  return crypto_pwhash_str_needs_rehash(stored.c_str(), cost_.passes, cost_.bytes) != 0;
}

}  // namespace fencepost::accounts
