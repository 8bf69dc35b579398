#pragma once
// What the public classes of the library share: the database, the queues that were installed, and the loops
// that run. Nothing here is seen by an embedding program.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/guarded.hpp"
#include "fencepost/store.hpp"
#include "store/certain.hpp"
#include "store/fence.hpp"

namespace fencepost::library {

// A loop of this process, as a Store's acts see it. Thread-safe.
class Worker {
 public:
  virtual ~Worker() = default;
  virtual std::int64_t number() const = 0;
  virtual Duration lease() const = 0;
  virtual void wake() = 0;
  // Has the loop run what `make` claims for it. Meanwhile the loop does not end, and does not take that claim
  // for one that was lost in a doubtful commit. False: it had ended before, and `make` was not called.
  virtual bool run(const std::function<std::optional<store::Claim>()>& make) = 0;
};

// Thread-safe.
class Core {
 public:
  Core(const std::string& url, const StoreOptions& options, const base::Clock* clock);

  store::Database& database() { return *database_; }
  const base::Clock& clock() const { return clock_; }
  const std::string& state_folder() const { return state_folder_; }

  // See Store::install(). The reference lives as long as the Core.
  const store::Fence& install(const Queue& queue);
  // Throws UserError("queue_not_installed").
  const store::Fence& fence(const Queue& queue);

  void attach(const std::string& queue, const std::shared_ptr<Worker>& worker);
  void detach(const std::shared_ptr<Worker>& worker);
  std::shared_ptr<Worker> worker_of(const std::string& queue);
  void wake(const std::string& queue);
  void wake_all();

  // Rule 13, for the `once` queues that were installed: pauses them where the database is an older copy of
  // the one that this process has known. A transaction of its own.
  void check_identity(store::Connection& connection);

  // Runs an act until its answer is certain, then wakes the loops of `queue`. `act(connection, doubt)` is
  // told whether an earlier run of it may have taken effect.
  template <typename Act>
  auto certain(const Queue& queue, Act&& act) {
    auto answer = store::until_certain(database(), act);
    wake(queue.name);
    return answer;
  }

 private:
  struct Queues {
    std::map<std::string, std::unique_ptr<store::Fence>> known;
    std::vector<store::Fence> once;
  };
  const store::Fence* find(const Queue& queue);

  const base::Clock& clock_;
  const std::string state_folder_;
  std::unique_ptr<store::Database> database_;
  std::string own_schema_;
  base::Guarded<Queues> queues_;
  base::Guarded<std::multimap<std::string, std::weak_ptr<Worker>>> workers_;
  std::atomic<bool> remembers_{false};
};

// Makes `queue`'s table ready: says what it lacks (UserError), and adds the protocol's columns.
void add_columns(store::Connection& connection, const store::Fence& fence);

// Acts in the caller's transaction. run_now: due now, for the next free worker.
RunNowAnswer make_due(store::Connection& connection, const store::Fence& fence, const std::string& item,
                      const std::string& actor);
std::optional<Item> read(store::Connection& connection, const store::Fence& fence, const std::string& item);
RearmAnswer rearm(store::Connection& connection, const store::Fence& fence, const std::string& item,
                  const std::string& actor);
void notify(store::Connection& connection, const std::string& queue);
std::vector<Enqueued> enqueue(store::Connection& connection, std::span<const NewJob> jobs);
// As the array that enqueue takes; UserError("invalid_job") and UserError("invalid_payload").
std::string checked_json(std::span<const NewJob> jobs);

}  // namespace fencepost::library
