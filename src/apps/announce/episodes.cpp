#include "apps/announce/episodes.hpp"

#include <algorithm>
#include <set>

#include "announce/sql.hpp"
#include "apps/announce/check.hpp"
#include "apps/announce/queue.hpp"
#include "store/guards.hpp"
#include "store/sql.hpp"

namespace fencepost::announce {

namespace {

constexpr std::size_t kLongestTitle = 200, kLongestNotes = 5000, kLongestTopic = 100, kMostTopics = 50;
constexpr const char* kEndedFirst = "the stream ended before this was posted";

std::string joined(const std::vector<std::string>& topics) {
  std::string text;
  for (const auto& topic : topics) text += (text.empty() ? "" : "\n") + topic;
  return text;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

Episode episode_of(const store::Row& row) {
  return {row[0].integer(),       row[1].integer(),    row[2].text(),           row[3].maybe_integer(),
          row[4].maybe_integer(), row[5].text(),       row[6].text(),           lines_of(row[7].text()),
          row[8].text(),          row[9].maybe_text(), row[10].maybe_integer(), row[11].maybe_integer(),
          row[12].integer(),      row[13].integer()};
}

void check_topics(const std::vector<std::string>& topics) {
  if (topics.size() > kMostTopics) throw base::UserError("invalid_field", "an episode has at most 50 topics");
  for (const auto& topic : topics) check_line(topic, kLongestTopic, "invalid_field", "a topic");
}

void check_number(const std::optional<std::int64_t>& number) {
  if (number && (*number < 0 || *number > 1'000'000))
    throw base::UserError("invalid_field", "an episode's number is 0 to 1000000");
}

// An episode goes forward only: what was live is not announced again.
bool may_become(const std::string& from, const std::string& to) {
  if (from == to) return true;
  if (from == "ended") return false;
  return from != "live" || to == "ended";
}

store::Value maybe(const std::string& text) { return text.empty() ? store::Value() : store::Value(text); }

void fail_of_ended(store::Connection& connection, std::int64_t episode, const std::string& actor) {
  connection.run(sql::lock_open, {episode, store::Value(), store::Value()});
  note(connection, connection.run(sql::fail_of_ended, {episode, kEndedFirst}), "prevented", "failed", actor,
       kEndedFirst);
}

}  // namespace

bool lock_episode(store::Connection& connection, std::int64_t episode, bool to_write) {
  FENCEPOST_ASSERT(connection.in_transaction());
  const auto show = connection.run(sql::show_of_episode, {episode});
  if (show.empty() || connection.run(sql::share_show_facts, {show[0][0]}).empty()) return false;
  return !connection.run(to_write ? sql::lock_episode : sql::share_episode, {episode}).empty();
}

void note(store::Connection& connection, const store::Rows& written, const char* kind, const char* to,
          const std::string& actor, const std::string& why, const char* from) {
  std::vector<store::Params> events;
  for (const auto& row : written)
    events.push_back({kQueue, std::to_string(row[0].integer()), kind, from, to, store::Value(),
                      store::Value(), actor, why});
  connection.run_batch(store::sql::add_events, events);
  if (!events.empty()) connection.run(store::sql::notify, {kQueue});
}

void release(store::Connection& connection, const Of& of, const std::string& actor, const std::string& why) {
  FENCEPOST_ASSERT(of.episode.has_value() != of.show.has_value());
  // What is put back into the queue behind this is not locked in its order (rule 14). It was being sent, and
  // looks at its release itself, when it is tried again.
  std::set<std::int64_t> open;
  for (const auto& row : connection.run(sql::lock_open, {of.episode, of.show, of.announcement}))
    open.insert(row[0].integer());
  std::vector<store::Params> due;
  for (const auto& row : connection.run(sql::due_of, {of.episode, of.show, of.announcement, kNever}))
    if (open.contains(row[0].integer()) || !store::guard("release_held")) due.push_back({row[0], row[1]});
  store::Rows released, held;
  for (const auto& row : connection.run_batch(sql::release, due, {kNever}))
    (row[1].integer() == kNever ? held : released).rows.push_back(row);
  note(connection, released, "released", "queued", actor, why);
  note(connection, held, "held", "queued", actor, why);
}

EpisodeResult create_episode(store::Connection& connection, const EpisodeDraft& draft) {
  check_line(draft.title, kLongestTitle, "invalid_title", "the title");
  check_number(draft.number);
  check_long(draft.notes, kLongestNotes, "the notes");
  check_topics(draft.topics);
  check_url(draft.url);
  store::Transaction transaction(connection);
  if (draft.starts_at) check_time(connection, *draft.starts_at);
  if (connection.run(sql::share_show_facts, {draft.show}).empty()) return {};
  const bool scheduled = draft.scheduled && draft.starts_at;
  const auto id = connection
                      .run(sql::add_episode,
                           {draft.show, draft.title, draft.number, draft.starts_at,
                            scheduled ? "scheduled" : "draft", draft.notes, joined(draft.topics), draft.url})
                      .rows.at(0)[0]
                      .integer();
  auto made = get_episode(connection, id);
  transaction.commit();
  return {EpisodeAnswer::done, std::move(made)};
}

std::optional<Episode> get_episode(store::Connection& connection, std::int64_t id) {
  const auto rows = connection.run(sql::episode, {id});
  if (rows.empty()) return std::nullopt;
  return episode_of(rows[0]);
}

std::optional<std::int64_t> show_of(store::Connection& connection, std::int64_t announcement) {
  const auto rows = connection.run(sql::show_of, {announcement});
  return rows.empty() ? std::nullopt : rows[0][0].maybe_integer();
}

std::vector<Readers> readers_of(store::Connection& connection,
                                const std::vector<store::Params>& announcements) {
  std::vector<Readers> readers;
  for (const auto& row : connection.run_batch(sql::readers_of, announcements))
    readers.push_back({row[0].integer(), row[1].maybe_integer(), row[2].maybe_integer()});
  return readers;
}

std::vector<Episode> list_episodes(store::Connection& connection, std::int64_t show, std::int64_t before,
                                   int limit, const std::string& status) {
  std::vector<Episode> page;
  for (const auto& row : connection.run(sql::episodes_page, {show, before, limit, maybe(status)}))
    page.push_back(episode_of(row));
  return page;
}

EpisodeResult edit_episode(store::Connection& connection, std::int64_t id, std::int64_t version,
                           const EpisodeChange& change, const std::string& actor) {
  if (change.title) check_line(*change.title, kLongestTitle, "invalid_title", "the title");
  if (change.number) check_number(*change.number);
  if (change.notes) check_long(*change.notes, kLongestNotes, "the notes");
  if (change.topics) check_topics(*change.topics);
  if (change.url) check_url(*change.url);
  store::Transaction transaction(connection);
  if (!lock_episode(connection, id, true)) return {};
  const auto now = get_episode(connection, id).value();
  if (now.version != version) return {EpisodeAnswer::stale, now};
  const auto status = change.status.value_or(now.status);
  if (!may_become(now.status, status)) return {EpisodeAnswer::wrong_status, now};
  const auto starts_at = change.starts_at.value_or(now.starts_at);
  if (starts_at && starts_at != now.starts_at) check_time(connection, *starts_at);
  if (status == "scheduled" && !starts_at) return {EpisodeAnswer::no_start, now};
  const auto topics = change.topics.value_or(now.topics);
  const auto url = change.url.value_or(now.url);
  const bool becomes_live = status == "live" && now.status != "live";
  const bool ends = status == "ended" && now.status != "ended";
  connection.run(
      sql::write_episode,
      {id, change.title.value_or(now.title), change.number.value_or(now.number), starts_at,
       becomes_live || ends ? now.status : status, change.notes.value_or(now.notes), joined(topics), url});
  const auto at = connection.run(store::sql::now)[0][0].integer();
  if (becomes_live) connection.run(sql::episode_live, {id, store::Value(), url, at});
  if (ends) {
    connection.run(sql::episode_ended, {id, at, true});
    fail_of_ended(connection, id, actor);
  }
  release(connection, {.episode = id}, actor, becomes_live ? "the show is live" : "the episode was changed");
  auto changed = get_episode(connection, id);
  transaction.commit();
  return {EpisodeAnswer::done, std::move(changed)};
}

EpisodeResult remove_episode(store::Connection& connection, const store::Fence& fence, std::int64_t id,
                             const std::string& actor) {
  store::Transaction transaction(connection);
  if (!lock_episode(connection, id, true) || connection.run(sql::lock_episode_to_delete, {id}).empty())
    return {};
  const auto answer = remove_episodes(connection, fence, {.episode = id}, actor);
  if (answer == EpisodeAnswer::done) transaction.commit();
  return {answer};
}

EpisodeAnswer remove_episodes(store::Connection& connection, const store::Fence& fence, const Of& of,
                              const std::string& actor) {
  std::vector<std::string> items;
  for (const auto& row : connection.run(sql::unposted, {of.episode, of.show}))
    items.push_back(std::to_string(row[0].integer()));
  for (const auto answer : fence.stop(connection, fence.hold(connection, items), actor)) {
    if (answer == core::StopAnswer::in_flight) return EpisodeAnswer::in_flight;
    if (answer == core::StopAnswer::outcome_unknown) return EpisodeAnswer::outcome_unknown;
  }
  connection.run(sql::leave_episodes, {of.episode, of.show});
  note(connection, connection.run(sql::delete_stopped, {of.episode, of.show}), "deleted", "", actor,
       "its episode was deleted", "stopped");
  connection.run(sql::delete_episodes, {of.episode, of.show});
  return EpisodeAnswer::done;
}

bool episode_live(store::Connection& connection, std::int64_t episode, const std::string& video_id,
                  const std::string& url, base::Micros started_at, const std::string& actor) {
  store::Transaction transaction(connection);
  if (!lock_episode(connection, episode, true)) return false;
  if (connection.run(sql::episode_live, {episode, maybe(video_id), url, started_at}).empty()) return false;
  release(connection, {.episode = episode}, actor, "the show is live");
  transaction.commit();
  return true;
}

bool episode_ended(store::Connection& connection, std::int64_t episode, base::Micros ended_at,
                   const std::string& actor) {
  store::Transaction transaction(connection);
  if (!lock_episode(connection, episode, true)) return false;
  if (connection.run(sql::episode_ended, {episode, ended_at, false}).empty()) return false;
  fail_of_ended(connection, episode, actor);
  release(connection, {.episode = episode}, actor, "the stream ended");
  transaction.commit();
  return true;
}

}  // namespace fencepost::announce
