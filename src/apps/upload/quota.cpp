#include "apps/upload/quota.hpp"

#include <algorithm>

#include "accounts/notices.hpp"
#include "accounts/text.hpp"
#include "apps/upload/queue.hpp"
#include "connect/youtube/youtube.hpp"
#include "core/window.hpp"
#include "store/guards.hpp"
#include "store/sql.hpp"
#include "upload/sql.hpp"

namespace fencepost::upload {

using store::guard;

namespace {

// Units that calls cost, and a project's days by default:
// developers.google.com/youtube/v3/determine_quota_cost, 2026-06-01.
constexpr std::int64_t kInsertUnits = 1'600, kSearchUnits = 100, kWriteUnits = 50;
constexpr std::int64_t kCallsOfDay = 100, kUnitsOfDay = 10'000;
constexpr std::int64_t kMost = 1'000'000'000;

void check_count(const std::optional<std::int64_t>& count, const char* field, std::int64_t least,
                 std::int64_t most) {
  if (count && (*count < least || *count > most))
    throw base::UserError("invalid_field", std::string(field) + " must be " + std::to_string(least) + " to " +
                                               std::to_string(most));
}

void apply(Project& project, const ProjectChange& change) {
  check_count(change.uploads, "uploads", 0, kMost);
  check_count(change.searches, "searches", 0, kMost);
  check_count(change.units, "units", 0, kMost);
  check_count(change.warn_percent, "warn_percent", 1, 100);
  if (change.profile && *change.profile != project.profile) {
    project.profile = *change.profile;
    project.units = kUnitsOfDay;
    project.uploads.reset();
    project.searches.reset();
  }
  if (project.profile == Profile::classic && (change.uploads || change.searches))
    throw base::UserError("invalid_field",
                          "in the profile classic uploads and searches cost units: give units alone");
  if (change.uploads) project.uploads = change.uploads;
  if (change.searches) project.searches = change.searches;
  if (project.profile == Profile::current) {
    project.uploads = project.uploads.value_or(kCallsOfDay);
    project.searches = project.searches.value_or(kCallsOfDay);
  }
  project.units = change.units.value_or(project.units);
  project.warn_percent =
      static_cast<int>(change.warn_percent.value_or(static_cast<std::int64_t>(project.warn_percent)));
}

std::vector<std::pair<const char*, std::int64_t>> limits_of(const Project& project) {
  std::vector<std::pair<const char*, std::int64_t>> limits;
  // In the order of locks.
  if (project.searches) limits.emplace_back(kSearchCalls, *project.searches);
  limits.emplace_back(kUnits, project.units);
  if (project.uploads) limits.emplace_back(kUploadCalls, *project.uploads);
  return limits;
}

base::Micros now_of(store::Connection& connection) { return connection.run(store::sql::now)[0][0].integer(); }

// The limits of days that have buckets already. Under the lock of the project's row.
void put_in_force(store::Connection& connection, const Project& project) {
  // All that exist, in the order of locks, before the first is written.
  const auto today = quota_day(now_of(connection));
  std::vector<store::BucketKey> keys;
  for (const auto& [scope, limit] : limits_of(project))
    for (const auto& row : connection.run(sql::bucket_days, {scope, project.name, today, "9999-12-31"}))
      keys.push_back({scope, project.name, row[0].text()});
  store::lock_buckets(connection, keys);
  for (const auto& [scope, limit] : limits_of(project))
    store::set_quota_from(connection, {scope, project.name, today}, limit);
}

}  // namespace

std::string_view name(Profile profile) { return profile == Profile::classic ? "classic" : "current"; }

std::optional<Profile> profile_named(std::string_view word) {
  if (word == "classic") return Profile::classic;
  if (word == "current") return Profile::current;
  return std::nullopt;
}

Project project_of(const store::Row& row) {
  return {row[0].integer(),
          row[1].text(),
          profile_named(row[2].text()).value_or(Profile::current),
          row[3].maybe_integer(),
          row[4].maybe_integer(),
          row[5].integer(),
          static_cast<int>(row[6].integer()),
          row[7].integer()};
}

std::optional<Project> get_project(store::Connection& connection, std::int64_t id) {
  const auto rows = connection.run(sql::project, {id});
  if (rows.empty()) return std::nullopt;
  return project_of(rows[0]);
}

std::optional<Project> lock_project(store::Connection& connection, std::int64_t id) {
  FENCEPOST_ASSERT(connection.in_transaction());
  const auto rows = connection.run(sql::lock_project, {id});
  if (rows.empty()) return std::nullopt;
  return project_of(rows[0]);
}

Project share_project(store::Connection& connection, std::int64_t id) {
  FENCEPOST_ASSERT(connection.in_transaction());
  const auto rows = connection.run(sql::share_project, {id});
  FENCEPOST_ASSERT(!rows.empty());
  return project_of(rows[0]);
}

std::optional<std::int64_t> share_units(store::Connection& connection, const std::string& name) {
  const auto rows = connection.run(sql::project_named, {name});
  if (rows.empty()) return std::nullopt;
  return share_project(connection, rows[0][0].integer()).units;
}

std::vector<Project> page_of_projects(store::Connection& connection, std::int64_t after, int limit) {
  std::vector<Project> projects;
  for (const auto& row : connection.run(sql::projects_page, {after, limit}))
    projects.push_back(project_of(row));
  return projects;
}

Project add_project(store::Connection& connection, const std::string& name, const ProjectChange& wanted) {
  accounts::check_name(name);
  Project project;
  project.name = name;
  apply(project, wanted);
  store::Transaction transaction(connection);
  const auto rows = connection.run(sql::add_project, {name, upload::name(project.profile), project.uploads,
                                                      project.searches, project.units, project.warn_percent});
  if (rows.empty()) throw base::UserError("duplicate_name", "there is a quota project of this name");
  project.id = rows[0][0].integer();
  // The live check may have counted under this name before.
  put_in_force(connection, project);
  transaction.commit();
  return project;
}

std::optional<Project> edit_project(store::Connection& connection, std::int64_t id, std::int64_t version,
                                    const ProjectChange& change) {
  store::Transaction transaction(connection);
  const auto before = lock_project(connection, id);
  if (!before || before->version != version) return std::nullopt;
  auto project = *before;
  apply(project, change);
  connection.run(sql::write_project, {id, version, name(project.profile), project.uploads, project.searches,
                                      project.units, project.warn_percent});
  put_in_force(connection, project);
  ++project.version;
  transaction.commit();
  return project;
}

std::string_view name(Call call) {
  constexpr std::string_view kNames[] = {"insert", "search", "list", "update", "thumbnail"};
  return kNames[static_cast<int>(call)];
}

Cost cost_of(const Project& project, Call call) {
  switch (call) {
    case Call::insert:
      if (project.uploads) return {kUploadCalls, 1, *project.uploads};
      return {kUnits, kInsertUnits, project.units};
    case Call::search:
      if (project.searches) return {kSearchCalls, 1, *project.searches};
      return {kUnits, kSearchUnits, project.units};
    case Call::list:
      return {kUnits, connect::youtube::kListUnits, project.units};
    case Call::update:
    case Call::thumbnail:
      break;
  }
  return {kUnits, kWriteUnits, project.units};
}

std::string quota_day(base::Micros at) { return core::day_window(at, connect::youtube::kQuotaZone); }

store::BucketKey call_key(const Project& project, Call call, const std::string& day) {
  return {cost_of(project, call).scope, project.name, day};
}

store::TakeRequest reserve(const Project& project, Call call, const std::string& day, const std::string& item,
                           int attempt) {
  const auto cost = cost_of(project, call);
  return {{cost.scope, project.name, day}, cost.limit, cost.amount, kQueue, item,
          std::string(name(call)),         attempt};
}

int next_attempt(store::Connection& connection, const std::string& item, Call call) {
  const auto last = connection.run(sql::last_attempt, {item, name(call)})[0][0].maybe_integer();
  return static_cast<int>(last.value_or(-1)) + 1;
}

Permit permit(store::Connection& connection, std::int64_t id, Call call, const std::string& item) {
  const auto project = share_project(connection, id);
  const auto now = now_of(connection);
  const auto key = call_key(project, call, quota_day(now));
  const std::string purpose(name(call));
  std::vector<store::LedgerEntry> reserved;
  for (auto& entry : store::ledger_of(connection, kQueue, item))
    if (entry.purpose == purpose && !entry.spent) reserved.push_back(std::move(entry));
  for (const auto& entry : reserved)
    if (entry.key == key) {
      store::mark_spent(connection, kQueue, item, purpose, entry.attempt);
      return {true, entry.attempt, 0};
    }
  const auto cost = cost_of(project, call);
  std::vector<store::BucketLimit> buckets{{key, cost.limit}};
  for (const auto& entry : reserved) buckets.push_back({entry.key, cost.limit});
  store::open_buckets(connection, buckets);
  const int attempt = next_attempt(connection, item, call);
  const auto taken = store::take(connection, key, cost.limit, cost.amount, kQueue, item, purpose, attempt);
  // A reservation is kept until there is something better.
  if (taken.full()) return {false, 0, core::next_day_start(now, connect::youtube::kQuotaZone)};
  for (const auto& entry : reserved) store::release(connection, kQueue, item, purpose, entry.attempt);
  store::mark_spent(connection, kQueue, item, purpose, attempt);
  warn(connection, project, key, taken.used, taken.limit);
  return {true, attempt, 0};
}

base::Micros close_day(store::Connection& connection, std::int64_t id, Call call) {
  store::Transaction transaction(connection);
  const auto project = share_project(connection, id);
  const auto now = now_of(connection);
  const auto key = call_key(project, call, quota_day(now));
  const auto fresh_at = core::next_day_start(now, connect::youtube::kQuotaZone);
  store::open_buckets(connection, {{key, 0}});
  const auto today =
      connection.run(sql::bucket_days, {key.scope, key.name, key.window, quota_day(fresh_at)})[0];
  const auto limit = today[1].integer(), used = today[2].integer(), spent = today[3].integer();
  // What is spent never comes back. What is only reserved does, and must not open the day again.
  store::set_quota(connection, key, std::min(limit, guard("closed_day") ? spent : used));
  transaction.commit();
  return fresh_at;
}

store::BucketKey day_key(std::int64_t channel, const std::string& publish_day) {
  return {kDay, std::to_string(channel), publish_day};
}

store::BucketKey kind_key(std::int64_t channel, const std::string& kind, const std::string& publish_day) {
  return {std::string(kDay) + "." + kind, std::to_string(channel), publish_day};
}

std::string seat_channel(std::int64_t channel) { return "upload:" + std::to_string(channel); }

std::vector<Status> status_of(store::Connection& connection, const Project& project, const std::string& day,
                              int days) {
  std::vector<std::string> wanted;
  const auto* zone = connect::youtube::kQuotaZone;
  auto at = core::day_bounds(day, zone).first;
  for (int n = 0; n < days; ++n, at = core::next_day_start(at, zone)) wanted.push_back(quota_day(at));
  std::vector<Status> all;
  for (const auto& [scope, limit] : limits_of(project)) {
    const auto first = all.size();
    for (const auto& one : wanted) all.push_back({scope, one, limit, 0, 0, false});
    for (const auto& row :
         connection.run(sql::bucket_days, {scope, project.name, wanted.front(), quota_day(at)}))
      for (auto n = first; n < all.size(); ++n)
        if (all[n].day == row[0].text()) {
          all[n].limit = row[1].integer();
          all[n].used = row[2].integer();
          all[n].spent = row[3].integer();
        }
  }
  for (auto& one : all) one.warned = one.used > 0 && one.used * 100 >= one.limit * project.warn_percent;
  return all;
}

void warn(store::Connection& connection, const Project& project, const store::BucketKey& key,
          std::int64_t used, std::int64_t limit, std::optional<std::int64_t> owner) {
  if (used * 100 < limit * project.warn_percent) return;
  if (connection.run(sql::warn_once, {key.scope, key.name, key.window}).empty()) return;
  const char* what = key.scope == kUploadCalls   ? "upload calls"
                     : key.scope == kSearchCalls ? "search calls"
                                                 : "units";
  accounts::raise(connection, {.kind = accounts::NoticeKind::quota_low,
                               .queue = kQueue,
                               .item = project.name,
                               .connection_id = owner,
                               .detail = std::to_string(used) + " of " + std::to_string(limit) + " " + what +
                                         " of " + key.window + " are taken"});
}

}  // namespace fencepost::upload
