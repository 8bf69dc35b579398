#include "accounts/codes.hpp"

#include <sodium.h>

#include "base/random.hpp"
#include "base/sha256.hpp"

namespace fencepost::accounts {

base::Secret new_code(std::string_view prefix) {
  return base::Secret(std::string(prefix) + base::random_token(kCodeBytes));
}

bool is_code(std::string_view text, std::string_view prefix) {
  return text.size() == prefix.size() + kCodeCharacters && text.starts_with(prefix);
}

std::string hash_of(std::string_view code) { return base::sha256_hex(code); }

bool same(std::string_view one, std::string_view other) {
  return one.size() == other.size() && sodium_memcmp(one.data(), other.data(), one.size()) == 0;
}

}  // namespace fencepost::accounts
