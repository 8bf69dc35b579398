#include "apps/announce/repository.hpp"

#include "announce/sql.hpp"

namespace fencepost::announce {

namespace {

Announcement announcement_of(const store::Row& row) {
  Announcement a;
  a.id = row[0].integer();
  a.connection_id = row[1].integer();
  a.connection = row[2].text();
  a.text = row[3].text();
  a.url = row[4].text();
  a.run_at = row[5].integer();
  // Claimed is the engine's matter: nothing has begun, and it can still be stopped.
  a.status = row[6].text() == "claimed" ? "queued" : row[6].text();
  a.version = row[7].integer();
  a.attempts = static_cast<int>(row[8].integer());
  a.stop_wanted = row[9].boolean();
  a.last_error = row[10].maybe_text();
  a.posted_at = row[11].maybe_integer();
  a.post_id = row[12].maybe_text();
  a.post_url = row[13].maybe_text();
  a.created_at = row[14].integer();
  return a;
}

// NULL where there is nothing to say.
store::Value maybe(const std::string& text) { return text.empty() ? store::Value() : store::Value(text); }

void check_status(const std::string& status) {
  for (const auto* word : {"queued", "sending", "posted", "failed", "unknown", "disabled"})
    if (status == word) return;
  throw base::UserError("invalid_field",
                        "status must be queued, sending, posted, failed, unknown or disabled");
}

}  // namespace

std::int64_t add(store::Connection& connection, const Draft& draft) {
  return connection.run(sql::add, {draft.connection_id, draft.text, draft.url, draft.run_at})
      .rows.at(0)[0]
      .integer();
}

std::optional<Announcement> load(store::Connection& connection, std::int64_t id) {
  const auto rows = connection.run(sql::get, {id});
  if (rows.empty()) return std::nullopt;
  return announcement_of(rows[0]);
}

std::vector<Announcement> load_page(store::Connection& connection, std::int64_t before, int limit,
                                    const std::string& status, std::optional<std::int64_t> person) {
  if (!status.empty()) check_status(status);
  const std::string other = status == "queued" ? "claimed" : status;
  const auto rows =
      person ? connection.run(sql::list_of_person, {before, limit, maybe(status), maybe(other), *person})
      : status.empty() ? connection.run(sql::list, {before, limit})
                       : connection.run(sql::list_of_status, {before, limit, status, other});
  std::vector<Announcement> items;
  for (const auto& row : rows) items.push_back(announcement_of(row));
  return items;
}

std::optional<std::int64_t> owner_of(store::Connection& connection, std::int64_t id) {
  const auto rows = connection.run(sql::owner, {id});
  return rows.empty() ? std::nullopt : rows[0][0].maybe_integer();
}

bool write_change(store::Connection& connection, const Announcement& seen, const Change& change) {
  const auto rows =
      connection.run(sql::change, {seen.id, seen.version, change.text.value_or(seen.text),
                                   change.url.value_or(seen.url), change.run_at.value_or(seen.run_at)});
  return !rows.empty();
}

void set_posted(store::Connection& connection, std::int64_t id, const std::string& post_id,
                const std::string& post_url) {
  connection.run(sql::set_posted, {id, maybe(post_id), maybe(post_url)});
}

std::optional<ToPublish> to_publish(store::Connection& connection, std::int64_t id) {
  const auto rows = connection.run(sql::to_publish, {id});
  if (rows.empty()) return std::nullopt;
  const auto& row = rows[0];
  return ToPublish{row[0].text(), row[1].text(), row[2].integer(),
                   row[3].text(), row[4].text(), row[5].is_null() ? "" : row[5].text()};
}

}  // namespace fencepost::announce
