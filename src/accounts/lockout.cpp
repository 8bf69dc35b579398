// The counters of failed sign-ins (sign_in.hpp).

#include <algorithm>

#include "accounts/codes.hpp"
#include "accounts/sign_in.hpp"
#include "accounts/sql.hpp"

namespace fencepost::accounts {

namespace {

constexpr int kFreeOfAccount = 5, kFreeOfAddress = 20;
constexpr base::Duration kLongestDelay = std::chrono::minutes(15);

// Hashed: people type passwords where an address belongs, and addresses are nobody's to read here.
struct Names {
  explicit Names(const Attempt& attempt)
      : account("account:" + hash_of(attempt.account)),
        address("address:" + hash_of(attempt.address)),
        known("known:" + hash_of(attempt.account) + ":" + hash_of(attempt.address)) {}
  // In the order in which their rows are locked.
  const std::string account, address, known;
};

bool is_known(store::Connection& connection, const Names& names) {
  return !connection.run(sql::attempts_known, {names.known, kAddressKept.count()}).empty();
}

base::Duration wait_for(store::Connection& connection, const std::string& one, const std::string& other) {
  const auto rows = connection.run(sql::attempts_wait, {one, other, kLongestDelay.count()});
  const auto wait = rows[0][0].is_null() ? 0 : rows[0][0].integer();
  return base::Duration(wait);
}

bool take(store::Connection& connection, const std::string& name, int free) {
  return !connection.run(sql::take_attempt, {name, free, kLongestDelay.count(), kFailuresKept.count()})
              .empty();
}

}  // namespace

std::optional<base::Duration> locked_out(store::Connection& connection, const Attempt& attempt) {
  const Names names(attempt);
  const bool known = is_known(connection, names);
  const auto wait = known ? wait_for(connection, names.known, names.known)
                          : wait_for(connection, names.account, names.address);
  return wait > base::Duration(0) ? std::optional(wait) : std::nullopt;
}

std::optional<base::Duration> take_attempt(store::Connection& connection, const Attempt& attempt) {
  const Names names(attempt);
  store::Transaction transaction(connection);
  const bool taken = is_known(connection, names) ? take(connection, names.known, kFreeOfAccount)
                                                 : take(connection, names.account, kFreeOfAccount) &&
                                                       take(connection, names.address, kFreeOfAddress);
  if (!taken) return std::max(locked_out(connection, attempt).value_or(base::Duration(0)), kShortestDelay);
  transaction.commit();
  return std::nullopt;
}

void attempt_succeeded(store::Connection& connection, const Attempt& attempt) {
  const Names names(attempt);
  store::Transaction transaction(connection);
  if (!is_known(connection, names)) {
    connection.run(sql::forgive_all, {names.account});
    connection.run(sql::forgive_one, {names.address});
  }
  connection.run(sql::know_address, {names.known});
  transaction.commit();
}

Judged judge(store::Database& database, const Passwords& passwords, const Attempt& attempt,
             const std::optional<std::string>& stored, const base::Secret& password) {
  const auto look = [&](auto&& act) {
    return database.retrying([&](store::Connection& connection) { return act(connection, attempt); });
  };
  // Looked at first: whoever is locked out takes nobody's turn to hash.
  if (const auto wait = look(locked_out)) return {false, wait};
  const auto turn = passwords.turn();
  if (const auto wait = look(take_attempt)) return {false, wait};
  return {passwords.matches(stored, password, turn)};
}

}  // namespace fencepost::accounts
