#pragma once
// The way from the public classes to what is behind them, for this folder alone.

#include <any>
#include <functional>

#include "engine/handler_work.hpp"
#include "fencepost/effect.hpp"
#include "fencepost/job_loop.hpp"
#include "library/core.hpp"

namespace fencepost {

struct Transaction::Impl {
  library::Core& core;
  store::Connection* connection;
  std::unique_ptr<store::Connection> borrowed;
  std::set<std::string> touched;  // queues to wake after the commit
};

struct Store::Impl {
  library::Core core;
};

struct Job::Impl {
  store::Claim claim;
  std::string payload;  // of a job of fencepost_jobs: its own, not the columns
  std::string key;
  std::stop_token stop;
  std::function<bool()> alive;
};

struct Internals {
  static Store open(const std::string& url, const StoreOptions& options, const base::Clock* clock);
  static library::Core& core(Store& store) { return store.impl_->core; }
  // On a connection that is in a transaction. touched(): the queues to wake after its commit.
  static Transaction transaction(library::Core& core, store::Connection& connection);
  static Transaction borrowed(library::Core& core, std::unique_ptr<store::Connection> connection);
  static std::set<std::string> touched(const Transaction& transaction) { return transaction.impl_->touched; }
  static Job job(Job::Impl impl);
  static const Job::Impl& impl(const Job& job) { return *job.impl_; }
  // `keep` lives until its writes are done: handlers capture their Job by reference.
  static engine::Outcome outcome(library::Core& core, const Outcome& outcome,
                                 std::shared_ptr<const void> keep);
  static bool tries_again(const Outcome& outcome) { return outcome.kind_ == Outcome::Kind::retry; }
  static const std::string& error(const Outcome& outcome) { return outcome.error_; }
  static Reader reader(store::Connection& connection) { return Reader(&connection); }
  static Deadline deadline(base::BootTime at, const base::Clock& clock) {
    return Deadline(at.time_since_epoch().count(), &clock);
  }
};

}  // namespace fencepost
