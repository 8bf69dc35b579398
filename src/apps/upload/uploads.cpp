#include "apps/upload/uploads.hpp"

#include <algorithm>

#include "accounts/connections.hpp"
#include "store/guards.hpp"
#include "store/sql.hpp"
#include "upload/sql.hpp"

namespace fencepost::upload {

using store::guard;

namespace {

// The last piece is a piece to people, too; and what YouTube says to be public is that.
std::string users_status(const std::string& word, bool published) {
  if (word == "finishing") return "uploading";
  return word == "uploaded" && published ? "published" : word;
}

Upload upload_of(const store::Row& row) {
  Upload u;
  u.id = row[0].integer();
  u.video_id = row[1].integer();
  u.video = row[2].text();
  u.channel_id = row[3].integer();
  u.channel = row[4].text();
  u.kind = row[5].text();
  u.slot_at = row[6].integer();
  u.publish_day = row[7].text();
  u.quota_day = row[8].text();
  u.run_at = row[9].integer();
  u.metadata = {row[10].text(), row[11].text(),       row[12].text(),       row[13].maybe_text(),
                row[14].text(), row[15].maybe_text(), row[16].maybe_text(), row[17].boolean()};
  u.person = row[18].maybe_integer();
  u.published_at = row[27].maybe_integer();
  u.status = users_status(row[19].text(), u.published_at.has_value());
  u.version = row[20].integer();
  u.attempts = static_cast<int>(row[21].integer());
  u.stop_wanted = row[22].boolean();
  u.last_error = row[23].maybe_text();
  u.post_id = row[24].maybe_text();
  u.post_url = row[25].maybe_text();
  u.uploaded_at = row[26].maybe_integer();
  u.created_at = row[28].integer();
  u.bytes_sent = row[29].integer();
  u.bytes_total = row[30].integer();
  return u;
}

// As a list selected them, in one statement, in their order.
std::vector<Upload> loaded(store::Connection& connection, const store::Rows& ids) {
  std::vector<store::Params> keys;
  for (const auto& row : ids) keys.push_back({row[0]});
  std::vector<Upload> found, items;
  for (const auto& row : connection.run_batch(sql::uploads, keys)) found.push_back(upload_of(row));
  for (const auto& row : ids) {
    const auto at =
        std::find_if(found.begin(), found.end(), [&](const auto& one) { return one.id == row[0].integer(); });
    if (at != found.end()) items.push_back(std::move(*at));
  }
  return items;
}

}  // namespace

std::vector<Upload> add_uploads(store::Connection& connection, std::int64_t channel,
                                std::optional<std::int64_t> person, const std::vector<store::Params>& rows) {
  std::vector<Upload> added;
  for (const auto& row : connection.run_batch(sql::add_uploads, rows, {channel, person}))
    added.push_back(upload_of(row));
  return added;
}

std::optional<Upload> get_upload(store::Connection& connection, std::int64_t id) {
  const auto rows = connection.run_batch(sql::uploads, {{id}});
  if (rows.empty()) return std::nullopt;
  return upload_of(rows[0]);
}

std::vector<std::pair<std::int64_t, std::int64_t>> channels_of_uploads(
    store::Connection& connection, const std::vector<store::Params>& uploads) {
  return store::id_pairs(connection.run_batch(sql::channels_of_uploads, uploads));
}

std::vector<Upload> page_of_uploads(store::Connection& connection, std::int64_t before, int limit,
                                    const UploadFilter& filter) {
  constexpr std::string_view kWords[] = {"scheduled", "uploading", "uploaded", "published",
                                         "failed",    "unknown",   "cancelled"};
  const auto& status = filter.status;
  if (!status.empty() && std::find(std::begin(kWords), std::end(kWords), status) == std::end(kWords))
    throw base::UserError(
        "invalid_field",
        "status must be scheduled, uploading, uploaded, published, failed, unknown or cancelled");
  const std::string word = status == "published" ? "uploaded" : status;
  const std::string other = status == "uploading" ? "finishing" : word;
  const auto maybe = [](const std::string& text) {
    return text.empty() ? store::Value() : store::Value(text);
  };
  return loaded(connection,
                connection.run(sql::uploads_page, {before, limit, filter.channel, filter.person, maybe(word),
                                                   maybe(other), status == "published"}));
}

std::vector<Upload> uploads_between(store::Connection& connection, std::int64_t channel, base::Micros from,
                                    base::Micros until) {
  return loaded(connection, connection.run(sql::uploads_between, {channel, from, until}));
}

bool needs_video(store::Connection& connection, std::int64_t video) {
  return !connection.run(sql::needs_video, {video}).empty();
}

void set_uploaded(store::Connection& connection, std::int64_t id, const std::string& post_id,
                  const std::string& post_url) {
  const auto maybe = [](const std::string& text) {
    return text.empty() ? store::Value() : store::Value(text);
  };
  connection.run(sql::set_uploaded, {id, maybe(post_id), maybe(post_url)});
}

bool set_published(store::Connection& connection, std::int64_t id, base::Micros at) {
  if (connection.run(sql::set_published, {id, at}).empty()) return false;
  // For open pages, which hear of it by this alone.
  connection.run(
      store::sql::add_event,
      {kQueue, std::to_string(id), "published", {}, {}, {}, {}, {}, "YouTube says that it is public"});
  return true;
}

bool gate_allows(store::Connection& connection, std::int64_t id, std::int64_t connection_id,
                 base::Duration margin) {
  FENCEPOST_ASSERT(connection.in_transaction());
  const auto rows = connection.run(sql::place_of_upload, {id});
  if (rows.empty()) return false;
  const auto channel = rows[0][0].integer();
  const auto slot_at = rows[0][1].integer();
  const auto& day = rows[0][2].text();
  if (!share_channel(connection, channel, connection_id)) return false;
  if (!accounts::share_connected(connection, connection_id)) return false;
  const auto item = std::to_string(id);
  // Another program may have moved it, or armed it again, without taking anything.
  if (connection.run(sql::seat_held, {seat_channel(channel), slot_at, item}).empty() && guard("gate_seat"))
    return false;
  for (const auto& key : {day_key(channel, day), kind_key(channel, rows[0][3].text(), day)})
    if (connection.run(sql::take_held, {item, key.scope, key.name, key.window}).empty() && guard("gate_caps"))
      return false;
  // The clock is read behind the waits for these locks (rule 17).
  return slot_at >= connection.run(store::sql::now)[0][0].integer() + margin.count() || !guard("gate_slot");
}

}  // namespace fencepost::upload
