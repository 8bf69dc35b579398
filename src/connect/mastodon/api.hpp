#pragma once
// Calls of a Mastodon server, and what its answers mean. Thread-safe; nothing throws for what the network or
// the server does.

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <stop_token>
#include <string>

#include "connect/connector.hpp"
#include "connect/http_client.hpp"

namespace fencepost::connect::mastodon {

// An account's server for the time of one call of a connector.
class Api {
 public:
  Api(HttpClient& http, std::string server, const Credentials& credentials, base::BootTime deadline,
      std::stop_token stop)
      : http_(http),
        server_(std::move(server)),
        credentials_(credentials),
        deadline_(deadline),
        stop_(std::move(stop)) {}

  HttpResult get(const std::string& path) const;
  HttpResult post(const std::string& path, std::string body, const std::string& content_type,
                  const std::string& key = {}) const;
  // What answers other than the yes mean.
  Outcome refusal(const HttpResult& result) const;
  // The limit that is used up: until when; else nullopt.
  std::optional<base::Duration> rest(const HttpResult& result) const;
  // For what the server is still at work on; false: no time is left.
  bool wait(base::Duration duration) const;

 private:
  HttpClient& http_;
  const std::string server_;
  const Credentials& credentials_;
  const base::BootTime deadline_;
  const std::stop_token stop_;
};

// Asks for what the account has posted since `key`: the first status that reads like `status` (as it was
// sent) and answers the same one.
Look find(const Api& api, const std::string& account, const nlohmann::json& status, const std::string& key,
          std::int64_t page_size);

}  // namespace fencepost::connect::mastodon
