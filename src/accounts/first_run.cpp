#include "accounts/first_run.hpp"

#include "accounts/codes.hpp"
#include "accounts/rows.hpp"
#include "accounts/sql.hpp"
#include "accounts/text.hpp"
#include "store/certain.hpp"

namespace fencepost::accounts {

namespace {

constexpr std::string_view kPrefix = "fpf_";
constexpr int kCodesKept = 16;

bool has_owner(store::Connection& connection) { return !connection.run(sql::has_owner).empty(); }

}  // namespace

std::optional<base::Secret> first_run_code(store::Connection& connection) {
  auto code = new_code(kPrefix);
  store::Transaction transaction(connection);
  const bool made = !connection.run(sql::add_first_run_code, {hash_of(code.reveal())}).empty();
  connection.run(sql::forget_first_run_codes, {made ? kCodesKept : 0});
  transaction.commit();
  if (!made) return std::nullopt;
  return code;
}

Accepted use_first_run_code(store::Database& database, const Passwords& passwords, const std::string& code,
                            const NewPerson& person) {
  check_name(person.name);
  const auto email = folded_email(person.email);
  Passwords::check(person.password);
  if (!is_code(code, kPrefix)) return {};
  const auto hash = hash_of(code);
  const auto works = [&](store::Connection& connection) {
    return !connection.run(sql::first_run_code, {hash}).empty() && !has_owner(connection);
  };
  if (!database.retrying(works)) return {};
  const auto password = passwords.hash(person.password, passwords.turn());
  return store::until_certain(database, [&](store::Connection& connection, bool doubt) -> Accepted {
    if (doubt) {
      // The salt makes it this very use.
      const auto rows = connection.run(sql::first_owner_with, {password});
      if (!rows.empty()) return {AcceptAnswer::joined, person_of(rows[0])};
    }
    store::Transaction transaction(connection);
    if (!works(connection)) return {};
    const auto rows = connection.run(sql::add_first_owner, {email, person.name, password});
    if (rows.empty()) return {has_owner(connection) ? AcceptAnswer::not_open : AcceptAnswer::email_taken};
    connection.run(sql::forget_first_run_codes, {0});
    transaction.commit();
    return {AcceptAnswer::joined, person_of(rows[0])};
  });
}

}  // namespace fencepost::accounts
