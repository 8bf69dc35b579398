#pragma once
// The stored form of credentials that are tokens: JSON, sealed by the vault, read by the connectors alone.
//
//   {"access_token", "refresh_token", "expires_at": µs since 1970 UTC, "scope",
//    "client": {"id", "secret"}}                      every member but the first may be missing
//
// A text that is no JSON object is an access token that a person pasted. Pure and thread-safe.

#include <optional>
#include <string>
#include <utility>

#include "base/clock.hpp"
#include "base/secret.hpp"
#include "connect/connector.hpp"

namespace fencepost::connect::oauth {

struct Tokens {
  base::Secret access{};
  base::Secret refresh{};                    // empty: there is none
  std::optional<base::Micros> expires_at{};  // of the access token
  std::string scope{};
  std::string client_id{};  // Client::of_account; empty: the operator's client
  base::Secret client_secret{};
};

// nullopt: neither the form nor a token (a token is at most 8,192 visible ASCII characters).
std::optional<Tokens> tokens_of(const Credentials& credentials);
Credentials stored(const Tokens& tokens);

// For Connector::expires_at() and Connector::refreshable(); of what is not this form: nullopt, false.
std::optional<base::Micros> expires_at(const Credentials& credentials);
bool refreshable(const Credentials& credentials);

// {"Authorization", "Bearer …"}; an empty token where it is not this form, which the platform then refuses.
std::pair<std::string, std::string> bearer(const Credentials& credentials);

// `client` with the id and the secret that these tokens were given to, where they name one.
Client client_of(const Credentials& credentials, Client client);

}  // namespace fencepost::connect::oauth
