#pragma once
// The ready-made queue: a table of jobs, `fencepost_jobs`, for programs that have no table of their own.

#include <optional>
#include <string>

#include "fencepost/queue.hpp"
#include "fencepost/time.hpp"

namespace fencepost {

struct NewJob {
  std::string kind;            // names its handler; not empty
  std::string payload = "{}";  // a JSON object, else UserError("invalid_payload")
  int priority = 0;            // higher goes first
  // At most one unfinished job of a kind has this key: another one is not added, and the answer names the
  // first. A job counts as finished when it is done, failed or stopped.
  std::optional<std::string> unique_key{};
  std::optional<Duration> delay{};  // not before now + delay (database time)
  std::optional<Micros> run_at{};   // or: not before this
  int max_attempts = 6;
};

struct Enqueued {
  std::int64_t id = 0;
  bool already_queued = false;  // by its unique key; `id` is that job's
};

// The table's descriptor, for the acts of a Store: store.stop(jobs_queue(), std::to_string(id), "ann").
Queue jobs_queue();

}  // namespace fencepost
