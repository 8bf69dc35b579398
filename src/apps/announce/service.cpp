#include "apps/announce/service.hpp"

#include <algorithm>
#include <condition_variable>
#include <limits>
#include <mutex>

#include "accounts/connections.hpp"
#include "apps/announce/check.hpp"
#include "apps/announce/repository.hpp"
#include "store/certain.hpp"
#include "store/sql.hpp"

namespace fencepost::announce {

namespace {

void check_connection(store::Connection& connection, std::int64_t id) {
  if (!accounts::get_connection(connection, id))
    throw base::UserError("unknown_connection", "there is no connection " + std::to_string(id));
  if (!accounts::share_connected(connection, id))
    throw base::UserError("connection_disconnected", "the connection is disconnected: choose another");
}

bool fits(const Announcement& now, const Change& change) {
  return now.text == change.text.value_or(now.text) && now.url == change.url.value_or(now.url) &&
         now.run_at == change.run_at.value_or(now.run_at);
}

std::optional<EditResult> refusal_of(core::EditAnswer answer) {
  switch (answer) {
    case core::EditAnswer::editable:
      return std::nullopt;
    case core::EditAnswer::in_flight:
      return EditResult::in_flight;
    case core::EditAnswer::outcome_unknown:
      return EditResult::outcome_unknown;
    case core::EditAnswer::already_done:
      return EditResult::already_posted;
    case core::EditAnswer::not_found:
      break;
  }
  return EditResult::not_found;
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

Announcement Service::create(const Draft& draft, const std::string& actor, const Within& within) {
  check_text(draft.text);
  check_url(draft.url);
  const auto& queue = fence_.queue().name;
  auto made = database_.retrying([&](store::Connection& connection) {
    store::Transaction transaction(connection);
    if (draft.run_at) check_time(connection, *draft.run_at);
    check_connection(connection, draft.connection_id);
    const auto id = add(connection, draft);
    connection.run(store::sql::add_event,
                   {queue, std::to_string(id), "created", {}, "queued", 0, {}, actor, {}});
    auto announcement = load(connection, id).value();
    if (within) within(connection, announcement);
    connection.run(store::sql::notify, {queue});
    transaction.commit();
    return announcement;
  });
  runner_.wake();
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
  if (limit < 1 || limit > 200) throw base::UserError("invalid_field", "limit must be 1 to 200");
  return database_.retrying([&](store::Connection& connection) {
    const auto below = before.value_or(std::numeric_limits<std::int64_t>::max());
    Page page{load_page(connection, below, limit + 1, status, person), {}};
    if (page.items.size() > static_cast<std::size_t>(limit)) {
      page.items.pop_back();
      page.next = page.items.back().id;
    }
    return page;
  });
}

std::pair<EditResult, std::optional<Announcement>> Service::edit(std::int64_t id, std::int64_t version,
                                                                 const Change& change,
                                                                 const std::string& actor) {
  if (change.text) check_text(*change.text);
  if (change.url) check_url(*change.url);
  using Answer = std::pair<EditResult, std::optional<Announcement>>;
  const auto answer =
      store::until_certain(database_, [&](store::Connection& connection, bool doubt) -> Answer {
        store::Transaction transaction(connection);
        const auto editable = fence_.edit(connection, std::to_string(id), actor);
        // Behind the lock that edit() took, so that this is what it is now. Without a commit, what edit() did
        // is undone.
        const auto now = load(connection, id);
        if (!now) return {EditResult::not_found, {}};
        if (doubt && now->version == version + 1 && fits(*now, change)) {
          // The write that was in doubt is there; what is committed after it takes it along.
          store::Fence::confirm(connection);
          transaction.commit();
          return {EditResult::changed, now};
        }
        if (now->version != version) return {EditResult::version_conflict, now};
        if (const auto refused = refusal_of(editable)) return {*refused, now};
        if (change.run_at && *change.run_at != now->run_at) check_time(connection, *change.run_at);
        // A foreign program's word may be one that nothing here makes; then a person has to resolve it first.
        if (!write_change(connection, *now, change)) return {EditResult::outcome_unknown, now};
        connection.run(store::sql::notify, {fence_.queue().name});
        auto changed = load(connection, id);
        transaction.commit();
        return {EditResult::changed, std::move(changed)};
      });
  if (answer.first == EditResult::changed) runner_.wake();
  return answer;
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

std::vector<HistoryEntry> Service::history(std::int64_t id, std::int64_t after, int limit) {
  if (limit < 1 || limit > 1000) throw base::UserError("invalid_field", "limit must be 1 to 1000");
  return database_.retrying([&](store::Connection& connection) {
    std::vector<HistoryEntry> entries;
    for (const auto& row :
         connection.run(store::sql::events_of, {fence_.queue().name, std::to_string(id), after, limit}))
      entries.push_back({row[0].integer(), row[1].integer(), row[2].text(), users_word(row[3].maybe_text()),
                         users_word(row[4].maybe_text()), row[7].maybe_text(), row[8].maybe_text(),
                         row[5].maybe_integer()});
    return entries;
  });
}

}  // namespace fencepost::announce
