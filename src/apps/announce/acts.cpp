// What people do to an announcement: disable, enable, approve, delete, post now, resolve. What needs no
// engine: item_acts.cpp.

#include "announce/sql.hpp"
#include "apps/announce/gate.hpp"
#include "apps/announce/item_acts.hpp"
#include "apps/announce/repository.hpp"
#include "apps/announce/service.hpp"
#include "apps/announce/threads.hpp"
#include "store/certain.hpp"
#include "store/sql.hpp"

namespace fencepost::announce {

using core::ResolveAnswer;
using core::StopAnswer;

namespace {
// Throws what forbids the post at this moment.
void refuse(store::Connection& connection, std::int64_t id) {
  const auto item = to_publish(connection, id);
  const auto why = item ? obstacle(*item) : std::nullopt;
  if (why) throw base::UserError(why->code, why->text);
}
}  // namespace

StopAnswer Service::disable(std::int64_t id, const std::string& actor) {
  // Repeated after a doubt it finds its own stop, and already_stopped comes with a commit of its own.
  return store::until_certain(database_, [&](store::Connection& connection, bool) {
    store::Transaction transaction(connection);
    const auto answer = gravest(fence_.stop(connection, hold_items(connection, fence_, id), actor));
    transaction.commit();
    return answer;
  });
}

EnableResult Service::enable(std::int64_t id, const std::string& actor) {
  const auto result = store::until_certain(database_, [&](store::Connection& connection, bool doubt) {
    return announce::enable(connection, fence_, id, actor, doubt);
  });
  // What was enabled before may have been let out only now.
  if (result == EnableResult::enabled || result == EnableResult::already_enabled) runner_.wake();
  return result;
}

std::pair<ApproveResult, std::optional<Announcement>> Service::approve(std::int64_t id, std::int64_t version,
                                                                       const std::string& actor) {
  using Answer = std::pair<ApproveResult, std::optional<Announcement>>;
  const auto answer = store::until_certain(database_, [&](store::Connection& connection, bool) -> Answer {
    store::Transaction transaction(connection);
    const auto episode = lock_parents(connection, id, false);
    const auto held = fence_.hold(connection, {std::to_string(id)});
    const auto now = load(connection, id);
    if (held.empty() || !now) return {ApproveResult::not_found, {}};
    if (now->version != version) return {ApproveResult::version_conflict, now};
    switch (fence_.would_stop(held[0])) {
      case StopAnswer::in_flight:
        return {ApproveResult::in_flight, now};
      case StopAnswer::outcome_unknown:
        return {ApproveResult::outcome_unknown, now};
      case StopAnswer::already_done:
        return {ApproveResult::already_posted, now};
      default:
        break;
    }
    // Written also where it was approved before: a repetition after a doubt has a commit of its own.
    if (connection.run(sql::approve, {id, version, actor}).empty())
      return {ApproveResult::outcome_unknown, now};
    connection.run(store::sql::add_event, {kQueue,
                                           held[0].item,
                                           "approved",
                                           core::name(held[0].state),
                                           core::name(held[0].state),
                                           held[0].fence,
                                           {},
                                           actor,
                                           "version " + std::to_string(version)});
    if (episode) release(connection, {.episode = episode, .announcement = id}, actor, "it was approved");
    auto approved = load(connection, id);
    transaction.commit();
    return {now->approved ? ApproveResult::already_approved : ApproveResult::approved, std::move(approved)};
  });
  if (answer.first == ApproveResult::approved) runner_.wake();
  return answer;
}

StopAnswer Service::remove(std::int64_t id, const std::string& actor) {
  return store::until_certain(database_, [&](store::Connection& connection, bool doubt) {
    return announce::remove(connection, fence_, id, actor, doubt);
  });
}

PostNow Service::post_now(std::int64_t id, const std::string& actor, base::Duration wait) {
  // The claim is drawn here, so that a repetition after a doubt knows its own.
  const auto claim = store::new_claim(worker_);
  std::shared_future<void> done;
  const auto run = [&] {
    const auto unheld = runner_.claiming();
    auto answer = store::until_certain(database_, [&](store::Connection& connection, bool doubt) {
      store::Transaction transaction(connection);
      const auto episode = lock_parents(connection, id, false);
      auto started =
          fence_.run_now(connection, std::to_string(id), actor, runner_.options().lease, worker_, claim);
      // Behind the item's lock; what run_now() did is undone without a commit. Not after a doubt: then it may
      // have been started, and its gate decides.
      if (started.claim) {
        if (!doubt) refuse(connection, id);
        if (episode) connection.run(sql::hurry, {id});
      }
      transaction.commit();
      return started;
    });
    if (answer.claim) done = runner_.submit(*answer.claim);
    return answer;
  }();
  if (done.valid()) done.wait_for(wait);
  try {
    return {run.answer, get(id)};
  } catch (const base::InfraError&) {
    return {run.answer, {}};  // what was started stays started
  }
}

ResolveAnswer Service::resolve(std::int64_t id, bool happened, const std::string& actor,
                               const std::string& post_url) {
  return announce::resolve(database_, fence_, id, happened, actor, post_url);
}

}  // namespace fencepost::announce
