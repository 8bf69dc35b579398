// Is it live? Looks at streams, 50 in one call.

#include <algorithm>
#include <map>
#include <set>
#include <thread>

#include "apps/announce/live/binding.hpp"
#include "apps/announce/live/watcher.hpp"
#include "apps/announce/queue.hpp"
#include "base/testpoint.hpp"
#include "core/window.hpp"
#include "live/sql.hpp"
#include "store/sql.hpp"

namespace fencepost::live {

using connect::youtube::Stage;
using connect::youtube::Trouble;
using connect::youtube::Video;
using engine::Outcome;

namespace {
// YouTube's lists miss a video now and then; so often in a row it is gone.
constexpr int kMisses = 3;
// A stream that was to begin so long ago never will.
constexpr Duration kAbandoned = std::chrono::hours(30 * 24);
// Where the day's units are used up, so many that matter are looked at on their pages.
constexpr std::size_t kPages = 10;

constexpr Duration kRestart = std::chrono::seconds(5);

const char* const kUsedUp = "the API's quota of today is used up";

const char* word_of(Stage stage) {
  switch (stage) {
    case Stage::video:
      return "video";
    case Stage::upcoming:
      return "upcoming";
    case Stage::live:
      return "live";
    case Stage::ended:
    case Stage::unclear:
      break;
  }
  return "ended";
}

Micros now_of(store::Connection& connection) { return connection.run(store::sql::now)[0][0].integer(); }

}  // namespace

struct Watcher::Stream {
  std::int64_t id = 0, claim = 0;
  std::string video, channel, title, stage;
  std::optional<Micros> scheduled_at, live_at;
  int failures = 0, misses = 0;
  std::optional<std::int64_t> episode;
  bool watched = false;
  Micros loaded_at = 0;

  StreamFacts facts() const {
    return {stage == "live", episode.has_value(), watched, scheduled_at, failures};
  }
};

std::vector<Watcher::Stream> Watcher::load(const std::vector<engine::Attempt>& attempts) {
  std::vector<store::Params> ids;
  for (const auto& attempt : attempts) ids.push_back({std::stoll(attempt.claim().item)});
  std::map<std::int64_t, Stream> found;
  const auto lease = database_.acquire();
  for (const auto& row : lease->run_batch(sql::streams_to_look_at, ids)) {
    Stream stream;
    stream.id = row[0].integer();
    stream.video = row[1].text();
    stream.channel = row[2].text();
    stream.title = row[3].text();
    stream.stage = row[4].text();
    stream.scheduled_at = row[5].maybe_integer();
    stream.live_at = row[6].maybe_integer();
    stream.failures = static_cast<int>(row[7].integer());
    stream.misses = static_cast<int>(row[8].integer());
    stream.episode = row[9].maybe_integer();
    stream.watched = row[10].boolean();
    stream.loaded_at = row[11].integer();
    found[stream.id] = std::move(stream);
  }
  std::vector<Stream> streams;
  for (const auto& attempt : attempts) {
    auto stream = found[std::stoll(attempt.claim().item)];  // without a video: deleted meanwhile
    stream.claim = attempt.claim().claim;
    streams.push_back(std::move(stream));
  }
  return streams;
}

// YouTube has answered about this one: with a video, or that it knows none.
Outcome Watcher::saw(const Stream& stream, const std::optional<Video>& answer) const {
  Video video = answer.value_or(Video{});
  // Somebody else's, which a list of this channel names.
  if (!video.channel.empty() && video.channel != stream.channel) video.stage = Stage::video;
  if (answer && video.stage == Stage::unclear)
    return missed(stream, "YouTube contradicts itself about this stream", {}, false);
  const int misses = answer ? 0 : stream.misses + 1;
  if (!answer && misses < kMisses)
    return missed(stream, "YouTube does not know this video", {}, false, misses);
  const bool gone = !answer;
  const bool live = !gone && video.stage == Stage::live;
  const auto planned = video.scheduled_at ? video.scheduled_at : stream.scheduled_at;
  const bool abandoned =
      video.stage == Stage::upcoming && planned && *planned < stream.loaded_at - kAbandoned.count();
  const bool over = gone || abandoned || video.stage == Stage::video || video.stage == Stage::ended;
  auto outcome = over ? Outcome::done() : Outcome::snooze(options_.every);
  outcome.within = [stream, video, planned, gone, live, over, misses,
                    every = options_.every](store::Connection& connection) {
    const auto now = now_of(connection);
    auto facts = stream.facts();
    facts.live = live;
    facts.failures = 0;
    facts.scheduled_at = planned;
    store::Value again;
    if (!over) again = next_stream_look(every, facts, now);
    const auto ended_at = gone ? std::optional(now) : video.ended_at;
    connection.run(sql::saw_stream,
                   {stream.id, stream.claim, gone ? "gone" : word_of(video.stage), video.title,
                    video.scheduled_at, video.live_at, ended_at, misses, again});
    auto episode = stream.episode;
    if (live) episode = bind_stream(connection, stream.id, stream.claim, stream.channel, video, now);
    if (over && episode) end_stream(connection, stream.id, *episode, ended_at.value_or(now));
    if (episode && (over || episode != stream.episode))
      connection.run(store::sql::notify, {announce::announcement_queue().name});
  };
  return outcome;
}

// Nothing is known: what was known stays, and it is looked at again.
Outcome Watcher::missed(const Stream& stream, const std::string& why,
                        std::optional<base::Duration> retry_after, bool out_of_units, int misses) const {
  auto outcome = Outcome::snooze(options_.every);
  outcome.within = [stream, why, retry_after, out_of_units, misses,
                    every = options_.every](store::Connection& connection) {
    const auto now = now_of(connection);
    auto facts = stream.facts();
    ++facts.failures;
    auto again = next_stream_look(every, facts, now);
    if (retry_after) again = std::max(again, now + retry_after->count());
    // The next quota day begins everything anew; without a doubling that would outlast it.
    if (out_of_units) again = core::next_day_start(now, connect::youtube::kQuotaZone);
    connection.run(sql::missed_stream,
                   {stream.id, stream.claim, why, out_of_units ? stream.failures : facts.failures, again,
                    std::max(misses, stream.misses)});
  };
  return outcome;
}

// At once, each by itself: a page that hangs delays none of the others.
std::vector<Outcome> Watcher::judge_by_pages(const std::vector<Stream>& streams,
                                             const std::stop_token& stop) {
  std::vector<Outcome> outcomes(streams.size(), Outcome::snooze(Duration(0)));
  const auto deadline = youtube_.clock().boot() + options_.timeout;
  const auto judge_one = [&](std::size_t i) {
    auto page = youtube_.watch_page(streams[i].video, deadline, stop);
    if (page.trouble && page.trouble->kind == Trouble::Kind::stopped) return;  // handed back
    outcomes[i] = page.trouble
                      ? missed(streams[i], "page: " + page.trouble->why, page.trouble->retry_after, false)
                      : saw(streams[i], page.video);
  };
  std::vector<std::jthread> threads;
  for (std::size_t i = 1; i < streams.size(); ++i) threads.emplace_back([&, i] { judge_one(i); });
  if (!streams.empty()) judge_one(0);
  threads.clear();
  return outcomes;
}

std::vector<Outcome> Watcher::judge_by_api(const std::vector<Stream>& streams, const std::stop_token& stop) {
  std::vector<Outcome> outcomes;
  const auto units = take_units(database_, options_.quota, stream_queue().name, std::to_string(streams[0].id),
                                "videos.list " + std::to_string(streams[0].claim));
  if (!units) {
    std::vector<Stream> matter;
    for (const auto& stream : streams)
      if (stream.watched && matter.size() < kPages) matter.push_back(stream);
    auto seen = judge_by_pages(matter, stop);
    std::size_t at = 0;
    for (const auto& stream : streams)
      outcomes.push_back(at < matter.size() && matter[at].id == stream.id
                             ? std::move(seen[at++])
                             : missed(stream, kUsedUp, {}, true));
    return outcomes;
  }
  std::vector<std::string> ids;
  for (const auto& stream : streams) ids.push_back(stream.video);
  const auto answer = youtube_.videos(ids, youtube_.clock().boot() + options_.timeout, stop);
  settle_units(database_, *units, answer.trouble);
  base::testpoint("judged");
  // The process ends: this look says nothing about them, and the next one is another's.
  if (answer.trouble && answer.trouble->kind == Trouble::Kind::stopped)
    return std::vector<Outcome>(streams.size(), Outcome::snooze(Duration(0)));
  if (answer.trouble) {
    const bool used_up = answer.trouble->kind == Trouble::Kind::quota;
    for (const auto& stream : streams)
      outcomes.push_back(missed(stream, "api: " + answer.trouble->why, answer.trouble->retry_after, used_up));
    return outcomes;
  }
  std::map<std::string, Video> found;
  std::set<std::string> beginning;  // channels with a stream that is live and nobody's yet
  for (const auto& video : answer.found) found[video.id] = video;
  for (const auto& stream : streams)
    if (const auto at = found.find(stream.video);
        at != found.end() && at->second.stage == Stage::live && !stream.episode)
      beginning.insert(stream.channel);
  for (const auto& stream : streams) {
    const auto at = found.find(stream.video);
    const auto video = at == found.end() ? std::nullopt : std::optional(at->second);
    // A restart: the new stream is bound first, so that its episode goes on.
    const bool restarts = video && video->stage == Stage::ended && beginning.contains(stream.channel);
    outcomes.push_back(restarts && stream.episode ? Outcome::snooze(kRestart) : saw(stream, video));
  }
  return outcomes;
}

std::vector<Outcome> Watcher::judge(const std::vector<engine::Attempt>& attempts) {
  const auto streams = load(attempts);
  const auto stop = attempts[0].stop();
  std::vector<Stream> there;
  for (const auto& stream : streams)
    if (!stream.video.empty()) there.push_back(stream);
  std::vector<Outcome> judged;
  if (!there.empty()) judged = youtube_.has_key() ? judge_by_api(there, stop) : judge_by_pages(there, stop);
  std::vector<Outcome> outcomes;
  std::size_t at = 0;
  for (const auto& stream : streams)
    outcomes.push_back(stream.video.empty() ? Outcome::failed("it was deleted meanwhile")
                                            : std::move(judged[at++]));
  return outcomes;
}

}  // namespace fencepost::live
