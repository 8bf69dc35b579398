#pragma once
// The connector to LinkedIn (versioned APIs): posts of a member, with images or a link card.
//
// LinkedIn has no idempotency key. It refuses a text that it has with 422 DUPLICATE_POST and names a post,
// which may be one that was deleted or never seen (github.com/ComposioHQ/composio, issue 2710): evidence, and
// never a yes. Reading a member's posts (look) is allowed to partners alone (r_member_social); elsewhere a
// person decides.
//
// Sources: learn.microsoft.com/linkedin "Posts API", "Images API", "Error handling"; the numbers are in
// limits.toml.

#include "connect/exchange.hpp"
#include "connect/limits.hpp"
#include "connect/oauth/connector.hpp"

namespace fencepost::connect {

struct LinkedInOptions {
  std::string url = "https://api.linkedin.com";   // without a slash at the end, like `site`
  std::string site = "https://www.linkedin.com";  // where people read, and let us in
  std::string client_id{};                        // empty: only tokens that are pasted
  base::Secret client_secret{};
};

class LinkedIn final : public OAuthConnector {
 public:
  // The client and the limits outlive the connector.
  LinkedIn(HttpClient& http, const PlatformLimits& limits, LinkedInOptions options);

  std::string_view platform() const override { return "linkedin"; }
  base::Duration refuses_second_arrival() const override { return base::Duration(0); }

  // The destination is empty: LinkedIn has one. The credentials are tokens (oauth/tokens.hpp).
  void check(const std::string& destination, const Credentials& credentials) const override;
  Fitted fit(const Post& post, const Account& account) const override;
  ImageRules image_rules(const Account& account) const override;
  // A part of a thread is refused: LinkedIn has none.
  Rendered render(const Post& post, const Account& account, const std::string& key) const override;
  std::variant<Rendered, Outcome> prepare(Rendered rendered, const Post& post, const Account& account,
                                          const Credentials& credentials, const std::string& key,
                                          base::BootTime deadline, std::stop_token stop) override;
  Outcome send(const Rendered& rendered, const Credentials& credentials, const std::string& key,
               base::BootTime deadline, std::stop_token stop) override;
  Look look(const Rendered& rendered, const Credentials& credentials, const std::string& key,
            base::BootTime deadline, std::stop_token stop) override;
  std::string text_of(const Rendered& rendered) const override;
  std::string told_by(const Rendered& rendered) const override;
  Verified verify(const Account& account, const Credentials& credentials, base::BootTime deadline,
                  std::stop_token stop) override;

 private:
  struct Call;
  HttpRequest request_to(const std::string& path, const Call& call) const;
  HttpResult get(const std::string& path, const Call& call) const;
  HttpResult post(const std::string& path, const std::string& json, const Call& call) const;
  Outcome refusal(const HttpResult& result, const Call& call) const;
  // Accepted with the image's URN, or why not.
  Outcome upload(const Image& image, const std::string& owner, const Call& call) const;
  std::string post_url(const std::string& urn) const { return options_.site + "/feed/update/" + urn + "/"; }

  const PlatformLimits& limits_;
  const LinkedInOptions options_;
};

}  // namespace fencepost::connect
