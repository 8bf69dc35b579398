#pragma once
// The live check: which channels are watched, what was seen there, and who looks next.
//
// Two repeatable queues of our own, worked by any number of processes. *Channels*: which streams are there?
// One look a channel and `every`, by the cheapest way: its feed, its page, its list of uploads. *Streams*: is
// it live? With an API key 50 of them are one call for one unit; without one, each is looked at on its own
// page.
//
// A look holds no connection and no lock. Its result is written in the transaction that settles it: a process
// that dies in between has seen nothing, and another one looks again. A look that told nothing changes
// nothing of what was known before: *unknown* is never *not live*.

#include <optional>
#include <string>
#include <vector>

#include "apps/announce/live/pace.hpp"
#include "apps/announce/live/quota.hpp"
#include "base/guarded.hpp"
#include "connect/youtube/youtube.hpp"
#include "core/state.hpp"
#include "engine/handler_work.hpp"
#include "store/database.hpp"

namespace fencepost::live {

core::Queue channel_queue();
core::Queue stream_queue();

struct Options {
  Duration every = std::chrono::minutes(3);
  Duration timeout = std::chrono::seconds(10);  // of one look at a channel, or of one call
  // A look at a channel that took so long may not keep every worker waiting the next time.
  Duration slow = std::chrono::seconds(1);
  Quota quota{};
};

enum class Answer { live, not_live, unknown };
std::string_view name(Answer answer);

// Thread-safe. Everything named outlives it.
class Watcher {
 public:
  Watcher(store::Database& database, connect::youtube::YouTube& youtube, Options options = {});

  // Makes, wakes and rests the rows of channels, by the episodes that there are. Any number of processes may;
  // cheap where nothing changes. Answers whether something is due at once. Throws InfraError.
  bool watch();
  // Everything that is watched, now.
  struct Checked {
    std::int64_t channels = 0, streams = 0;
  };
  Checked check_now();

  // The handlers of the two queues.
  engine::Outcome look(const engine::Attempt& attempt);
  std::vector<engine::Outcome> judge(const std::vector<engine::Attempt>& attempts);
  // How many streams go together.
  int batch() const;

  const Options& options() const { return options_; }
  connect::youtube::YouTube& youtube() { return youtube_; }
  store::Database& database() { return database_; }

 private:
  struct Stream;
  struct Discovery;
  std::vector<Stream> load(const std::vector<engine::Attempt>& attempts);
  engine::Outcome saw(const Stream& stream, const std::optional<connect::youtube::Video>& video) const;
  engine::Outcome missed(const Stream& stream, const std::string& why,
                         std::optional<base::Duration> retry_after, int misses = 0) const;
  engine::Outcome put_off(const Stream& stream, const std::string& why) const;
  std::vector<engine::Outcome> conclude(const std::vector<Stream>& streams,
                                        const std::vector<connect::youtube::Page>& told) const;
  std::vector<engine::Outcome> judge_without_api(const std::vector<Stream>& streams, const std::string& why,
                                                 bool used_up, const std::stop_token& stop);
  void api_failed(const connect::youtube::Trouble& trouble);
  std::vector<engine::Outcome> judge_by_api(const std::vector<Stream>& streams, const std::stop_token& stop);
  std::vector<engine::Outcome> judge_by_pages(const std::vector<Stream>& streams,
                                              const std::stop_token& stop);
  Discovery discover(const std::string& channel, std::int64_t claim, const std::string& item, bool near,
                     const std::stop_token& stop);

  store::Database& database_;
  connect::youtube::YouTube& youtube_;
  const Options options_;
  // What this process has seen of the API.
  struct Api {
    base::BootTime rests_until{};
    std::optional<base::BootTime> told_at;
  };
  base::Guarded<Api> api_;
};

// -- what is watched, for people

struct SeenStream {
  std::string video, title, stage;
  Answer answer = Answer::unknown;
  std::optional<std::string> trouble;
  std::optional<Micros> scheduled_at, live_at, ended_at, looked_at, next_look;
  std::optional<std::int64_t> episode;
};
struct SeenChannel {
  std::int64_t id = 0;
  std::string channel;
  bool watched = false, slow = false;
  Answer answer = Answer::unknown;
  std::optional<std::string> way, trouble;  // of the last look
  std::optional<Micros> looked_at, next_look;
  int failures = 0;
  std::vector<SeenStream> streams;  // the newest 20
};
// By id, behind `after`; `channel`: this one alone. Two statements.
std::vector<SeenChannel> list_channels(store::Connection& connection, std::int64_t after, int limit,
                                       const std::optional<std::string>& channel = std::nullopt);

// -- test detection

// What one way has seen.
struct WaySeen {
  std::string way;  // feed, page, uploads, api
  Answer answer = Answer::unknown;
  std::string why;  // one sentence
  int units = 0;    // what it cost
  Duration took{};
};
// What a stream would be, if it were looked at now.
struct Judged {
  connect::youtube::Video video;
  std::string why;  // one sentence: which episode, or why none
  std::optional<std::int64_t> episode;
  bool announces = false;
};
struct Report {
  std::string channel;
  Answer answer = Answer::unknown;
  std::vector<WaySeen> ways;
  std::vector<Judged> streams;
};
// Looks at a show's channel by every way that is configured, binds nothing and writes nothing but what it
// spends. nullopt: there is no such show. Throws UserError("no_channel"), InfraError.
std::optional<Report> test_detection(Watcher& watcher, std::int64_t show, base::BootTime deadline);

}  // namespace fencepost::live
