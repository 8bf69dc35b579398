#pragma once
// A webhook of Discord, and what its answers mean. Thread-safe.

#include <optional>
#include <string>

#include "connect/connector.hpp"
#include "connect/http_client.hpp"

namespace fencepost::connect::discord {

struct Hook {
  std::string id;
  base::Secret token;
  std::string thread;  // a thread of its channel; may be empty
};
// Of https://discord.com/api/webhooks/ID/TOKEN (also discordapp.com, and the test clients' hosts), or below
// `url`. Throws UserError("invalid_credentials").
Hook hook_of(const Credentials& credentials, const std::string& url);

// What Discord's answers but the yes mean.
Outcome refusal(const HttpResult& result, const Hook& hook, base::Micros now);
// What is left of the webhook's rate limit is nothing: until when; else nullopt.
std::optional<base::Duration> rest_of(const HttpResult& result, base::Micros now);

}  // namespace fencepost::connect::discord
