#pragma once
// Announcements: what people can do with them. HTTP and CLI call this and nothing else.

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "apps/announce/episodes.hpp"
#include "apps/announce/gate.hpp"
#include "apps/announce/images.hpp"
#include "apps/announce/queue.hpp"
#include "core/state.hpp"
#include "engine/engine.hpp"
#include "store/database.hpp"
#include "store/event_feed.hpp"
#include "store/fence.hpp"

namespace fencepost::announce {

// A part of a thread behind the first: an announcement of its own, with this id.
struct Part {
  std::int64_t id = 0;
  std::int64_t part = 2;
  std::string text;
  std::string status;  // pending: the part before it is not posted
  std::int64_t version = 1;
  std::optional<std::string> last_error;
  std::optional<base::Micros> posted_at;
  std::optional<std::string> post_id, post_url;
  std::vector<Image> images{};  // in their order
};

// An announcement as people see it. Times are µs since 1970 UTC.
struct Announcement {
  std::int64_t id = 0;
  std::int64_t connection_id = 0;
  std::string connection;  // its name
  std::string text;
  std::string url;           // may be empty
  base::Micros run_at = 0;   // kNever: pending
  std::string status;        // the users' word; a claimed one is still "queued" to them
  std::int64_t version = 1;  // grows with every edit by a person: the ETag
  int attempts = 0;
  bool stop_wanted = false;
  std::optional<std::string> last_error;
  std::optional<base::Micros> posted_at;
  std::optional<std::string> post_id, post_url;
  base::Micros created_at = 0;
  // Of an episode's; others have no episode and the trigger "at", and go out at run_at.
  std::optional<std::int64_t> episode;
  std::optional<std::int64_t> host;  // whose it is; nullopt: of an account of the instance itself
  std::optional<std::string> host_name;
  std::string trigger = "at";           // live, at, before (the start), ended
  std::optional<base::Micros> at;       // at
  std::optional<std::int64_t> minutes;  // before
  std::int64_t stagger = 0;             // live, ended: seconds behind it
  bool include_url = true;
  std::optional<std::string> generated_text;
  std::optional<base::Micros> deadline;  // not posted after this
  bool approved = false;                 // this version of it
  std::optional<std::string> approved_by;
  bool at_once = false;                  // a person said "now"
  std::optional<std::int64_t> thread{};  // of a part behind the first: the first
  std::int64_t part = 1;
  std::vector<Part> parts{};    // of a first part: those behind it
  std::vector<Image> images{};  // in their order
  bool pending() const { return run_at >= kNever; }
};

struct Draft {
  std::int64_t connection_id = 0;
  std::string text{};  // may be empty where it is of an episode
  std::string url{};
  std::optional<base::Micros> run_at{};  // empty: now. Of an episode's: not used
  std::optional<std::int64_t> episode{};
  std::string trigger = "live";
  std::optional<base::Micros> at{};
  std::optional<std::int64_t> minutes{};
  std::optional<std::int64_t> stagger{};  // empty: behind the episode's others, as the show wants
  bool include_url = true;
  std::optional<base::Micros> deadline{};
  bool enabled = true;
  std::vector<std::string> parts{};  // of a thread: what follows the text, each an answer to the one before
};
struct Change {  // empty members stay as they are
  std::optional<std::string> text{}, url{};
  std::optional<base::Micros> run_at{};  // of those without an episode
  std::optional<std::string> trigger{};
  std::optional<base::Micros> at{};
  std::optional<std::int64_t> minutes{};
  std::optional<std::int64_t> stagger{};
  std::optional<bool> include_url{};
  std::optional<std::optional<base::Micros>> deadline{};
  std::optional<std::vector<std::string>> parts{};  // instead of those behind the first, if none has begun
};

struct Page {
  std::vector<Announcement> items;
  std::optional<std::int64_t> next;  // the cursor of the next page
};

enum class EditResult { changed, version_conflict, in_flight, outcome_unknown, already_posted, not_found };
enum class EnableResult {
  enabled,
  already_enabled,
  in_flight,
  outcome_unknown,
  already_posted,
  too_late,
  not_found
};
enum class ApproveResult {
  approved,
  already_approved,
  version_conflict,
  in_flight,
  outcome_unknown,
  already_posted,
  not_found
};
// One for each connection of each member who did not have one.
struct CreatedForAll {
  std::int64_t enabled = 0, disabled = 0;
};

struct PostNow {
  core::RunNowAnswer answer;
  std::optional<Announcement> announcement;  // as it was when the answer was given
};

struct Edit;

// Thread-safe. Throws UserError for bad input (codes: invalid_text, invalid_url, invalid_time, invalid_field,
// unknown_connection, connection_disconnected; of an episode's also unknown_episode, not_a_member,
// stream_ended, duplicate_announcement) and InfraError where the database is away. `actor` is kept in
// the history.
//
// Acts whose commit is in doubt are repeated on new connections until their answer is certain (rule 4); where
// the database stays away, the InfraError is `in_doubt`, and the caller may repeat the act as it was.
class Service {
 public:
  // `runner` is the queue's runner of this process; all outlive the service.
  Service(store::Database& database, const store::Fence& fence, engine::QueueRunner& runner,
          std::int64_t worker);

  // Announces at `draft.run_at`, or at once. `within` runs last in the same transaction, and again where that
  // is retried: what the caller keeps of it (the answer under an idempotency key) is one fact with the
  // announcement. A commit in doubt is not repeated, but thrown.
  using Within = std::function<void(store::Connection&, const Announcement&)>;
  Announcement create(const Draft& draft, const std::string& actor, const Within& within = {});
  std::optional<Announcement> get(std::int64_t id);
  // Newest first; `before` is a cursor (an id), `limit` 1–200; `status` may be empty.
  // `person`: only those over connections of theirs.
  Page list(std::optional<std::int64_t> before, int limit, const std::string& status,
            std::optional<std::int64_t> person = std::nullopt);
  // Whose connection it goes out over; nullopt: the instance's own, or there is no such announcement.
  std::optional<std::int64_t> owner(std::int64_t id);
  // Newest first, as list().
  Page list_of_episode(std::int64_t episode, std::optional<std::int64_t> before, int limit);
  // What goes out next, behind that time and id, the soonest first; not what is pending.
  std::vector<Announcement> due(base::Micros after, std::int64_t after_id, int limit,
                                std::optional<std::int64_t> person);
  // One for each connection of each member of the episode's show that has none there, in a constant number of
  // statements: enabled where its host opted in, else disabled. nullopt: there is no such episode.
  std::optional<CreatedForAll> create_for_all(std::int64_t episode, const std::string& actor);
  // An admin's word that this version may go out.
  std::pair<ApproveResult, std::optional<Announcement>> approve(std::int64_t id, std::int64_t version,
                                                                const std::string& actor);
  std::pair<EditResult, std::optional<Announcement>> edit(std::int64_t id, std::int64_t version,
                                                          const Change& change, const std::string& actor);
  // Edits of its images, of a part's own too. Throw UserError("invalid_image"), and "not_found" where there
  // is no such image. What a platform takes is its connector's to say.
  std::pair<EditResult, std::optional<Announcement>> add_image(std::int64_t id, std::int64_t version,
                                                               const NewImage& image,
                                                               const std::string& actor);
  std::pair<EditResult, std::optional<Announcement>> change_image(std::int64_t id, std::int64_t version,
                                                                  std::int64_t image,
                                                                  const ImageChange& change,
                                                                  const std::string& actor);
  std::pair<EditResult, std::optional<Announcement>> remove_image(std::int64_t id, std::int64_t version,
                                                                  std::int64_t image,
                                                                  const std::string& actor);
  // Its media type and its bytes; nullopt: there is none.
  std::optional<connect::Image> image(std::int64_t id, std::int64_t image);
  // Of a first part: the whole thread, in one act, and the gravest of its parts' answers. Never `prevented`
  // or `already_stopped` from a commit in doubt.
  core::StopAnswer disable(std::int64_t id, const std::string& actor);
  // Back to queued, also after a failure, at its old time; too_late where that has passed by more than kLate.
  // An episode's waits for its trigger again, and a thread goes on where it was stopped. Throws UserError
  // with the code of an obstacle that will not go away: stream_ended, not_a_member, deadline_passed.
  EnableResult enable(std::int64_t id, const std::string& actor);
  // Deletes what is not in flight, a first part with its thread; its history stays.
  core::StopAnswer remove(std::int64_t id, const std::string& actor);
  // Starts it by itself and waits up to `wait` for its outcome. Of N callers exactly one is told `started`,
  // also where its claim was in doubt. The announcement is missing where it was deleted, or could not be read
  // afterwards. Throws UserError with the code of any obstacle: then nothing was started.
  PostNow post_now(std::int64_t id, const std::string& actor, base::Duration wait);
  // Waits up to `wait` until the effect of an announcement has an outcome (after an `in_flight` stop);
  // `unknown` is one.
  std::optional<Announcement> wait_settled(std::int64_t id, base::Duration wait);
  core::ResolveAnswer resolve(std::int64_t id, bool happened, const std::string& actor,
                              const std::string& post_url);
  // Oldest first, those with an id above `after`; also of a deleted one. States in the users' words.
  std::vector<store::Event> history(std::int64_t id, std::int64_t after, int limit);

 private:
  std::pair<EditResult, std::optional<Announcement>> edited(const Edit& edit);

  store::Database& database_;
  const store::Fence& fence_;
  engine::QueueRunner& runner_;
  const std::int64_t worker_;
};

}  // namespace fencepost::announce
