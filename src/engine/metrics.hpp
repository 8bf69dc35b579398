#pragma once
// What operators watch: counters of transitions and histograms of durations, per queue. Thread-safe.

#include <memory>
#include <string>

#include "base/clock.hpp"
#include "engine/throughput.hpp"

namespace fencepost::engine {

class Metrics {
 public:
  Metrics();
  ~Metrics();

  // One more of `event` ("claimed", "settled", "revoked", "rescued", "unknown", …) on a queue.
  void count(const std::string& queue, const std::string& event, double n = 1);
  // `n` attempts of a queue ended like this, at `at`: settled, and known to be. Counted here and for
  // throughput() alike.
  void ended(const std::string& queue, store::Ending how, base::BootTime at, std::int64_t n = 1);
  Throughput& throughput() { return throughput_; }
  // How long one transaction ("claim", "gate", "settle", …) or request ("send") took.
  void observe(const std::string& queue, const std::string& operation, base::Duration took);
  // Items per state, and the age in seconds of the oldest that is due; set when somebody asks.
  void set_items(const std::string& queue, const std::string& state, double items, double oldest_seconds);
  void set_up(const std::string& what, bool up);
  // Everything, as Prometheus text.
  std::string text() const;

 private:
  Throughput throughput_;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fencepost::engine
