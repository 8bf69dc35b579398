#pragma once
// What the engine's tests share.

#include <algorithm>
#include <condition_variable>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "both_databases.hpp"
#include "engine/engine.hpp"
#include "engine/handler_work.hpp"

namespace fencepost::engine {

using namespace std::chrono_literals;

// An engine on a table of its own, and what its handlers have said.
class Said : public store::testing::BothDatabases {
 public:
  explicit Said(core::Kind kind = core::Kind::repeatable)
      : world_(GetParam(), kind, store::testing::patient(24)) {
    std::filesystem::create_directories(folder_);
  }
  ~Said() override {
    say("enough");  // whoever still waits for that
    engine_.reset();
    std::filesystem::remove_all(folder_);
  }

  void start(BatchHandler handler, int batch, QueueOptions options) {
    work_ = std::make_unique<HandlerWork>(engine().context(), fence(), std::move(handler), batch);
    if (options.poll == QueueOptions{}.poll) options.poll = 20ms;
    engine_->add(*work_, options);
    engine_->start();
  }
  Engine& engine() {
    if (!engine_)
      engine_ = std::make_unique<Engine>(world_.database(), base::system_clock(),
                                         EngineOptions{.sweep = 50ms, .state_folder = folder_.string()});
    return *engine_;
  }
  virtual const store::Fence& fence() { return world_.fence(); }
  void say(const std::string& what) {
    const std::lock_guard lock(mutex_);
    said_.push_back(what);
    changed_.notify_all();
  }
  bool heard(const std::string& what, int times = 1, base::Duration patience = 60s) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience,
                             [&] { return std::count(said_.begin(), said_.end(), what) >= times; });
  }
  core::State state(const std::string& item) {
    return world_.fence().read(world_.onlooker(), item).value().state;
  }
  // Asked again and again, by a test that knows that it will be so.
  bool becomes(const std::string& item, core::State wanted) {
    const auto until = base::system_clock().boot() + 60s;
    while (state(item) != wanted)
      if (base::system_clock().boot() > until) return false;
    return true;
  }

 protected:
  store::testing::World world_;
  const std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("fencepost-groups-" + base::random_hex(6));
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> said_;
  std::unique_ptr<Work> work_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace fencepost::engine
