#include "connect/youtube/channel.hpp"

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "connect/exchange.hpp"
#include "connect/oauth/tokens.hpp"
#include "connect/youtube/upload.hpp"

namespace fencepost::connect {

namespace {
constexpr const char* kNoPosts = "YouTube takes videos, and no posts: schedule an upload";

oauth::Client client_of(const YouTubeChannelOptions& options) {
  return {
      .authorize_url = options.accounts + "/o/oauth2/v2/auth",
      .token_url = options.tokens + "/token",
      .revoke_url = options.tokens + "/revoke",
      .id = options.client_id,
      .secret = options.client_secret,
      .proof = options.client_secret.empty() ? oauth::Proof::none : oauth::Proof::client_secret_post,
      .scopes = {"https://www.googleapis.com/auth/youtube.upload", "https://www.googleapis.com/auth/youtube"},
      .more = {{"access_type", "offline"}, {"prompt", "consent"}}};
}
}  // namespace

YouTubeChannel::YouTubeChannel(HttpClient& http, YouTubeChannelOptions options)
    : OAuthConnector(http, client_of(options)), options_(std::move(options)) {}

void YouTubeChannel::check(const std::string& destination, const Credentials& credentials) const {
  if (!destination.empty())
    throw base::UserError("invalid_destination", "YouTube has one address: leave the destination empty");
  if (!oauth::tokens_of(credentials))
    throw base::UserError("invalid_credentials", "YouTube wants an access token");
}

Rendered YouTubeChannel::render(const Post&, const Account&, const std::string&) const {
  throw base::UserError("invalid_text", kNoPosts);
}

Outcome YouTubeChannel::send(const Rendered&, const Credentials&, const std::string&, base::BootTime,
                             std::stop_token) {
  return certain(Reason::rejected, kNoPosts);
}

Look YouTubeChannel::look(const Rendered&, const Credentials&, const std::string&, base::BootTime,
                          std::stop_token) {
  return {Presence::cannot_tell, "", "", kNoPosts};
}

Verified YouTubeChannel::verify(const Account& account, const Credentials& credentials,
                                base::BootTime deadline, std::stop_token stop) {
  HttpRequest request;
  request.url = options_.api + "/youtube/v3/channels?part=snippet&mine=true";
  request.headers = {oauth::bearer(credentials)};
  request.deadline = deadline;
  const auto result = http_.call(request, std::move(stop));
  const auto trouble = youtube::trouble_of(result, credentials, http_.clock().wall());
  if (trouble) return {account, youtube::outcome_of(*trouble, http_.clock().wall())};
  const auto body = json_of(result);
  const auto& items = member(body, "items");
  if (!items.is_array() || items.empty())
    return {account, certain(Reason::rejected, "this Google account has no YouTube channel")};
  auto found = account;
  found.id = text_at(items.front(), "id");
  found.name = text_at(member(items.front(), "snippet"), "title");
  if (!youtube::is_channel(found.id))
    return {account, certain(Reason::temporary, "YouTube's answer could not be read")};
  return {found, accepted("", "")};
}

}  // namespace fencepost::connect
