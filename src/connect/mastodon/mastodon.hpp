#pragma once
// The Mastodon connector: statuses of an account on any server that speaks Mastodon's API
// (https://docs.joinmastodon.org/methods/statuses/#create).
//
// A server answers the same Idempotency-Key with the status that it made the first time, for an hour. It
// remembers a key only after its work, so that a server that dies between the two would make a second one:
// an item is sent again only where a look has found nothing, and only within 50 minutes. Later it is for a
// person. A look reads what the account has posted since the key's time and compares texts as they are shown.
//
// accepted   200
// certain    401, 403: credentials; 404, 422 and the others of by_status(): rejected; 429: rate_limited until
//            X-RateLimit-Reset
// unknown    5xx (503 is also what a server says that is still at work on the same key), cuts and time-outs
//
// Images are uploaded in prepare(), which waits until the server has read them.

#include "connect/http_client.hpp"
#include "connect/limits.hpp"
#include "connect/oauth/connector.hpp"

namespace fencepost::connect {

class Mastodon final : public OAuthConnector {
 public:
  // Client and limits must outlive the connector.
  Mastodon(HttpClient& http, const PlatformLimits& limits);

  std::string_view platform() const override { return "mastodon"; }
  bool threads() const override { return true; }
  base::Duration refuses_second_arrival() const override;

  // `destination`: the server, https://HOST. The secret: oauth/tokens.hpp; an access token alone will do.
  void check(const std::string& destination, const Credentials& credentials) const override;
  // By what verify() found that the server allows; until then by Mastodon's own limits.
  Fitted fit(const Post& post, const Account& account) const override;
  ImageRules image_rules(const Account& account) const override;
  Rendered render(const Post& post, const Account& account, const std::string& key) const override;
  std::variant<Rendered, Outcome> prepare(Rendered rendered, const Post& post, const Account& account,
                                          const Credentials& credentials, const std::string& key,
                                          base::BootTime deadline, std::stop_token stop) override;
  Outcome send(const Rendered& rendered, const Credentials& credentials, const std::string& key,
               base::BootTime deadline, std::stop_token stop) override;
  Look look(const Rendered& rendered, const Credentials& credentials, const std::string& key,
            base::BootTime deadline, std::stop_token stop) override;
  std::string text_of(const Rendered& rendered) const override;
  std::string told_by(const Rendered& rendered) const override;

  // `facts`: what the server allows, and who sees the account's posts unless it says otherwise (facts.hpp).
  Verified verify(const Account& account, const Credentials& credentials, base::BootTime deadline,
                  std::stop_token stop) override;
  // Of a token that came over our own client alone: one that a person pasted may serve elsewhere too.
  void revoke(const Account& account, const Credentials& credentials, base::BootTime deadline,
              std::stop_token stop) override;
  // Registers a client with the account's server.
  Authorisation authorisation(const Account& account, const std::string& redirect_uri,
                              base::BootTime deadline, std::stop_token stop) override;

 private:
  const PlatformLimits& limits_;
};

}  // namespace fencepost::connect
