// The public Store: each act in a transaction of its own.

#include "fencepost/store.hpp"

#include "base/testpoint.hpp"
#include "library/internals.hpp"
#include "library/sql.hpp"

namespace fencepost {

namespace {
const std::string kJobs = "jobs";
}

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::Store(Store&&) noexcept = default;
Store::~Store() = default;

Store Internals::open(const std::string& url, const StoreOptions& options, const base::Clock* clock) {
  return Store(std::unique_ptr<Store::Impl>(new Store::Impl{{url, options, clock}}));
}

Store Store::open(const std::string& url, const StoreOptions& options) {
  return Internals::open(url, options, nullptr);
}

void Store::install(const Queue& queue) { impl_->core.install(queue); }

StopAnswer Store::stop(const Queue& queue, const std::string& item, const std::string& actor) {
  const auto& fence = impl_->core.fence(queue);
  // Repeated after a doubt it finds its own stop, and already_stopped comes with a commit of its own.
  return impl_->core.certain(
      queue, [&](store::Connection& connection, bool) { return fence.stop(connection, item, actor); });
}

RunNowAnswer Store::run_now(const Queue& queue, const std::string& item, const std::string& actor) {
  auto& core = impl_->core;
  const auto& fence = core.fence(queue);
  const auto worker = core.worker_of(queue.name);
  RunNowAnswer answer{};
  const auto claim_for_loop = [&] {
    // The claim is drawn here, so that a repetition after a doubt knows its own.
    const auto claim = store::new_claim(worker->number());
    const auto run = store::until_certain(core.database(), [&](store::Connection& connection, bool) {
      return fence.run_now(connection, item, actor, worker->lease(), worker->number(), claim);
    });
    base::testpoint("run_now.committed");
    answer = run.answer;
    return run.claim;
  };
  if (worker && worker->run(claim_for_loop)) return answer;
  return core.certain(queue, [&](store::Connection& connection, bool) {
    return library::make_due(connection, fence, item, actor);
  });
}

RearmAnswer Store::rearm(const Queue& queue, const std::string& item, const std::string& actor) {
  const auto& fence = impl_->core.fence(queue);
  return impl_->core.certain(queue, [&](store::Connection& connection, bool doubt) {
    const auto answer = library::rearm(connection, fence, item, actor);
    if (answer != RearmAnswer::already_armed || !doubt) return answer;
    store::Fence::confirm(connection);
    return answer;
  });
}

ResolveAnswer Store::resolve(const Queue& queue, const std::string& item, bool happened,
                             const std::string& actor, const std::string& remote_url) {
  const auto& fence = impl_->core.fence(queue);
  return impl_->core.certain(queue, [&](store::Connection& connection, bool doubt) {
    return store::resolve(connection, fence, item, happened, actor, remote_url, doubt);
  });
}

EditAnswer Store::edit(const Queue& queue, const std::string& item, const std::string& actor,
                       const std::function<void(Transaction&)>& change) {
  auto& core = impl_->core;
  const auto& fence = core.fence(queue);
  const auto answer = core.database().retrying([&](store::Connection& connection) {
    store::Transaction transaction(connection);
    const auto editable = fence.edit(connection, item, actor);
    if (editable != EditAnswer::editable) return editable;
    auto own = Internals::transaction(core, connection);
    change(own);
    library::notify(connection, queue.name);
    transaction.commit();
    return editable;
  });
  core.wake(queue.name);
  return answer;
}

void Store::pause(const Queue& queue, const std::string& why) {
  const auto& fence = impl_->core.fence(queue);
  impl_->core.certain(queue, [&](store::Connection& connection, bool) {
    fence.pause(connection, true, why);
    return true;
  });
}

void Store::resume(const Queue& queue) {
  const auto& fence = impl_->core.fence(queue);
  impl_->core.certain(queue, [&](store::Connection& connection, bool) {
    store::Transaction transaction(connection);
    fence.pause(connection, false, "");
    library::notify(connection, queue.name);
    transaction.commit();
    return true;
  });
}

std::vector<Count> Store::counts(const Queue& queue) {
  const auto& fence = impl_->core.fence(queue);
  const auto counts = impl_->core.database().retrying(
      [&](store::Connection& connection) { return fence.counts(connection); });
  std::vector<Count> out;
  for (const auto& count : counts) out.push_back({count.word, count.items, count.oldest, count.at_least});
  return out;
}

std::optional<Item> Store::read(const Queue& queue, const std::string& item) {
  const auto& fence = impl_->core.fence(queue);
  return impl_->core.database().retrying(
      [&](store::Connection& connection) { return library::read(connection, fence, item); });
}

Enqueued Store::enqueue(const NewJob& job) { return enqueue(std::span(&job, 1)).at(0); }

std::vector<Enqueued> Store::enqueue(std::span<const NewJob> jobs) {
  auto added = impl_->core.database().retrying(
      [&](store::Connection& connection) { return library::enqueue(connection, jobs); });
  impl_->core.wake(kJobs);
  return added;
}

void Store::transaction(const std::function<void(Transaction&)>& work) {
  auto& core = impl_->core;
  std::set<std::string> touched;
  core.database().retrying([&](store::Connection& connection) {
    store::Transaction transaction(connection);
    auto own = Internals::transaction(core, connection);
    work(own);
    transaction.commit();
    touched = Internals::touched(own);
  });
  for (const auto& queue : touched) core.wake(queue);
}

namespace {
template <typename Handle>
Transaction borrowed(library::Core& core, Handle* handle) {
  auto connection = store::borrow(handle, core.database().options());
  if (connection->dialect() != core.database().dialect())
    throw UserError("connection_unusable", "the connection is not of this store's database");
  return Internals::borrowed(core, std::move(connection));
}
}  // namespace

Transaction Store::borrow(pg_conn* connection) { return borrowed(impl_->core, connection); }
Transaction Store::borrow(sqlite3* connection) { return borrowed(impl_->core, connection); }

}  // namespace fencepost
