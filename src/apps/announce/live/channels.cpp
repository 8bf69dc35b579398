// Which streams are there? One look at one channel.

#include <algorithm>
#include <map>

#include "apps/announce/live/watcher.hpp"
#include "base/random.hpp"
#include "base/testpoint.hpp"
#include "live/sql.hpp"
#include "store/sql.hpp"

namespace fencepost::live {

using connect::youtube::Entry;
using connect::youtube::Stage;
using connect::youtube::Trouble;
using connect::youtube::Video;

namespace {
// Without a key each video of a feed costs a page: only what is new can be about to begin.
constexpr Duration kFresh = std::chrono::hours(14 * 24);

base::BootTime within(const base::Clock& clock, Duration time) { return clock.boot() + time; }
}  // namespace

struct Watcher::Discovery {
  std::string way;
  std::vector<Entry> entries;
  std::optional<Video> shown;          // what the page shows
  std::optional<std::string> trouble;  // no way told anything
  std::optional<base::Duration> retry_after;
};

// By the cheapest way that tells something. The feed names all streams, also planned ones, but may be old; so
// near a start the page is asked too.
Watcher::Discovery Watcher::discover(const std::string& channel, std::int64_t claim, const std::string& item,
                                     bool near, const std::stop_token& stop) {
  const auto& clock = youtube_.clock();
  const auto end = within(clock, options_.timeout);
  Discovery found;
  std::string why;
  const auto failed = [&](const char* way, const Trouble& trouble) {
    why += (why.empty() ? "" : "; ") + std::string(way) + ": " + trouble.why;
    if (trouble.retry_after) found.retry_after = std::max(found.retry_after, trouble.retry_after);
  };
  // Half of the time each, so that a feed that hangs leaves some to the page.
  auto feed = youtube_.feed(channel, within(clock, options_.timeout / 2), stop);
  if (feed.trouble) {
    failed("feed", *feed.trouble);
  } else {
    found.way = "feed";
    found.entries = std::move(feed.entries);
  }
  if (feed.trouble || near || !youtube_.has_key()) {
    auto page = youtube_.live_page(channel, end, stop);
    if (page.trouble) {
      failed("page", *page.trouble);
    } else {
      if (found.way.empty()) found.way = "page";
      found.shown = std::move(page.video);
    }
  }
  // The last resort costs: only when it matters.
  if (found.way.empty() && near && youtube_.has_key() && !stop.stop_requested()) {
    const auto units = take_units(database_, options_.quota, channel_queue().name, item,
                                  "playlistItems.list " + std::to_string(claim));
    if (units) {
      auto uploads = youtube_.uploads(channel, within(clock, options_.timeout), stop);
      settle_units(database_, *units, uploads.trouble);
      if (uploads.trouble) {
        failed("uploads", *uploads.trouble);
      } else {
        found.way = "uploads";
        found.entries = std::move(uploads.entries);
      }
    } else {
      why += "; uploads: the quota of today is used up";
    }
  }
  if (found.way.empty()) found.trouble = why;
  return found;
}

namespace {

// Videos that are not known yet; those that are stay as they are.
void add_streams(store::Connection& connection, const std::string& channel, const std::string& way,
                 const std::vector<Entry>& entries, const std::optional<Video>& shown, bool all) {
  const auto now = connection.run(store::sql::now)[0][0].integer();
  // By video, in one order, whoever writes them: two who find the same ones never wait for each other in a
  // circle.
  std::map<std::string, store::Params> found;
  for (const auto& entry : entries)
    if (all || !entry.published_at || *entry.published_at > now - kFresh.count())
      found.try_emplace(entry.video, store::Params{entry.video, channel, entry.title, way});
  if (shown) found.try_emplace(shown->id, store::Params{shown->id, channel, shown->title, "page"});
  std::vector<store::Params> rows;
  for (auto& [video, row] : found) rows.push_back(std::move(row));
  const auto added = connection.run_batch(sql::add_streams, rows, {first_stream_look(now)});
  std::int64_t due = added.empty() ? 0 : 1;
  if (shown && shown->stage == Stage::live) due += connection.run(sql::hurry_stream, {shown->id}).changed;
  if (due > 0) connection.run(store::sql::notify, {stream_queue().name});
}

}  // namespace

engine::Outcome Watcher::look(const engine::Attempt& attempt) {
  const auto& claim = attempt.claim();
  const auto id = std::stoll(claim.item);
  std::string channel;
  int failures = 0;
  bool near = false;
  {
    const auto lease = database_.acquire();
    const auto now = lease->run(store::sql::now)[0][0].integer();
    const auto rows =
        lease->run(sql::channel_to_look_at, {id, now - kNearAfter.count(), now + kNearBefore.count()});
    if (rows.empty()) return engine::Outcome::failed("it was deleted meanwhile");
    channel = rows[0][0].text();
    failures = static_cast<int>(rows[0][1].integer());
    near = rows[0][2].boolean();
  }
  const auto begun = youtube_.clock().boot();
  auto found = discover(channel, claim.claim, claim.item, near, attempt.stop());
  const bool slow = youtube_.clock().boot() - begun > options_.slow;
  // The process ends: this look says nothing about the channel, and the next one is another's.
  if (found.trouble && attempt.stop().stop_requested()) return engine::Outcome::snooze(Duration(0));
  base::testpoint("looked");
  failures = found.trouble ? failures + 1 : 0;
  auto outcome = engine::Outcome::snooze(
      channel_pause(options_.every, near, failures, found.retry_after, base::random_unit()));
  outcome.within = [=, this, found = std::move(found),
                    id_of_claim = claim.claim](store::Connection& connection) {
    connection.run(sql::write_channel,
                   {id, id_of_claim, found.way.empty() ? store::Value() : store::Value(found.way),
                    found.trouble, failures, slow ? store::Value("slow") : store::Value(), near ? 1 : 0});
    add_streams(connection, channel, found.way, found.entries, found.shown, youtube_.has_key());
  };
  return outcome;
}

}  // namespace fencepost::live
