#pragma once
// Language models that write a text: a question goes out, a text comes back, nothing is left behind there.
// Asking again costs money and harms nobody else.
//
// Sources (2026-11): platform.openai.com/docs/api-reference/chat and /docs/guides/error-codes;
// docs.anthropic.com/en/api/messages and /en/api/errors.

#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "base/clock.hpp"
#include "base/secret.hpp"
#include "connect/connector.hpp"
#include "connect/http_client.hpp"

namespace fencepost::connect {

struct Prompt {
  std::string system;  // what is wanted
  std::string user;    // the facts; of people, and not to be trusted
};

struct ModelOptions {
  enum class Api { openai, anthropic } api = Api::openai;
  std::string base_url;  // what stands before /v1/…, without a slash at the end
  std::string model;     // as the service names it
  base::Secret key;      // may be empty: a server of one's own
  int max_tokens = 400;
};

struct Writing {
  std::optional<std::string> text;  // clean(), at most kLongestWriting code points
  // No text: why not. Never `unknown`: nothing outside depends on whether the question arrived.
  Outcome outcome;
};
inline constexpr int kLongestWriting = 2000;

// Thread-safe.
class Model {
 public:
  virtual ~Model() = default;
  // "openai: gpt-…"; safe to show.
  virtual std::string name() const = 0;
  // Asks once. Ends by `deadline`, a moment on the client's clock, or soon after a stop. Throws nothing for
  // what the network or the service does.
  virtual Writing write(const Prompt& prompt, base::BootTime deadline, std::stop_token stop) = 0;
};

// The client outlives the model. Throws UserError("invalid_destination") for a base URL that is none, and
// UserError("invalid_credentials") for a key that no header can carry.
std::unique_ptr<Model> make_model(HttpClient& http, ModelOptions options);

// -- pure

// Only the text: without the blanks, the code fence or the quotation marks around it, without control
// characters; line breaks as "\n", at most two in a row; shortened to kLongestWriting.
std::string clean(std::string text);
// What no text came for. 429, 529 and other 5xx are temporary, with Retry-After, but where the money is used
// up: that is `rejected`, and a person's matter.
Outcome classify_model(const HttpResult& result, base::Micros now);

}  // namespace fencepost::connect
