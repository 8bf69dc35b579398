#pragma once
// Everything between a person and a receiver: database, connection, publisher, engine, service. Tests only.

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "accounts/testing/test_database.hpp"
#include "accounts/vault.hpp"
#include "apps/announce/publisher.hpp"
#include "apps/announce/service.hpp"
#include "apps/announce/testing/migrations.hpp"
#include "apps/announce/testing/never_refreshed.hpp"
#include "apps/announce/testing/receiver.hpp"
#include "connect/webhook/webhook.hpp"
#include "engine/engine.hpp"

namespace fencepost::announce::testing {

// A publisher with a door at each place where something may come in between.
class OpenPublisher final : public Publisher {
 public:
  using Publisher::Publisher;
  std::function<void(const store::Claim&)> after_render;  // before the gate
  std::function<void(const store::Effect&)> before_send;  // after the gate

  std::variant<engine::Rendered, engine::NotNow> render(store::Connection& connection,
                                                        const store::Claim& claim,
                                                        const std::string& key) override;
  store::EffectResult send(const store::Effect& effect, const engine::Rendered& rendered,
                           base::BootTime deadline) override;
};

// Says when a piece of work is over, its settlement committed.
class ObservedWork final : public engine::Work {
 public:
  explicit ObservedWork(engine::Work& work);
  ~ObservedWork() override;
  const store::Fence& fence() const override { return work_.fence(); }
  void run(const std::vector<store::Claim>& claims, engine::Desk& desk) override { work_.run(claims, desk); }
  void reconcile(const std::string& item, std::stop_token stop) override;
  // Waits until `holds` does, which is asked again after each piece of work; false after a time that only a
  // broken build needs.
  bool wait(const std::function<bool()>& holds);

 private:
  void over();
  engine::Work& work_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int times_ = 0;
};

// An engine over a database, as one process has it.
class Stage {
 public:
  explicit Stage(const accounts::testing::TestDatabase& database);
  ~Stage();

  // The service's own pool, where a test wants another one; before start().
  void serve_from(store::Database& database);
  void start();
  // Wait until it holds, asked again after each piece of work; false: it never did.
  bool await(const std::function<bool()>& holds) { return work_->wait(holds); }
  bool await_status(std::int64_t id, const std::string& status);
  Service& service() { return *service_; }
  const store::Fence& fence() const { return fence_; }
  engine::Engine& engine() { return *engine_; }
  OpenPublisher& publisher() { return publisher_; }

 private:
  const accounts::testing::TestDatabase& database_;
  accounts::Vault vault_;
  engine::Metrics metrics_;
  const engine::Context context_;
  NeverRefreshed never_;
  accounts::FreshCredentials credentials_;
  connect::HttpClient http_;
  connect::Webhook webhook_{http_};
  store::Fence fence_;
  OpenPublisher publisher_;
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<engine::EffectWork> effects_;
  std::unique_ptr<ObservedWork> work_;
  engine::QueueRunner* runner_ = nullptr;
  std::unique_ptr<Service> service_;
};

// A connection to `url`, with the receiver's secret; its id.
std::int64_t connect_to(const accounts::testing::TestDatabase& database, const std::string& url);

constexpr base::Micros kHour = 3'600'000'000;

}  // namespace fencepost::announce::testing
