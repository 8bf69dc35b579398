#pragma once
// The connector to Threads (API v1.0). A post is a container, made before the gate and seen by nobody
// (prepare), and its publication (send). The container's id is in the stored request, so that after an
// unknown outcome Threads can be asked what became of it (look).
//
// That a container which is published twice would be refused is documented nowhere, and an item that is
// queued again gets a new container anyway: refuses_second_arrival is 0. A container that was not published
// ends by itself after a day.
//
// Images: Threads fetches each from an address (Image::url) while its container is made; the server offers
// them where it has a public one. Several are containers of their own, and those the children of a carousel.
//
// Sources: developers.facebook.com/docs/threads "Publishing", "Troubleshooting" (the states of a container),
// "Long-lived tokens"; the numbers are in limits.toml.

#include <nlohmann/json_fwd.hpp>

#include "connect/exchange.hpp"
#include "connect/limits.hpp"
#include "connect/oauth/connector.hpp"

namespace fencepost::connect {

struct ThreadsOptions {
  std::string url = "https://graph.threads.net";  // without a slash at the end, like `site`
  std::string site = "https://threads.net";       // where people let us in
  std::string client_id{};                        // empty: only tokens that are pasted
  base::Secret client_secret{};
  bool images = false;  // this server can be reached by Threads: Post::images have their url
};

class Threads final : public OAuthConnector {
 public:
  // The client and the limits outlive the connector.
  Threads(HttpClient& http, const PlatformLimits& limits, ThreadsOptions options);

  std::string_view platform() const override { return "threads"; }
  bool threads() const override { return true; }
  base::Duration refuses_second_arrival() const override { return base::Duration(0); }

  // The destination is empty: Threads has one. The credentials are a long-lived token (oauth/tokens.hpp).
  void check(const std::string& destination, const Credentials& credentials) const override;
  Fitted fit(const Post& post, const Account& account) const override;
  ImageRules image_rules(const Account& account) const override;
  Rendered render(const Post& post, const Account& account, const std::string& key) const override;
  std::variant<Rendered, Outcome> prepare(Rendered rendered, const Post& post, const Account& account,
                                          const Credentials& credentials, const std::string& key,
                                          base::BootTime deadline, std::stop_token stop) override;
  Outcome send(const Rendered& rendered, const Credentials& credentials, const std::string& key,
               base::BootTime deadline, std::stop_token stop) override;
  std::string text_of(const Rendered& rendered) const override;
  Look look(const Rendered& rendered, const Credentials& credentials, const std::string& key,
            base::BootTime deadline, std::stop_token stop) override;

  // A long-lived token is refreshed by itself, as long as it has not ended.
  bool refreshable(const Credentials& credentials) const override;
  Verified verify(const Account& account, const Credentials& credentials, base::BootTime deadline,
                  std::stop_token stop) override;
  Refreshed refresh(const Account& account, const Credentials& credentials, base::BootTime deadline,
                    std::stop_token stop) override;
  // Threads has no such call: a person removes the app there.
  void revoke(const Account&, const Credentials&, base::BootTime, std::stop_token) override {}
  // The code gives a token for an hour, and that a long-lived one.
  Refreshed exchange(const oauth::Client& client, const oauth::Code& code, base::BootTime deadline,
                     std::stop_token stop) override;

 private:
  struct Call;
  using Fields = std::vector<std::pair<std::string, std::string>>;
  HttpResult get(const std::string& path, Fields query, const Call& call) const;
  HttpResult post(const std::string& url, Fields form, const Call& call) const;
  // "FINISHED", …; empty where Threads could not be asked, and then why.
  std::pair<std::string, Outcome> status_of(const std::string& container, const Call& call) const;
  // Makes a container, and waits until it is ready: accepted with its id, or why there is none.
  Outcome container(const std::string& user, const Fields& form, const Call& call) const;
  Outcome carousel(const std::string& user, const std::vector<Image>& images, Fields form,
                   const Call& call) const;
  // Waits until the container can be published; not accepted: why it cannot.
  Outcome ready(const std::string& container, const Call& call) const;
  Outcome refusal(const HttpResult& result, const Call& call) const;
  std::string permalink(const std::string& id, const Call& call) const;
  Look published(const nlohmann::json& request, const std::string& key, const Call& call) const;
  Refreshed long_lived(const std::string& path, Fields query, const Credentials& old, const Call& call) const;

  const PlatformLimits& limits_;
  const ThreadsOptions options_;
};

}  // namespace fencepost::connect
