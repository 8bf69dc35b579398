#pragma once
// Episodes of shows, and what releases their announcements.
//
// An announcement of an episode is *pending* (queued, with run_at = kNever) until its trigger is known to
// have come. Every function here that changes what that depends on computes it anew, in the same transaction.
//
// Locks are taken in one order: show, episode, announcements by id. A gate locks show and episode FOR SHARE,
// so that whatever changes them comes before it, and is seen, or waits for it.
//
// All are one transaction or a part of the caller's, throw InfraError, and may be repeated.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "store/database.hpp"
#include "store/fence.hpp"

namespace fencepost::announce {

// The run_at of what nothing has released yet: 2100, later than any time that is taken. Shown as null.
inline constexpr base::Micros kNever = 4'102'444'800'000'000;

// Times are µs since 1970 UTC.
struct Episode {
  std::int64_t id = 0;
  std::int64_t show = 0;
  std::string title;
  std::optional<std::int64_t> number;
  std::optional<base::Micros> starts_at;
  std::string status;  // draft, scheduled, live, ended; never back from the last two
  std::string notes;
  std::vector<std::string> topics;
  std::string url;                      // of the stream, where it is known; may be empty
  std::optional<std::string> video_id;  // of the stream that it is
  std::optional<base::Micros> live_at, ended_at;
  std::int64_t version = 1;  // grows whenever something of it changes: the ETag
  base::Micros created_at = 0;
};

struct EpisodeDraft {
  std::int64_t show = 0;
  std::string title{};
  std::optional<std::int64_t> number{};
  std::optional<base::Micros> starts_at{};  // missing: a draft
  bool scheduled = true;                    // false: a draft, which releases nothing
  std::string notes{};
  std::vector<std::string> topics{};
  std::string url{};
};
struct EpisodeChange {  // empty members stay as they are
  std::optional<std::string> title{}, status{}, notes{}, url{};
  std::optional<std::optional<std::int64_t>> number{};
  std::optional<std::optional<base::Micros>> starts_at{};
  std::optional<std::vector<std::string>> topics{};
};

// wrong_status: an episode does not go from that status to this one; no_start: it is scheduled without a
// time. in_flight, outcome_unknown: of one of its announcements, so that it cannot be deleted yet.
enum class EpisodeAnswer { done, stale, not_found, wrong_status, no_start, in_flight, outcome_unknown };
struct EpisodeResult {
  EpisodeAnswer answer = EpisodeAnswer::not_found;
  std::optional<Episode> episode{};  // done, stale, wrong_status: as it is now
};

// They throw UserError: invalid_title, invalid_field, invalid_text, invalid_url, invalid_time.
EpisodeResult create_episode(store::Connection& connection, const EpisodeDraft& draft);
std::optional<Episode> get_episode(store::Connection& connection, std::int64_t id);
// The show of an announcement's episode; nullopt: it has none, or there is no such announcement.
std::optional<std::int64_t> show_of(store::Connection& connection, std::int64_t announcement);
// Who, besides operators, may read an announcement: whose it is, and the members of the show that it is of.
struct Readers {
  std::int64_t announcement = 0;
  std::optional<std::int64_t> owner{}, show{};  // owner: nullopt, the instance's
};
// Of each of these announcements, in no order; of one that was deleted from its episode: who might until
// then. None of what there is not. One statement.
std::vector<Readers> readers_of(store::Connection& connection,
                                const std::vector<store::Params>& announcements);
// Newest first, below `before`; `status` may be empty.
std::vector<Episode> list_episodes(store::Connection& connection, std::int64_t show, std::int64_t before,
                                   int limit, const std::string& status);
// A change to live or ended is a person's word, and does what episode_live and episode_ended do.
EpisodeResult edit_episode(store::Connection& connection, std::int64_t id, std::int64_t version,
                           const EpisodeChange& change, const std::string& actor);
// With its announcements, but for those that were posted: these stay, without an episode, and so do all
// histories.
EpisodeResult remove_episode(store::Connection& connection, const store::Fence& fence, std::int64_t id,
                             const std::string& actor);

// -- what the live check calls, in the transaction that settles its look; then it wakes the announcements'
// queue

// The episode's stream is on the air since `started_at`. The first time it releases what waits for that;
// afterwards nothing changes, whatever stream is named (a restart, a second one), but that an episode which a
// person set live gets its stream's id and URL. The URL is taken where the episode has none. False: nothing
// changed.
bool episode_live(store::Connection& connection, std::int64_t episode, const std::string& video_id,
                  const std::string& url, base::Micros started_at, const std::string& actor = "live check");
// The stream has ended. What waited for it to be live, or for the time before it, and has not begun, fails
// and is never posted later; what waits for the end is released. False: it had ended before, or was never
// live.
bool episode_ended(store::Connection& connection, std::int64_t episode, base::Micros ended_at,
                   const std::string& actor = "live check");

// -- inside announce/

// Locks the episode's show FOR SHARE and then the episode; false: there is no such episode. `to_write`:
// nobody else computes from it until the transaction ends.
bool lock_episode(store::Connection& connection, std::int64_t episode, bool to_write);
// Computes anew when announcements go out, under lock_episode(), or under the show's own lock. What is at
// work and is to wait now goes back to queued; what is in flight or over stays as it is.
struct Of {
  std::optional<std::int64_t> episode{}, show{}, announcement{};
};
void release(store::Connection& connection, const Of& of, const std::string& actor, const std::string& why);
// Deletes episodes that this transaction holds, and what of their announcements was not posted. done,
// in_flight, outcome_unknown: the last two want a rollback.
EpisodeAnswer remove_episodes(store::Connection& connection, const store::Fence& fence, const Of& of,
                              const std::string& actor);
// One event for each row of `written`, whose first column is the announcement, and a wake-up.
void note(store::Connection& connection, const store::Rows& written, const char* kind, const char* to,
          const std::string& actor, const std::string& why, const char* from = "queued");

}  // namespace fencepost::announce
