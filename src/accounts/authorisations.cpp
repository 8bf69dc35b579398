#include "accounts/authorisations.hpp"

#include "accounts/codes.hpp"
#include "accounts/sql.hpp"

namespace fencepost::accounts {

namespace {
constexpr std::string_view kPrefix = "fpo_";
std::string context_of(const std::string& hash) { return "authorisation:" + hash; }
}  // namespace

BegunAuthorisation begin_authorisation(store::Connection& connection, const Vault& vault,
                                       const Principal& who, const Authorising& what) {
  BegunAuthorisation begun{new_code(kPrefix)};
  const auto hash = hash_of(begun.state.reveal());
  const auto session = who.session_id != 0 ? std::optional(who.session_id) : std::nullopt;
  const auto rows =
      connection.run(sql::add_authorisation,
                     {hash, session, who.person, what.connection, what.name, what.platform, what.target,
                      vault.seal(what.kept, context_of(hash)), kAuthorisationLife.count()});
  begun.expires_at = rows[0][0].integer();
  return begun;
}

std::optional<Authorising> take_authorisation(store::Connection& connection, const Vault& vault,
                                              const Principal& who, const std::string& state) {
  if (!is_code(state, kPrefix)) return std::nullopt;
  const auto hash = hash_of(state);
  const auto session = who.session_id != 0 ? std::optional(who.session_id) : std::nullopt;
  const auto rows =
      connection.run(sql::take_authorisation, {hash, session, who.person, who.at_least(Role::operator_)});
  if (rows.empty()) return std::nullopt;
  const auto& row = rows[0];
  auto kept = vault.try_unseal(row[4].text(), context_of(hash));
  if (!kept) return std::nullopt;
  return Authorising{.connection = row[0].maybe_integer(),
                     .name = row[1].text(),
                     .platform = row[2].text(),
                     .target = row[3].text(),
                     .kept = std::move(*kept),
                     .person = row[5].maybe_integer()};
}

Sealed sealed_authorisations() {
  return {.page = sql::authorisations_page,
          .reseal = sql::reseal_authorisations,
          .before = {""},
          .context = [](const store::Row& row) { return context_of(row[0].text()); },
          .passes = true};
}

}  // namespace fencepost::accounts
