#include "accounts/tokens.hpp"

#include <algorithm>

#include "accounts/codes.hpp"
#include "accounts/sessions.hpp"
#include "accounts/sql.hpp"
#include "accounts/text.hpp"
#include "accounts/touch.hpp"
#include "store/migrate.hpp"

namespace fencepost::accounts {

namespace {

constexpr std::string_view kPrefix = "fp_";
constexpr std::size_t kShown = 8;
constexpr base::Duration kShortestLife = std::chrono::minutes(1);
constexpr base::Duration kLongestLife = std::chrono::hours(24 * 3653);

std::string shown_prefix(const base::Secret& token) { return token.reveal().substr(0, kShown); }

MadeToken insert_token(store::Connection& connection, const NewToken& token,
                       std::optional<std::int64_t> person) {
  MadeToken made{.answer = TokenAnswer::made, .token = new_code(kPrefix)};
  const auto life = token.life ? std::optional(token.life->count()) : std::nullopt;
  const auto rows =
      connection.run(sql::add_token, {token.name, hash_of(made.token.reveal()), shown_prefix(made.token),
                                      token.scopes.text(), person, life});
  made.id = rows[0][0].integer();
  made.expires_at = rows[0][1].maybe_integer();
  return made;
}

bool may_give(Role role, Scopes scopes) {
  const auto words = scopes.words();
  return std::all_of(words.begin(), words.end(),
                     [&](const auto& word) { return role >= least_role(*scope_named(word)); });
}

TokenInfo info_of(const store::Row& row) {
  return {row[0].integer(), row[1].text(),          row[2].integer(),
          row[3].boolean(), row[4].maybe_integer(), Scopes::stored(row[5].text()),
          row[6].text(),    row[7].maybe_integer(), row[8].maybe_integer()};
}

}  // namespace

MadeToken create_token(store::Connection& connection, const Principal& maker, const NewToken& token) {
  check_name(token.name);
  if (token.scopes.empty()) (void)Scopes::named({});
  if (token.life && (*token.life < kShortestLife || *token.life > kLongestLife))
    throw base::UserError("invalid_expiry", "a token expires after a minute at least, and 10 years at most");
  if (!maker.scopes.covers(token.scopes)) return {};
  store::Transaction transaction(connection);
  if (maker.person) {
    // As he is now, and stays until this is done: who disables him revokes this one too.
    const auto rows = connection.run(sql::share_person, {*maker.person});
    if (rows.empty() || !may_give(role_named(rows[0][0].text()).value_or(Role::member), token.scopes))
      return {};
  }
  auto made = insert_token(connection, token, maker.person);
  transaction.commit();
  return made;
}

base::Secret create_token(store::Connection& connection, const std::string& name) {
  check_name(name);
  return insert_token(connection, {.name = name}, std::nullopt).token;
}

std::optional<Principal> authenticate(store::Connection& connection, const std::string& token) {
  if (!is_code(token, kPrefix)) return std::nullopt;
  const auto hash = hash_of(token);
  const auto rows = connection.run(sql::token_by_hash, {hash, kTouch.count()});
  if (rows.empty() || !same(rows[0][2].text(), hash)) return std::nullopt;
  const auto& row = rows[0];
  if (row[7].boolean()) touch(connection, sql::touch_token, {row[0], kTouch.count()});
  Principal principal{.token_id = row[0].integer(),
                      .name = row[1].text(),
                      .person = row[4].maybe_integer(),
                      .scopes = Scopes::stored(row[3].text())};
  if (principal.person) {
    principal.name = row[5].text() + " (" + row[1].text() + ")";
    principal.role = role_named(row[6].text()).value_or(Role::member);
  }
  return principal;
}

bool revoke_token(store::Connection& connection, std::int64_t id, std::optional<std::int64_t> person) {
  return !connection.run(sql::revoke_token, {id, person}).empty();
}

std::vector<TokenInfo> page_of_tokens(store::Connection& connection, std::optional<std::int64_t> person,
                                      std::int64_t after, int limit) {
  std::vector<TokenInfo> tokens;
  for (const auto& row : connection.run(sql::tokens_page, {after, limit, person}))
    tokens.push_back(info_of(row));
  return tokens;
}

std::vector<TokenInfo> list_tokens(store::Connection& connection) {
  constexpr int kAll = 1'000'000;
  return page_of_tokens(connection, std::nullopt, 0, kAll);
}

std::optional<base::Secret> first_token(store::Connection& connection) {
  auto token = new_code(kPrefix);
  const auto rows = connection.run(
      sql::add_first_token, {"admin", hash_of(token.reveal()), shown_prefix(token), Scopes::all().text()});
  if (rows.empty()) return std::nullopt;
  return token;
}

bool awaits_first_token(store::Connection& connection) {
  return store::rows_if_migrated(connection, sql::any_token).empty();
}

}  // namespace fencepost::accounts
