#include "accounts/people.hpp"

#include <algorithm>

#include "accounts/rows.hpp"
#include "accounts/sign_in.hpp"
#include "accounts/sql.hpp"
#include "accounts/text.hpp"
#include "accounts/unique.hpp"
#include "store/certain.hpp"

namespace fencepost::accounts {

namespace {

constexpr std::size_t kLongestEmail = 254, kLongestLocal = 64, kLongestLabel = 63;

bool is_local(std::string_view text) {
  constexpr std::string_view kOthers = "!#$%&'*+-/=?^_`{|}~.";
  return !text.empty() && text.size() <= kLongestLocal && text.front() != '.' && text.back() != '.' &&
         text.find("..") == std::string_view::npos && std::all_of(text.begin(), text.end(), [&](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                  kOthers.find(c) != std::string_view::npos;
         });
}

bool is_domain(std::string_view text) {
  while (true) {
    const auto end = std::min(text.find('.'), text.size());
    const auto label = text.substr(0, end);
    if (label.empty() || label.size() > kLongestLabel || label.front() == '-' || label.back() == '-' ||
        !std::all_of(label.begin(), label.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; }))
      return false;
    if (end == text.size()) return true;
    text.remove_prefix(end + 1);
  }
}

// A person under lock, and whether another owner could sign in without him.
struct Locked {
  std::optional<Person> person;
  bool other_owner = false;

  // Whether nobody would be left if he ceased to be an owner who can sign in.
  bool is_last_owner() const { return person->role == Role::owner && !person->disabled_at && !other_owner; }
};

Locked lock_with_owners(store::Connection& connection, std::int64_t id) {
  Locked locked;
  for (const auto& row : connection.run(sql::lock_person_and_owners, {id})) {
    if (row[0].integer() == id)
      locked.person = person_of(row);
    else
      locked.other_owner = true;
  }
  return locked;
}

// What a person loses who may not come in any more.
void shut_out(store::Connection& connection, std::int64_t id) {
  connection.run(sql::revoke_invitations_of, {id, true, 0});
  connection.run(sql::revoke_tokens_of, {id});
  connection.run(sql::end_sessions, {id, 0});
}

}  // namespace

bool is_email(std::string_view folded) {
  const auto at = folded.rfind('@');
  return at != std::string_view::npos && folded.size() <= kLongestEmail && is_local(folded.substr(0, at)) &&
         is_domain(folded.substr(at + 1));
}

std::string folded_email(const std::string& email) {
  std::string folded = email;
  for (auto& c : folded)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  if (!is_email(folded))
    throw base::UserError("invalid_email", "this is no e-mail address: for example ann@example.com");
  return folded;
}

std::optional<Person> get_person(store::Connection& connection, std::int64_t id) {
  const auto rows = connection.run(sql::person, {id});
  if (rows.empty()) return std::nullopt;
  return person_of(rows[0]);
}

std::vector<Person> list_people(store::Connection& connection, std::int64_t after, int limit) {
  std::vector<Person> people;
  for (const auto& row : connection.run(sql::people_page, {after, limit})) people.push_back(person_of(row));
  return people;
}

PersonResult add_person(store::Connection& connection, const std::string& email, const std::string& name,
                        Role role, const std::string& password) {
  check_name(name);
  const auto rows =
      connection.run(sql::add_person, {folded_email(email), name, accounts::name(role), password});
  if (rows.empty()) return {PersonAnswer::email_taken};
  return {PersonAnswer::done, person_of(rows[0])};
}

PersonResult edit_person(store::Connection& connection, std::int64_t id, std::optional<std::int64_t> version,
                         const PersonEdit& edit) {
  if (edit.name) check_name(*edit.name);
  const auto email = edit.email ? std::optional(folded_email(*edit.email)) : std::nullopt;
  store::Transaction transaction(connection);
  const auto locked = lock_with_owners(connection, id);
  if (!locked.person) return {};
  const auto& before = *locked.person;
  if (version && *version != before.version) return {PersonAnswer::stale, before};
  const auto role = edit.role.value_or(before.role);
  const bool disabled = edit.disabled.value_or(before.disabled_at.has_value());
  if ((role != Role::owner || disabled) && locked.is_last_owner()) return {PersonAnswer::last_owner};
  if (email && !connection.run(sql::email_is_others, {*email, id}).empty())
    return {PersonAnswer::email_taken};
  const auto rows = unless_unique_race([&] {
    return connection.run(sql::write_person, {id, email.value_or(before.email),
                                              edit.name.value_or(before.name), name(role), disabled});
  });
  if (disabled)
    shut_out(connection, id);
  else if (role < before.role)
    connection.run(sql::revoke_invitations_of, {id, false, static_cast<int>(role)});
  transaction.commit();
  return {PersonAnswer::done, person_of(rows[0])};
}

PersonResult remove_person(store::Connection& connection, std::int64_t id,
                           std::optional<std::int64_t> version) {
  store::Transaction transaction(connection);
  const auto locked = lock_with_owners(connection, id);
  if (!locked.person) return {};
  if (version && *version != locked.person->version) return {PersonAnswer::stale, locked.person};
  if (locked.is_last_owner()) return {PersonAnswer::last_owner};
  connection.run(sql::lock_shows_of, {id});
  if (!connection.run(sql::sole_admin_of, {id}).empty()) return {PersonAnswer::last_admin};
  shut_out(connection, id);
  connection.run(sql::leave_shows, {id});
  connection.run(sql::disconnect_of, {id});
  connection.run(sql::forget_person, {id});
  transaction.commit();
  return {PersonAnswer::done, locked.person};
}

PasswordResult change_password(store::Database& database, const Passwords& passwords, std::int64_t id,
                               const base::Secret& before, const base::Secret& after,
                               const std::string& address, std::int64_t keep_session) {
  Passwords::check(after);
  const auto known = database.retrying(
      [&](store::Connection& connection) { return connection.run(sql::password_of, {id}); });
  if (known.empty()) return {};
  const auto stored = known[0][0].maybe_text();
  const Attempt attempt{known[0][1].text(), address};
  const auto judged = judge(database, passwords, attempt, stored, before);
  if (judged.wait) return {PasswordAnswer::locked_out, *judged.wait};
  if (!judged.right) return {PasswordAnswer::wrong};
  const auto text = passwords.hash(after, passwords.turn());
  const bool changed = store::until_certain(database, [&](store::Connection& connection, bool doubt) {
    store::Transaction transaction(connection);
    // Compared with what was proved: of two who change it at once, the second one proves nothing any more.
    if (connection.run(sql::change_password, {id, stored, text}).empty()) {
      const auto now = connection.run(sql::password_of, {id});
      // The salt makes it this very change.
      return doubt && !now.empty() && now[0][0].maybe_text() == text;
    }
    connection.run(sql::end_sessions, {id, keep_session});
    attempt_succeeded(connection, attempt);
    transaction.commit();
    return true;
  });
  return {changed ? PasswordAnswer::changed : PasswordAnswer::wrong};
}

bool reset_password(store::Database& database, const Passwords& passwords, const std::string& email,
                    const base::Secret& password) {
  const auto folded = folded_email(email);
  const auto text = passwords.hash(password, passwords.turn());
  return store::until_certain(database, [&](store::Connection& connection, bool) {
    store::Transaction transaction(connection);
    const auto rows = connection.run(sql::reset_password, {folded, text});
    if (rows.empty()) return false;
    connection.run(sql::end_sessions, {rows[0][0], 0});
    transaction.commit();
    return true;
  });
}

}  // namespace fencepost::accounts
