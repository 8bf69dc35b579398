// Acts in a transaction that is the caller's or the Store's.

#include "library/core.hpp"
#include "store/sql.hpp"

namespace fencepost::library {

void notify(store::Connection& connection, const std::string& queue) {
  connection.run(store::sql::notify, {queue});
}

RunNowAnswer make_due(store::Connection& connection, const store::Fence& fence, const std::string& item,
                      const std::string& actor) {
  store::Transaction transaction(connection);
  // The claim is nobody's: handed back at once, it leaves the item due, armed, and with a fresh count of
  // attempts.
  const auto run = fence.run_now(connection, item, actor, std::chrono::seconds(60), 0);
  if (run.claim) {
    const auto back = fence.settle(connection, {store::Settlement::hand_back(*run.claim)}).at(0);
    FENCEPOST_ASSERT(back == store::SettleAnswer::settled);
    notify(connection, fence.queue().name);
  }
  transaction.commit();
  return run.answer;
}

RearmAnswer rearm(store::Connection& connection, const store::Fence& fence, const std::string& item,
                  const std::string& actor) {
  try {
    store::Transaction transaction(connection);
    const auto answer = fence.rearm(connection, item, actor);
    if (answer == RearmAnswer::rearmed) notify(connection, fence.queue().name);
    transaction.commit();
    return answer;
  } catch (const InfraError& error) {
    // unique_violation, SQLITE_CONSTRAINT_UNIQUE
    if (error.sqlstate() != "23505" && error.sqlstate() != "2067") throw;
    throw UserError("already_queued", "another unfinished item has the same unique key: stop that one first");
  }
}

std::optional<Item> read(store::Connection& connection, const store::Fence& fence, const std::string& item) {
  const auto seen = fence.read(connection, item);
  if (!seen) return std::nullopt;
  Item out;
  out.id = seen->item;
  out.word = seen->word;
  out.state = seen->state;
  out.run_at = seen->run_at;
  out.attempt = seen->attempt;
  out.stop_wanted = seen->stop_wanted;
  out.last_error = seen->last_error;
  out.outcome = seen->outcome;
  out.effect_key = seen->effect_key.value_or("");
  return out;
}

}  // namespace fencepost::library
