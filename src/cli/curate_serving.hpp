#pragma once
// The six pipelines at work in a server (--curate), from its settings.

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "apps/curate/pipelines.hpp"
#include "engine/engine.hpp"

namespace fencepost::cli {

class Settings;

const std::vector<std::string_view>& curate_settings();
// What curate-* says. Throws UsageError where it makes no sense.
curate::Options curate_options(const Settings& settings);
// Connections of the pool that they need beside the others.
int curate_connections(const Settings& settings);

// Outlives the engine.
class CurateServing {
 public:
  // `fences` has the six queues, with these options. Throws UsageError.
  CurateServing(const Settings& settings, store::Database& database, std::span<const store::Fence> fences,
                const base::Clock& clock);
  ~CurateServing();
  // Adds the queues whose pipelines are on, and sets the day's budget. Once, before the engine starts.
  void add_to(engine::Engine& engine);

 private:
  struct Parts;
  const std::unique_ptr<Parts> parts_;
};

}  // namespace fencepost::cli
