#pragma once
// The connectors to all platforms, made of the settings: one of each, for the whole process.

#include <vector>

#include "connect/bluesky/bluesky.hpp"
#include "connect/discord/discord.hpp"
#include "connect/limits.hpp"
#include "connect/linkedin/linkedin.hpp"
#include "connect/mastodon/mastodon.hpp"
#include "connect/threads/threads.hpp"
#include "connect/webhook/webhook.hpp"
#include "connect/x/x.hpp"
#include "connect/youtube/channel.hpp"

namespace fencepost::cli {

class Settings;

// The settings that Platforms reads, for the commands that take them.
const std::vector<std::string_view>& platform_settings();

// Where platforms fetch images from (--public-url): by https, and not in a network of our own unless those
// are allowed. Empty: nowhere.
std::string image_origin(const Settings& settings);

class Platforms {
 public:
  // The client outlives it. Throws UsageError where a setting, the file of limits or a secret's file cannot
  // be used.
  Platforms(const Settings& settings, connect::HttpClient& http);
  Platforms(const Platforms&) = delete;
  Platforms& operator=(const Platforms&) = delete;

  // One a platform; they live as long as this.
  std::vector<connect::Connector*> all();
  connect::Webhook& webhook() { return webhook_; }
  const connect::Limits& limits() const { return limits_; }

 private:
  const connect::Limits limits_;
  connect::Webhook webhook_;
  connect::Bluesky bluesky_;
  connect::Discord discord_;
  connect::Mastodon mastodon_;
  connect::X x_;
  connect::Threads threads_;
  connect::LinkedIn linkedin_;
  connect::YouTubeChannel youtube_;
};

}  // namespace fencepost::cli
