#include "connect/oauth/connector.hpp"

#include "connect/exchange.hpp"
#include "connect/oauth/oauth2.hpp"
#include "connect/oauth/tokens.hpp"

namespace fencepost::connect {

std::optional<base::Micros> OAuthConnector::expires_at(const Credentials& credentials) const {
  return oauth::expires_at(credentials);
}

bool OAuthConnector::refreshable(const Credentials& credentials) const {
  return oauth::refreshable(credentials);
}

Refreshed OAuthConnector::refresh(const Account&, const Credentials& credentials, base::BootTime deadline,
                                  std::stop_token stop) {
  return oauth::refresh(http_, client_, credentials, deadline, std::move(stop));
}

void OAuthConnector::revoke(const Account&, const Credentials& credentials, base::BootTime deadline,
                            std::stop_token stop) {
  if (oauth::tokens_of(credentials))
    (void)oauth::revoke(http_, client_, credentials, deadline, std::move(stop));
}

Authorisation OAuthConnector::authorisation(const Account&, const std::string&, base::BootTime,
                                            std::stop_token) {
  if (!client_.id.empty()) return {client_, accepted("", "")};
  const std::string name(platform());
  return {std::nullopt, certain(Reason::rejected, "this server is no client of " + name +
                                                      ": its operator sets " + name + "-client-id")};
}

Refreshed OAuthConnector::exchange(const oauth::Client& client, const oauth::Code& code,
                                   base::BootTime deadline, std::stop_token stop) {
  return oauth::exchange(http_, client, code, deadline, std::move(stop));
}

}  // namespace fencepost::connect
