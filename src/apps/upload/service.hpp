#pragma once
// Uploads: what people can do with them. HTTP and CLI call this and nothing else.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "apps/upload/slots.hpp"
#include "apps/upload/uploads.hpp"
#include "store/database.hpp"
#include "store/event_feed.hpp"
#include "store/fence.hpp"

namespace fencepost::upload {

// One video that somebody wants to see published.
struct Wish {
  std::int64_t video_id = 0;
  std::string kind;
  std::optional<base::Micros> at{};      // empty: the next free slot
  Metadata metadata{};                   // without a title: that of the video
  std::optional<std::int64_t> number{};  // of the part or the episode: {number} in a template
};
// Why it cannot be, and what can. `code`: slot_taken, day_full, kind_full, quota_full, slot_past,
// beyond_horizon, no_free_slot, unknown_video, unknown_kind, duplicate_upload, invalid_time.
struct Refused {
  std::string code;
  std::string text;
  std::optional<base::Micros> next_free{};
};
struct Scheduled {
  std::optional<Upload> upload{};
  std::optional<Refused> refused{};
  std::optional<Place> place{};  // where it is, or could have been
};
// Each wish gets an answer. all_or_nothing: where one is refused, nothing was scheduled; those that could
// have been have neither member. dry_run: nothing is scheduled, but the answers are those of best_effort, as
// things are at this moment.
enum class Mode { all_or_nothing, best_effort, dry_run };
inline constexpr std::size_t kMostWishes = 50;

// When to: a time, or the next free slot.
struct When {
  std::optional<base::Micros> at{};
};

enum class MoveResult {
  moved,
  version_conflict,
  not_scheduled,  // it failed or was cancelled: retry it
  in_flight,
  outcome_unknown,
  already_uploaded,
  refused,
  not_found
};
struct Moved {
  MoveResult result = MoveResult::not_found;
  std::optional<Upload> upload{};  // as it is now
  std::optional<Refused> refused{};
};
enum class RetryResult {
  scheduled,
  already_scheduled,
  in_flight,
  outcome_unknown,
  already_uploaded,
  refused,
  not_found
};
struct Retried {
  RetryResult result = RetryResult::not_found;
  std::optional<Upload> upload{};
  std::optional<Refused> refused{};
};

// A day of a channel's calendar. Slots are those of the channel's times, and whatever times have a video.
struct CalendarDay {
  struct Slot {
    base::Micros at = 0;
    std::int64_t taken = 0, capacity = 0;
    std::vector<Upload> uploads{};
  };
  std::string day;  // of the channel's zone
  Use all{};        // videos of the day
  std::map<std::string, Use> kinds{};
  std::vector<Slot> slots{};
};

struct QueueNow {
  std::int64_t due = 0, late = 0, uploading = 0, unknown = 0;
  std::optional<base::Micros> next_at{};
};

// Thread-safe. Throws UserError for bad input, and InfraError where the database is away or busy: one whose
// lock was waited for in vain (5 s) is retryable, and nothing was taken. `actor` is kept in the history.
//
// Every act is one transaction; acts on a channel's places follow each other by the lock of its row, in the
// order of locks that docs/budgets.md gives. Acts whose commit is in doubt are repeated until their answer is
// certain (rule 4), but for schedule(), which throws: its caller has an idempotency key.
class Service {
 public:
  // `wake`: something may be due. `resolved`: a person said whether a video exists; in the transaction that
  // says so. Both may be empty.
  Service(store::Database& database, const store::Fence& fence, std::function<void()> wake,
          std::function<void(store::Connection&, std::int64_t, bool)> resolved = {})
      : database_(database), fence_(fence), wake_(std::move(wake)), resolved_(std::move(resolved)) {}

  // 1 to `most`. `within` runs last in the same transaction, and again where that is retried. Throws
  // UserError: unknown_channel, channel_disabled, invalid_field. `person`: who schedules. `videos_of`: only
  // videos of his and the instance's; nullopt: anybody's.
  using Within = std::function<void(store::Connection&, const std::vector<Scheduled>&)>;
  std::vector<Scheduled> schedule(std::int64_t channel, const std::vector<Wish>& wishes, Mode mode,
                                  std::optional<std::int64_t> person, const std::string& actor,
                                  const Within& within = {}, std::size_t most = kMostWishes,
                                  std::optional<std::int64_t> videos_of = {});
  // Never `prevented` or `already_stopped` from a commit in doubt. Before the last piece has left it
  // prevents, and everything that was taken and is not spent is given back.
  core::StopAnswer cancel(std::int64_t id, const std::string& actor);
  // `version` nullopt: whatever it is now.
  Moved reschedule(std::int64_t id, std::optional<std::int64_t> version, const When& when,
                   const std::string& actor);
  // Of one that waits, failed or was cancelled. `metadata`: all of it.
  Moved edit(std::int64_t id, std::int64_t version, const Metadata& metadata, const std::string& actor);
  // One that failed or was cancelled, at its old time if `when` is empty: it takes everything anew.
  Retried retry(std::int64_t id, const std::optional<When>& when, const std::string& actor);
  core::ResolveAnswer resolve(std::int64_t id, bool happened, const std::string& actor,
                              const std::string& post_id, const std::string& post_url);

  std::optional<Upload> get(std::int64_t id);
  // One more than `limit` where there are more.
  std::vector<Upload> list(std::int64_t before, int limit, const UploadFilter& filter);
  std::vector<store::Event> history(std::int64_t id, std::int64_t after, int limit);
  // nullopt: none within the horizon. Throws UserError: unknown_channel, unknown_kind.
  std::optional<Place> next_slot(std::int64_t channel, const std::string& kind, base::Micros from = 0);
  // Throws UserError: unknown_channel, invalid_date, invalid_field: 1 to 62 days.
  std::vector<CalendarDay> calendar(std::int64_t channel, const std::string& from, int days);
  QueueNow summary();

 private:
  store::Database& database_;
  const store::Fence& fence_;
  const std::function<void()> wake_;
  const std::function<void(store::Connection&, std::int64_t, bool)> resolved_;
};

}  // namespace fencepost::upload
