#pragma once
// What `fencepost loop` does with an item: gives it to a command or to a receiver, and reads the answer.

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "cli/answers.hpp"
#include "engine/effect_work.hpp"
#include "store/descriptor.hpp"
#include "store/row_reader.hpp"

namespace fencepost::cli {

// Where items go: exactly one of the two.
struct Target {
  std::string command;
  std::string url;
  connect::HttpClient* http = nullptr;
  int keep_fd = -1;
  base::Duration deadline{};
  base::Duration grace = std::chrono::seconds(5);
};

// Whether the queue still is what this process was told. Adoption with other flags takes the table's lock and
// finds nothing claimed, or refuses; so whoever asks after its claim works by the definition in force.
// Thread-safe.
class Definition {
 public:
  explicit Definition(const store::Descriptor& descriptor)
      : queue_(descriptor.queue.name), text_(store::to_text(descriptor)) {}
  bool holds(store::Connection& connection) {
    if (store::stored_descriptor(connection, queue_) != text_) changed_ = true;
    return !changed_;
  }
  bool changed() const { return changed_; }

 private:
  const std::string queue_, text_;
  std::atomic<bool> changed_{false};
};

// Repeatable items, one by one or in batches. Thread-safe; what it is given outlives it.
class LoopHandler {
 public:
  // `batch` items go to one call; `calls` of them at once at most.
  LoopHandler(store::Database& database, const store::Fence& fence, Definition& definition,
              const Target& target, int batch, int calls);
  engine::Outcome run(const store::Claim& claim, std::stop_token stop);

 private:
  struct Item {
    const store::Claim& claim;
    std::string row;
    std::stop_token stop;
    std::optional<engine::Outcome> outcome;
    bool taken = false;
  };
  std::optional<std::string> row_of(const store::Claim& claim);
  engine::Outcome alone(const Item& item) const;
  engine::Outcome together(Item& item);
  std::vector<engine::Outcome> call(const std::vector<Item*>& items) const;

  store::Database& database_;
  const store::Fence& fence_;
  Definition& definition_;
  const Target& target_;
  const std::optional<store::RowReader> reader_;
  const std::size_t batch_;
  const int calls_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Item*> waiting_;
  bool gathering_ = false;
  int calling_ = 0;
};

// `once` items: the command or request is the send.
class LoopEffect final : public engine::EffectApp {
 public:
  LoopEffect(const core::Queue& queue, Definition& definition, const Target& target)
      : queue_(queue), definition_(definition), target_(target) {}
  std::variant<engine::Rendered, engine::NotNow> render(store::Connection& connection,
                                                        const store::Claim& claim,
                                                        const std::string& key) override;
  store::EffectResult send(const store::Effect& effect, const engine::Rendered& rendered,
                           base::BootTime deadline) override;
  store::EffectResult look(const store::Reconcile&, std::stop_token) override {
    return {store::Verdict::unknown, "", "", "neither a command nor a receiver can be asked", {}};
  }
  bool refuses_second_arrival(const store::Effect&, base::Duration) override { return false; }
  void settled(store::Connection&, const store::Effect&, const store::EffectResult&) override {}

 private:
  const core::Queue& queue_;
  Definition& definition_;
  const Target& target_;
};

}  // namespace fencepost::cli
