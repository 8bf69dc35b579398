#include "library/core.hpp"

#include <algorithm>
#include <iterator>

#include "base/log.hpp"
#include "library/sql.hpp"
#include "store/identity.hpp"
#include "store/migrate.hpp"
#include "store/sql.hpp"

namespace fencepost::library {

namespace {

// The newest migration of the whole program (checked by tests/style): the library works beside its server's
// tables, which it does not know.
constexpr int kNewestMigration = 29;

store::DatabaseOptions database_options(const StoreOptions& options, const base::Clock* clock) {
  store::DatabaseOptions out;
  out.connections = options.connections;
  out.lock_timeout = options.lock_timeout;
  out.statement_deadline = options.statement_deadline;
  out.connect_deadline = options.connect_deadline;
  out.poll_only = options.poll_only;
  out.application = options.application;
  out.clock = clock;
  return out;
}

std::vector<store::Migration> migrations() {
  std::vector<store::Migration> all(std::begin(store::sql::migrations), std::end(store::sql::migrations));
  std::copy(std::begin(sql::migrations), std::end(sql::migrations), std::back_inserter(all));
  return all;
}

base::UserError invalid(const store::Fence& fence, const char* code, const std::string& why) {
  return {code, "queue '" + fence.queue().name + "': " + why};
}

}  // namespace

Core::Core(const std::string& url, const StoreOptions& options, const base::Clock* clock)
    : clock_(clock ? *clock : base::system_clock()),
      state_folder_(options.state_folder),
      database_(store::Database::open(url, database_options(options, clock))) {
  database_->retrying(
      [](store::Connection& connection) { store::migrate(connection, migrations(), kNewestMigration); });
  own_schema_ =
      database_->retrying([](store::Connection& connection) { return store::own_schema(connection); });
  database_->on_connect([this](store::Connection& connection) { check_identity(connection); });
  install(jobs_queue());
}

const store::Fence* Core::find(const Queue& queue) {
  return queues_.with([&](Queues& queues) -> const store::Fence* {
    const auto found = queues.known.find(queue.name);
    if (found == queues.known.end()) return nullptr;
    if (found->second->queue() != queue)
      throw base::UserError("queue_redefined", "queue '" + queue.name +
                                                   "' was described otherwise before: use one descriptor, or "
                                                   "another name");
    return found->second.get();
  });
}

const store::Fence& Core::install(const Queue& queue) {
  if (const auto* known = find(queue)) return *known;
  auto fence = std::make_unique<store::Fence>(queue, database_->dialect(), own_schema_);
  database_->retrying([&](store::Connection& connection) {
    add_columns(connection, *fence);
    fence->install(connection);
    fence->check(connection);
  });
  return queues_.with([&](Queues& queues) -> const store::Fence& {
    auto& place = queues.known[queue.name];
    if (!place) {
      if (queue.kind == Kind::once) queues.once.push_back(*fence);
      place = std::move(fence);
    }
    return *place;
  });
}

const store::Fence& Core::fence(const Queue& queue) {
  if (const auto* known = find(queue)) return *known;
  throw base::UserError(
      "queue_not_installed",
      "queue '" + queue.name + "' is not known to this store: call install() once at start");
}

void Core::attach(const std::string& queue, const std::shared_ptr<Worker>& worker) {
  workers_.with([&](auto& workers) { workers.emplace(queue, worker); });
}

void Core::detach(const std::shared_ptr<Worker>& worker) {
  workers_.with([&](auto& workers) {
    std::erase_if(workers, [&](const auto& entry) { return entry.second.lock() == worker; });
  });
}

std::shared_ptr<Worker> Core::worker_of(const std::string& queue) {
  return workers_.with([&](auto& workers) {
    const auto found = workers.find(queue);
    return found == workers.end() ? nullptr : found->second.lock();
  });
}

void Core::wake(const std::string& queue) {
  std::vector<std::shared_ptr<Worker>> woken;  // outside the lock, since a loop has locks of its own
  workers_.with([&](auto& workers) {
    const auto [begin, end] = workers.equal_range(queue);
    for (auto at = begin; at != end; ++at) woken.push_back(at->second.lock());
  });
  for (const auto& worker : woken)
    if (worker) worker->wake();
}

void Core::wake_all() {
  std::set<std::string> names;
  workers_.with([&](auto& workers) {
    for (const auto& [queue, worker] : workers) names.insert(queue);
  });
  for (const auto& queue : names) wake(queue);
}

void Core::check_identity(store::Connection& connection) {
  const auto once = queues_.with([](const Queues& queues) { return queues.once; });
  if (once.empty()) return;
  auto& seen = database_->epoch_seen;
  const auto check = store::check_identity(connection, once, seen.load(), remembers_.exchange(true));
  auto highest = seen.load();
  while (highest < check.epoch && !seen.compare_exchange_weak(highest, check.epoch)) {
  }
  if (check.answer == store::IdentityCheck::Answer::paused)
    base::log(base::LogLevel::error, "queues paused",
              {{"reason", check.reason}, {"unknown", check.marked}, {"next", "look, then Store::resume"}});
}

void add_columns(store::Connection& connection, const store::Fence& fence) {
  const auto& queue = fence.queue();
  // One at a time: two programs that start at once would add the same column twice.
  store::Transaction transaction(connection);
  connection.run(store::sql::lock_migrations);
  const auto quoted = fence.over({"library.table", "{table}", "{table}"}).text;
  std::set<std::string> there;
  for (const auto& row : connection.run(sql::columns, {quoted, queue.table})) there.insert(row[0].text());
  if (there.empty()) throw invalid(fence, "no_such_table", "there is no table " + quoted);
  std::vector<std::string> wanted{queue.key, queue.status};
  if (queue.enabled) wanted.push_back(*queue.enabled);
  if (queue.priority) wanted.push_back(*queue.priority);
  wanted.insert(wanted.end(), queue.payload.begin(), queue.payload.end());
  for (const auto& column : wanted)
    if (!there.contains(column))
      throw invalid(fence, "no_such_column", "table " + quoted + " has no column \"" + column + "\"");

  const std::pair<const char*, const store::Statement*> protocol[] = {{"fence", &sql::add_fence},
                                                                      {"claim_id", &sql::add_claim_id},
                                                                      {"effect", &sql::add_effect},
                                                                      {"lease_until", &sql::add_lease_until},
                                                                      {"run_at", &sql::add_run_at},
                                                                      {"attempt", &sql::add_attempt},
                                                                      {"stop_wanted", &sql::add_stop_wanted},
                                                                      {"last_error", &sql::add_last_error},
                                                                      {"effect_key", &sql::add_effect_key}};
  for (const auto& [column, statement] : protocol) {
    const bool needed = queue.kind == Kind::once || statement != &sql::add_effect_key;
    if (needed && !there.contains(queue.column_prefix + column)) connection.run(fence.over(*statement));
  }
  transaction.commit();
}

}  // namespace fencepost::library
