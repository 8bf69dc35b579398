// What people do to an announcement: disable, enable, delete, post now, resolve.

#include <algorithm>

#include "announce/sql.hpp"
#include "apps/announce/check.hpp"
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
EnableResult result_of(store::RearmAnswer answer) {
  switch (answer) {
    case store::RearmAnswer::rearmed:
      return EnableResult::enabled;
    case store::RearmAnswer::already_armed:
      return EnableResult::already_enabled;
    case store::RearmAnswer::in_flight:
      return EnableResult::in_flight;
    case store::RearmAnswer::outcome_unknown:
      return EnableResult::outcome_unknown;
    case store::RearmAnswer::already_done:
      return EnableResult::already_posted;
    case store::RearmAnswer::not_found:
      break;
  }
  return EnableResult::not_found;
}

// Of a thread: its first part's answer, unless that is posted and others were armed behind it.
EnableResult result_of(store::RearmAnswer first, const std::vector<store::RearmAnswer>& answers) {
  using store::RearmAnswer;
  if (first == RearmAnswer::already_done)
    for (const auto answer : {RearmAnswer::in_flight, RearmAnswer::outcome_unknown, RearmAnswer::rearmed,
                              RearmAnswer::already_armed})
      if (std::find(answers.begin(), answers.end(), answer) != answers.end()) return result_of(answer);
  return result_of(first);
}

// Throws what forbids the post at this moment.
void refuse(store::Connection& connection, std::int64_t id) {
  const auto item = to_publish(connection, id);
  const auto why = item ? obstacle(*item) : std::nullopt;
  if (why) throw base::UserError(why->code, why->text);
}

// The same, but for what may change before its time comes.
void refuse_for_good(store::Connection& connection, std::int64_t id) {
  const auto item = to_publish(connection, id);
  const auto why = item ? obstacle(*item) : std::nullopt;
  const std::string_view code = why ? why->code : "";
  if (code == "stream_ended" || code == "deadline_passed" || code == "not_a_member")
    throw base::UserError(why->code, why->text);
}
// Behind the locks of the items, which were armed with these answers, the first of them that of `id`: what
// waits goes out, and when. Throws what forbids it for good; false: its time is over. Then nothing may be
// committed.
bool renew(store::Connection& connection, std::int64_t id, std::optional<std::int64_t> episode,
           const std::vector<store::RearmAnswer>& answers, const std::string& actor) {
  if (std::find(answers.begin(), answers.end(), store::RearmAnswer::rearmed) != answers.end())
    release_thread(connection, id);
  if (answers.empty() || answers.front() != store::RearmAnswer::rearmed) return true;
  if (episode) {
    refuse_for_good(connection, id);
    connection.run(sql::renew_release, {id});
    release(connection, {.episode = episode, .announcement = id}, actor, "it was enabled");
  }
  const auto now = connection.run(store::sql::now)[0][0].integer();
  if (load(connection, id).value().run_at < now - kLate.count()) return false;
  connection.run(store::sql::notify, {kQueue});
  return true;
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
  const auto result = store::until_certain(database_, [&](store::Connection& connection, bool) {
    store::Transaction transaction(connection);
    const auto episode = lock_parents(connection, id, false);
    const auto held = hold_items(connection, fence_, id);
    const auto answers = fence_.rearm(connection, held, actor);
    if (!renew(connection, id, episode, answers, actor)) return EnableResult::too_late;
    transaction.commit();
    return result_of(answers.empty() ? store::RearmAnswer::not_found : answers.front(), answers);
  });
  if (result == EnableResult::enabled) runner_.wake();
  return result;
}

std::string rearm(store::Database& database, const store::Fence& fence, const store::Arming& one) {
  const auto id = std::stoll(one.item);
  return store::until_certain(database, [&](store::Connection& connection, bool) -> std::string {
    store::Transaction transaction(connection);
    const auto episode = lock_parents(connection, id, false);
    const auto held = fence.hold(connection, {one.item});
    if (held.empty()) return std::string(name(store::RearmAnswer::not_found));
    if (!one.meant(held[0])) return "changed";
    const auto answers = fence.rearm(connection, held, one.actor);
    if (!renew(connection, id, episode, answers, one.actor)) return "too_late";
    if (!one.preview) transaction.commit();
    return std::string(name(answers[0]));
  });
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
    store::Transaction transaction(connection);
    lock_parents(connection, id, true);
    const auto first = first_part(connection, id);
    if (first != id) fence_.hold(connection, {std::to_string(first)});
    auto answer = gravest(fence_.stop(connection, hold_items(connection, fence_, id), actor));
    if (answer != StopAnswer::in_flight && answer != StopAnswer::outcome_unknown) {
      connection.run(sql::remember_deleted, {id});
      // The first part takes the others along.
      fence_.remove(connection, std::to_string(id), actor);
      if (first != id) release_thread(connection, first);
    }
    if (answer == StopAnswer::not_found && doubt) {
      store::Fence::confirm(connection);
      answer = StopAnswer::already_stopped;
    }
    transaction.commit();
    return answer;
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

ResolveAnswer resolve(store::Database& database, const store::Fence& fence, std::int64_t id, bool happened,
                      const std::string& actor, const std::string& post_url) {
  check_url(post_url);
  return store::until_certain(database, [&](store::Connection& connection, bool doubt) {
    const auto item = std::to_string(id);
    const auto answer =
        fence.resolve(connection, item, happened, actor, post_url, [&](store::Connection& within) {
          if (!happened) return;
          set_posted(within, id, "", post_url);
          release_thread(within, id);
        });
    if (answer != ResolveAnswer::not_unknown || !doubt) return answer;
    const auto now = fence.read(connection, item);
    const bool as_said =
        now && (happened ? now->state == core::State::done
                         : now->state == core::State::failed || now->state == core::State::stopped);
    if (!as_said) return answer;
    store::Fence::confirm(connection);
    return ResolveAnswer::resolved;
  });
}

}  // namespace fencepost::announce
