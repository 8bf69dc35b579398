#pragma once
// The Bluesky connector: posts as records of the account's repository, on whatever PDS it lives (AT Protocol,
// https://docs.bsky.app/docs/api/com-atproto-repo-put-record; run against npm @atproto/pds 0.4.217).
//
// The record's key is made of ours (tid.hpp), so that a post can be asked for by name, and sending it again
// makes no second one: the identical record answers as the first time, another one is refused with
// InvalidSwap. That lasts as long as the record does: after the post was DELETED the same request would bring
// it back. So a post is sent again only where a look found none, and never after its outcome is known. What
// each answer means: xrpc.hpp.
//
// Images and mentions are made ready in prepare(): an uploaded image that no post names goes away by itself.
// A handle that is nobody's stays plain text.

#include "connect/connector.hpp"
#include "connect/http_client.hpp"
#include "connect/limits.hpp"

namespace fencepost::connect {

struct BlueskyOptions {
  std::string service = "https://bsky.social";  // for connections whose target is empty
  std::string app = "https://bsky.app";         // where people read posts
};

class Bluesky final : public Connector {
 public:
  // Client and limits must outlive the connector.
  Bluesky(HttpClient& http, const PlatformLimits& limits, BlueskyOptions options = {});

  std::string_view platform() const override { return "bluesky"; }
  bool threads() const override { return true; }
  base::Duration refuses_second_arrival() const override { return kForEver; }

  // `destination`: the PDS, https://HOST; empty: Bluesky's own. The secret: see session.hpp.
  void check(const std::string& destination, const Credentials& credentials) const override;
  Fitted fit(const Post& post, const Account& account) const override;
  ImageRules image_rules(const Account& account) const override;
  Rendered render(const Post& post, const Account& account, const std::string& key) const override;
  std::variant<Rendered, Outcome> prepare(Rendered rendered, const Post& post, const Account& account,
                                          const Credentials& credentials, const std::string& key,
                                          base::BootTime deadline, std::stop_token stop) override;
  Outcome send(const Rendered& rendered, const Credentials& credentials, const std::string& key,
               base::BootTime deadline, std::stop_token stop) override;
  std::string text_of(const Rendered& rendered) const override;
  // Another record than ours under our key is an earlier attempt of the same item: present.
  Look look(const Rendered& rendered, const Credentials& credentials, const std::string& key,
            base::BootTime deadline, std::stop_token stop) override;

  // 0, long past, where no session was opened yet: refresh() opens it.
  std::optional<base::Micros> expires_at(const Credentials& credentials) const override;
  bool refreshable(const Credentials& credentials) const override;
  Verified verify(const Account& account, const Credentials& credentials, base::BootTime deadline,
                  std::stop_token stop) override;
  // Never `unknown`: with the password a new session can always be opened.
  Refreshed refresh(const Account& account, const Credentials& credentials, base::BootTime deadline,
                    std::stop_token stop) override;
  void revoke(const Account& account, const Credentials& credentials, base::BootTime deadline,
              std::stop_token stop) override;

 private:
  std::string service_of(const Account& account) const;

  HttpClient& http_;
  const PlatformLimits& limits_;
  const BlueskyOptions options_;
};

}  // namespace fencepost::connect
