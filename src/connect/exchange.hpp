#pragma once
// What connectors share of an exchange with a platform: requests that carry JSON, outcomes as values, and the
// meaning of a status where the platform says nothing else. Thread-safe.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "connect/connector.hpp"
#include "connect/http_client.hpp"

namespace fencepost::connect {

// A platform must not park an announcement for ever, whatever its headers say.
inline constexpr base::Duration kLongestWait = std::chrono::hours(24);
// How far a platform's clock and ours may be apart where what it lists is compared with a key's time.
inline constexpr base::Duration kClockSkew = std::chrono::minutes(5);

Outcome accepted(std::string id, std::string url);
Outcome unknown(std::string error);
// Retryable where the reason is temporary or rate_limited.
Outcome certain(Reason reason, std::string error);
Outcome rate_limited(std::string error, std::optional<base::Duration> wait);
// For what comes before the gate: whatever it did, nothing was posted, so that unknown is a temporary
// failure.
Outcome nothing_posted(Outcome outcome);
// No status came: `unknown`, but where no byte has left.
Outcome no_answer(const Failure& failure);

// What a status means by PLATFORMS.md ("Certain failure") where the platform's own documents say nothing
// else; `who` is its name for people. 2xx is `unknown` here: what is a yes, only the platform can say.
//
// certain    400, 404, 405, 406, 410, 411, 413, 414, 415, 422, 431: rejected; 403 likewise; 401: credentials;
//            429: rate_limited, with Retry-After; 307, 308: not here, and never followed.
// unknown    everything else: 5xx, 408, 409, the other 3xx, what nobody documents.
Outcome by_status(std::string_view who, const HttpResult& result, base::Micros now);

// "WHO answered 403: SAID"; `said` may be empty.
std::string answered(std::string_view who, int status, const std::string& said = {});
// What a platform says of an error, fit to be shown: one line, at most 200 bytes; empty where it is not a
// text, or has the secret in it (some platforms quote the token that they refuse).
std::string quotable(const nlohmann::json& said, const base::Secret& secret);

// The body as JSON; discarded() where it is none, or came cut.
nlohmann::json json_of(const HttpResult& result);
// A member; null where there is none, or `object` is no object.
const nlohmann::json& member(const nlohmann::json& object, std::string_view name);
// A member that is a text or a whole number, as text; empty where it is neither, or longer than 500 bytes, or
// has control characters.
std::string text_at(const nlohmann::json& object, std::string_view name);
// The texts of people, as two platforms' forms of one: without the schemes and the slashes at the end of its
// URLs, and with single blanks between its words.
std::string comparable(std::string_view text);
// A header that is a time in whole seconds since 1970: how long from `now`, between 0 and kLongestWait.
std::optional<base::Duration> wait_until(const HttpResult& result, std::string_view header, base::Micros now);

// The URL of a server that a person names, which gets that person's secrets: https, but for servers of our
// own network where those are allowed; without a path. Throws UserError("invalid_destination").
void check_server(const std::string& destination, const AddressPolicy& policy);
// That URL without slashes at its end.
std::string server_of(std::string destination);

// Waits for a platform that is still at work; false where the stop or the deadline comes first.
bool pause(base::Duration duration, const base::Clock& clock, base::BootTime deadline,
           const std::stop_token& stop);

}  // namespace fencepost::connect
