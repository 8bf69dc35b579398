#pragma once
// The connector to X (API v2): posts of up to 280 weighted characters, pictures with descriptions, threads.
//
// X has no idempotency key. After an unknown outcome the account's own posts are read (look); that none is
// found proves nothing (a list may lag, a request may still be travelling), so nothing is sent again by
// itself. Every post is charged: Rendered::cost.
//
// Sources: docs.x.com "Create Post", "Get Posts" of a user, "Rate limits", "Pricing"; the numbers are in
// limits.toml.

#include "connect/limits.hpp"
#include "connect/oauth/connector.hpp"
#include "connect/x/api.hpp"

namespace fencepost::connect {

struct XOptions {
  std::string url = "https://api.x.com";  // without a slash at the end, like `site`
  std::string site = "https://x.com";     // where people read, and let us in
  std::string client_id{};                // OAuth 2; empty: only credentials that are typed in
  base::Secret client_secret{};           // empty: a public client
};

class X final : public OAuthConnector {
 public:
  // The client and the limits outlive the connector.
  X(HttpClient& http, const PlatformLimits& limits, XOptions options);

  std::string_view platform() const override { return "x"; }
  bool threads() const override { return true; }
  base::Duration refuses_second_arrival() const override { return base::Duration(0); }

  // The destination is empty: X has one. The credentials are tokens (oauth/tokens.hpp) or the four keys of
  // OAuth 1.0a (oauth/oauth1.hpp).
  void check(const std::string& destination, const Credentials& credentials) const override;
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

  Verified verify(const Account& account, const Credentials& credentials, base::BootTime deadline,
                  std::stop_token stop) override;

 private:
  std::string post_url(const std::string& id) const { return options_.site + "/i/status/" + id; }

  const PlatformLimits& limits_;
  const XOptions options_;
  const x::Api api_;
};

}  // namespace fencepost::connect
