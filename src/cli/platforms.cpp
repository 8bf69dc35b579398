#include "cli/platforms.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "cli/program.hpp"
#include "cli/settings.hpp"
#include "connect/exchange.hpp"

namespace fencepost::cli {

namespace {

const std::vector<std::string_view> kNames = {"platform-limits",
                                              "bluesky-url",
                                              "bluesky-site",
                                              "discord-url",
                                              "x-url",
                                              "x-site",
                                              "x-client-id",
                                              "x-client-secret-file",
                                              "threads-url",
                                              "threads-site",
                                              "threads-client-id",
                                              "threads-client-secret-file",
                                              "linkedin-url",
                                              "linkedin-site",
                                              "linkedin-client-id",
                                              "linkedin-client-secret-file",
                                              "youtube-api-url",
                                              "youtube-accounts-url",
                                              "youtube-token-url",
                                              "youtube-client-id",
                                              "youtube-client-secret-file"};

connect::Limits limits_of(const Settings& settings) try {
  return connect::Limits(settings.text("platform-limits"));
} catch (const base::UserError& error) {
  throw UsageError(error.what());
}

// Options that have url, site, client_id and client_secret.
template <typename Options>
Options options_of(const Settings& settings, const std::string& platform) {
  Options options;
  options.url = settings.text(platform + "-url");
  options.site = settings.text(platform + "-site");
  options.client_id = settings.text(platform + "-client-id");
  options.client_secret = secret_in_file(settings, platform + "-client-secret-file");
  return options;
}

connect::ThreadsOptions threads_options(const Settings& settings) {
  auto options = options_of<connect::ThreadsOptions>(settings, "threads");
  options.images = !image_origin(settings).empty();
  return options;
}

}  // namespace

std::string image_origin(const Settings& settings) try {
  const auto origin = connect::server_of(settings.text("public-url"));
  const bool allow_private = settings.flag("allow-private-addresses");
  connect::check_server(origin, {.allow_private = allow_private});
  const auto host = origin.substr(origin.find("://") + 3);
  const bool ours = host.find('.') == std::string::npos && !host.starts_with('[');  // localhost
  return ours && !allow_private ? "" : origin;
} catch (const base::UserError&) {
  return "";
}

const std::vector<std::string_view>& platform_settings() { return kNames; }

Platforms::Platforms(const Settings& settings, connect::HttpClient& http)
    : limits_(limits_of(settings)),
      webhook_(http),
      bluesky_(http, limits_.of("bluesky"),
               {.service = settings.text("bluesky-url"), .app = settings.text("bluesky-site")}),
      discord_(http, limits_.of("discord"), {.url = settings.text("discord-url")}),
      mastodon_(http, limits_.of("mastodon")),
      x_(http, limits_.of("x"), options_of<connect::XOptions>(settings, "x")),
      threads_(http, limits_.of("threads"), threads_options(settings)),
      linkedin_(http, limits_.of("linkedin"), options_of<connect::LinkedInOptions>(settings, "linkedin")),
      youtube_(http, {.api = settings.text("youtube-api-url"),
                      .accounts = settings.text("youtube-accounts-url"),
                      .tokens = settings.text("youtube-token-url"),
                      .client_id = settings.text("youtube-client-id"),
                      .client_secret = secret_in_file(settings, "youtube-client-secret-file")}) {}

std::vector<connect::Connector*> Platforms::all() {
  return {&webhook_, &bluesky_, &discord_, &mastodon_, &x_, &threads_, &linkedin_, &youtube_};
}

}  // namespace fencepost::cli
