#pragma once
// OAuth 1.0a: the signature of one request (RFC 5849, HMAC-SHA1). Pure and thread-safe.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/secret.hpp"
#include "connect/connector.hpp"

namespace fencepost::connect::oauth {

// Four keys that a person copies from the platform's pages. Stored form:
// {"consumer_key", "consumer_secret", "token", "token_secret"}
struct Keys {
  std::string consumer_key;
  base::Secret consumer_secret;
  std::string token;
  base::Secret token_secret;
};
// nullopt: not this form.
std::optional<Keys> keys_of(const Credentials& credentials);

using Parameters = std::vector<std::pair<std::string, std::string>>;

struct SignedRequest {
  std::string method;  // upper case
  std::string url;     // its query is signed too
  // Of a body that is application/x-www-form-urlencoded; JSON and multipart bodies are not signed (section
  // 3.4.1.3.1).
  Parameters form{};
};

// The value of the header Authorization. `nonce` is new for each request (base::random_hex); `seconds` since
// 1970, by the wall clock. `realm` is sent where it is not empty, and never signed.
std::string authorization(const SignedRequest& request, const Keys& keys, const std::string& nonce,
                          std::int64_t seconds, const std::string& realm = {});

// Its two steps: what is signed (section 3.4.1), and the signature of that (section 3.4.2).
std::string signature_base(const SignedRequest& request, const Parameters& protocol);
std::string signature_of(const std::string& base, const Keys& keys);

}  // namespace fencepost::connect::oauth
