#pragma once
// API tokens: shown once, stored as a hash, revocable. A token belongs to a person, or to the instance
// itself: then it has an owner's rights. Revoked and expired ones stay as rows: histories name them.

#include <optional>
#include <string>
#include <vector>

#include "accounts/principal.hpp"
#include "base/clock.hpp"
#include "base/secret.hpp"
#include "store/database.hpp"

namespace fencepost::accounts {

struct TokenInfo {
  std::int64_t id;
  std::string name;
  base::Micros created_at;
  bool revoked;
  std::optional<std::int64_t> person{};  // nullopt: of the instance itself
  Scopes scopes{};
  std::string prefix{};  // the first 8 characters, to recognise it by; empty: made before they were kept
  std::optional<base::Micros> expires_at{};
  std::optional<base::Micros> last_used_at{};  // to kTouch exactly
};

struct NewToken {
  std::string name;
  Scopes scopes = Scopes::all();
  std::optional<base::Duration> life{};  // nullopt: until it is revoked
};
// not_allowed: a scope that the maker has not, or that his role may not give away; or he is disabled.
enum class TokenAnswer { made, not_allowed };
struct MadeToken {
  TokenAnswer answer = TokenAnswer::not_allowed;
  std::int64_t id = 0;
  base::Secret token{};
  std::optional<base::Micros> expires_at{};
};

// All throw InfraError; thread-safe as far as the connection is.
// A token is "fp_" and 43 characters of base64url (32 random bytes). It belongs to the maker's person.
// Throws UserError: invalid_name, invalid_scope (none), invalid_expiry (not between a minute and 10 years).
MadeToken create_token(store::Connection& connection, const Principal& maker, const NewToken& token);
// Of the instance itself, for all scopes: for whoever holds the database.
base::Secret create_token(store::Connection& connection, const std::string& name);
// Constant-time in what the caller can learn; nullopt for unknown, revoked and expired ones, and where its
// person is disabled or removed. `name` is the token's, behind its person's where it has one.
std::optional<Principal> authenticate(store::Connection& connection, const std::string& token);
// Whether there is a token of this id (and of this person, where one is named); it is revoked then, from now
// or from before.
bool revoke_token(store::Connection& connection, std::int64_t id,
                  std::optional<std::int64_t> person = std::nullopt);
std::vector<TokenInfo> list_tokens(store::Connection& connection);
// Behind `after`, by id. `person` nullopt: everybody's.
std::vector<TokenInfo> page_of_tokens(store::Connection& connection, std::optional<std::int64_t> person,
                                      std::int64_t after, int limit);
// The first token of a new database ("admin"), exactly once over all processes; nullopt where one was made
// before, also if it was revoked. After an error in doubt nobody may have seen the token: create_token()
// makes another.
std::optional<base::Secret> first_token(store::Connection& connection);
// Whether first_token() would make one; also true where the schema is not there yet. Not in a transaction.
bool awaits_first_token(store::Connection& connection);

}  // namespace fencepost::accounts
