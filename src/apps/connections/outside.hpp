#pragma once
// The connectors as accounts need them: refreshing what a connection has, and giving back what nobody wants.

#include <string>
#include <string_view>
#include <vector>

#include "accounts/fresh_credentials.hpp"
#include "connect/connector.hpp"

namespace fencepost::connections {

// Thread-safe; the connectors outlive it.
class Outside final : public accounts::Refresher {
 public:
  explicit Outside(std::vector<connect::Connector*> connectors) : connectors_(std::move(connectors)) {}

  // nullptr: this server has none for the platform.
  connect::Connector* find(std::string_view platform) const;
  // Throws UserError("invalid_platform").
  connect::Connector& connector(std::string_view platform) const;
  std::vector<std::string> platforms() const;

  accounts::RefreshAnswer refresh(const accounts::LiveConnection& connection,
                                  base::BootTime deadline) override;
  void discard(const accounts::LiveConnection& connection, const base::Secret& secret,
               base::BootTime deadline) override;

 private:
  const std::vector<connect::Connector*> connectors_;
};

connect::Account account_of(const accounts::LiveConnection& connection);
// When they end, as the platform said when it gave them.
accounts::SecretLife life_of(const connect::Connector& connector, const connect::Credentials& credentials);

}  // namespace fencepost::connections
