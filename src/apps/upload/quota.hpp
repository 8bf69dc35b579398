#pragma once
// Quota projects: how many calls of YouTube's API a Google Cloud project may make on a quota day, which is a
// date in America/Los_Angeles. And the keys of all buckets that uploads take from.
//
// Functions on a connection run in the caller's transaction where it has one, throw InfraError, and are as
// thread-safe as the connection is.

#include <optional>
#include <string>
#include <vector>

#include "store/budget.hpp"

namespace fencepost::upload {

// classic: every call costs units of one day: an upload 1,600, a search 100, a list 1, an update 50.
// current (from 2026-06-01 on): calls of videos.insert and of search.list have days of their own; the rest
// costs units as before. Source: developers.google.com/youtube/v3/determine_quota_cost, see PLATFORMS.
enum class Profile { classic, current };
std::string_view name(Profile profile);
std::optional<Profile> profile_named(std::string_view word);

struct Project {
  std::int64_t id = 0;
  std::string name;  // of its buckets too: the live check counts in the one that it is set to
  Profile profile = Profile::current;
  std::optional<std::int64_t> uploads{}, searches{};  // calls of a day; current only
  std::int64_t units = 10'000;                        // of a day
  int warn_percent = 80;                              // of a limit
  std::int64_t version = 1;
};
struct ProjectChange {  // empty members stay as they are; a profile comes with its own limits
  std::optional<Profile> profile{};
  std::optional<std::int64_t> uploads{}, searches{}, units{}, warn_percent{};
};

std::optional<Project> get_project(store::Connection& connection, std::int64_t id);
Project project_of(const store::Row& row);  // of the statement `project`
// As it is under the lock of its row: who takes of its buckets together, or changes its limits, does so one
// behind the other.
std::optional<Project> lock_project(store::Connection& connection, std::int64_t id);
// As it is, and as it stays until the transaction ends: whoever makes a bucket of it reads its limits so. A
// parent: before the items. It is there: nobody deletes one.
Project share_project(store::Connection& connection, std::int64_t id);
// The units of a day of the project of that name, held still in the same way; nullopt: there is none.
std::optional<std::int64_t> share_units(store::Connection& connection, const std::string& name);
std::vector<Project> page_of_projects(store::Connection& connection, std::int64_t after, int limit);
// Throw UserError: invalid_name, duplicate_name, invalid_field.
Project add_project(store::Connection& connection, const std::string& name, const ProjectChange& wanted);
// From the commit on, also for the days that have buckets already. nullopt: it is another version by now, or
// there is none. A limit below what is used closes the day.
std::optional<Project> edit_project(store::Connection& connection, std::int64_t id, std::int64_t version,
                                    const ProjectChange& change);

// -- calls
inline constexpr const char* kUploadCalls = "youtube.upload";  // of videos.insert
inline constexpr const char* kSearchCalls = "youtube.search";  // of search.list
inline constexpr const char* kUnits = "youtube.units";

// thumbnail: thumbnails.set. Whether videos.insert is charged when a session is opened or when it is finished
// is undocumented: it counts at the opening.
enum class Call { insert, search, list, update, thumbnail };
std::string_view name(Call call);  // also the purpose in the ledger: "insert"

struct Cost {
  const char* scope = kUnits;
  std::int64_t amount = 1;
  std::int64_t limit = 0;  // of a day
};
Cost cost_of(const Project& project, Call call);
std::string quota_day(base::Micros at);
store::BucketKey call_key(const Project& project, Call call, const std::string& day);

// What is to be taken for a call that will be made on that day, as `attempt` of the item.
store::TakeRequest reserve(const Project& project, Call call, const std::string& day, const std::string& item,
                           int attempt);
// The next number of a call of this item. Under its lock.
int next_attempt(store::Connection& connection, const std::string& item, Call call);

// A call that leaves now: takes what it costs of today's bucket, and marks it spent. A reservation for today
// is used; one of another day or project is given back, so that a call counts when it is made. To be called
// in a transaction that shares the project and then holds the item's lock, and committed before the request
// leaves; a call that fails stays counted. Repeated after a commit in doubt it may count once too often,
// never too little.
struct Permit {
  bool granted = false;
  int attempt = 0;            // of the call, in the ledger
  base::Micros fresh_at = 0;  // not granted: when the next quota day begins
};
Permit permit(store::Connection& connection, std::int64_t project, Call call, const std::string& item);
// YouTube says that the project's day is used up, whatever our own count is: closes today's bucket, at what
// is spent of it, so that nothing that comes back opens it again. Not for uploadLimitExceeded, which is the
// channel's. Answers when the next quota day begins.
base::Micros close_day(store::Connection& connection, std::int64_t project, Call call);

// -- a channel's own buckets: videos of a publish day, which is a date in the channel's zone
inline constexpr const char* kDay = "upload.day";
inline constexpr const char* kPublish = "publish";  // the purpose of their takes
// Where a channel has no daily maximum its videos are counted all the same: one may be set later.
inline constexpr std::int64_t kNoLimit = 1'000'000;
store::BucketKey day_key(std::int64_t channel, const std::string& publish_day);
store::BucketKey kind_key(std::int64_t channel, const std::string& kind, const std::string& publish_day);
// The channel's name for its seats: "upload:7".
std::string seat_channel(std::int64_t channel);

// A bucket of a project as it is on a day; without a lock. Of a day that nothing was taken of: as it would
// be.
struct Status {
  std::string scope, day;
  std::int64_t limit = 0, used = 0, spent = 0;
  bool warned = false;  // used is at warn_percent of the limit, or above
};
std::vector<Status> status_of(store::Connection& connection, const Project& project, const std::string& day,
                              int days);

// Raises a notice (quota_low) where a project's bucket has reached warn_percent: once a bucket and day. Under
// the bucket's lock. `owner`: whose connection it concerns; nullopt: operators'.
void warn(store::Connection& connection, const Project& project, const store::BucketKey& key,
          std::int64_t used, std::int64_t limit, std::optional<std::int64_t> owner = std::nullopt);

}  // namespace fencepost::upload
