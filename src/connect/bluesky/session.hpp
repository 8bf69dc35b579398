#pragma once
// The credentials of a Bluesky connection: an app password, and the session that it has opened.
//
//   {"identifier": handle, e-mail or DID, "password": "xxxx-xxxx-xxxx-xxxx",
//    "access", "refresh": tokens, "did", "handle"}
//
// A connection begins with the first two; refresh() adds the others and keeps them fresh. Opening a session
// is limited to 30 in 5 minutes and 300 a day, so it is done once and then refreshed. The password is kept:
// a session ends for good after some weeks without use.

#include <optional>
#include <stop_token>
#include <string>
#include <variant>

#include "base/clock.hpp"
#include "connect/connector.hpp"
#include "connect/http_client.hpp"

namespace fencepost::connect::bluesky {

struct Session {
  std::string identifier;
  base::Secret password;  // empty: only the tokens are known
  base::Secret access;    // empty: no session was opened yet
  base::Secret refresh;
  std::string did;
  std::string handle;
};

// Throws UserError("invalid_credentials").
Session session_of(const Credentials& credentials);
Credentials stored(const Session& session);

// When the access token ends (the claim `exp` of RFC 7519); nullopt: it does not say.
std::optional<base::Micros> ends_at(const base::Secret& token);

// A session that is open now: refreshed, or opened anew where there is none to refresh or its time is over.
// Else why not: never `unknown`, since both may be done again.
std::variant<Session, Outcome> renewed(HttpClient& http, const std::string& service, Session session,
                                       base::BootTime deadline, const std::stop_token& stop);

}  // namespace fencepost::connect::bluesky
