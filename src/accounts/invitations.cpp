#include "accounts/invitations.hpp"

#include "accounts/codes.hpp"
#include "accounts/rows.hpp"
#include "accounts/shows.hpp"
#include "accounts/sql.hpp"
#include "accounts/text.hpp"
#include "store/certain.hpp"

namespace fencepost::accounts {

namespace {

constexpr std::string_view kPrefix = "fpi_";
constexpr std::size_t kLongestNote = 100;

Invitation invitation_of(const store::Row& row) {
  const auto show_role = row[3].maybe_text();
  const auto state = row[9].boolean()    ? InvitationState::accepted
                     : row[10].boolean() ? InvitationState::revoked
                     : row[11].boolean() ? InvitationState::expired
                                         : InvitationState::open;
  return {row[0].integer(),
          role_named(row[1].text()).value_or(Role::member),
          row[2].maybe_integer(),
          show_role ? show_role_named(*show_role) : std::nullopt,
          row[4].text(),
          row[5].maybe_integer(),
          row[6].integer(),
          row[7].integer(),
          state,
          row[8].maybe_integer()};
}

std::optional<Invitation> only(const store::Rows& rows) {
  if (rows.empty()) return std::nullopt;
  return invitation_of(rows[0]);
}

void check_note(const std::string& note) {
  const auto length = utf8_length(note);
  if (!length || *length > kLongestNote || has_control(note, false))
    throw base::UserError("invalid_note", "a note has at most 100 characters, in one line");
}

// Whether he may give that, as he is now; what would change it is locked until the end of the transaction.
InviteAnswer may_invite(store::Connection& connection, const Principal& inviter,
                        const NewInvitation& wanted) {
  Principal now = inviter;
  if (inviter.person) {
    const auto rows = connection.run(sql::share_person, {*inviter.person});
    if (rows.empty()) return InviteAnswer::not_allowed;
    now.role = role_named(rows[0][0].text()).value_or(Role::member);
  }
  if (wanted.role > now.role) return InviteAnswer::not_allowed;
  if (!wanted.show) return now.at_least(Role::operator_) ? InviteAnswer::made : InviteAnswer::not_allowed;
  if (connection.run(sql::share_show, {*wanted.show}).empty()) return InviteAnswer::no_show;
  return show_role(connection, now, *wanted.show) == ShowRole::admin ? InviteAnswer::made
                                                                     : InviteAnswer::not_allowed;
}

// Uses it up for a person who is locked, or was just made; false: it is not open (any more).
bool use(store::Connection& connection, const std::string& hash, const Invitation& invitation,
         std::int64_t person) {
  if (invitation.show && connection.run(sql::share_show, {*invitation.show}).empty()) return false;
  if (connection.run(sql::use_invitation, {hash, person}).empty()) return false;
  if (invitation.show)
    connection.run(sql::raise_member,
                   {*invitation.show, person, name(invitation.show_role.value_or(ShowRole::host))});
  return true;
}

}  // namespace

std::string_view name(InvitationState state) {
  switch (state) {
    case InvitationState::open:
      return "open";
    case InvitationState::accepted:
      return "accepted";
    case InvitationState::revoked:
      return "revoked";
    case InvitationState::expired:
      return "expired";
  }
  FENCEPOST_ASSERT(false);
}

Invited create_invitation(store::Connection& connection, const Principal& inviter,
                          const NewInvitation& invitation) {
  check_note(invitation.note);
  store::Transaction transaction(connection);
  const auto answer = may_invite(connection, inviter, invitation);
  if (answer != InviteAnswer::made) return {answer};
  auto code = new_code(kPrefix);
  const auto show_role = invitation.show ? store::Value(name(invitation.show_role)) : store::Value();
  const auto rows = connection.run(sql::add_invitation,
                                   {hash_of(code.reveal()), name(invitation.role), invitation.show, show_role,
                                    invitation.note, inviter.person, kInvitationLife.count()});
  transaction.commit();
  return {answer, invitation_of(rows[0]), std::move(code)};
}

std::vector<Invitation> list_invitations(store::Connection& connection, const InvitationFilter& filter,
                                         std::int64_t after, int limit) {
  std::vector<Invitation> invitations;
  for (const auto& row : connection.run(sql::invitations_page, {after, limit, filter.inviter, filter.show}))
    invitations.push_back(invitation_of(row));
  return invitations;
}

std::optional<Invitation> get_invitation(store::Connection& connection, std::int64_t id) {
  return only(connection.run(sql::invitation, {id}));
}

std::optional<Invitation> open_invitation(store::Connection& connection, const std::string& code) {
  if (!is_code(code, kPrefix)) return std::nullopt;
  return only(connection.run(sql::open_invitation, {hash_of(code)}));
}

bool revoke_invitation(store::Connection& connection, std::int64_t id) {
  return !connection.run(sql::revoke_invitation, {id}).empty();
}

Accepted accept_invitation(store::Database& database, const Passwords& passwords, const std::string& code,
                           const NewPerson& person) {
  check_name(person.name);
  const auto email = folded_email(person.email);
  Passwords::check(person.password);
  const auto open = [&](store::Connection& connection) { return open_invitation(connection, code); };
  // Looked at first: a link that is not open costs no hash. The write at the end tests it again.
  if (!database.retrying(open)) return {};
  const auto hash = hash_of(code), password = passwords.hash(person.password, passwords.turn());
  return store::until_certain(database, [&](store::Connection& connection, bool doubt) -> Accepted {
    if (doubt) {
      // The salt makes it this very acceptance.
      const auto rows = connection.run(sql::accepted_by, {hash, password});
      if (!rows.empty()) return {AcceptAnswer::joined, person_of(rows[0])};
    }
    store::Transaction transaction(connection);
    const auto invitation = open(connection);
    if (!invitation) return {};
    // Before the invitation is locked: people, shows, invitations is the order everywhere.
    auto made = add_person(connection, email, person.name, invitation->role, password);
    if (made.answer == PersonAnswer::email_taken) return {AcceptAnswer::email_taken};
    if (!use(connection, hash, *invitation, made.person->id)) return {};
    transaction.commit();
    return {AcceptAnswer::joined, std::move(made.person)};
  });
}

Accepted accept_invitation(store::Connection& connection, const std::string& code, std::int64_t person) {
  store::Transaction transaction(connection);
  const auto invitation = open_invitation(connection, code);
  if (!invitation) return {};
  const auto rows = connection.run(sql::lock_person, {person});
  if (rows.empty() || !rows[0][6].is_null()) return {AcceptAnswer::not_a_person};
  if (!use(connection, hash_of(code), *invitation, person)) return {};
  if (invitation->role > person_of(rows[0]).role)
    connection.run(sql::raise_role, {person, name(invitation->role)});
  auto joined = get_person(connection, person);
  transaction.commit();
  return {AcceptAnswer::joined, std::move(joined)};
}

}  // namespace fencepost::accounts
