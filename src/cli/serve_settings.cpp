#include "cli/serve_settings.hpp"

#include "cli/curate_serving.hpp"
#include "cli/media_serving.hpp"
#include "cli/platforms.hpp"
#include "cli/upload_serving.hpp"

namespace fencepost::cli {

namespace {
const std::vector<std::string_view> kOwnNames = {"database",
                                                 "listen",
                                                 "token-file",
                                                 "key-file",
                                                 "allow-private-addresses",
                                                 "concurrency",
                                                 "lease",
                                                 "poll-only",
                                                 "log-json",
                                                 "log-level",
                                                 "state-folder",
                                                 "drain",
                                                 "keep-budgets",
                                                 "public-url",
                                                 "trusted-proxies",
                                                 "smtp-host",
                                                 "smtp-tls",
                                                 "smtp-user",
                                                 "smtp-password-file",
                                                 "smtp-from",
                                                 "smtp-ca-file",
                                                 "notify-window",
                                                 "post-timeout",
                                                 "youtube-api-key-file",
                                                 "youtube-project",
                                                 "youtube-units-per-day",
                                                 "youtube-feed-url",
                                                 "youtube-page-url",
                                                 "live-check-every",
                                                 "live-check-timeout",
                                                 "live-check-concurrency",
                                                 "text-api",
                                                 "text-url",
                                                 "text-model",
                                                 "text-key-file",
                                                 "text-max-tokens",
                                                 "text-timeout",
                                                 "text-ahead"};

}  // namespace

const std::vector<std::string_view>& serve_settings() {
  static const auto all = [] {
    auto names = kOwnNames;
    names.insert(names.end(), platform_settings().begin(), platform_settings().end());
    names.insert(names.end(), media_settings().begin(), media_settings().end());
    names.insert(names.end(), curate_settings().begin(), curate_settings().end());
    names.insert(names.end(), upload_settings().begin(), upload_settings().end());
    return names;
  }();
  return all;
}

}  // namespace fencepost::cli
