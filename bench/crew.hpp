#pragma once
// Worker processes that drain the table. They are forked before this process has a thread or a connection,
// and each has a database, a worker number and an engine of its own, as several servers would.

#include <sys/types.h>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/effect_work.hpp"
#include "engine/engine.hpp"

namespace fencepost::bench {

// What the handlers of all processes counted; in memory that they share.
class Tally {
 public:
  explicit Tally(std::int64_t items);
  ~Tally();
  Tally(const Tally&) = delete;
  Tally& operator=(const Tally&) = delete;
  void count(const std::string& item);
  void reset();
  std::int64_t handled() const;
  // Of the items 1 … items, how many were handled just once.
  std::int64_t handled_once() const;

 private:
  const std::size_t bytes_;
  std::atomic<std::int64_t>* handled_;
  std::atomic<std::uint8_t>* seen_;  // by item
};

// A `once` application whose send does nothing but count.
class CountingApp final : public engine::EffectApp {
 public:
  explicit CountingApp(Tally& tally) : tally_(tally) {}
  std::variant<engine::Rendered, engine::NotNow> render(store::Connection&, const store::Claim& claim,
                                                        const std::string&) override {
    return engine::Rendered{claim.payload, "nowhere", std::chrono::seconds(30), {}, {}};
  }
  store::EffectResult send(const store::Effect& effect, const engine::Rendered&, base::BootTime) override {
    tally_.count(effect.item);
    return {store::Verdict::happened, {}, {}, {}, {}};
  }
  store::EffectResult look(const store::Reconcile&, std::stop_token) override { return {}; }
  bool refuses_second_arrival(const store::Effect&) override { return false; }
  void settled(store::Connection&, const store::Effect&, const store::EffectResult&) override {}
  bool writes_its_own() const override { return false; }

 private:
  Tally& tally_;
};

struct CrewOptions {
  std::string database;
  core::Kind kind = core::Kind::repeatable;
  int concurrency = 24;
  int processes = 1;
  bool sqlite_normal = false;  // synchronous=NORMAL, which the library itself never uses
};

// The database with enough connections for that many handlers.
std::unique_ptr<store::Database> open(const CrewOptions& options);

class Crew {
 public:
  Crew(const CrewOptions& options, Tally& tally);
  // Ends the processes.
  ~Crew();
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;
  // Starts the engines of all processes, and answers without waiting for them.
  void start();
  // Stops them and waits until all have stopped. Throws where a process has died.
  void stop();

 private:
  struct Member {
    pid_t pid;
    int orders, answers;
  };
  void order(char what);
  std::vector<Member> members_;
};

}  // namespace fencepost::bench
