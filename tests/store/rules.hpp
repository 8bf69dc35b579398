#pragma once
// What the tests of the rules share. Each suite carries the number of its rule in DESIGN.md section 2.

#include "both_databases.hpp"

namespace fencepost::store::testing {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

inline const EffectRequest kPost{"nonce-1", "{\"text\":\"hello\"}", "webhook:1", minutes(2), minutes(3)};
constexpr std::int64_t kWorker = 5;

inline EffectResult happened() { return {Verdict::happened, "remote-1", "https://example.org/1", "", {}}; }
inline EffectResult did_not_happen(std::optional<Duration> retry = {}) {
  return {Verdict::did_not_happen, "", "", "429", retry};
}

class Rules : public BothDatabases {
 protected:
  World& world(core::Kind kind) {
    world_ = std::make_unique<World>(GetParam(), kind);
    return *world_;
  }
  World& once() { return world(core::Kind::once); }
  World& repeatable() { return world(core::Kind::repeatable); }
  ~Rules() override {
    if (world_) shift_clock(*world_, Duration(0));
  }

  const Fence& fence() { return world_->fence(); }
  Claim claim(Duration lease = hours(1)) { return fence().claim(world_->a(), 1, lease, kWorker).at(0); }
  Snapshot row(const std::string& item = "1") { return fence().read(world_->onlooker(), item).value(); }
  std::int64_t count(const std::string& sql) {
    return world_->run("SELECT count(*) FROM " + sql)[0][0].integer();
  }
  // What a foreign program does to item 1.
  void foreign(const std::string& set) { world_->run("UPDATE {table} SET " + set + " WHERE {key} = '1'"); }
  std::string word(core::State state) { return "'" + core::word_of(world_->queue(), state) + "'"; }

  std::unique_ptr<World> world_;
};

}  // namespace fencepost::store::testing
