#pragma once
// Sessions of people who signed in. A session ends 30 days after it began, after 7 days of rest, when it is
// ended, when its person is disabled or removed, and, but for one, when the password is changed.
//
// All throw InfraError; as thread-safe as the connection is; an ending act may be repeated.

#include <optional>
#include <string>
#include <vector>

#include "accounts/principal.hpp"
#include "base/clock.hpp"
#include "base/secret.hpp"
#include "store/database.hpp"

namespace fencepost::accounts {

constexpr base::Duration kSessionLife = std::chrono::hours(30 * 24);
constexpr base::Duration kSessionRest = std::chrono::hours(7 * 24);
// That a session or a token was used is written down at most this often.
constexpr base::Duration kTouch = std::chrono::minutes(5);

// Where a session began, for its person to recognise it.
struct Client {
  std::string address;  // as http::client_key() gives it
  std::string agent;    // cut to 200 bytes; control characters become blanks
};

struct NewSession {
  std::int64_t id = 0;
  std::int64_t person = 0;
  base::Secret token;  // "fps_" and 43 characters: the cookie; only its hash is stored
  base::Micros expires_at = 0;
};

struct SessionInfo {
  std::int64_t id = 0;
  base::Micros created_at = 0;
  base::Micros seen_at = 0;  // to kTouch exactly
  base::Micros expires_at = 0;
  std::string address, agent;
};

// A new session of a person who has proved who he is; nullopt where he is disabled or removed. `password`:
// the stored text that he proved, if it was that: nullopt too where it was changed meanwhile. Always a new
// token, never one that the client brought.
std::optional<NewSession> open_session(store::Connection& connection, std::int64_t person,
                                       const Client& client,
                                       const std::optional<std::string>& password = std::nullopt);
// Whose session that is; nullopt for unknown, ended and expired ones, and where the person is disabled.
std::optional<Principal> authenticate_session(store::Connection& connection, const std::string& token);

std::vector<SessionInfo> list_sessions(store::Connection& connection, std::int64_t person);
// False: he has no such session.
bool end_session(store::Connection& connection, std::int64_t person, std::int64_t id);
// Answers how many.
std::int64_t end_other_sessions(store::Connection& connection, std::int64_t person, std::int64_t keep);

// What a page sends along with each change. Made from the session's token, which no page can read: another
// site can send the cookie, but cannot know this. Stored nowhere.
std::string csrf_token(const std::string& session_token);
bool csrf_matches(const std::string& session_token, const std::string& given);

}  // namespace fencepost::accounts
