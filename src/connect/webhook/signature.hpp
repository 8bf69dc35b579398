#pragma once
// Signatures of the Standard Webhooks convention, version 1 (symmetric): specification at
// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md

#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/secret.hpp"

namespace fencepost::connect::webhook {

// A signing secret: `whsec_` and 24 to 64 bytes in base64. Immutable, thread-safe.
class SigningSecret {
 public:
  // Throws UserError("invalid_secret"), whose message does not repeat the text. Padding may be left out.
  static SigningSecret parse(const base::Secret& text);
  // A new random one, in the form that parse() reads and the receiver is given.
  static base::Secret generate();

  // The value of `webhook-signature`: "v1," and the base64 of HMAC-SHA256(secret, "ID.SECONDS.BODY").
  // `seconds` since 1970 UTC, as in `webhook-timestamp`.
  std::string sign(std::string_view id, std::int64_t seconds, std::string_view body) const;

 private:
  explicit SigningSecret(base::Secret key) : key_(std::move(key)) {}
  base::Secret key_;  // the decoded bytes
};

}  // namespace fencepost::connect::webhook
