#pragma once
// How an announcement leaves: the application's side of the effect runner (rule 16), over the connectors.

#include <vector>

#include "accounts/fresh_credentials.hpp"
#include "apps/announce/image_links.hpp"
#include "connect/connector.hpp"
#include "engine/effect_work.hpp"
#include "store/database.hpp"

namespace fencepost::announce {

// Thread-safe. Everything named in the constructor outlives it.
class Publisher : public engine::EffectApp {
 public:
  // `connectors`: one a platform, made with `clock`, which must be the engine's too: deadlines are moments on
  // it. `links`: for platforms that fetch images. `timeout`: the hard deadline of one request, from its gate.
  Publisher(store::Database& database, accounts::FreshCredentials& credentials,
            std::vector<connect::Connector*> connectors, ImageLinks links, const base::Clock& clock,
            base::Duration timeout = std::chrono::seconds(30));

  std::variant<engine::Rendered, engine::NotNow> render(store::Connection& connection,
                                                        const store::Claim& claim,
                                                        const std::string& key) override;
  // Credentials that outlast the request, room in the connection's budget, and what the platform wants there
  // before the post.
  std::optional<engine::NotNow> prepare(const store::Claim& claim, const std::string& key,
                                        engine::Rendered& rendered, base::BootTime until,
                                        std::stop_token stop) override;
  store::EffectResult send(const store::Effect& effect, const engine::Rendered& rendered,
                           base::BootTime deadline) override;
  store::EffectResult look(const store::Reconcile& reconcile, std::stop_token stop) override;
  bool refuses_second_arrival(const store::Effect& effect, base::Duration age) override;
  void settled(store::Connection& connection, const store::Effect& effect,
               const store::EffectResult& result) override;

 private:
  connect::Connector* connector(const std::string& platform) const;

  store::Database& database_;
  accounts::FreshCredentials& credentials_;
  const std::vector<connect::Connector*> connectors_;
  const ImageLinks links_;
  const base::Clock& clock_;
  const base::Duration timeout_;
};

}  // namespace fencepost::announce
