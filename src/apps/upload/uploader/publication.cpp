#include "apps/upload/uploader/publication.hpp"

#include <algorithm>
#include <limits>

#include "accounts/notices.hpp"
#include "apps/upload/media/thumbnails.hpp"
#include "apps/upload/uploads.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "uploader/sql.hpp"

namespace fencepost::uploader {

using connect::youtube::VideoStatus;
using engine::Outcome;
using Kind = connect::youtube::Trouble::Kind;

namespace {
constexpr base::Duration kAskTime = std::chrono::seconds(30);
constexpr base::Duration kValid = std::chrono::minutes(2);

// What YouTube names as the reason, as a word that can be stored.
std::string word_of(const std::string& reason) { return reason.empty() ? "it does not say why" : reason; }
}  // namespace

core::Queue publication_queue() {
  core::Queue queue;
  queue.name = "publications";
  queue.table = "fencepost_publications";
  queue.words.queued = "waiting";
  queue.words.claimed = "looking";
  queue.payload = {"upload_id"};
  // It ends by time, and not by tries.
  queue.backoff = {std::chrono::seconds(15), std::chrono::minutes(30), std::numeric_limits<int>::max() - 1};
  return queue;
}

struct Publications::Item {
  std::int64_t id = 0, upload = 0;
  std::string video;
  base::Micros slot_at = 0, now = 0;
  bool published = false, told = false;
  std::optional<std::int64_t> person{};
  std::int64_t connection_id = 0;
  std::int64_t project_id = 0;
  std::optional<std::string> thumbnail_folder{}, thumbnail_path{};
  std::int64_t thumbnail_tries = 0;
};

Publications::Publications(store::Database& database, accounts::FreshCredentials& credentials,
                           const media::Folders& folders, connect::youtube::UploadApi& youtube,
                           WatchOptions options)
    : database_(database),
      credentials_(credentials),
      folders_(folders),
      youtube_(youtube),
      options_(options) {}

std::optional<Publications::Item> Publications::read(std::int64_t id) {
  return database_.retrying([&](store::Connection& connection) -> std::optional<Item> {
    const auto rows = connection.run(sql::to_watch, {id});
    if (rows.empty()) return std::nullopt;
    const auto& row = rows[0];
    Item item{.id = id,
              .upload = row[0].integer(),
              .video = row[1].maybe_text().value_or(""),
              .slot_at = row[2].integer(),
              .now = row[12].integer(),
              .published = !row[3].is_null(),
              .told = !row[11].is_null(),
              .person = row[4].maybe_integer(),
              .connection_id = row[5].integer(),
              .project_id = row[6].integer(),
              .thumbnail_tries = row[10].integer()};
    if (row[9].is_null()) {  // not yet set
      item.thumbnail_folder = row[7].maybe_text();
      item.thumbnail_path = row[8].maybe_text();
    }
    return item;
  });
}

upload::Permit Publications::permit(const Item& item, upload::Call call) {
  return database_.retrying([&](store::Connection& connection) {
    store::Transaction transaction(connection);
    upload::share_project(connection, item.project_id);
    connection.run(sql::lock_upload, {item.upload});
    const auto given = upload::permit(connection, item.project_id, call, std::to_string(item.upload));
    transaction.commit();
    return given;
  });
}

bool Publications::wants_thumbnail(const Item& item) const {
  return item.thumbnail_path && item.thumbnail_tries < options_.thumbnail_tries;
}

void Publications::thumbnail_failed(const Item& item, const std::string& why, std::int64_t tries) const {
  database_.retrying([&](store::Connection& connection) {
    store::Transaction transaction(connection);
    connection.run(sql::thumbnail_failed, {item.id, why, tries});
    if (tries >= options_.thumbnail_tries)
      accounts::raise(connection, {.kind = accounts::NoticeKind::item_failed,
                                   .queue = publication_queue().name,
                                   .item = std::to_string(item.upload),
                                   .person = item.person,
                                   .connection_id = item.connection_id,
                                   .detail = "the thumbnail was not set: " + why});
    transaction.commit();
    return 0;
  });
}

std::optional<base::Duration> Publications::thumbnail(const Item& item,
                                                      const connect::Credentials& credentials,
                                                      const std::stop_token& stop) {
  if (!wants_thumbnail(item)) return std::nullopt;
  std::string why;
  bool hopeless = false;
  try {
    const auto picture =
        media::read_thumbnail(folders_, item.thumbnail_folder.value_or(""), *item.thumbnail_path);
    const auto given = permit(item, upload::Call::thumbnail);
    if (!given.granted && base::Duration(item.now - item.slot_at) < options_.over)
      return base::Duration(given.fresh_at - item.now);
    if (!given.granted) throw base::UserError("quota_exceeded", "the project's quota leaves no room for it");
    const auto trouble = youtube_.thumbnail(item.video, picture.bytes, picture.media_type,
                                            {credentials, youtube_.clock().boot() + kAskTime, stop});
    if (!trouble) {
      database_.retrying([&](store::Connection& connection) {
        connection.run(sql::thumbnail_was_set, {item.id});
        return 0;
      });
      return std::nullopt;
    }
    why = trouble->why;
    hopeless = trouble->kind == Kind::refused || trouble->kind == Kind::missing;
  } catch (const base::UserError& error) {
    why = error.what();
    hopeless = true;
  }
  const auto tries = hopeless ? options_.thumbnail_tries : item.thumbnail_tries + 1;
  thumbnail_failed(item, why, tries);
  if (tries >= options_.thumbnail_tries) return std::nullopt;
  return options_.thumbnail;
}

void Publications::tell(const Item& item, const std::string& why) const {
  database_.retrying([&](store::Connection& connection) {
    store::Transaction transaction(connection);
    if (!connection.run(sql::tell_once, {item.id}).empty())
      accounts::raise(connection, {.kind = accounts::NoticeKind::item_failed,
                                   .queue = publication_queue().name,
                                   .item = std::to_string(item.upload),
                                   .person = item.person,
                                   .connection_id = item.connection_id,
                                   .detail = why});
    transaction.commit();
    return 0;
  });
}

Outcome Publications::ends(const Item& item, const std::string& why) const {
  tell(item, why);
  return Outcome::failed(why);
}

Outcome Publications::not_yet(const Item& item, const std::string& why, base::Duration wait) const {
  const base::Duration late(item.now - item.slot_at);
  if (late >= options_.over) return ends(item, why + "; nobody looks any more");
  if (late >= options_.late && !item.told) tell(item, why);
  return Outcome::retry(why, wait);
}

Outcome Publications::judge(const Item& item, const VideoStatus& seen,
                            std::optional<base::Duration> thumbnail) const {
  if (!seen.found) return ends(item, "YouTube has no such video any more: somebody deleted it there");
  if (seen.upload == "failed" || seen.upload == "rejected" || seen.upload == "deleted")
    return ends(item, "YouTube will not show the video (" + seen.upload + "): " + word_of(seen.reason));
  if (seen.privacy == "public") {
    auto outcome = thumbnail ? Outcome::snooze(*thumbnail) : Outcome::done();
    outcome.within = [item](store::Connection& connection) {
      connection.run(sql::publication_seen, {item.id, "public"});
      // When the slot was: that is when YouTube shows it, and not when somebody looked.
      upload::set_published(connection, item.upload, std::min(item.slot_at, item.now));
    };
    return outcome;
  }
  const base::Duration late(item.now - item.slot_at);
  const std::string why =
      seen.publish_at
          ? "the video is not public, though its time has come: YouTube may still be processing it"
          : "the video is " + seen.privacy +
                ", and has no time set: YouTube keeps videos of projects that it has not audited private, or "
                "somebody changed it in YouTube Studio";
  // Less and less often.
  return not_yet(item, why, std::clamp<base::Duration>(late / 4, options_.again, std::chrono::hours(1)));
}

Outcome Publications::watch(const engine::Attempt& attempt) {
  const auto item = read(std::stoll(attempt.claim().item));
  if (!item || (item->published && !wants_thumbnail(*item))) return Outcome::done();
  if (item->video.empty()) return Outcome::failed("nobody knows what YouTube calls the video: look there");
  const std::string cannot = "YouTube cannot be asked whether the video is public: ";
  // Where nobody asks YouTube anything, there is no reason to tell people late.
  const auto unasked = [&](const std::string& why, base::Duration wait) {
    if (item->published) {  // for its thumbnail alone
      if (base::Duration(item->now - item->slot_at) < options_.over) return Outcome::retry(why, wait);
      thumbnail_failed(*item, why, options_.thumbnail_tries);
      return Outcome::done();
    }
    const base::Duration to_tell(item->slot_at + options_.late.count() - item->now);
    return not_yet(*item, cannot + why, item->told || to_tell.count() <= 0 ? wait : std::min(wait, to_tell));
  };
  auto fresh = credentials_.get(item->connection_id, kValid, accounts::FreshCredentials::To::ask);
  if (const auto* none = std::get_if<accounts::NotUsable>(&fresh))
    return unasked(none->why, none->again.value_or(std::chrono::minutes(15)));
  auto& live = std::get<accounts::LiveConnection>(fresh);
  const connect::Credentials credentials{std::move(live.secret)};
  const auto wait = thumbnail(*item, credentials, attempt.stop());
  if (item->published) return wait ? Outcome::snooze(*wait) : Outcome::done();
  const base::Duration until(item->slot_at + options_.first.count() - item->now);
  if (until.count() > 0) return Outcome::snooze(wait ? std::min(*wait, until) : until);
  const auto given = permit(*item, upload::Call::list);
  if (!given.granted)
    return unasked("the project's quota of the day is used up", base::Duration(given.fresh_at - item->now));
  const auto seen =
      youtube_.status(item->video, {credentials, youtube_.clock().boot() + kAskTime, attempt.stop()});
  if (!seen.trouble) return judge(*item, seen, wait);
  if (seen.trouble->kind == Kind::credentials)
    database_.retrying([&](store::Connection& connection) {
      accounts::credentials_refused(connection, item->connection_id, live.version, seen.trouble->why);
      return 0;
    });
  const auto outcome = connect::youtube::outcome_of(*seen.trouble, youtube_.clock().wall());
  return not_yet(*item, cannot + seen.trouble->why,
                 std::max(outcome.retry_after.value_or(base::Duration(0)), options_.again));
}

}  // namespace fencepost::uploader
