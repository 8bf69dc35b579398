#pragma once
// A webhook as the Standard Webhooks specification has it: signed, and named by an idempotency key.

#include <chrono>
#include <string>

struct WebhookAnswer {
  bool left = true;  // whether a byte of the request may have left this process
  long code = 0;     // 0: no answer
  std::string error;
};

// `secret` is whsec_ and base64. Returns within `timeout`. Thread-safe.
WebhookAnswer post_webhook(const std::string& url, const std::string& key, const std::string& body,
                           const std::string& secret, std::chrono::milliseconds timeout);
