// Is it live? Looks at streams, 50 in one call.

#include <algorithm>
#include <map>
#include <set>
#include <thread>

#include "apps/announce/live/binding.hpp"
#include "apps/announce/live/watcher.hpp"
#include "apps/announce/queue.hpp"
#include "base/log.hpp"
#include "base/testpoint.hpp"
#include "core/window.hpp"
#include "live/sql.hpp"
#include "store/sql.hpp"

namespace fencepost::live {

using connect::youtube::Page;
using connect::youtube::Stage;
using connect::youtube::Trouble;
using connect::youtube::Video;
using engine::Outcome;

namespace {
// YouTube's lists miss a video now and then; so often in a row it is gone.
constexpr int kMisses = 3;
// A stream that was to begin so long ago never will.
constexpr Duration kAbandoned = std::chrono::hours(30 * 24);
// Where the API tells nothing, so many that matter are looked at on their pages.
constexpr std::size_t kPages = 10;
// So often people are told of one trouble with the API that goes on.
constexpr Duration kTellEvery = std::chrono::hours(1);

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
  std::optional<Micros> scheduled_at, live_at, looked_at;
  int failures = 0, misses = 0;
  std::optional<std::int64_t> episode;
  bool watched = false, near = false;
  Micros loaded_at = 0;

  // Somebody waits for what it does.
  bool matters() const { return watched || episode.has_value(); }
  StreamFacts facts() const {
    return {stage == "live", episode.has_value(), watched, near, scheduled_at, failures};
  }
};

std::vector<Watcher::Stream> Watcher::load(const std::vector<engine::Attempt>& attempts) {
  std::vector<store::Params> ids;
  for (const auto& attempt : attempts) ids.push_back({std::stoll(attempt.claim().item)});
  std::map<std::int64_t, Stream> found;
  const auto lease = database_.acquire();
  const auto now = now_of(*lease);
  for (const auto& row : lease->run_batch(sql::streams_to_look_at, ids,
                                          {now - kNearAfter.count(), now + kNearBefore.count()})) {
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
    stream.looked_at = row[12].maybe_integer();
    stream.near = row[13].boolean();
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
    return missed(stream, "YouTube contradicts itself about this stream", {});
  const int misses = answer ? 0 : stream.misses + 1;
  if (!answer && misses < kMisses) return missed(stream, "YouTube does not know this video", {}, misses);
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
                        std::optional<base::Duration> retry_after, int misses) const {
  auto outcome = Outcome::snooze(options_.every);
  outcome.within = [stream, why, retry_after, misses, every = options_.every](store::Connection& connection) {
    const auto now = now_of(connection);
    auto facts = stream.facts();
    ++facts.failures;
    const auto again = next_stream_look(every, facts, now, retry_after);
    connection.run(sql::missed_stream,
                   {stream.id, stream.claim, why, facts.failures, again, std::max(misses, stream.misses)});
  };
  return outcome;
}

// Nobody has looked. One that matters has its turn soon, whatever its looks have told before; another one
// waits for the day that begins everything anew.
Outcome Watcher::put_off(const Stream& stream, const std::string& why) const {
  auto outcome = Outcome::snooze(options_.every);
  outcome.within = [stream, why, every = options_.every](store::Connection& connection) {
    const auto now = now_of(connection);
    auto facts = stream.facts();
    facts.failures = 0;
    const auto again = stream.matters() ? next_stream_look(every, facts, now)
                                        : core::next_day_start(now, connect::youtube::kQuotaZone);
    // What waits its turn between two looks is known as well as before.
    const bool unknown = !stream.matters() || !stream.looked_at;
    connection.run(sql::put_off_stream,
                   {stream.id, stream.claim, unknown ? store::Value(why) : store::Value(), again});
  };
  return outcome;
}

// What YouTube has told about each of them.
std::vector<Outcome> Watcher::conclude(const std::vector<Stream>& streams,
                                       const std::vector<Page>& told) const {
  std::set<std::string> beginning;  // channels with a stream that is live and nobody's yet
  for (std::size_t i = 0; i < streams.size(); ++i)
    if (told[i].video && told[i].video->stage == Stage::live && !streams[i].episode)
      beginning.insert(streams[i].channel);
  std::vector<Outcome> outcomes;
  for (std::size_t i = 0; i < streams.size(); ++i) {
    const auto& [trouble, video] = told[i];
    // A restart: the new stream is bound first, so that its episode goes on.
    const bool restarts = video && video->stage == Stage::ended && beginning.contains(streams[i].channel);
    if (trouble && trouble->kind == Trouble::Kind::stopped)
      outcomes.push_back(Outcome::snooze(Duration(0)));  // handed back
    else if (trouble)
      outcomes.push_back(missed(streams[i], "page: " + trouble->why, trouble->retry_after));
    else
      outcomes.push_back(restarts && streams[i].episode ? Outcome::snooze(kRestart) : saw(streams[i], video));
  }
  return outcomes;
}

// At once, each by itself: a page that hangs delays none of the others.
std::vector<Outcome> Watcher::judge_by_pages(const std::vector<Stream>& streams,
                                             const std::stop_token& stop) {
  std::vector<Page> pages(streams.size());
  const auto deadline = youtube_.clock().boot() + options_.timeout;
  const auto look_at = [&](std::size_t i) {
    pages[i] = youtube_.watch_page(streams[i].video, deadline, stop);
  };
  std::vector<std::jthread> threads;
  for (std::size_t i = 1; i < streams.size(); ++i) threads.emplace_back([&, i] { look_at(i); });
  if (!streams.empty()) look_at(0);
  threads.clear();
  return conclude(streams, pages);
}

// The API tells nothing. What matters is looked at on its page: a few in each look, and those first whose
// last look is longest ago, so that each has its turn.
std::vector<Outcome> Watcher::judge_without_api(const std::vector<Stream>& streams, const std::string& why,
                                                bool used_up, const std::stop_token& stop) {
  std::vector<std::size_t> turns;
  for (std::size_t i = 0; i < streams.size(); ++i)
    if (streams[i].matters()) turns.push_back(i);
  std::stable_sort(turns.begin(), turns.end(), [&](std::size_t one, std::size_t other) {
    return streams[one].looked_at < streams[other].looked_at;
  });
  turns.resize(std::min(turns.size(), kPages));
  std::vector<Stream> matter;
  for (const auto i : turns) matter.push_back(streams[i]);
  auto seen = judge_by_pages(matter, stop);
  std::vector<Outcome> outcomes;
  for (const auto& stream : streams)
    outcomes.push_back(used_up || stream.matters() ? put_off(stream, why) : missed(stream, why, {}));
  for (std::size_t n = 0; n < turns.size(); ++n) outcomes[turns[n]] = std::move(seen[n]);
  return outcomes;
}

// The API has failed: where it has said for how long, it is left alone, and people are told now and then.
void Watcher::api_failed(const Trouble& trouble) {
  const auto now = youtube_.clock().boot();
  const bool tell = api_.with([&](Api& api) {
    if (trouble.retry_after) api.rests_until = now + std::min(*trouble.retry_after, kLongestPause);
    if (api.told_at && now < *api.told_at + kTellEvery) return false;
    api.told_at = now;
    return true;
  });
  if (tell) base::log(base::LogLevel::warn, "streams are judged by pages", {{"why", trouble.why}});
}

std::vector<Outcome> Watcher::judge_by_api(const std::vector<Stream>& streams, const std::stop_token& stop) {
  if (youtube_.clock().boot() < api_.with([](const Api& api) { return api.rests_until; }))
    return judge_without_api(streams, "api: it asked us to wait", false, stop);
  const auto units = take_units(database_, options_.quota, stream_queue().name, std::to_string(streams[0].id),
                                "videos.list " + std::to_string(streams[0].claim));
  if (!units) return judge_without_api(streams, kUsedUp, true, stop);
  std::vector<std::string> ids;
  for (const auto& stream : streams) ids.push_back(stream.video);
  const auto answer = youtube_.videos(ids, youtube_.clock().boot() + options_.timeout, stop);
  settle_units(database_, *units, answer.trouble);
  base::testpoint("judged");
  if (const auto& trouble = answer.trouble) {
    // The process ends: this look says nothing about them, and the next one is another's.
    if (trouble->kind == Trouble::Kind::stopped)
      return std::vector<Outcome>(streams.size(), Outcome::snooze(Duration(0)));
    api_failed(*trouble);
    return judge_without_api(streams, "api: " + trouble->why, trouble->kind == Trouble::Kind::quota, stop);
  }
  std::map<std::string, Video> found;
  for (const auto& video : answer.found) found[video.id] = video;
  std::vector<Page> told(streams.size());
  for (std::size_t i = 0; i < streams.size(); ++i)
    if (const auto at = found.find(streams[i].video); at != found.end()) told[i].video = at->second;
  return conclude(streams, told);
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
