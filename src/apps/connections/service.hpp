#pragma once
// Connecting accounts of outside platforms, by credentials that a person types in or by letting us in on the
// platform's own pages; asking the platform who they are; disconnecting.
//
// No connection, transaction or lock is held while a platform is asked. Platforms are asked before anything
// is written, and told of a disconnect behind its commit: a connection is never called what it is not.

#include <functional>
#include <optional>
#include <string>

#include "accounts/authorisations.hpp"
#include "accounts/connections.hpp"
#include "apps/connections/outside.hpp"

namespace fencepost::connections {

struct Wish {
  std::string name, platform, target;
  base::Secret secret{};
};

// What the platform knows: written together.
struct Known {
  base::Secret secret{};
  accounts::SecretLife life{};
  accounts::AccountFacts account{};
};

struct Begun {
  std::string url;  // where the person's browser goes
  base::Micros expires_at = 0;
};

// Thread-safe. Everything named outlives it.
class Service {
 public:
  Service(store::Database& database, const accounts::Vault& vault, Outside& outside,
          accounts::FreshCredentials& credentials, const base::Clock& clock)
      : database_(database), vault_(vault), outside_(outside), credentials_(credentials), clock_(clock) {}

  Outside& outside() const { return outside_; }

  // Asks the platform whether a connection can be made of these. Throws UserError: invalid_platform,
  // invalid_destination, invalid_credentials; platform_unavailable: it could not be asked.
  Known ask(const Wish& wish);
  // In the caller's transaction. `ask` came before. Throws as accounts::create_connection; duplicate_account.
  accounts::ConnectionInfo create(store::Connection& connection, const Wish& wish, const Known& known,
                                  std::optional<std::int64_t> person);
  // New credentials for one that is there, of the same account. nullopt: there is none. Throws
  // UserError: other_account, duplicate_account; as accounts::reconnect.
  std::optional<accounts::ConnectionInfo> reconnect(store::Connection& connection, std::int64_t id,
                                                    const Known& known);

  // Begins an authorisation on the platform's pages, which comes back to `redirect_uri`. With `connection`
  // it is for new credentials of that one. Throws UserError: invalid_platform, invalid_destination,
  // not_authorisable: its credentials are typed in; platform_unavailable.
  Begun begin(const accounts::Principal& who, accounts::Authorising what, const std::string& redirect_uri);
  // What the person comes back with. Throws UserError: authorisation_unknown: it has expired, was finished
  // before, or another session began it; authorisation_refused; platform_unavailable; as create and
  // reconnect.
  accounts::ConnectionInfo finish(const accounts::Principal& who, const std::string& state,
                                  const std::string& code, const std::string& refusal,
                                  const std::string& redirect_uri);

  // Asks the platform who a connection is, with fresh credentials, and writes what it says: a broken one that
  // is known is whole again. nullopt: there is no such connection. Throws UserError: invalid_credentials;
  // platform_unavailable; connection_disconnected.
  std::optional<accounts::ConnectionInfo> verify(std::int64_t id);

  // Called in the transaction that disconnects, behind it: stops what waits for this connection.
  using Within = std::function<void(store::Connection&)>;
  // Disconnects at once, then tells the platform, best effort. False: there is no such connection.
  bool disconnect(std::int64_t id, const Within& within);

 private:
  Known known(const Wish& wish, connect::Connector& connector, connect::Credentials credentials);

  store::Database& database_;
  const accounts::Vault& vault_;
  Outside& outside_;
  accounts::FreshCredentials& credentials_;
  const base::Clock& clock_;
};

}  // namespace fencepost::connections
