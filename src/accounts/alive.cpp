#include "accounts/alive.hpp"

#include <map>

#include "accounts/sessions.hpp"
#include "accounts/sql.hpp"

namespace fencepost::accounts {

std::vector<std::optional<Principal>> alive(store::Connection& connection,
                                            const std::vector<Principal>& callers) {
  std::map<std::int64_t, Principal> tokens, sessions;
  const auto role_of = [](const store::Value& word) {
    return role_named(word.text()).value_or(Role::member);
  };
  for (const auto& row : connection.run(sql::tokens_alive)) {
    Principal one{.token_id = row[0].integer(),
                  .person = row[2].maybe_integer(),
                  .scopes = Scopes::stored(row[1].text())};
    if (one.person) one.role = role_of(row[3]);
    tokens.emplace(one.token_id, one);
  }
  for (const auto& row : connection.run(sql::sessions_alive, {kSessionRest.count()}))
    sessions.emplace(
        row[0].integer(),
        Principal{.person = row[1].integer(), .role = role_of(row[2]), .session_id = row[0].integer()});
  std::vector<std::optional<Principal>> now;
  for (const auto& caller : callers) {
    const auto& known = caller.session_id != 0 ? sessions : tokens;
    const auto at = known.find(caller.session_id != 0 ? caller.session_id : caller.token_id);
    now.push_back(at == known.end() ? std::nullopt : std::optional(at->second));
    if (now.back()) now.back()->name = caller.name;
  }
  return now;
}

}  // namespace fencepost::accounts
