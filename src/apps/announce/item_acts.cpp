#include "apps/announce/item_acts.hpp"

#include <algorithm>

#include "announce/sql.hpp"
#include "apps/announce/check.hpp"
#include "apps/announce/gate.hpp"
#include "apps/announce/repository.hpp"
#include "apps/announce/threads.hpp"
#include "store/certain.hpp"
#include "store/guards.hpp"
#include "store/sql.hpp"

namespace fencepost::announce {

using core::ResolveAnswer;
using core::StopAnswer;
using store::RearmAnswer;

namespace {
EnableResult result_of(RearmAnswer answer) {
  switch (answer) {
    case RearmAnswer::rearmed:
      return EnableResult::enabled;
    case RearmAnswer::already_armed:
      return EnableResult::already_enabled;
    case RearmAnswer::in_flight:
      return EnableResult::in_flight;
    case RearmAnswer::outcome_unknown:
      return EnableResult::outcome_unknown;
    case RearmAnswer::already_done:
      return EnableResult::already_posted;
    case RearmAnswer::not_found:
      break;
  }
  return EnableResult::not_found;
}

bool has(const std::vector<RearmAnswer>& answers, RearmAnswer one) {
  return std::find(answers.begin(), answers.end(), one) != answers.end();
}

// Of a thread: its first part's answer, unless that is posted and others were armed behind it.
EnableResult result_of(RearmAnswer first, const std::vector<RearmAnswer>& answers) {
  if (first == RearmAnswer::already_done)
    for (const auto answer : {RearmAnswer::in_flight, RearmAnswer::outcome_unknown, RearmAnswer::rearmed,
                              RearmAnswer::already_armed})
      if (has(answers, answer)) return result_of(answer);
  return result_of(first);
}

// Throws what forbids the post for good: not what may change before its time comes.
void refuse_for_good(store::Connection& connection, std::int64_t id) {
  const auto item = to_publish(connection, id);
  const auto why = item ? obstacle(*item) : std::nullopt;
  const std::string_view code = why ? why->code : "";
  if (code == "stream_ended" || code == "deadline_passed" || code == "not_a_member")
    throw base::UserError(why->code, why->text);
}

// Behind the locks of the thread, whose items were armed with these answers, the first of them that of `id`:
// what waits goes out, and when. Also what was armed before, and was left waiting by another program's write.
// Throws what forbids it for good; false: its time is over. Then nothing may be committed.
bool renew(store::Connection& connection, std::int64_t id, std::optional<std::int64_t> episode,
           const std::vector<RearmAnswer>& answers, const std::string& actor) {
  const bool armed = has(answers, RearmAnswer::rearmed) ||
                     (has(answers, RearmAnswer::already_armed) && store::guard("thread_heals"));
  if (armed && release_thread(connection, id)) connection.run(store::sql::notify, {kQueue});
  if (answers.empty() || answers.front() != RearmAnswer::rearmed) return true;
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

EnableResult enable(store::Connection& connection, const store::Fence& fence, std::int64_t id,
                    const std::string& actor, bool doubt) {
  store::Transaction transaction(connection);
  const auto episode = lock_parents(connection, id, false);
  const auto held = hold_thread(connection, fence, id);
  const auto answers = fence.rearm(connection, held, actor);
  if (!renew(connection, id, episode, answers, actor)) return EnableResult::too_late;
  // What is armed already may be so by the try that was in doubt: this commit takes it along (rule 4).
  if (doubt) store::Fence::confirm(connection);
  transaction.commit();
  return result_of(answers.empty() ? RearmAnswer::not_found : answers.front(), answers);
}

std::string rearm_item(store::Connection& connection, const store::Fence& fence, const store::Arming& one,
                       bool doubt) {
  const auto id = std::stoll(one.item);
  store::Transaction transaction(connection);
  const auto episode = lock_parents(connection, id, false);
  auto held = hold_thread(connection, fence, id);
  if (held.empty()) return std::string(name(RearmAnswer::not_found));
  // The parts behind a first one are named by themselves.
  held.erase(held.begin() + 1, held.end());
  if (!one.means(fence, held[0], doubt)) return "changed";
  const auto answers = fence.rearm(connection, held, one.actor);
  if (!renew(connection, id, episode, answers, one.actor)) return "too_late";
  if (doubt) store::Fence::confirm(connection);
  if (!one.preview) transaction.commit();
  return std::string(name(answers[0]));
}

std::string rearm(store::Database& database, const store::Fence& fence, const store::Arming& one) {
  return store::until_certain(database, [&](store::Connection& connection, bool doubt) {
    return rearm_item(connection, fence, one, doubt);
  });
}

StopAnswer remove(store::Connection& connection, const store::Fence& fence, std::int64_t id,
                  const std::string& actor, bool doubt) {
  store::Transaction transaction(connection);
  lock_parents(connection, id, true);
  const auto first = first_part(connection, id);
  auto answer = gravest(fence.stop(connection, hold_thread(connection, fence, id), actor));
  if (answer != StopAnswer::in_flight && answer != StopAnswer::outcome_unknown) {
    connection.run(sql::remember_deleted, {id});
    // The first part takes the others along.
    fence.remove(connection, std::to_string(id), actor);
    if (first != id) release_thread(connection, first);
  }
  if (answer == StopAnswer::not_found && doubt) {
    store::Fence::confirm(connection);
    answer = StopAnswer::already_stopped;
  }
  transaction.commit();
  return answer;
}

ResolveAnswer resolve(store::Database& database, const store::Fence& fence, std::int64_t id, bool happened,
                      const std::string& actor, const std::string& post_url) {
  check_url(post_url);
  return store::until_certain(database, [&](store::Connection& connection, bool doubt) {
    return store::resolve(connection, fence, std::to_string(id), happened, actor, post_url, doubt,
                          [&](store::Connection& within) {
                            if (!happened) return;
                            set_posted(within, id, "", post_url);
                            release_thread(within, id);
                          });
  });
}

}  // namespace fencepost::announce
