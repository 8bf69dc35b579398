#include "apps/announce/testing/stage.hpp"

#include "accounts/connections.hpp"
#include "base/random.hpp"
#include "base/testpoint.hpp"
#include "store/migrate.hpp"

namespace fencepost::announce::testing {

using namespace std::chrono_literals;

namespace {

store::Fence installed(const accounts::testing::TestDatabase& database) {
  auto queue = announcement_queue();
  queue.backoff = {1ms, 10ms, 3};
  auto connection = database->acquire();
  store::Fence fence(queue, connection->dialect(), store::own_schema(*connection));
  fence.install(*connection);
  return fence;
}

}  // namespace

std::variant<engine::Rendered, engine::NotNow> OpenPublisher::render(store::Connection& connection,
                                                                     const store::Claim& claim,
                                                                     const std::string& key) {
  auto rendered = Publisher::render(connection, claim, key);
  if (after_render) after_render(claim);
  return rendered;
}

store::EffectResult OpenPublisher::send(const store::Effect& effect, const engine::Rendered& rendered,
                                        base::BootTime deadline) {
  if (before_send) before_send(effect);
  return Publisher::send(effect, rendered, deadline);
}

void ObservedWork::over() {
  const std::lock_guard lock(mutex_);
  ++times_;
  changed_.notify_all();
}

// A claim is over when the engine has seen its settlement committed.
ObservedWork::ObservedWork(engine::Work& work) : work_(work) {
  base::on_testpoint([this](std::string_view name) {
    if (name == "ended") over();
  });
}

ObservedWork::~ObservedWork() { base::on_testpoint({}); }

void ObservedWork::reconcile(const std::string& item, std::stop_token stop) {
  work_.reconcile(item, std::move(stop));
  over();
}

bool ObservedWork::wait(const std::function<bool()>& holds) {
  std::unique_lock lock(mutex_);
  for (;;) {
    const int seen = times_;
    lock.unlock();
    if (holds()) return true;
    lock.lock();
    if (!changed_.wait_for(lock, 60s, [&] { return times_ != seen; })) return false;
  }
}

Stage::Stage(const accounts::testing::TestDatabase& database)
    : database_(database),
      vault_(accounts::Vault::open(database.folder() + "/key", true)),
      context_{*database, metrics_, base::system_clock(), 1},
      credentials_(context_, vault_, never_),
      http_({.addresses = {.allow_private = true}}, base::system_clock()),
      fence_(installed(database)),
      publisher_(*database, credentials_, {&webhook_}, ImageLinks(vault_, ""), base::system_clock()),
      engine_(std::make_unique<engine::Engine>(
          *database, base::system_clock(),
          engine::EngineOptions{.sweep = 20ms, .state_folder = database.folder()})),
      effects_(std::make_unique<engine::EffectWork>(engine_->context(), fence_, publisher_)),
      work_(std::make_unique<ObservedWork>(*effects_)),
      runner_(&engine_->add(*work_, {.poll = 20ms})) {
  serve_from(*database);
}

Stage::~Stage() {
  // The works outlive the engine, which was made before them.
  service_.reset();
  engine_.reset();
}

void Stage::serve_from(store::Database& database) {
  service_ = std::make_unique<Service>(database, fence_, *runner_, engine_->context().worker);
}

void Stage::start() { engine_->start(); }

bool Stage::await_status(std::int64_t id, const std::string& status) {
  return await([&] {
    const auto now = service_->get(id);
    return now && now->status == status;
  });
}

std::int64_t connect_to(const accounts::testing::TestDatabase& database, const std::string& url) {
  const auto vault = accounts::Vault::open(database.folder() + "/key", true);
  auto connection = database->acquire();
  return accounts::create_connection(*connection, vault, "receiver-" + base::random_hex(4), "webhook", url,
                                     base::Secret(Receiver::kSecret))
      .id;
}

}  // namespace fencepost::announce::testing
