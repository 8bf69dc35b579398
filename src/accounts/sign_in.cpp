#include "accounts/sign_in.hpp"

#include "accounts/codes.hpp"
#include "accounts/people.hpp"
#include "accounts/sql.hpp"

namespace fencepost::accounts {

namespace {

struct Known {
  std::int64_t id = 0;
  std::optional<std::string> password;
};

Known look_up(store::Connection& connection, const std::string& email) {
  const auto rows = connection.run(sql::password_by_email, {email});
  if (rows.empty()) return {};
  return {rows[0][0].integer(), rows[0][1].maybe_text()};
}

std::string folded_or_as_it_is(const std::string& email) {
  try {
    return folded_email(email);
  } catch (const base::UserError&) {
    return email;
  }
}

}  // namespace

SignedIn sign_in(store::Database& database, const Passwords& passwords, const SignIn& request) {
  const Attempt attempt{folded_or_as_it_is(request.email), request.client.address};
  // What is no address is unknown like any other: it is counted and judged alike.
  const auto known = database.retrying([&](store::Connection& connection) {
    return is_email(attempt.account) ? look_up(connection, attempt.account) : Known{};
  });
  const auto judged = judge(database, passwords, attempt, known.password, request.password);
  if (judged.wait) return {SignInAnswer::locked_out, {}, *judged.wait};
  if (!judged.right) return {};
  auto proved = *known.password;
  if (passwords.outdated(proved)) {
    const auto text = passwords.rehash(request.password, passwords.turn());
    // 0 rows: somebody did so, or changed it; what is proved then is looked at below.
    const bool renewed = database.retrying([&](store::Connection& connection) {
      return !connection.run(sql::change_password, {known.id, proved, text}).empty();
    });
    if (renewed) proved = text;
  }
  auto session = database.retrying([&](store::Connection& connection) {
    store::Transaction transaction(connection);
    auto opened = open_session(connection, known.id, request.client, proved);
    if (!opened) return opened;
    if (request.replaces) connection.run(sql::end_session_by_hash, {hash_of(*request.replaces)});
    attempt_succeeded(connection, attempt);
    transaction.commit();
    return opened;
  });
  if (!session) return {};
  return {SignInAnswer::signed_in, std::move(session)};
}

}  // namespace fencepost::accounts
