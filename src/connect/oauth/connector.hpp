#pragma once
// What the connectors share whose credentials are OAuth 2 tokens of one client, the operator's: their life is
// that of connect/oauth. The platform's own ways (a long-lived token, keys of OAuth 1.0a) are overridden.

#include "connect/connector.hpp"
#include "connect/http_client.hpp"

namespace fencepost::connect {

class OAuthConnector : public Connector {
 public:
  std::optional<base::Micros> expires_at(const Credentials& credentials) const override;
  bool refreshable(const Credentials& credentials) const override;
  Refreshed refresh(const Account& account, const Credentials& credentials, base::BootTime deadline,
                    std::stop_token stop) override;
  void revoke(const Account& account, const Credentials& credentials, base::BootTime deadline,
              std::stop_token stop) override;
  // A certain failure where the operator has named no client.
  Authorisation authorisation(const Account& account, const std::string& redirect_uri,
                              base::BootTime deadline, std::stop_token stop) override;
  Refreshed exchange(const oauth::Client& client, const oauth::Code& code, base::BootTime deadline,
                     std::stop_token stop) override;

 protected:
  // The HTTP client outlives the connector.
  OAuthConnector(HttpClient& http, oauth::Client client) : http_(http), client_(std::move(client)) {}

  HttpClient& http_;
  const oauth::Client client_;
};

}  // namespace fencepost::connect
