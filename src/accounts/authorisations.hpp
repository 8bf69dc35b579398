#pragma once
// Authorisations that a person has begun on a platform's pages, until the platform sends him back.
//
// The state that goes out and comes back is a code of ours: stored as a hash, taken once, within ten minutes,
// and only by whoever began it. So nobody can have another person's session finish what he has begun (a link
// with somebody else's code in it), and nobody can finish it twice.

#include <optional>
#include <string>

#include "accounts/principal.hpp"
#include "accounts/rotation.hpp"
#include "accounts/vault.hpp"
#include "base/clock.hpp"
#include "base/secret.hpp"
#include "store/database.hpp"

namespace fencepost::accounts {

inline constexpr base::Duration kAuthorisationLife = std::chrono::minutes(10);

struct Authorising {
  std::optional<std::int64_t> connection{};  // gets new credentials; nullopt: a new one is made
  std::string name, platform, target;        // of a new one
  base::Secret kept{};                       // the verifier and the client
  std::optional<std::int64_t> person{};      // whose connection it will be; set by take
};

struct BegunAuthorisation {
  base::Secret state;
  base::Micros expires_at = 0;
};

// Of a session, by the same session only. Of a person's token, by any of his sessions or tokens; of the
// instance's own token, by an operator.
BegunAuthorisation begin_authorisation(store::Connection& connection, const Vault& vault,
                                       const Principal& who, const Authorising& what);
// nullopt: there is none (any more) that this one may finish, or that the key opens.
std::optional<Authorising> take_authorisation(store::Connection& connection, const Vault& vault,
                                              const Principal& who, const std::string& state);

// For the rotation of the key.
Sealed sealed_authorisations();

}  // namespace fencepost::accounts
