#pragma once
// Invitations: a link, shown once, by which somebody becomes a person of this instance, a member of a show,
// or both. For 7 days, for one use, and void when its inviter may no longer give what it gives.
//
// All throw InfraError; as thread-safe as the connection is. After an in-doubt creation nobody may have seen
// the link: make another one.

#include <optional>
#include <string>
#include <vector>

#include "accounts/people.hpp"
#include "base/secret.hpp"

namespace fencepost::accounts {

constexpr base::Duration kInvitationLife = std::chrono::hours(7 * 24);

struct NewInvitation {
  Role role = Role::member;
  std::optional<std::int64_t> show{};
  ShowRole show_role = ShowRole::host;  // where there is a show
  std::string note{};                   // for whom, as lists show it; at most 100 characters
};

enum class InvitationState { open, accepted, revoked, expired };
std::string_view name(InvitationState state);

struct Invitation {
  std::int64_t id = 0;
  Role role = Role::member;
  std::optional<std::int64_t> show;
  std::optional<ShowRole> show_role;
  std::string note;
  std::optional<std::int64_t> inviter;  // nullopt: the instance itself
  base::Micros created_at = 0;
  base::Micros expires_at = 0;
  InvitationState state = InvitationState::open;
  std::optional<std::int64_t> accepted_by;
};

// not_allowed: it would give more than the inviter has, as the database knows him now. Operators and owners
// invite to the instance, up to their own role; a show's admin to that show, as a member of the instance.
enum class InviteAnswer { made, not_allowed, no_show };
struct Invited {
  InviteAnswer answer = InviteAnswer::not_allowed;
  std::optional<Invitation> invitation{};
  base::Secret code{};  // "fpi_" and 43 characters
};
// Throws UserError("invalid_note").
Invited create_invitation(store::Connection& connection, const Principal& inviter,
                          const NewInvitation& invitation);

// Whose invitations: all of them where both are nullopt.
struct InvitationFilter {
  std::optional<std::int64_t> inviter{};
  std::optional<std::int64_t> show{};
};
// By id, behind `after`. Old ones are forgotten after 30 days.
std::vector<Invitation> list_invitations(store::Connection& connection, const InvitationFilter& filter,
                                         std::int64_t after, int limit);
std::optional<Invitation> get_invitation(store::Connection& connection, std::int64_t id);
// What a link gives, to show it before it is accepted; nullopt: it is not open.
std::optional<Invitation> open_invitation(store::Connection& connection, const std::string& code);
// False: there is none, or it was accepted.
bool revoke_invitation(store::Connection& connection, std::int64_t id);

// joined: the person exists, is in the show, and the link is used up: one fact. not_open: unknown, used,
// revoked or expired, without saying which. email_taken: sign in with that address and accept it then.
enum class AcceptAnswer { joined, not_open, email_taken, not_a_person };
struct Accepted {
  AcceptAnswer answer = AcceptAnswer::not_open;
  std::optional<Person> person{};  // joined
};
struct NewPerson {
  std::string email, name;
  base::Secret password;
};
// Makes the person. Throws UserError: invalid_email, invalid_name, invalid_password. Holds no connection
// while it hashes. In doubt: signing in tells.
Accepted accept_invitation(store::Database& database, const Passwords& passwords, const std::string& code,
                           const NewPerson& person);
// Somebody who is signed in joins: roles are raised, never lowered. not_a_person: gone or disabled meanwhile.
Accepted accept_invitation(store::Connection& connection, const std::string& code, std::int64_t person);

}  // namespace fencepost::accounts
