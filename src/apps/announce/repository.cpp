#include "apps/announce/repository.hpp"

#include <algorithm>

#include "announce/sql.hpp"

namespace fencepost::announce {

namespace {

// Claimed is the engine's matter: nothing has begun, and it can still be stopped.
std::string users_status(const std::string& word, bool pending) {
  if (word != "claimed" && word != "queued") return word;
  return pending ? "pending" : "queued";
}

Announcement announcement_of(const store::Row& row) {
  Announcement a;
  a.id = row[0].integer();
  a.connection_id = row[1].integer();
  a.connection = row[2].text();
  a.text = row[3].text();
  a.url = row[4].text();
  a.run_at = row[5].integer();
  a.status = users_status(row[6].text(), a.pending());
  a.version = row[7].integer();
  a.attempts = static_cast<int>(row[8].integer());
  a.stop_wanted = row[9].boolean();
  a.last_error = row[10].maybe_text();
  a.posted_at = row[11].maybe_integer();
  a.post_id = row[12].maybe_text();
  a.post_url = row[13].maybe_text();
  a.created_at = row[14].integer();
  a.episode = row[15].maybe_integer();
  a.host = row[16].maybe_integer();
  a.host_name = row[17].maybe_text();
  a.trigger = row[18].text();
  a.at = row[19].maybe_integer();
  a.minutes = row[20].maybe_integer();
  a.stagger = row[21].integer();
  a.include_url = row[22].boolean();
  a.generated_text = row[23].maybe_text();
  a.deadline = row[24].maybe_integer();
  a.approved = row[25].maybe_integer() == a.version;
  a.approved_by = row[26].maybe_text();
  a.at_once = row[27].boolean();
  a.thread = row[28].maybe_integer();
  a.part = row[29].integer();
  return a;
}

// NULL where there is nothing to say.
store::Value maybe(const std::string& text) { return text.empty() ? store::Value() : store::Value(text); }

void check_status(const std::string& status) {
  for (const auto* word : {"pending", "queued", "sending", "posted", "failed", "unknown", "disabled"})
    if (status == word) return;
  throw base::UserError("invalid_field",
                        "status must be pending, queued, sending, posted, failed, unknown or disabled");
}

// The parts behind first ones, added to those in one statement.
void add_their_parts(store::Connection& connection, std::vector<Announcement>& items) {
  std::vector<store::Params> keys;
  for (const auto& one : items)
    if (one.part == 1) keys.push_back({one.id});
  if (keys.empty()) return;
  for (const auto& row : connection.run_batch(sql::parts_of, keys))
    for (auto& one : items)
      if (one.id == row[0].integer())
        one.parts.push_back({row[1].integer(), row[2].integer(), row[3].text(),
                             users_status(row[5].text(), row[4].integer() >= kNever), row[6].integer(),
                             row[7].maybe_text(), row[8].maybe_integer(), row[9].maybe_text(),
                             row[10].maybe_text()});
  for (auto& one : items)
    std::sort(one.parts.begin(), one.parts.end(),
              [](const Part& left, const Part& right) { return left.part < right.part; });
}

// A page of ids as a list selected them, loaded in one statement, in their order.
std::vector<Announcement> loaded(store::Connection& connection, const store::Rows& ids) {
  std::vector<store::Params> keys;
  for (const auto& row : ids) keys.push_back({row[0]});
  std::vector<Announcement> found, items;
  for (const auto& row : connection.run_batch(sql::announcements, keys))
    found.push_back(announcement_of(row));
  for (const auto& row : ids) {
    const auto at =
        std::find_if(found.begin(), found.end(), [&](const auto& one) { return one.id == row[0].integer(); });
    if (at != found.end()) items.push_back(*at);  // else it was deleted meanwhile
  }
  add_their_parts(connection, items);
  return items;
}

}  // namespace

std::int64_t add(store::Connection& connection, const Draft& draft) {
  return connection.run(sql::add, {draft.connection_id, draft.text, draft.url, draft.run_at})
      .rows.at(0)[0]
      .integer();
}

std::optional<std::int64_t> add_to_episode(store::Connection& connection, const Draft& draft,
                                           std::optional<std::int64_t> host) {
  const auto rows = connection.run(sql::add_to_episode,
                                   {draft.connection_id, draft.text, draft.url, kNever, draft.episode, host,
                                    draft.trigger, draft.at, draft.minutes, draft.stagger, draft.include_url,
                                    draft.deadline, draft.enabled ? "queued" : "disabled"});
  return rows.empty() ? std::nullopt : rows[0][0].maybe_integer();
}

std::optional<Announcement> load(store::Connection& connection, std::int64_t id) {
  const auto rows = connection.run_batch(sql::announcements, {{id}});
  if (rows.empty()) return std::nullopt;
  std::vector<Announcement> one{announcement_of(rows[0])};
  add_their_parts(connection, one);
  return one[0];
}

std::vector<Announcement> load_page(store::Connection& connection, std::int64_t before, int limit,
                                    const Filter& filter) {
  const auto& status = filter.status;
  if (!status.empty()) check_status(status);
  const bool pending = status == "pending", queued = pending || status == "queued";
  const auto word = queued ? "queued" : status, other = queued ? "claimed" : status;
  if (filter.person)
    return loaded(connection, connection.run(sql::page_of_person, {before, limit, maybe(word), maybe(other),
                                                                   kNever, pending, *filter.person}));
  if (status.empty()) return loaded(connection, connection.run(sql::page, {before, limit}));
  return loaded(connection,
                connection.run(sql::page_of_status, {before, limit, word, other, kNever, pending}));
}

std::vector<Announcement> load_page_of_episode(store::Connection& connection, std::int64_t episode,
                                               std::int64_t before, int limit) {
  return loaded(connection, connection.run(sql::page_of_episode, {before, limit, episode}));
}

std::vector<Announcement> load_due(store::Connection& connection, base::Micros after, std::int64_t after_id,
                                   int limit, std::optional<std::int64_t> person) {
  return loaded(connection, connection.run(sql::page_of_due, {after, after_id, limit, kNever, person}));
}

std::optional<std::int64_t> owner_of(store::Connection& connection, std::int64_t id) {
  const auto rows = connection.run(sql::owner, {id});
  return rows.empty() ? std::nullopt : rows[0][0].maybe_integer();
}

std::optional<std::int64_t> lock_parents(store::Connection& connection, std::int64_t id, bool to_write) {
  const auto rows = connection.run(sql::episode_of, {id});
  const auto episode = rows.empty() ? std::nullopt : rows[0][0].maybe_integer();
  if (!episode || !lock_episode(connection, *episode, to_write)) return std::nullopt;
  return episode;
}

bool write_change(store::Connection& connection, const Announcement& seen, const Change& change) {
  const auto rows = connection.run(
      sql::change, {seen.id, seen.version, change.text.value_or(seen.text), change.url.value_or(seen.url),
                    change.run_at.value_or(seen.run_at), change.trigger.value_or(seen.trigger),
                    change.at ? change.at : seen.at, change.minutes ? change.minutes : seen.minutes,
                    change.stagger.value_or(seen.stagger), change.include_url.value_or(seen.include_url),
                    change.deadline.value_or(seen.deadline)});
  return !rows.empty();
}

void set_posted(store::Connection& connection, std::int64_t id, const std::string& post_id,
                const std::string& post_url) {
  connection.run(sql::set_posted, {id, maybe(post_id), maybe(post_url)});
}

}  // namespace fencepost::announce
