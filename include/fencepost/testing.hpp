#pragma once
// For the tests of embedding programs: a database that is made and gone with the test, a clock that stands
// still until it is told, and queues that are worked on the calling thread.

#include <memory>
#include <string>
#include <vector>

#include "fencepost/job_loop.hpp"

namespace fencepost::testing {

// A Store on a SQLite file of its own, deleted with it. Its database time, and the clock of its leases, stand
// still at 2030-01-01 00:00 UTC. Thread-safe.
class InlineStore {
 public:
  InlineStore();
  ~InlineStore();
  Store& store() const;
  // Moves both clocks.
  void advance(Duration by);
  Micros time() const;              // of the database
  const std::string& path() const;  // of the file, for a program's own connections

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// What drain_now() did with one attempt.
struct Drained {
  std::string item;
  State state = State::other;  // afterwards
  int attempt = 0;
  std::optional<std::string> error;
};

// Works everything that is due now, on the calling thread, until nothing is; answers the attempts in their
// order. A handler that asks for a retry without a delay is run again: after 1000 attempts it is taken for a
// loop without end, and UserError("never_empty") is thrown. Works on any Store.
std::vector<Drained> drain_now(Store& store, const Queue& queue, Handler handler);
std::vector<Drained> drain_now(Store& store, const Queue& queue, EffectHandler handler);
std::vector<Drained> drain_jobs(Store& store, HandlersByKind handlers);

}  // namespace fencepost::testing
