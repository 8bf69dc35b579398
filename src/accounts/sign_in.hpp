#pragma once
// Signing in by a password, and how often somebody may fail at it.
//
// An attempt is counted before it is judged, in one statement under the counter's lock: of any number of
// guesses at once, none is free. What is counted:
//   - the account as it was typed, whether it exists or not: 5 tries, then one after 1 s, 2 s, 4 s … 15 min;
//   - the client's address: 20 tries, then alike;
//   - but an address from which this account was signed in to within 90 days has a counter of its own for it
//     (5 tries), and only that one counts there: strangers cannot keep somebody out of the account that he
//     uses. Sessions go on in any case.
// A lock-out refuses right passwords too, and tries that come meanwhile neither count nor prolong it. A right
// password clears the account's counter; a day without a failure clears any. Counters are rows, so all
// instances share them.

#include <optional>
#include <string>

#include "accounts/passwords.hpp"
#include "accounts/sessions.hpp"

namespace fencepost::accounts {

constexpr base::Duration kFailuresKept = std::chrono::hours(24);
constexpr base::Duration kAddressKept = std::chrono::hours(90 * 24);
constexpr base::Duration kShortestDelay = std::chrono::seconds(1);

struct SignIn {
  std::string email;
  base::Secret password;
  Client client;
  std::optional<std::string> replaces{};  // the session's token that the client had: it ends
};

// refused: the address or the password, without saying which; also for a disabled person.
enum class SignInAnswer { signed_in, refused, locked_out };
struct SignedIn {
  SignInAnswer answer = SignInAnswer::refused;
  std::optional<NewSession> session{};  // signed_in
  base::Duration retry_after{};         // locked_out
};

// Holds no connection while it hashes. Throws InfraError: retryable also where too many sign in at once; in
// doubt: the client signs in again.
SignedIn sign_in(store::Database& database, const Passwords& passwords, const SignIn& request);

// -- The counters, for all who judge a password.
struct Attempt {
  std::string account;  // the e-mail address as it was typed
  std::string address;  // of the client
};
// Counts an attempt, or says how long until there may be one. Between the two is one statement a counter.
std::optional<base::Duration> take_attempt(store::Connection& connection, const Attempt& attempt);
// Only looks: before work that costs something.
std::optional<base::Duration> locked_out(store::Connection& connection, const Attempt& attempt);
// It was right: clears what it was counted on, and remembers the address.
void attempt_succeeded(store::Connection& connection, const Attempt& attempt);

// Whether that is the password: counted before it is judged. `wait`: it was not judged. Whoever is told
// `right` calls attempt_succeeded() in the transaction of what he does with it.
struct Judged {
  bool right = false;
  std::optional<base::Duration> wait{};
};
Judged judge(store::Database& database, const Passwords& passwords, const Attempt& attempt,
             const std::optional<std::string>& stored, const base::Secret& password);

}  // namespace fencepost::accounts
