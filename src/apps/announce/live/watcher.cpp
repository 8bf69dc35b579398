#include "apps/announce/live/watcher.hpp"

#include <algorithm>
#include <limits>
#include <map>

#include "apps/announce/live/binding.hpp"
#include "live/sql.hpp"
#include "store/sql.hpp"

namespace fencepost::live {

namespace {
// What is watched: an episode that starts within a day, or started as long ago as a stream of it may begin.
constexpr Duration kAhead = std::chrono::hours(24);
constexpr std::int64_t kStreamsShown = 20;
// Channels whose looks take long may keep so many workers busy, over all processes, and no more.
constexpr int kSlowLane = 8;
constexpr int kManyFailures = 100;
}  // namespace

core::Queue channel_queue() {
  core::Queue queue;
  queue.name = "live-channels";
  queue.table = "fencepost_live_channels";
  queue.enabled = "enabled";
  queue.priority = "priority";
  queue.payload = {"channel_id"};
  // Never over: what crashes a process is tried again, with back-off, for ever.
  queue.backoff = {std::chrono::seconds(15), std::chrono::minutes(30), std::numeric_limits<int>::max() - 1};
  queue.limits.key = "lane";
  queue.limits.per_key = kSlowLane;
  queue.limits.hold = std::chrono::minutes(5);
  queue.limits.in_flight = Duration(0);  // a look that nobody waits for does no harm
  return queue;
}

core::Queue stream_queue() {
  core::Queue queue;
  queue.name = "live-streams";
  queue.table = "fencepost_live_streams";
  queue.payload = {"video_id"};
  queue.backoff = {std::chrono::seconds(15), std::chrono::minutes(30), std::numeric_limits<int>::max() - 1};
  queue.keep_finished = std::chrono::hours(90 * 24);
  return queue;
}

std::string_view name(Answer answer) {
  return answer == Answer::live ? "live" : answer == Answer::not_live ? "not_live" : "unknown";
}

Watcher::Watcher(store::Database& database, connect::youtube::YouTube& youtube, Options options)
    : database_(database), youtube_(youtube), options_(std::move(options)) {}

int Watcher::batch() const { return youtube_.has_key() ? static_cast<int>(connect::youtube::kMostIds) : 1; }

bool Watcher::watch() {
  return database_.retrying([&](store::Connection& connection) {
    const auto now = connection.run(store::sql::now)[0][0].integer();
    const auto from = now - kLate.count(), to = now + kAhead.count();
    // Each by itself: they are right whatever commits between them, and a later round finds what was missed.
    auto due = connection.run(sql::watch_channels, {from, to}).changed;
    due += connection.run(sql::wake_channels, {from, to}).changed;
    connection.run(sql::rest_channels, {from, to});
    const auto latest = [&](int failures) {
      return now + channel_pause(options_.every, true, failures, {}, 1).count();
    };
    due += connection
               .run(sql::hurry_channels,
                    {now - kNearAfter.count(), now + kNearBefore.count(), latest(0), latest(kManyFailures)})
               .changed;
    // With the others of that moment, so that nobody is to be woken.
    const auto usual = usual_step(options_.every);
    connection.run(sql::hurry_streams,
                   {now - kNearAfter.count(), now + kNearBefore.count(),
                    now + std::max(usual, options_.every).count(), next_multiple(now, usual)});
    if (due > 0) connection.run(store::sql::notify, {channel_queue().name});
    return due > 0;
  });
}

Watcher::Checked Watcher::check_now() {
  return database_.retrying([&](store::Connection& connection) {
    store::Transaction transaction(connection);
    Checked checked{connection.run(sql::check_channels).changed, connection.run(sql::check_streams).changed};
    connection.run(store::sql::notify, {channel_queue().name});
    connection.run(store::sql::notify, {stream_queue().name});
    transaction.commit();
    return checked;
  });
}

namespace {

std::optional<Micros> next_look(const store::Value& run_at, const std::string& status) {
  return status == "queued" ? run_at.maybe_integer() : std::nullopt;
}

Answer answer_of(const std::string& stage, bool trouble) {
  if (stage == "ended" || stage == "gone" || stage == "video") return Answer::not_live;
  if (trouble || stage == "new") return Answer::unknown;
  return stage == "live" ? Answer::live : Answer::not_live;
}

// One stream that is live says it; one that nobody knows about leaves it open, as does a look that told
// nothing.
Answer answer_of(const SeenChannel& channel) {
  bool unknown = channel.trouble.has_value() || !channel.looked_at;
  for (const auto& stream : channel.streams) {
    if (stream.answer == Answer::live) return Answer::live;
    unknown = unknown || stream.answer == Answer::unknown;
  }
  return unknown ? Answer::unknown : Answer::not_live;
}

SeenStream stream_of(const store::Row& row) {
  SeenStream seen;
  seen.video = row[1].text();
  seen.title = row[2].text();
  seen.stage = row[3].text();
  seen.scheduled_at = row[4].maybe_integer();
  seen.live_at = row[5].maybe_integer();
  seen.ended_at = row[6].maybe_integer();
  seen.looked_at = row[7].maybe_integer();
  seen.trouble = row[8].maybe_text();
  seen.episode = row[9].maybe_integer();
  seen.next_look = next_look(row[10], row[11].text());
  seen.answer = answer_of(seen.stage, seen.trouble.has_value());
  return seen;
}

}  // namespace

std::vector<SeenChannel> list_channels(store::Connection& connection, std::int64_t after, int limit,
                                       const std::optional<std::string>& channel) {
  std::vector<SeenChannel> channels;
  std::map<std::int64_t, std::size_t> place;
  for (const auto& row : connection.run(sql::channels_page, {after, limit, channel})) {
    SeenChannel seen;
    seen.id = row[0].integer();
    seen.channel = row[1].text();
    seen.watched = row[2].boolean();
    seen.slow = row[3].boolean();
    seen.way = row[4].maybe_text();
    seen.looked_at = row[5].maybe_integer();
    seen.trouble = row[6].maybe_text();
    seen.failures = static_cast<int>(row[7].integer());
    if (seen.watched) seen.next_look = next_look(row[8], row[9].text());
    place[seen.id] = channels.size();
    channels.push_back(std::move(seen));
  }
  if (channels.empty()) return channels;
  for (const auto& row :
       connection.run(sql::streams_page, {channels.front().id, channels.back().id, kStreamsShown}))
    // Of a channel between them that another program has made meanwhile, the next page tells.
    if (const auto at = place.find(row[0].integer()); at != place.end())
      channels[at->second].streams.push_back(stream_of(row));
  for (auto& seen : channels) seen.answer = answer_of(seen);
  return channels;
}

}  // namespace fencepost::live
