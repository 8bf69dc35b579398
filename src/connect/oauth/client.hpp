#pragma once
// OAuth 2: what a platform's endpoints are, and what an authorisation begins and comes back with.

#include <string>
#include <utility>
#include <vector>

#include "base/secret.hpp"

namespace fencepost::connect::oauth {

// How a client proves itself to the token endpoint (RFC 6749, section 2.3; the words are RFC 7591's). none: a
// public client, named by `client_id` alone.
enum class Proof { none, client_secret_basic, client_secret_post };

// Our program, as a platform or one of its servers knows it.
struct Client {
  std::string authorize_url{};  // where a person says yes
  std::string token_url{};
  std::string revoke_url{};  // RFC 7009; empty: there is none
  std::string id{};
  base::Secret secret{};
  Proof proof = Proof::none;
  std::vector<std::string> scopes{};
  char scope_separator = ' ';  // Threads wants ','
  // Further parameters of the authorisation link: {"access_type", "offline"}.
  std::vector<std::pair<std::string, std::string>> more{};
  // Registered for this account alone (Mastodon: a client a server): kept beside its tokens, because they
  // are refreshed and revoked as this client.
  bool of_account = false;
};

// A proof key (RFC 7636). The verifier stays with us until the code is exchanged.
struct ProofKey {
  base::Secret verifier;
  std::string challenge;  // S256
};

// What a platform sends a person back with, and what we kept for it.
struct Code {
  base::Secret code;
  base::Secret verifier;
  std::string redirect_uri;  // as the authorisation link had it, byte for byte
};

}  // namespace fencepost::connect::oauth
