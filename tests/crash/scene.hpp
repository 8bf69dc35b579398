#pragma once
// One run: a database of its own with some items, a receiver, worker processes that die and stop; and what
// must be true afterwards.

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "flavour.hpp"
#include "process.hpp"
#include "receiver.hpp"

namespace fencepost::crash {

using store::Dialect;

// How a worker is started; see worker.cpp.
struct How {
  std::vector<std::string> at = {};  // "POINT:PASS:kill" or "POINT:PASS:stop"
  int concurrency = 1;
  std::chrono::milliseconds lease = std::chrono::minutes(10);
  std::chrono::milliseconds timeout = std::chrono::minutes(1);  // of a request
  std::chrono::milliseconds sweep{50};
  std::string run_now = {};  // an item
  int per_key = 0;           // limit of the items whose first payload column is the same
  std::chrono::milliseconds in_flight{0};
  bool history = false;
  std::string boot = {};  // of another machine, as far as this worker knows
};

// Not thread-safe.
class Scene {
 public:
  Scene(Dialect dialect, Flavour flavour, int items = 0);
  ~Scene();
  Scene(const Scene&) = delete;
  Scene& operator=(const Scene&) = delete;

  // Workers that are started from now on take this way to the database: a proxy.
  void go_by(std::string url) { url_ = std::move(url); }
  Process& start(const How& how = {});
  void add(int items);
  // Moves the database's clock; on SQLite, where every process brings the clock, that of all that run or
  // will.
  void shift_clock(std::chrono::seconds by);

  // Waits, on what the processes say, until `good`; false, and a failure, after a time that only a broken
  // build needs, or when `process` has ended before.
  bool until(const std::string& what, const std::function<bool()>& good);
  bool ready(Process& process);
  bool killed_at(Process& process, const std::string& point);  // point "": wherever somebody kills it
  bool stopped_at(Process& process, const std::string& point);
  // Waits for at most that long for something to be said; for what happens at random.
  void listen(std::chrono::milliseconds longest);
  bool all_ended();
  bool until_all_ended();
  // Ends all processes that live, in good order.
  void end();

  int in_state(core::State state);
  store::Snapshot read(const std::string& item);
  core::StopAnswer stop(const std::string& item);
  const std::vector<std::string>& items() const { return items_; }
  store::testing::World& world() { return world_; }
  Receiver& receiver() { return receiver_; }
  std::vector<std::unique_ptr<Process>>& processes() { return processes_; }
  const std::string& log() const { return log_; }

  // Every item has ended, as often as promised, and `fencepost verify` finds nothing. Of a `once` queue,
  // between `least` and `most` items are unknown.
  void judge(int least_unknown = 0, int most_unknown = 0);

 private:
  void judge_once(const std::string& item, const store::Snapshot& seen);
  void judge_repeatable(const std::string& item, const store::Snapshot& seen);
  int own_writes_of(const std::string& item);

  const Flavour flavour_;
  store::testing::World world_;
  const std::filesystem::path folder_;
  std::string log_, url_;
  std::chrono::milliseconds ahead_{0};
  std::vector<std::string> items_;
  Receiver receiver_;
  std::vector<std::unique_ptr<Process>> processes_;
};

// Counts runs by what was done; printed at the end.
void tally(const std::string& what);

}  // namespace fencepost::crash
