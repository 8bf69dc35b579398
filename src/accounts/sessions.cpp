#include "accounts/sessions.hpp"

#include <sodium.h>
#include <algorithm>

#include "accounts/codes.hpp"
#include "accounts/sql.hpp"
#include "accounts/text.hpp"
#include "accounts/touch.hpp"

namespace fencepost::accounts {

namespace {
constexpr std::string_view kPrefix = "fps_";
constexpr std::size_t kAgentBytes = 200, kAddressBytes = 64;
}  // namespace

std::optional<NewSession> open_session(store::Connection& connection, std::int64_t person,
                                       const Client& client, const std::optional<std::string>& password) {
  store::Transaction transaction(connection);
  // Whoever disables him or changes the password meanwhile waits for this, and ends it too; or was first.
  const auto rows = connection.run(sql::share_person, {person});
  if (rows.empty() || (password && rows[0][1].maybe_text() != password)) return std::nullopt;
  NewSession session{.person = person, .token = new_code(kPrefix)};
  const auto made = connection.run(
      sql::add_session, {hash_of(session.token.reveal()), person, printable(client.address, kAddressBytes),
                         printable(client.agent, kAgentBytes), kSessionLife.count()});
  session.id = made[0][0].integer();
  session.expires_at = made[0][1].integer();
  transaction.commit();
  return session;
}

std::optional<Principal> authenticate_session(store::Connection& connection, const std::string& token) {
  if (!is_code(token, kPrefix)) return std::nullopt;
  const auto hash = hash_of(token);
  const auto rows = connection.run(sql::session_by_hash, {hash, kSessionRest.count(), kTouch.count()});
  if (rows.empty() || !same(rows[0][1].text(), hash)) return std::nullopt;
  const auto& row = rows[0];
  if (row[5].boolean()) touch(connection, sql::touch_session, {row[0], kSessionRest.count(), kTouch.count()});
  return Principal{.name = row[3].text(),
                   .person = row[2].integer(),
                   .role = role_named(row[4].text()).value_or(Role::member),
                   .session_id = row[0].integer()};
}

std::vector<SessionInfo> list_sessions(store::Connection& connection, std::int64_t person) {
  std::vector<SessionInfo> sessions;
  for (const auto& row : connection.run(sql::sessions_of, {person, kSessionRest.count()}))
    sessions.push_back({row[0].integer(), row[1].integer(), row[2].integer(), row[3].integer(), row[4].text(),
                        row[5].text()});
  return sessions;
}

bool end_session(store::Connection& connection, std::int64_t person, std::int64_t id) {
  return !connection.run(sql::end_session, {person, id}).empty();
}

std::int64_t end_other_sessions(store::Connection& connection, std::int64_t person, std::int64_t keep) {
  return connection.run(sql::end_sessions, {person, keep}).changed;
}

std::string csrf_token(const std::string& session_token) {
  constexpr std::string_view kPurpose = "fencepost csrf 1";
  unsigned char mac[crypto_generichash_BYTES];
  crypto_generichash(mac, sizeof mac, reinterpret_cast<const unsigned char*>(kPurpose.data()),
                     kPurpose.size(), reinterpret_cast<const unsigned char*>(session_token.data()),
                     std::min(session_token.size(), std::size_t{crypto_generichash_KEYBYTES_MAX}));
  char text[sodium_base64_ENCODED_LEN(sizeof mac, sodium_base64_VARIANT_URLSAFE_NO_PADDING)];
  sodium_bin2base64(text, sizeof text, mac, sizeof mac, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  return text;
}

bool csrf_matches(const std::string& session_token, const std::string& given) {
  return same(csrf_token(session_token), given);
}

}  // namespace fencepost::accounts
