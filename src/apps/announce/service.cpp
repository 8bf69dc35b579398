#include "apps/announce/service.hpp"

#include <algorithm>
#include <condition_variable>
#include <limits>
#include <mutex>

#include "accounts/connections.hpp"
#include "announce/sql.hpp"
#include "apps/announce/check.hpp"
#include "apps/announce/edit.hpp"
#include "apps/announce/repository.hpp"
#include "apps/announce/threads.hpp"
#include "store/certain.hpp"
#include "store/sql.hpp"

namespace fencepost::announce {

namespace {

// Whose it is.
std::optional<std::int64_t> check_connection(store::Connection& connection, std::int64_t id) {
  const auto found = accounts::get_connection(connection, id);
  if (!found) throw base::UserError("unknown_connection", "there is no connection " + std::to_string(id));
  if (!accounts::share_connected(connection, id))
    throw base::UserError("connection_disconnected", "the connection is disconnected: choose another");
  return found->person;
}

bool fits(const Announcement& now, const Change& change) {
  return now.text == change.text.value_or(now.text) && now.url == change.url.value_or(now.url) &&
         now.run_at == change.run_at.value_or(now.run_at) &&
         now.trigger == change.trigger.value_or(now.trigger) && (!change.at || now.at == change.at) &&
         (!change.minutes || now.minutes == change.minutes) &&
         now.stagger == change.stagger.value_or(now.stagger) &&
         now.include_url == change.include_url.value_or(now.include_url) &&
         now.deadline == change.deadline.value_or(now.deadline) &&
         (!change.parts ||
          std::equal(now.parts.begin(), now.parts.end(), change.parts->begin(), change.parts->end(),
                     [](const Part& one, const std::string& text) { return one.text == text; }));
}

void check_parts(const std::vector<std::string>& texts) {
  if (texts.size() >= kMostParts) throw base::UserError("invalid_field", "a thread has at most 25 parts");
  for (const auto& text : texts) check_text(text);
}

// What a trigger needs beside it.
void check_trigger(store::Connection& connection, const std::string& trigger,
                   const std::optional<base::Micros>& at, const std::optional<std::int64_t>& minutes) {
  if (trigger != "live" && trigger != "at" && trigger != "before" && trigger != "ended")
    throw base::UserError("invalid_field", "the trigger must be live, at, before or ended");
  if (trigger == "at" && !at)
    throw base::UserError("invalid_field", "the trigger \"at\" needs a time: give `at`");
  if (trigger == "before" && !minutes)
    throw base::UserError("invalid_field", "the trigger \"before\" needs `minutes` before the start");
  if (trigger == "at") check_time(connection, *at);
}

void check_own_words(const std::string& text, bool needed) {
  if (needed || !text.empty()) check_text(text);
}

// Whether whoever the connection belongs to may be announced for in this episode.
void check_host(store::Connection& connection, std::int64_t episode,
                const std::optional<std::int64_t>& host) {
  const auto show = connection.run(sql::show_of_episode, {episode})[0][0].integer();
  if (host && connection.run(sql::share_member, {show, *host}).empty())
    throw base::UserError("not_a_member",
                          "the connection belongs to somebody who is not in the show: add them first");
}

void check_not_ended(store::Connection& connection, std::int64_t episode, const std::string& trigger) {
  const auto now = get_episode(connection, episode);
  if (now && now->status == "ended" && (trigger == "live" || trigger == "before"))
    throw base::UserError("stream_ended",
                          "the episode's stream has ended: use the trigger \"ended\" or \"at\"");
}

void check_change(store::Connection& connection, const Announcement& now, const Change& change) {
  if (now.thread && (change.url || change.run_at || change.trigger || change.at || change.minutes ||
                     change.stagger || change.include_url || change.deadline || change.parts))
    throw base::UserError("invalid_field", "a part of a thread has only its text: change the first part");
  if (!now.episode) {
    if (change.trigger || change.at || change.minutes || change.stagger)
      throw base::UserError("invalid_field", "an announcement without an episode goes out at its run_at");
    if (change.text) check_text(*change.text);
    if (change.run_at && *change.run_at != now.run_at) check_time(connection, *change.run_at);
    return;
  }
  if (change.run_at)
    throw base::UserError(
        "invalid_field",
        "an episode's announcement goes out by its trigger: give \"at\" and `at`, or post it now");
  const auto trigger = change.trigger.value_or(now.trigger);
  if (change.trigger || change.at || change.minutes)
    check_trigger(connection, trigger, change.at ? change.at : now.at,
                  change.minutes ? change.minutes : now.minutes);
  if (change.trigger) check_not_ended(connection, *now.episode, trigger);
}

// Puts these parts behind the first, which is being edited; not where one of those that are there has begun.
std::optional<EditResult> replace_parts(store::Connection& connection, const store::Fence& fence,
                                        const Announcement& first, const std::vector<std::string>& texts,
                                        const std::string& actor) {
  auto held = hold_items(connection, fence, first.id);
  std::erase_if(held, [&](const store::Snapshot& one) { return one.item == std::to_string(first.id); });
  for (const auto& part : held) switch (fence.would_stop(part)) {
      case core::StopAnswer::in_flight:
        return EditResult::in_flight;
      case core::StopAnswer::outcome_unknown:
        return EditResult::outcome_unknown;
      case core::StopAnswer::already_done:
        return EditResult::already_posted;
      default:
        break;
    }
  for (const auto& part : held) fence.remove(connection, part.item, actor);
  add_parts(connection, first.id, texts, first.status != "disabled", actor);
  return std::nullopt;
}

constexpr auto kFirst = std::numeric_limits<std::int64_t>::max();

void check_limit(int limit) {
  if (limit < 1 || limit > 200) throw base::UserError("invalid_field", "limit must be 1 to 200");
}

// Of what was loaded with one row more than `limit`.
Page page_of(std::vector<Announcement> items, int limit) {
  Page page{std::move(items), {}};
  if (page.items.size() > static_cast<std::size_t>(limit)) {
    page.items.pop_back();
    page.next = page.items.back().id;
  }
  return page;
}

// The canonical states in the users' words; an event of the trigger has them already.
std::optional<std::string> users_word(const std::optional<std::string>& state) {
  if (!state || state->empty()) return std::nullopt;
  if (*state == "done") return "posted";
  if (*state == "stopped") return "disabled";
  return state;
}

}  // namespace

Service::Service(store::Database& database, const store::Fence& fence, engine::QueueRunner& runner,
                 std::int64_t worker)
    : database_(database), fence_(fence), runner_(runner), worker_(worker) {}

namespace {
std::int64_t add_checked(store::Connection& connection, const Draft& draft) {
  if (!draft.episode) {
    if (draft.run_at) check_time(connection, *draft.run_at);
    check_connection(connection, draft.connection_id);
    return add(connection, draft);
  }
  if (!lock_episode(connection, *draft.episode, false))
    throw base::UserError("unknown_episode", "there is no episode " + std::to_string(*draft.episode));
  check_trigger(connection, draft.trigger, draft.at, draft.minutes);
  check_not_ended(connection, *draft.episode, draft.trigger);
  const auto host = check_connection(connection, draft.connection_id);
  check_host(connection, *draft.episode, host);
  const auto id = add_to_episode(connection, draft, host);
  if (!id)
    throw base::UserError("duplicate_announcement",
                          "the connection has an announcement of this episode: change that one");
  return *id;
}
}  // namespace

Announcement Service::create(const Draft& draft, const std::string& actor, const Within& within) {
  check_own_words(draft.text, !draft.episode);
  check_url(draft.url);
  check_parts(draft.parts);
  auto made = database_.retrying([&](store::Connection& connection) {
    store::Transaction transaction(connection);
    const auto id = add_checked(connection, draft);
    connection.run(
        store::sql::add_event,
        {kQueue, std::to_string(id), "created", {}, draft.enabled ? "queued" : "stopped", 0, {}, actor, {}});
    add_parts(connection, id, draft.parts, draft.enabled, actor);
    if (draft.episode)
      release(connection, {.episode = draft.episode, .announcement = id}, actor, "it was made");
    auto announcement = load(connection, id).value();
    if (within) within(connection, announcement);
    connection.run(store::sql::notify, {kQueue});
    transaction.commit();
    return announcement;
  });
  runner_.wake();
  return made;
}

std::optional<CreatedForAll> Service::create_for_all(std::int64_t episode, const std::string& actor) {
  const auto made = database_.retrying([&](store::Connection& connection) -> std::optional<CreatedForAll> {
    store::Transaction transaction(connection);
    if (!lock_episode(connection, episode, false)) return std::nullopt;
    check_not_ended(connection, episode, "live");
    CreatedForAll counts;
    std::vector<store::Params> events;
    for (const auto& row : connection.run(sql::add_for_all, {episode, kNever})) {
      const bool enabled = row[1].text() == "queued";
      ++(enabled ? counts.enabled : counts.disabled);
      events.push_back({kQueue, std::to_string(row[0].integer()), "created", store::Value(),
                        enabled ? "queued" : "stopped", 0, store::Value(), actor, "for all members"});
    }
    connection.run_batch(store::sql::add_events, events);
    release(connection, {.episode = episode}, actor, "it was made");
    transaction.commit();
    return counts;
  });
  if (made) runner_.wake();
  return made;
}

std::optional<Announcement> Service::get(std::int64_t id) {
  return database_.retrying([&](store::Connection& connection) { return load(connection, id); });
}

std::optional<std::int64_t> Service::owner(std::int64_t id) {
  return database_.retrying([&](store::Connection& connection) { return owner_of(connection, id); });
}

Page Service::list(std::optional<std::int64_t> before, int limit, const std::string& status,
                   std::optional<std::int64_t> person) {
  check_limit(limit);
  return database_.retrying([&](store::Connection& connection) {
    return page_of(load_page(connection, before.value_or(kFirst), limit + 1, {status, person}), limit);
  });
}

Page Service::list_of_episode(std::int64_t episode, std::optional<std::int64_t> before, int limit) {
  check_limit(limit);
  return database_.retrying([&](store::Connection& connection) {
    return page_of(load_page_of_episode(connection, episode, before.value_or(kFirst), limit + 1), limit);
  });
}

std::vector<Announcement> Service::due(base::Micros after, std::int64_t after_id, int limit,
                                       std::optional<std::int64_t> person) {
  return database_.retrying(
      [&](store::Connection& connection) { return load_due(connection, after, after_id, limit, person); });
}

std::pair<EditResult, std::optional<Announcement>> Service::edit(std::int64_t id, std::int64_t version,
                                                                 const Change& change,
                                                                 const std::string& actor) {
  if (change.text) check_own_words(*change.text, false);
  if (change.url) check_url(*change.url);
  if (change.parts) check_parts(*change.parts);
  return edited({.id = id,
                 .version = version,
                 .actor = actor,
                 .is_there = [&](const Announcement& now) { return fits(now, change); },
                 .write = [&](store::Connection& connection, const Announcement& now) -> Edit::Written {
                   check_change(connection, now, change);
                   if (!write_change(connection, now, change)) return {.written = false};
                   if (!change.parts) return {};
                   return {.refused = replace_parts(connection, fence_, now, *change.parts, actor)};
                 }});
}

std::optional<Announcement> Service::wait_settled(std::int64_t id, base::Duration wait) {
  // The sender may be another process, so the database is asked, ever more slowly.
  constexpr base::Duration kFirst = std::chrono::milliseconds(10), kLast = std::chrono::milliseconds(250);
  const auto& clock = base::system_clock();
  const auto until = clock.boot() + wait;
  std::mutex mutex;
  std::condition_variable nobody;
  std::unique_lock lock(mutex);
  for (auto pause = kFirst;; pause = std::min(pause * 2, kLast)) {
    const bool open = database_.retrying([&](store::Connection& connection) {
      const auto seen = fence_.read(connection, std::to_string(id));
      return seen && seen->effect && seen->outcome == core::EffectOutcome::none;
    });
    const auto left = until - clock.boot();
    if (!open || left.count() <= 0) return get(id);
    nobody.wait_for(lock, std::min<std::chrono::nanoseconds>(pause, left));
  }
}

std::vector<store::Event> Service::history(std::int64_t id, std::int64_t after, int limit) {
  if (limit < 1 || limit > 1000) throw base::UserError("invalid_field", "limit must be 1 to 1000");
  return database_.retrying([&](store::Connection& connection) {
    auto events = store::history_of(connection, fence_.queue().name, std::to_string(id), after, limit);
    for (auto& event : events) {
      event.from = users_word(event.from);
      event.to = users_word(event.to);
    }
    return events;
  });
}

}  // namespace fencepost::announce
