#pragma once
// OAuth 2: the authorisation code grant with PKCE (RFC 6749, RFC 7636 S256), refresh, and revocation (RFC
// 7009). A connector names its endpoints (client.hpp) and calls these. Thread-safe.
//
// What an answer of a token endpoint means:
//
// accepted   200 with an access token
// certain    no byte left (temporary) · 429 (rate_limited) · 400, 401, 403 with `invalid_client` or
//            `unauthorized_client` (temporary: the operator's settings are wrong, and no person can mend that
//            by connecting anew) · any other 400, 401, 403 (credentials): X says `invalid_request` for a
//            refresh token that was used, where RFC 6749 says `invalid_grant`
// unknown    everything else: the code or the refresh token may be used up

#include <optional>
#include <stop_token>
#include <string>

#include "connect/connector.hpp"
#include "connect/http_client.hpp"
#include "connect/oauth/client.hpp"

namespace fencepost::connect::oauth {

ProofKey new_proof_key();
// base64url(SHA-256(verifier)), without padding.
std::string challenge_of(const base::Secret& verifier);

// Where a person's browser goes. `state` comes back with the code.
std::string authorization_link(const Client& client, const std::string& redirect_uri,
                               const std::string& state, const std::string& challenge);

// Each of these asks once, and never throws for what the network or the platform does. What they give is in
// the stored form (tokens.hpp); `expires_at` is by the client's wall clock.
Refreshed exchange(HttpClient& http, const Client& client, const Code& code, base::BootTime deadline,
                   std::stop_token stop);
// Keeps the old refresh token and scope where the answer names none. Certain failure with
// Reason::credentials where there is no refresh token.
Refreshed refresh(HttpClient& http, const Client& client, const Credentials& credentials,
                  base::BootTime deadline, std::stop_token stop);
// The refresh token, or else the access token: a platform ends both (RFC 7009, section 2.1). Without a
// revoke_url it is a certain failure, and nothing is asked.
Outcome revoke(HttpClient& http, const Client& client, const Credentials& credentials,
               base::BootTime deadline, std::stop_token stop);

// What the answer of a token endpoint means, of the table above; `now` is wall time. `accepted` is only the
// status: the body is the caller's to read.
Outcome classify(const HttpResult& result, base::Micros now);

}  // namespace fencepost::connect::oauth
