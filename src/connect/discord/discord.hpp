#pragma once
// The Discord connector: messages over a channel's webhook
// (https://discord.com/developers/docs/resources/webhook#execute-webhook).
//
// A webhook's URL is its whole secret: it stands in the credentials, and what is shown and stored of it is
// the URL without its last part. Discord knows no idempotency key for webhooks, and a webhook cannot read its
// channel: after an unknown outcome only a person can look. A message pings nobody (allowed_mentions).
//
// accepted   200 with the message (wait=true), 204
// certain    401, 403, and 404 of a webhook that is gone (10015): credentials; 400 and other 404: rejected;
//            429: rate_limited, with `retry_after` (seconds with decimals); the others of by_status()
// unknown    5xx, cuts and time-outs: for a person to decide
//
// Images travel with the message. Their bytes are not stored: prepare() keeps them until send() of the same
// key, or for ten minutes.

#include <map>

#include "base/guarded.hpp"
#include "connect/connector.hpp"
#include "connect/http_client.hpp"
#include "connect/limits.hpp"

namespace fencepost::connect {

struct DiscordOptions {
  std::string url = "https://discord.com";
};

class Discord final : public Connector {
 public:
  // Client and limits must outlive the connector.
  Discord(HttpClient& http, const PlatformLimits& limits, DiscordOptions options = {});

  std::string_view platform() const override { return "discord"; }
  base::Duration refuses_second_arrival() const override { return base::Duration(0); }

  // The secret is the webhook's URL as Discord shows it, with ?thread_id=… for a thread. `destination`:
  // empty, or that URL without its last part.
  void check(const std::string& destination, const Credentials& credentials) const override;
  Fitted fit(const Post& post, const Account& account) const override;
  ImageRules image_rules(const Account& account) const override;
  // A webhook cannot answer a message: the parts of a thread follow each other.
  Rendered render(const Post& post, const Account& account, const std::string& key) const override;
  std::variant<Rendered, Outcome> prepare(Rendered rendered, const Post& post, const Account& account,
                                          const Credentials& credentials, const std::string& key,
                                          base::BootTime deadline, std::stop_token stop) override;
  Outcome send(const Rendered& rendered, const Credentials& credentials, const std::string& key,
               base::BootTime deadline, std::stop_token stop) override;
  std::string text_of(const Rendered& rendered) const override;
  Look look(const Rendered& rendered, const Credentials& credentials, const std::string& key,
            base::BootTime deadline, std::stop_token stop) override;

  // `facts`: {"guild_id", "channel_id"}, for the links of messages.
  Verified verify(const Account& account, const Credentials& credentials, base::BootTime deadline,
                  std::stop_token stop) override;

 private:
  struct Kept {
    std::vector<Image> images;
    base::BootTime until;
  };

  HttpClient& http_;
  const PlatformLimits& limits_;
  const DiscordOptions options_;
  base::Guarded<std::map<std::string, Kept>> kept_;  // by key
};

}  // namespace fencepost::connect
