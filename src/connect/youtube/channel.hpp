#pragma once
// YouTube as something to connect: a channel whose owner lets us upload to it (OAuth 2 with PKCE, refresh,
// revocation). It publishes no posts; videos go by upload.hpp.
//
// Sources: developers.google.com/identity/protocols/oauth2/web-server (endpoints; `access_type=offline` and
// `prompt=consent`, without which a second consent brings no refresh token; revocation),
// …/identity/protocols/oauth2/native-app (PKCE), …/youtube/v3/guides/auth/server-side-web-apps (scopes),
// …/youtube/v3/docs/channels/list (`mine`, 1 unit).

#include "connect/oauth/connector.hpp"

namespace fencepost::connect {

// Origins without a slash at the end.
struct YouTubeChannelOptions {
  std::string api = "https://www.googleapis.com";
  std::string accounts = "https://accounts.google.com";  // where people let us in
  std::string tokens = "https://oauth2.googleapis.com";  // token and revocation endpoint
  std::string client_id{};                               // empty: only tokens that are pasted
  base::Secret client_secret{};
};

class YouTubeChannel final : public OAuthConnector {
 public:
  YouTubeChannel(HttpClient& http, YouTubeChannelOptions options);

  std::string_view platform() const override { return "youtube"; }
  base::Duration refuses_second_arrival() const override { return base::Duration(0); }

  // The destination is empty: YouTube has one. The credentials are tokens (oauth/tokens.hpp).
  void check(const std::string& destination, const Credentials& credentials) const override;
  // Throws UserError("invalid_text"): there are no posts.
  Rendered render(const Post& post, const Account& account, const std::string& key) const override;
  Outcome send(const Rendered& rendered, const Credentials& credentials, const std::string& key,
               base::BootTime deadline, std::stop_token stop) override;
  Look look(const Rendered& rendered, const Credentials& credentials, const std::string& key,
            base::BootTime deadline, std::stop_token stop) override;
  // The channel: "UC…" and its title.
  Verified verify(const Account& account, const Credentials& credentials, base::BootTime deadline,
                  std::stop_token stop) override;

 private:
  const YouTubeChannelOptions options_;
};

}  // namespace fencepost::connect
