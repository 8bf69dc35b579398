#pragma once
// API tokens: shown once, stored as a hash, revocable.

#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/secret.hpp"
#include "store/database.hpp"

namespace fencepost::accounts {

struct Principal {
  std::int64_t token_id = 0;
  std::string name;  // the token's name: the actor of what it does
};

struct TokenInfo {
  std::int64_t id;
  std::string name;
  base::Micros created_at;
  bool revoked;
};

// All throw InfraError; thread-safe as far as the connection is.
// A token is "fp_" and 43 characters of base64url (32 random bytes); its SHA-256 is stored: of so many random
// bits nothing can be guessed, so a slow hash would protect nothing. Throws UserError("invalid_name").
base::Secret create_token(store::Connection& connection, const std::string& name);
// Constant-time in what the caller can learn; nullopt for unknown or revoked ones.
std::optional<Principal> authenticate(store::Connection& connection, const std::string& token);
// Whether there is a token of this id; it is revoked then, from now or from before.
bool revoke_token(store::Connection& connection, std::int64_t id);
std::vector<TokenInfo> list_tokens(store::Connection& connection);
// The first token of a new database ("admin"), exactly once over all processes; nullopt where one was made
// before, also if it was revoked. After an error in doubt nobody may have seen the token: create_token()
// makes another.
std::optional<base::Secret> first_token(store::Connection& connection);

}  // namespace fencepost::accounts
