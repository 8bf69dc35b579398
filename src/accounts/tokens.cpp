#include "accounts/tokens.hpp"

#include <sodium.h>

#include "accounts/sql.hpp"
#include "accounts/text.hpp"
#include "base/random.hpp"

namespace fencepost::accounts {

namespace {

constexpr std::string_view kPrefix = "fp_";
constexpr std::size_t kBytes = 32, kCharacters = 43;

base::Secret new_token() { return base::Secret(std::string(kPrefix) + base::random_token(kBytes)); }

std::string hash_of(std::string_view token) {
  unsigned char digest[crypto_hash_sha256_BYTES];
  crypto_hash_sha256(digest, reinterpret_cast<const unsigned char*>(token.data()), token.size());
  char hex[sizeof digest * 2 + 1];
  sodium_bin2hex(hex, sizeof hex, digest, sizeof digest);
  return hex;
}

}  // namespace

base::Secret create_token(store::Connection& connection, const std::string& name) {
  check_name(name);
  auto token = new_token();
  connection.run(sql::add_token, {name, hash_of(token.reveal())});
  return token;
}

std::optional<Principal> authenticate(store::Connection& connection, const std::string& token) {
  if (token.size() != kPrefix.size() + kCharacters || !token.starts_with(kPrefix)) return std::nullopt;
  // The index compares hashes, not tokens: how long it takes says nothing about any token.
  const auto hash = hash_of(token);
  const auto rows = connection.run(sql::token_by_hash, {hash});
  if (rows.empty() || rows[0][2].text().size() != hash.size() ||
      sodium_memcmp(rows[0][2].text().data(), hash.data(), hash.size()) != 0)
    return std::nullopt;
  return Principal{rows[0][0].integer(), rows[0][1].text()};
}

bool revoke_token(store::Connection& connection, std::int64_t id) {
  return !connection.run(sql::revoke_token, {id}).empty();
}

std::vector<TokenInfo> list_tokens(store::Connection& connection) {
  std::vector<TokenInfo> tokens;
  for (const auto& row : connection.run(sql::tokens))
    tokens.push_back({row[0].integer(), row[1].text(), row[2].integer(), row[3].boolean()});
  return tokens;
}

std::optional<base::Secret> first_token(store::Connection& connection) {
  auto token = new_token();
  if (connection.run(sql::add_first_token, {"admin", hash_of(token.reveal())}).empty()) return std::nullopt;
  return token;
}

}  // namespace fencepost::accounts
