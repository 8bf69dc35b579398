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

// -- The counters, for sign_in() and change_password().
struct Attempt {
  std::string account;    // the address as it was typed, folded
  std::string address;    // of the client
};
// nullopt: it may be tried, and is counted. Else how long to wait.
std::optional<base::Duration> take_attempt(store::Connection& connection, const Attempt& attempt);
// The same, only looking: before work that costs something.
std::optional<base::Duration> locked_out(store::Connection& connection, const Attempt& attempt);
// It was right: clears the counter that it was counted on, and remembers the address.
void attempt_succeeded(store::Connection& connection, const Attempt& attempt);

}  // namespace fencepost::accounts
