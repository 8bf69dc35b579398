#pragma once
// Random texts that open something: tokens, sessions, invitations. They are shown once, and stored as a hash.

#include <cstddef>
#include <string>
#include <string_view>

#include "base/secret.hpp"

namespace fencepost::accounts {

inline constexpr std::size_t kCodeBytes = 32, kCodeCharacters = 43;

// `prefix` and 43 characters of base64url: 32 random bytes.
base::Secret new_code(std::string_view prefix);
// Whether a text can be one at all, before anything is asked of the database.
bool is_code(std::string_view text, std::string_view prefix);
// SHA-256 in hex: of so many random bits nothing can be guessed, so a slow hash would protect nothing. A code
// is looked up by its hash: how long the index takes to compare says nothing about any code.
std::string hash_of(std::string_view code);
// Constant-time in what the texts hold.
bool same(std::string_view one, std::string_view other);

}  // namespace fencepost::accounts
