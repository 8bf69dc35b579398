#include "apps/upload/uploader/sessions.hpp"

#include <nlohmann/json.hpp>

#include "apps/upload/queue.hpp"
#include "base/error.hpp"
#include "base/sha256.hpp"
#include "store/guards.hpp"
#include "store/sql.hpp"
#include "uploader/sql.hpp"

namespace fencepost::uploader {

namespace {
constexpr base::Duration kTellEvery = std::chrono::seconds(1);

std::int64_t id_of(const store::Claim& claim) { return std::stoll(claim.item); }

// An address is bound to its upload and session: moved to another row it does not unseal.
std::string seal_context(std::int64_t upload, std::int64_t number) {
  return "upload-session:" + std::to_string(upload) + ":" + std::to_string(number);
}

// Of a row of the pages of sessions.
std::string seal_context_of(const store::Row& row) {
  return seal_context(row[0].integer(), row[2].integer());
}

// How long its slot is away; nullopt: it is not.
std::optional<base::Duration> still_ours(store::Connection& connection, const store::Claim& claim,
                                         std::int64_t bytes) {
  const auto rows = connection.run(sql::note_progress, {id_of(claim), claim.claim, claim.fence, bytes});
  if (rows.empty()) return std::nullopt;
  return base::Duration(rows[0][0].integer());
}

std::vector<std::string> texts_of(const std::string& list) {
  std::vector<std::string> texts;
  for (const auto& one : nlohmann::json::parse(list, nullptr, /*allow_exceptions=*/false))
    if (one.is_string()) texts.push_back(one.get<std::string>());
  return texts;
}
}  // namespace

std::optional<ToUpload> to_upload(store::Connection& connection, std::int64_t id) {
  const auto rows = connection.run(sql::to_upload, {id});
  if (rows.empty()) return std::nullopt;
  const auto& row = rows[0];
  auto video = media::get_video(connection, row[0].integer());
  FENCEPOST_ASSERT(video);
  ToUpload out{.id = id,
               .channel_id = row[1].integer(),
               .channel = row[18].text(),
               .connection_id = row[2].integer(),
               .project_id = row[3].integer(),
               .enabled = row[4].boolean(),
               .slot_at = row[5].integer(),
               .video = std::move(*video),
               .draft = {.title = row[6].text(),
                         .description = row[7].text(),
                         .tags = texts_of(row[8].text()),
                         .category = row[9].maybe_text().value_or(""),
                         .language = row[10].text(),
                         .made_for_kids = row[11].boolean(),
                         .publish_at = row[5].integer()},
               .last_error = row[17].maybe_text().value_or(""),
               .now = row[16].integer()};
  if (!row[12].is_null())
    out.session = Session{row[12].integer(), row[13].text(), row[14].maybe_text(), row[15].integer(),
                          row[19].boolean()};
  return out;
}

std::string draft_of(const ToUpload& upload) {
  base::Sha256 digest;
  digest.add(connect::youtube::metadata(upload.draft));
  for (const auto fact :
       {upload.video.id, upload.video.size, upload.video.modified, upload.video.inode, upload.connection_id})
    digest.add("\n" + std::to_string(fact));
  return digest.hex();
}

std::optional<base::Duration> note_progress(store::Connection& connection, const store::Claim& claim,
                                            std::int64_t bytes, std::int64_t total, Progress& told,
                                            const base::Clock& clock) {
  store::Transaction transaction(connection);
  const auto left = still_ours(connection, claim, bytes);
  if (!left) return std::nullopt;
  const int percent = static_cast<int>(bytes * 100 / total);
  const auto now = clock.boot();
  if (percent != told.percent && (told.percent < 0 || now - told.at >= kTellEvery)) {
    connection.run(store::sql::add_event,
                   {upload::kQueue, claim.item, "progress", store::Value(), store::Value(), claim.fence,
                    claim.claim, store::worker_name(store::worker_of(claim.claim)),
                    std::to_string(percent) + "% of " + std::to_string(total) + " bytes"});
    told = {percent, now};
  }
  transaction.commit();
  return left;
}

Begun begin_session(store::Connection& connection, const store::Claim& claim, const ToUpload& upload) {
  store::Transaction transaction(connection);
  upload::share_project(connection, upload.project_id);
  // Locks the item, as whoever takes for it must, and says that it is ours.
  if (!still_ours(connection, claim, 0)) return {.revoked = true};
  const auto permit = upload::permit(connection, upload.project_id, upload::Call::insert, claim.item);
  if (!permit.granted) return {.fresh_at = permit.fresh_at};
  const auto rows = connection.run(sql::begin_session, {upload.id, draft_of(upload)});
  if (rows.empty()) return {.may_exist = true};
  transaction.commit();
  return {.number = rows[0][0].integer()};
}

bool keep_session(store::Connection& connection, const accounts::Vault& vault, const store::Claim& claim,
                  std::int64_t number, const base::Secret& address) {
  const auto sealed = vault.seal(address, seal_context(id_of(claim), number));
  store::Transaction transaction(connection);
  if (!still_ours(connection, claim, 0)) return false;
  connection.run(sql::keep_session, {id_of(claim), number, sealed});
  transaction.commit();
  return true;
}

std::optional<base::Secret> address_of(const accounts::Vault& vault, std::int64_t upload,
                                       const Session& session) {
  if (!session.sealed) return std::nullopt;
  return vault.try_unseal(*session.sealed, seal_context(upload, session.number));
}

accounts::Sealed sealed_sessions() {
  return {.page = sql::sealed_sessions_page,
          .reseal = sql::reseal_sessions,
          .before = {0},
          .context = seal_context_of,
          .passes = true};
}

std::int64_t unreadable_sessions(store::Connection& connection, const accounts::Vault* vault) {
  return accounts::count_unreadable(connection, vault,
                                    {sql::open_sessions_page, sql::reseal_sessions, {0}, seal_context_of});
}

bool mark_last_piece(store::Connection& connection, const store::Claim& claim, std::int64_t number) {
  // The item before its session, as whoever else writes both.
  if (store::guard("session_behind_item") &&
      connection.run(sql::lock_claimed, {id_of(claim), claim.claim, claim.fence}).empty())
    return false;
  return connection.run(sql::mark_last_piece, {id_of(claim), number}).changed == 1;
}

void unmark_last_piece(store::Connection& connection, std::int64_t upload) {
  connection.run(sql::unmark_last_piece, {upload});
}

void completed(store::Connection& connection, std::int64_t upload, std::int64_t number, std::int64_t bytes) {
  connection.run(sql::all_sent, {upload, bytes});
  connection.run(sql::forget_session, {upload, number});
  connection.run(sql::watch_publication, {upload});
}

void resolved(store::Connection& connection, std::int64_t upload, bool happened) {
  if (happened)
    connection.run(sql::watch_publication, {upload});
  else
    unmark_last_piece(connection, upload);
}

}  // namespace fencepost::uploader
