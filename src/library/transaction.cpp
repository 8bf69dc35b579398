// The public Transaction: acts and statements in a transaction that somebody else commits.

#include "fencepost/transaction.hpp"

#include "library/internals.hpp"
#include "store/own_sql.hpp"

namespace fencepost {

Transaction::Transaction(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Transaction::Transaction(Transaction&&) noexcept = default;
Transaction::~Transaction() = default;

Transaction Internals::transaction(library::Core& core, store::Connection& connection) {
  FENCEPOST_ASSERT(connection.in_transaction());
  return Transaction(
      std::unique_ptr<Transaction::Impl>(new Transaction::Impl{core, &connection, nullptr, {}}));
}

Transaction Internals::borrowed(library::Core& core, std::unique_ptr<store::Connection> connection) {
  auto* raw = connection.get();
  return Transaction(
      std::unique_ptr<Transaction::Impl>(new Transaction::Impl{core, raw, std::move(connection), {}}));
}

Rows Transaction::run(const std::string& sql, const Params& params) {
  return store::run_own(*impl_->connection, sql, params);
}

pg_conn* Transaction::postgres() const { return impl_->connection->postgres_handle(); }
sqlite3* Transaction::sqlite() const { return impl_->connection->sqlite_handle(); }

StopAnswer Transaction::stop(const Queue& queue, const std::string& item, const std::string& actor) {
  return impl_->core.fence(queue).stop(*impl_->connection, item, actor);
}

RunNowAnswer Transaction::run_now(const Queue& queue, const std::string& item, const std::string& actor) {
  impl_->touched.insert(queue.name);
  return library::make_due(*impl_->connection, impl_->core.fence(queue), item, actor);
}

RearmAnswer Transaction::rearm(const Queue& queue, const std::string& item, const std::string& actor) {
  impl_->touched.insert(queue.name);
  return library::rearm(*impl_->connection, impl_->core.fence(queue), item, actor);
}

ResolveAnswer Transaction::resolve(const Queue& queue, const std::string& item, bool happened,
                                   const std::string& actor, const std::string& remote_url) {
  return impl_->core.fence(queue).resolve(*impl_->connection, item, happened, actor, remote_url);
}

EditAnswer Transaction::edit(const Queue& queue, const std::string& item, const std::string& actor) {
  impl_->touched.insert(queue.name);
  return impl_->core.fence(queue).edit(*impl_->connection, item, actor);
}

std::optional<Item> Transaction::read(const Queue& queue, const std::string& item) {
  return library::read(*impl_->connection, impl_->core.fence(queue), item);
}

Enqueued Transaction::enqueue(const NewJob& job) { return enqueue(std::span(&job, 1)).at(0); }

std::vector<Enqueued> Transaction::enqueue(std::span<const NewJob> jobs) {
  impl_->touched.insert("jobs");
  return library::enqueue(*impl_->connection, jobs);
}

Rows Reader::run(const std::string& sql, const Params& params) {
  return store::run_own(*static_cast<store::Connection*>(connection_), sql, params);
}

}  // namespace fencepost
