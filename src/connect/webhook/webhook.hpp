#pragma once
// The webhook connector: POSTs an announcement as JSON to a URL that a person named, signed as in the
// Standard Webhooks convention.
//
//   {"type":"announcement","id":KEY,"text":…,"url":…}
//   Idempotency-Key, webhook-id: KEY     webhook-timestamp: seconds, of the moment of sending
//   webhook-signature: v1,…              the body is the same byte for byte however often a key is sent
//
// A receiver promises nothing: it may count a second arrival as a second announcement, and nobody can ask it.

#include "connect/connector.hpp"
#include "connect/http_client.hpp"

namespace fencepost::connect {

class Webhook final : public Connector {
 public:
  // The client must outlive the connector; its clock gives the timestamp and its policy the reachable
  // addresses.
  explicit Webhook(HttpClient& http) : http_(http) {}

  std::string_view platform() const override { return "webhook"; }
  base::Duration refuses_second_arrival() const override { return base::Duration(0); }

  // `destination` is the receiver's URL, shown and stored openly; the secret is the signing secret,
  // `whsec_…`.
  void check(const std::string& destination, const Credentials& credentials) const override;
  Rendered render(const Post& post, const Account& account, const std::string& key) const override;
  Outcome send(const Rendered& rendered, const Credentials& credentials, const std::string& key,
               base::BootTime deadline, std::stop_token stop) override;
  std::string text_of(const Rendered& rendered) const override;
  Look look(const Rendered& rendered, const Credentials& credentials, const std::string& key,
            base::BootTime deadline, std::stop_token stop) override;

 private:
  HttpClient& http_;
};

// What an exchange means, by PLATFORMS.md ("Certain failure"). `now` is wall time, for Retry-After as a date.
//
// accepted   any 2xx, also when its body was cut: the receiver had said yes.
// certain    no byte left; 307 and 308 ("not here", and never followed); the 4xx of RFC 9110, 4918, 6585,
//            7725 and 8470 that say that the request was not carried out. To be retried: 429, 425, 423 and
//            all failures to connect.
// unknown    cut, time-out or stop after the request began; 5xx; the other 3xx (many programs act, then
//            redirect); 408 (gateways use it for a slow backend); 409 (the Idempotency-Key draft: the same
//            key is being worked on); proxies' private 4xx such as 499 and 460 (the client gave up, the
//            backend may not have).
Outcome classify_webhook(const HttpResult& result, base::Micros now);

}  // namespace fencepost::connect
