#pragma once
// What the measured runs share: their options, their clock, the handshake with scripts/bench.

#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "bench/crew.hpp"
#include "store/database.hpp"

namespace fencepost::bench {

struct Options {
  CrewOptions crew;
  std::int64_t items = 50'000;
  std::int64_t history = 0;
  int connections = 1;     // enqueue
  std::int64_t batch = 1;  // enqueue: items in a statement
  int samples = 300;       // latency
  bool wait_for_go = false;
};

inline base::BootTime now() { return base::system_clock().boot(); }
inline double seconds_since(base::BootTime begun) {
  return std::chrono::duration<double>(now() - begun).count();
}

// Prints "ready" and waits for a line on standard input, where the caller wants that.
void ready(const Options& options);

// Each prints one line of JSON, and answers the exit code: 1 where an item was lost or was done twice.
int fill(const Options& options);
int drain(const Options& options);
int enqueue(const Options& options);
int latency(const Options& options);
int upkeep(const Options& options);

}  // namespace fencepost::bench
