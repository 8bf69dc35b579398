#pragma once
// People: who may sign in to this instance, and with what role. An instance that has an owner always has one
// who can sign in: the last one is neither removed, disabled nor demoted.
//
// All throw InfraError, are one transaction (or a part of the caller's), and are as thread-safe as the
// connection is. After an `in_doubt` one: repeat them; with a version that answers `stale` where it had taken
// effect.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "accounts/passwords.hpp"
#include "accounts/principal.hpp"
#include "base/clock.hpp"
#include "store/database.hpp"

namespace fencepost::accounts {

struct Person {
  std::int64_t id = 0;
  std::string email;  // in lower case; unique
  std::string name;
  Role role = Role::member;
  std::int64_t version = 0;  // grows with every edit; the ETag
  base::Micros created_at = 0;
  std::optional<base::Micros> disabled_at;
};

// done · stale: another version than the one that was named · not_found · last_owner: nothing was changed ·
// last_admin: it is the only admin of a show · email_taken
enum class PersonAnswer { done, stale, not_found, last_owner, last_admin, email_taken };
struct PersonResult {
  PersonAnswer answer = PersonAnswer::not_found;
  std::optional<Person> person{};  // done, stale: as it is now (removed: as it was)
};

// What is to change; nullopt: that stays.
struct PersonEdit {
  std::optional<std::string> name{};
  std::optional<std::string> email{};
  std::optional<Role> role{};
  std::optional<bool> disabled{};
};

// The form in which an address is stored and compared: lower case. Throws UserError("invalid_email") for what
// is no address: ASCII, one @, at most 254 characters; domains in other letters in their xn-- form.
std::string folded_email(const std::string& email);
// Whether a text is in that form.
bool is_email(std::string_view folded);

std::optional<Person> get_person(store::Connection& connection, std::int64_t id);
// Those that were not removed, by id, behind `after`.
std::vector<Person> list_people(store::Connection& connection, std::int64_t after, int limit);

// `password` as Passwords::hash() gives it. done or email_taken. Throws UserError: invalid_name,
// invalid_email.
PersonResult add_person(store::Connection& connection, const std::string& email, const std::string& name,
                        Role role, const std::string& password);
// `version` nullopt: whatever it is now. Throws UserError: invalid_name, invalid_email. In the same
// transaction: who is disabled loses sessions, tokens and open invitations; who is demoted, open invitations
// to what is now above him. Connections go on: disconnect() them where they should not.
PersonResult edit_person(store::Connection& connection, std::int64_t id, std::optional<std::int64_t> version,
                         const PersonEdit& edit);
// Removed for good, in one transaction: sessions, tokens and open invitations end, memberships too, and the
// connections are disconnected, so that nothing goes out in the name of somebody who left (rule 3). The row
// stays without address, name and password, because histories speak of its id; the address is free again.
PersonResult remove_person(store::Connection& connection, std::int64_t id,
                           std::optional<std::int64_t> version);

// changed: all sessions but `keep_session` have ended; tokens go on. wrong: the old password, or it was
// changed meanwhile. locked_out: as in sign_in(); ask again after `retry_after`.
enum class PasswordAnswer { changed, wrong, locked_out, not_found };
struct PasswordResult {
  PasswordAnswer answer = PasswordAnswer::not_found;
  base::Duration retry_after{};
};
// `address` of the client, as http::client_key() gives it. Throws UserError("invalid_password"). Holds no
// connection while it hashes.
PasswordResult change_password(store::Database& database, const Passwords& passwords, std::int64_t id,
                               const base::Secret& before, const base::Secret& after,
                               const std::string& address, std::int64_t keep_session);
// For whoever holds the database and has lost the last password; ends all sessions. False: no such person.
bool reset_password(store::Database& database, const Passwords& passwords, const std::string& email,
                    const base::Secret& password);

}  // namespace fencepost::accounts
